/**
 * The user data header that joins parts on the handset (3GPP TS 23.040 §9.2.3.24). We write 8-bit references, which
 * every network takes and which leave 153 septets; we read 8- and 16-bit ones. Total on any octets: bad headers come in
 * daily.
 */

export interface Concat {
  readonly reference: number;
  readonly total: number;
  /** 1-based, as on the air. */
  readonly index: number;
  /** References of different width are different references. */
  readonly refBits: 8 | 16;
}

/** The header counts parts in one octet. */
const CONCAT_PARTS_MAX = 255;

const CONCAT_8_BIT = 0x00;
const CONCAT_16_BIT = 0x08;

/**
 * `05 00 03 reference total index`. The reference is taken modulo 256. Throws RangeError unless 1 ≤ index ≤ total ≤
 * 255.
 */
export function concatHeader(part: { reference: number; total: number; index: number }): Uint8Array {
  const { reference, total, index } = part;
  if (!isPlace(total, index)) throw new RangeError(`Cannot number a part: current place is ${index} of ${total}`);
  return Uint8Array.of(5, CONCAT_8_BIT, 3, reference & 0xff, total, index);
}

/**
 * Splits octets that start with a header (UDHI set) into the part's place, if it names a possible one, and the content.
 * A header longer than the octets is no header: all octets are content, so nothing is lost.
 */
export function parseUserDataHeader(octets: Uint8Array): { readonly concat?: Concat; readonly rest: Uint8Array } {
  const end = 1 + (octets[0] ?? 0);
  if (octets.length === 0 || end > octets.length) return { rest: octets };
  const rest = octets.subarray(end);
  // The last of repeated elements wins (TS 23.040 §9.2.3.24).
  let concat: Concat | undefined;
  for (let at = 1; at + 2 <= end; ) {
    const length = octets[at + 1] ?? 0;
    const next = at + 2 + length;
    if (next > end) break;
    concat = parseConcatElement(octets[at] ?? -1, octets.subarray(at + 2, next)) ?? concat;
    at = next;
  }
  return concat === undefined ? { rest } : { concat, rest };
}

function parseConcatElement(id: number, data: Uint8Array): Concat | undefined {
  const [a = 0, b = 0, c = 0, d = 0] = data;
  if (id === CONCAT_8_BIT && data.length === 3 && isPlace(b, c)) {
    return { reference: a, total: b, index: c, refBits: 8 };
  }
  if (id === CONCAT_16_BIT && data.length === 4 && isPlace(c, d)) {
    return { reference: (a << 8) | b, total: c, index: d, refBits: 16 };
  }
  return undefined;
}

function isPlace(total: number, index: number): boolean {
  return (
    Number.isInteger(total) && Number.isInteger(index) && index >= 1 && index <= total && total <= CONCAT_PARTS_MAX
  );
}
