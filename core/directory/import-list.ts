/** Puts a price list in the place of another, or as a new one: page by page unseen, and then in force as a whole. */
import type { Change, DirectoryWriter } from "./directory-writer.ts";
import type { PriceListInput } from "./price-list.ts";
import { listWrites, type RecordWrite, removal } from "./records.ts";
import { splitWrites } from "./write-directory.ts";

/**
 * All or nothing: what breaks off before the end changes no price, and is swept away by the next import. `version` must
 * never have named pages of this list. Returns how the change went that put it in force, or the first that failed.
 */
export async function importList(writer: DirectoryWriter, input: PriceListInput, version: string): Promise<Change> {
  const { writes, problems } = listWrites(input, version);
  if (problems.length > 0) return { type: "refused", problems };
  const list = writes.filter(({ kind }) => kind === "list");
  for (const part of splitWrites(writes.filter(({ kind }) => kind === "rates"))) {
    const { type, ...rest } = await writer.change(() => ({ writes: part, problems: [] }));
    if (type !== "changed" && type !== "pending" && type !== "nothing") return { type, ...rest } as Change;
  }
  const inForce = await writer.change(() => ({ writes: list, problems: [] }));
  if (inForce.type !== "changed" && inForce.type !== "pending") return inForce;
  const mine = `rates/${input.id}/`;
  const old = [...inForce.directory.recordKeys()].filter(
    (key) => key.startsWith(mine) && !key.startsWith(`${mine}${version}/`),
  );
  // What is left of them costs some memory, and nothing else.
  for (const part of splitWrites(old.map((key): RecordWrite => removal(key)))) {
    await writer.change(() => ({ writes: part, problems: [] }));
  }
  return inForce;
}
