/**
 * SMPP data_coding 8: big-endian UTF-16. The standard says UCS-2; handsets read surrogate pairs, so emoji work. Lone
 * surrogates pass through both ways unchanged: a text is never altered behind its sender's back.
 */

/** Two octets a UTF-16 code unit, most significant first. */
export function encodeUcs2(text: string): Uint8Array {
  const octets = new Uint8Array(text.length * 2);
  for (let i = 0; i < text.length; i++) {
    const codeUnit = text.charCodeAt(i);
    octets[2 * i] = codeUnit >> 8;
    octets[2 * i + 1] = codeUnit & 0xff;
  }
  return octets;
}

/** Total: an odd octet at the end is dropped. */
export function decodeUcs2(octets: Uint8Array): string {
  let text = "";
  for (let i = 0; i + 1 < octets.length; i += 2) {
    text += String.fromCharCode(((octets[i] ?? 0) << 8) | (octets[i + 1] ?? 0));
  }
  return text;
}
