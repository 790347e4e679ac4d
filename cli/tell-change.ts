/** How a change of the directory is told to the person who asked for it. Pure. */
import type { DirectorySnapshot } from "#core/directory/directory.ts";
import type { Change } from "#core/directory/directory-writer.ts";

export type Told =
  | { readonly type: "made"; readonly lines: readonly string[]; readonly directory: DirectorySnapshot }
  | { readonly type: "not_made"; readonly why: string };

/** `what` is how it is then: "syd1 is 'drain'". */
export function tellChange(change: Change, what: string): Told {
  switch (change.type) {
    case "changed": {
      const by = `${what} by change ${change.at.number} of the directory.`;
      const lines = [`${by} Every process sees it within a second or so.`];
      return { type: "made", lines, directory: change.directory };
    }
    case "pending": {
      const lines = [
        `${what} by change ${change.at.number} of the directory.`,
        `No set but ${change.at.home} has it yet: it would be lost with that one.`,
      ];
      return { type: "made", lines, directory: change.directory };
    }
    case "nothing":
      return { type: "made", lines: [`${what} already.`], directory: change.directory };
    case "refused": {
      const lines = change.problems.map(({ key, field, message }) => {
        return [[key, field].filter((part) => part !== "").join(" "), message].filter((part) => part !== "").join(": ");
      });
      return { type: "not_made", why: lines.join("\n") };
    }
    case "unavailable":
    case "unknown":
      return { type: "not_made", why: `${change.why}.` };
  }
}
