/**
 * One form for a provider's message id, whichever way it wrote it: the answer may say "1A2B" and the receipt
 * "0000006699". With the wrong form set, every receipt is lost silently, so raw ids are kept beside the normalised
 * ones.
 */
import type { IdForm } from "./settings.ts";

const DIGITS = { decimal: /^[0-9]+$/, hex: /^[0-9a-f]+$/i } as const;

/**
 * `hex` and `decimal` become plain decimal (no leading zeros, case folded), so that either matches the other. `string`,
 * and whatever is not the number it should be, is only trimmed: ids in base 62 differ by case alone. Idempotent for
 * "string".
 */
export function normaliseProviderMessageId(raw: string, form: IdForm): string {
  const id = raw.trim();
  switch (form) {
    case "string":
      return id;
    case "decimal":
      return DIGITS.decimal.test(id) ? BigInt(id).toString() : id;
    case "hex": {
      const digits = id.replace(/^0x/i, "");
      return DIGITS.hex.test(digits) ? BigInt(`0x${digits}`).toString() : id;
    }
  }
}
