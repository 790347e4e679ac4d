/** The directory of a set in memory. */
import {
  CHANGES_READ_MAX,
  compareTerms,
  type DirectoryChange,
  type DirectoryCopy,
  type DirectoryHead,
  type DirectoryStamp,
  type DirectoryTerm,
  stampOf,
} from "../directory-copy.ts";

export interface MemoryDirectory {
  readonly records: Map<string, string>;
  readonly changes: DirectoryChange[];
  promised: DirectoryTerm | undefined;
}

export function createMemoryDirectory(): MemoryDirectory {
  return { records: new Map(), changes: [], promised: undefined };
}

export function openMemoryDirectory(data: MemoryDirectory): DirectoryCopy {
  const lastStamp = (): DirectoryStamp | undefined => {
    const last = data.changes.at(-1);
    return last === undefined ? undefined : stampOf(last);
  };
  const head = (): DirectoryHead => ({ at: lastStamp(), promised: data.promised });
  const mayWrite = (after: DirectoryStamp | undefined, under: DirectoryTerm): boolean => {
    if (lastStamp()?.change !== after?.change) return false;
    if (data.promised !== undefined && compareTerms(under, data.promised) < 0) return false;
    data.promised = under;
    return true;
  };
  const put = (key: string, body: string | null): void => {
    if (body === null) data.records.delete(key);
    else data.records.set(key, body);
  };
  return {
    head: async () => head(),
    async *records() {
      yield { since: head(), records: [...data.records].map(([key, body]) => ({ key, body })) };
    },
    changes: async ({ after }) => data.changes.slice(after, after + CHANGES_READ_MAX),
    async promise(term) {
      if (data.promised === undefined || compareTerms(term, data.promised) > 0) data.promised = term;
      return head();
    },
    async append(change, { after, under }) {
      if (!mayWrite(after, under)) return false;
      data.changes.push(structuredClone(change));
      for (const { key, after: body } of change.writes) put(key, body);
      return true;
    },
    async undo(last, under) {
      if (!mayWrite(last, under)) return false;
      for (const { key, before } of data.changes.pop()?.writes ?? []) put(key, before);
      return true;
    },
  };
}
