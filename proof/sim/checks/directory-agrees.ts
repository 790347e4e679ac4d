/** In the end every set holds the same directory, as its log says, and no acknowledged change of it is lost. */
import type { DirectoryHeld, History } from "../history.ts";

export function checkDirectoryAgrees({ sets, directoryChanges }: History): readonly string[] {
  const [first, ...others] = sets;
  const log = first === undefined ? [] : idsOf(first.directory);
  const lost = directoryChanges.filter((id) => !log.includes(id));
  return [
    ...lost.map((id) => `change ${id} was acknowledged and is lost`),
    ...others.flatMap(({ set, directory }) => {
      const isSame = idsOf(directory).join() === log.join();
      return isSame ? [] : [`${set} holds another log of the directory than ${first?.set}`];
    }),
    ...sets.flatMap(({ set, directory }) => {
      return isReplay(directory) ? [] : [`the records of ${set} are not what its log of the directory says`];
    }),
  ];
}

function idsOf({ changes }: DirectoryHeld): readonly string[] {
  return changes.map(({ id }) => id);
}

function isReplay({ changes, records }: DirectoryHeld): boolean {
  const replayed = new Map<string, string>();
  for (const { key, after } of changes.flatMap(({ writes }) => writes)) {
    if (after === null) replayed.delete(key);
    else replayed.set(key, after);
  }
  return replayed.size === records.size && [...replayed].every(([key, body]) => records.get(key) === body);
}
