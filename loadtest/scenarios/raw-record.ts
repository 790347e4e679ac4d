/**
 * k6's own record of a request: one line when it begins, one when it has ended. What the plan tells (recipients, text,
 * class) is left out, so a message costs some 33 bytes. k6 cannot write files; these go through its console. Pure; runs
 * in k6 and in Bun.
 *
 *     s <stream> <n> <at>                                    a send begins
 *     a <stream> <n> <at> <id> <id> …                        it was answered 202
 *     x <stream> <n> <at> <f|i> <status> <code> <id> …       it certainly sent nothing (f), or nobody knows (i)
 *     q <stream> <n> <at> <account> <id>                     a status read begins
 *     r <stream> <n> <at> <status> <code or state> <body>    it was answered; status 0: it was not
 */

export type RawLine = {
  /** Index of the stream in the plan. */
  readonly stream: number;
  /** Of the iteration. */
  readonly n: number;
  /** Milliseconds since the epoch, k6's clock. */
  readonly at: number;
} & (
  | { readonly type: "s" }
  | { readonly type: "a"; readonly ids: readonly string[] }
  | {
      readonly type: "x";
      readonly outcome: "f" | "i";
      readonly status: number;
      readonly code: string;
      readonly ids: readonly string[];
    }
  | { readonly type: "q"; readonly account: number; readonly id: string }
  | { readonly type: "r"; readonly status: number; readonly word: string; readonly body: string }
);

/** An id is the name of its set (12 at most), a hyphen and 26 characters; longer ones are no ids of ours. */
const ID_CHARS_MAX = 39;
/** Type, stream, number and time, a code or an outcome, the end of the line. */
const HEAD_BYTES_MAX = 96;
/** Of the answer to a status read; longer ones are cut, which leaves what comes first: id, state, numbers and text. */
const BODY_CHARS_MAX = 1_024;
/** UTF-8 of one UTF-16 unit. */
const BYTES_A_CHAR_MAX = 3;

/** One line, without its end. What comes from an answer is cut to its bound, and no line break gets in. */
export function rawLineOf(line: RawLine): string {
  const head = `${line.type} ${line.stream} ${line.n} ${line.at}`;
  switch (line.type) {
    case "s":
      return head;
    case "a":
      return `${head} ${idsOf(line.ids)}`;
    case "x":
      return `${head} ${line.outcome} ${line.status} ${wordOf(line.code)} ${idsOf(line.ids)}`.trimEnd();
    case "q":
      return `${head} ${line.account} ${line.id}`;
    case "r":
      return `${head} ${line.status} ${wordOf(line.word)} ${oneLine(line.body).slice(0, BODY_CHARS_MAX)}`.trimEnd();
  }
}

/** Undefined for a line that is none, such as the half of one that k6 was killed in. */
export function parseRawLine(text: string): RawLine | undefined {
  const parts = text.split(" ");
  const [type, ...rest] = parts;
  const [stream, n, at] = rest.slice(0, 3).map(wholeNumber);
  if (stream === undefined || n === undefined || at === undefined) return undefined;
  const head = { stream, n, at };
  const [first = "", second = "", third = ""] = rest.slice(3);
  switch (type) {
    case "s":
      return rest.length === 3 ? { ...head, type } : undefined;
    case "a": {
      const ids = rest.slice(3);
      return first === "" || !ids.every(isWholeId) ? undefined : { ...head, type, ids };
    }
    case "x": {
      const status = wholeNumber(second);
      if ((first !== "f" && first !== "i") || status === undefined || third === "") return undefined;
      const ids = rest.slice(6);
      return ids.every(isWholeId) ? { ...head, type, outcome: first, status, code: third, ids } : undefined;
    }
    case "q": {
      const account = wholeNumber(first);
      return account === undefined || !isWholeId(second) ? undefined : { ...head, type, account, id: second };
    }
    case "r": {
      const status = wholeNumber(first);
      if (status === undefined || second === "") return undefined;
      return { ...head, type, status, word: second, body: rest.slice(5).join(" ") };
    }
    default:
      return undefined;
  }
}

/** A bound of what one request with so many recipients writes, both lines. */
export function rawSendBytesMax(recipients: number): number {
  return 2 * HEAD_BYTES_MAX + recipients * (ID_CHARS_MAX + 1);
}

/** The same of a status read. */
export const RAW_READ_BYTES_MAX = 2 * HEAD_BYTES_MAX + ID_CHARS_MAX + BODY_CHARS_MAX * BYTES_A_CHAR_MAX;

function idsOf(ids: readonly string[]): string {
  return ids.map((id) => id.slice(0, ID_CHARS_MAX)).join(" ");
}

/** As long as our longest code; one that is empty or holds blanks would shift what comes after it. */
function wordOf(text: string): string {
  return oneLine(text).replaceAll(" ", "_").slice(0, 40) || "none";
}

function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, " ");
}

/** Half an id would be taken for a message that was lost. */
function isWholeId(id: string): boolean {
  return /^[a-z][a-z0-9]{1,11}-[0-9a-z]{26}$/.test(id);
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
