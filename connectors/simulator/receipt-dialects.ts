/**
 * Receipts as vendors write them [SMPP 3.4 appendix B calls the text "vendor specific"]. Each is one that somebody's
 * parser has failed on. A table, so that one more is one more entry; a test holds every one against our own parser.
 */

/** What a receipt says, ready to be written. */
export interface ReceiptSaid {
  readonly id: string;
  /** The word of 7 letters, e.g. DELIVRD. */
  readonly word: string;
  /** The word in full, e.g. DELIVERED. */
  readonly longWord: string;
  readonly delivered: boolean;
  /** Three digits. */
  readonly error: string;
  /** YYMMDDhhmmss in UTC. */
  readonly submittedAt: string;
  readonly doneAt: string;
}

export interface ReceiptDialect {
  /** What it is, for people. */
  readonly what: string;
  readonly text: (said: ReceiptSaid) => string;
  /** Whatever `receiptForm` says: this trap is only one in this form. */
  readonly form?: "text" | "both";
  readonly command?: "data_sm";
  /** The text travels in message_payload. */
  readonly inPayload?: boolean;
  /** What data_coding says, and whether the octets are so. */
  readonly coding?: "ucs2" | "ascii_called_ucs2";
  /** esm_class 0, as if a handset had written it. */
  readonly withoutBit?: boolean;
  /** TLV network_error_code, from the error. */
  readonly networkError?: boolean;
}

const minutes = (date: string): string => date.slice(0, 10);

function standard({ id, word, delivered, error, submittedAt, doneAt }: ReceiptSaid): string {
  return (
    `id:${id} sub:001 dlvrd:${delivered ? "001" : "000"} submit date:${minutes(submittedAt)} ` +
    `done date:${minutes(doneAt)} stat:${word} err:${error} text:`
  );
}

const RECEIPT_DIALECTS = {
  standard: { what: "the text of SMPP 3.4 appendix B", text: standard },
  without_dates: {
    what: "id, stat and err alone",
    text: ({ id, word, error }) => `id:${id} stat:${word} err:${error}`,
  },
  seconds: {
    what: "dates of 12 digits",
    text: ({ id, word, error, submittedAt, doneAt }) =>
      `id:${id} sub:001 dlvrd:001 submit date:${submittedAt} done date:${doneAt} stat:${word} err:${error} text:`,
  },
  unpadded: {
    what: "counts and error without leading zeros",
    text: ({ id, word, delivered, error, submittedAt, doneAt }) =>
      `id:${id} sub:1 dlvrd:${delivered ? 1 : 0} submit date:${minutes(submittedAt)} ` +
      `done date:${minutes(doneAt)} stat:${word} err:${Number(error)} text:`,
  },
  lower_case: {
    what: "all in lower case",
    text: (said) =>
      standard({ ...said, id: "" })
        .toLowerCase()
        .replace("id:", `id:${said.id}`),
  },
  upper_case: {
    what: "keys in upper case",
    text: (said) =>
      standard({ ...said, id: "" })
        .toUpperCase()
        .replace("ID:", `ID:${said.id}`),
  },
  commas: {
    what: "commas between the fields",
    text: ({ id, word, error, submittedAt, doneAt }) =>
      `id:${id},sub:001,dlvrd:001,submit date:${minutes(submittedAt)},done date:${minutes(doneAt)},` +
      `stat:${word},err:${error},text:`,
  },
  underscores: {
    what: "submit_date and done_date",
    text: (said) => standard(said).replace("submit date", "submit_date").replace("done date", "done_date"),
  },
  spaced: {
    what: "a blank after each colon",
    text: ({ id, word, error, submittedAt, doneAt }) =>
      `id: ${id} sub: 001 dlvrd: 001 submit date: ${minutes(submittedAt)} done date: ${minutes(doneAt)} ` +
      `stat: ${word} err: ${error}`,
  },
  reordered: {
    what: "the state first, the id last",
    text: ({ id, word, error, doneAt }) => `stat:${word} err:${error} done date:${minutes(doneAt)} id:${id}`,
  },
  long_words: {
    what: "DELIVERED instead of DELIVRD",
    text: (said) => standard({ ...said, word: said.longWord }),
  },
  with_text: {
    what: "ends with the message's own words, which look like fields",
    text: (said) => `${standard(said)}Your id:000 stat:REJECTD`,
  },
  ucs2: { what: "UCS-2, as data_coding says", text: standard, coding: "ucs2" },
  ucs2_flagged: { what: "ASCII that data_coding calls UCS-2", text: standard, coding: "ascii_called_ucs2" },
  without_bit: {
    what: "esm_class 0 and no TLVs: only the text tells it from a reply",
    text: standard,
    form: "text",
    withoutBit: true,
  },
  payload: { what: "the text in message_payload", text: standard, inPayload: true },
  data_sm: { what: "data_sm instead of deliver_sm", text: standard, command: "data_sm", inPayload: true },
  network_error: {
    what: "the error in TLV network_error_code alone",
    text: ({ id, word, submittedAt, doneAt }) =>
      `id:${id} sub:001 dlvrd:001 submit date:${minutes(submittedAt)} done date:${minutes(doneAt)} stat:${word} text:`,
    form: "both",
    networkError: true,
  },
} as const satisfies Record<string, ReceiptDialect>;

export type ReceiptDialectName = keyof typeof RECEIPT_DIALECTS;
export const receiptDialectNames = Object.keys(RECEIPT_DIALECTS) as [ReceiptDialectName, ...ReceiptDialectName[]];

export function receiptDialect(name: ReceiptDialectName): ReceiptDialect {
  return RECEIPT_DIALECTS[name];
}
