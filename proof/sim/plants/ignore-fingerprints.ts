/** Planted: an edge takes two requests with one key for the same, whatever they say. */
import type { Plant } from "../plant.ts";

export const ignoreFingerprints: Plant = {
  name: "ignore-fingerprints",
  wrapCommitter: (committer) => ({
    ...committer,
    commit: (submission, keyed) => committer.commit(submission, keyed && { ...keyed, fingerprint: "" }),
  }),
};
