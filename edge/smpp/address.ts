/** Customers' addresses (type of number, digits) as ours, and ours as they see them [SMPP 3.4 §5.2.5]. Pure. */

const SHORT_CODE = /^[0-9]{3,8}$/;
const DIGITS = /^[0-9]+$/;
const TON_UNKNOWN = 0;
const TON_INTERNATIONAL = 1;
const TON_NETWORK_SPECIFIC = 3;
const TON_ALPHANUMERIC = 5;
const NPI_UNKNOWN = 0;
const NPI_E164 = 1;

interface Address {
  readonly ton: number;
  readonly address: string;
}

/**
 * A recipient is a number with its country code, whatever its type says: with "+", with "00", or bare. What comes out
 * is checked like any other: a national number is not guessed at.
 */
export function toRecipient({ address }: Address): string {
  const digits = address.replace(/^(?:\+|00)/, "");
  return DIGITS.test(digits) ? `+${digits}` : address;
}

/** A sender may also be a name or a short code: an international number is one that says so, or is too long for one. */
export function toSender({ ton, address }: Address): string {
  if (ton === TON_ALPHANUMERIC) return address;
  const digits = address.replace(/^(?:\+|00)/, "");
  if (!DIGITS.test(digits)) return address;
  if (digits !== address || ton === TON_INTERNATIONAL) return `+${digits}`;
  return ton === TON_UNKNOWN && !SHORT_CODE.test(address) ? `+${address}` : address;
}

export function toSmppAddress(address: string): {
  readonly ton: number;
  readonly npi: number;
  readonly address: string;
} {
  if (address.startsWith("+")) return { ton: TON_INTERNATIONAL, npi: NPI_E164, address: address.slice(1) };
  if (SHORT_CODE.test(address)) return { ton: TON_NETWORK_SPECIFIC, npi: NPI_UNKNOWN, address };
  if (DIGITS.test(address)) return { ton: TON_UNKNOWN, npi: NPI_E164, address };
  return { ton: TON_ALPHANUMERIC, npi: NPI_UNKNOWN, address };
}
