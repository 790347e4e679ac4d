/**
 * How a provider writes its message ids, in the answer to a submit and in the receipt: often not the same way twice,
 * which is how gateways lose every receipt without a word. Pure.
 */

type IdWriter = (id: number) => string;

const SMALL = 100_000_000;
/** In two halves: past 31 bits a number takes ten times as long to write as one below. */
const decimal: IdWriter = (id) =>
  id < SMALL ? String(id) : String(Math.floor(id / SMALL)) + String(id % SMALL).padStart(8, "0");
/** As old SMSCs fill a fixed field. */
const padded: IdWriter = (id) => decimal(id).padStart(20, "0");
const hex: IdWriter = (id) => id.toString(16);
const hexUpper: IdWriter = (id) => id.toString(16).toUpperCase();
const uuid: IdWriter = (id) => {
  const digits = id.toString(16).padStart(32, "0");
  return [0, 8, 12, 16, 20].map((from, i) => digits.slice(from, [8, 12, 16, 20, 32][i])).join("-");
};

const ID_FORMS = {
  same: { answer: decimal, receipt: decimal },
  /** The most usual of the traps: upper-case hex in the answer, zero-padded decimal in the receipt. */
  hex_then_decimal: { answer: hexUpper, receipt: padded },
  hex_lower_then_decimal: { answer: hex, receipt: decimal },
  hex_upper_then_lower: { answer: hexUpper, receipt: hex },
  decimal_then_hex: { answer: decimal, receipt: hexUpper },
  decimal_then_padded: { answer: decimal, receipt: padded },
  padded_then_decimal: { answer: padded, receipt: decimal },
  uuid: { answer: uuid, receipt: uuid },
} as const satisfies Record<string, { readonly answer: IdWriter; readonly receipt: IdWriter }>;

export type IdForms = keyof typeof ID_FORMS;
export const idFormNames = Object.keys(ID_FORMS) as [IdForms, ...IdForms[]];

/** Whether the receipt writes the id as the answer does. */
export function writesAlike(forms: IdForms): boolean {
  const { answer, receipt }: { answer: IdWriter; receipt: IdWriter } = ID_FORMS[forms];
  return answer === receipt;
}

export function writeId(id: number, forms: IdForms, where: "answer" | "receipt"): string {
  return ID_FORMS[forms][where](id);
}
