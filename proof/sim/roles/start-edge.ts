/** The edge without HTTP: the real committer over the real directory. */
import { openDirectory } from "#core/directory/open-directory.ts";
import { createCommitter } from "../../../edge/committer.ts";
import type { StartRole } from "../sim-host.ts";

export const startEdge: StartRole = (world, { process, stores, region, log }) => {
  const { clock, random, name } = process;
  const at = { process, role: name.slice(0, name.indexOf(".")) };
  const directory = openDirectory({ stores, clock, log });
  world.onEnd(() => void directory[Symbol.asyncDispose]());
  const committer = createCommitter({ stores, region, stateOf: directory.stateOf, clock, random, log });
  return { edge: { committer: world.plant?.wrapCommitter?.(committer, at) ?? committer, directory } };
};
