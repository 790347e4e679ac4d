/**
 * The GSM 7-bit default alphabet and its extension table (3GPP TS 23.038 §6.2.1). SMPP carries septets *unpacked*, one
 * an octet, so that is the only form here. National shift tables are left out: few routes honour them.
 */

/** Position = septet. U+001B stands at the place of the escape and is no character. */
const BASIC =
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\u001bÆæßÉ" +
  " !\"#¤%&'()*+,-./0123456789:;<=>?" +
  "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§" +
  "¿abcdefghijklmnopqrstuvwxyzäöñüà";

/** Characters that cost two septets: the escape and this one. */
const EXTENSION: readonly (readonly [septet: number, character: string])[] = [
  [0x0a, "\f"],
  [0x14, "^"],
  [0x28, "{"],
  [0x29, "}"],
  [0x2f, "\\"],
  [0x3c, "["],
  [0x3d, "~"],
  [0x3e, "]"],
  [0x40, "|"],
  [0x65, "€"],
];

const ESCAPE = 0x1b;
/** Stands for an octet that no septet can be, so that a broken peer is seen and not guessed at. */
const REPLACEMENT = "\ufffd";

const septetOf = new Map<number, number>();
for (let septet = 0; septet < BASIC.length; septet++) {
  if (septet !== ESCAPE) septetOf.set(BASIC.charCodeAt(septet), septet);
}
const escapedSeptetOf = new Map<number, number>(
  EXTENSION.map(([septet, character]) => [character.charCodeAt(0), septet]),
);
const escapedCharacterOf = new Map<number, string>(EXTENSION);

/** Septets that the UTF-16 code unit costs: 1, 2 for an extension character, 0 when the alphabet does not have it. */
export function gsm7Septets(codeUnit: number): 0 | 1 | 2 {
  if (septetOf.has(codeUnit)) return 1;
  return escapedSeptetOf.has(codeUnit) ? 2 : 0;
}

export function isGsm7(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    if (gsm7Septets(text.charCodeAt(i)) === 0) return false;
  }
  return true;
}

/** One octet a septet. Throws RangeError on a character outside the alphabet: ask `isGsm7` first. */
export function encodeGsm7(text: string): Uint8Array {
  const octets = new Uint8Array(text.length * 2);
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const codeUnit = text.charCodeAt(i);
    const septet = septetOf.get(codeUnit);
    if (septet !== undefined) {
      octets[length++] = septet;
      continue;
    }
    const escaped = escapedSeptetOf.get(codeUnit);
    if (escaped === undefined) throw new RangeError(`Cannot encode as GSM 7-bit: code unit ${codeUnit} at ${i}`);
    octets[length++] = ESCAPE;
    octets[length++] = escaped;
  }
  return octets.slice(0, length);
}

/**
 * Total: an escape before a septet without an extension shows that septet's basic character, an escape before nothing
 * or another escape shows a space (TS 23.038 §6.2.1.1), and an octet above 0x7F becomes U+FFFD.
 */
export function decodeGsm7(octets: Uint8Array): string {
  let text = "";
  for (let i = 0; i < octets.length; i++) {
    const octet = octets[i] ?? 0;
    if (octet !== ESCAPE) {
      text += BASIC[octet] ?? REPLACEMENT;
      continue;
    }
    const next = octets[i + 1];
    if (next === undefined || next === ESCAPE) {
      text += " ";
    } else {
      text += escapedCharacterOf.get(next) ?? BASIC[next] ?? REPLACEMENT;
    }
    i++;
  }
  return text;
}
