/** Rows that come in the order of their message, taken a message at a time: one page of them is in memory. */
import type { Row } from "../reports-database.ts";

export interface OrderedGroups {
  /** The message of the rows that come next; undefined at the end. */
  readonly head: string | undefined;
  /** Takes the rows of `head`. */
  take(): Promise<readonly Row[]>;
}

/** `pages` in the byte order of `column`. */
export async function openOrderedGroups(pages: AsyncGenerator<readonly Row[]>, column: string): Promise<OrderedGroups> {
  let page: readonly Row[] = [];
  let at = 0;
  let head: string | undefined;

  async function load(): Promise<void> {
    at = 0;
    do {
      const next = await pages.next();
      page = next.done === true ? [] : next.value;
      if (next.done === true) break;
    } while (page.length === 0);
    const first = page[0];
    head = first === undefined ? undefined : String(first[column]);
  }

  await load();
  return {
    get head() {
      return head;
    },
    async take() {
      const group: Row[] = [];
      const key = head;
      while (head !== undefined && head === key) {
        const row = page[at];
        if (row !== undefined) group.push(row);
        at += 1;
        const next = page[at];
        if (next === undefined) await load();
        else head = String(next[column]);
      }
      return group;
    },
  };
}
