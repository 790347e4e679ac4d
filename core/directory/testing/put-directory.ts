/** The directory that a test begins with, or goes on with. */
import { systemClock } from "#domain/clock.ts";
import { systemRandom } from "#domain/random.ts";
import type { Store } from "../../store/store.ts";
import type { DirectorySnapshot } from "../directory.ts";
import type { DirectoryInput } from "../records.ts";
import { writeDirectory } from "../write-directory.ts";

/** On every one of these sets that answers, when it resolves. Throws where it could not be written. */
export async function putDirectory(stores: readonly Store[], input: DirectoryInput): Promise<DirectorySnapshot> {
  const written = await writeDirectory({ stores, clock: systemClock, random: systemRandom, actor: "test" }, input);
  if ("directory" in written) return written.directory;
  throw new Error(`The directory was not written: ${JSON.stringify(written)}`);
}
