/** Our addresses to SMPP's (type of number, numbering plan, digits) and back. Pure. */
import type { SmppSettings } from "./settings.ts";

export interface SmppAddress {
  readonly ton: number;
  readonly npi: number;
  readonly address: string;
}

const SHORT_CODE = /^[0-9]{3,8}$/;
const NUMBER = /^\+?[0-9]+$/;
/** As long as a number with its country code is, and never with a leading 0. */
const INTERNATIONAL = /^[1-9][0-9]{6,14}$/;
const TON_UNKNOWN = 0;
const TON_INTERNATIONAL = 1;

/**
 * "+491701…" → international, behind its link's prefix; 3-8 digits → short code; other digits → international; else
 * alphanumeric.
 */
export function toSmppAddress(address: string, rules: SmppSettings["addresses"]): SmppAddress {
  if (SHORT_CODE.test(address)) return { ...rules.shortCode, address };
  if (NUMBER.test(address)) {
    const { ton, npi, prefix } = rules.international;
    return { ton, npi, address: `${prefix}${address.replace("+", "")}` };
  }
  return { ...rules.alphanumeric, address };
}

/**
 * With "+" where it looks like E.164: marked international, or not marked at all, too long for a short code, and
 * without a leading 0. "00" before a number is "+". Anything else stays as it came.
 */
export function fromSmppAddress({ ton, address }: SmppAddress): string {
  const digits = address.replace(/^(\+|00)/, "");
  if (digits !== address && INTERNATIONAL.test(digits)) return `+${digits}`;
  const international = ton === TON_INTERNATIONAL || (ton === TON_UNKNOWN && !SHORT_CODE.test(address));
  return international && INTERNATIONAL.test(address) ? `+${address}` : address;
}
