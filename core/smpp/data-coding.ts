/** What a data_coding says of the octets beside it [SMPP 3.4 §5.2.19, TS 23.038 §4], by the whole octet. Pure. */
import { decodeGsm7 } from "#domain/encoding/gsm7.ts";
import { decodeUcs2 } from "#domain/encoding/ucs2.ts";

export type Alphabet = "gsm7" | "latin1" | "ucs2" | "binary";

/**
 * 0 is whatever both sides agreed on (`agreed`). 0x10-0x1F and 0xF0-0xFF carry a message class, and the alphabet in
 * their bits 3-2 (0xF0: bit 2). Undefined: reserved, or an alphabet that nobody reads here.
 */
export function alphabetOf(dataCoding: number, agreed: Alphabet): Alphabet | undefined {
  switch (dataCoding) {
    case 0x00:
      return agreed;
    case 0x01:
    case 0x03:
      return "latin1";
    case 0x02:
    case 0x04:
      return "binary";
    case 0x08:
      return "ucs2";
  }
  const group = dataCoding & 0xf0;
  if (group === 0x10) return ([agreed, "binary", "ucs2"] as const)[(dataCoding >> 2) & 3];
  if (group === 0xf0) return (dataCoding & 0x04) === 0 ? "gsm7" : "binary";
  return undefined;
}

/** Undefined when the octets cannot be a text of this alphabet. */
export function decodeText(octets: Uint8Array, alphabet: Exclude<Alphabet, "binary">): string | undefined {
  switch (alphabet) {
    case "gsm7":
      return decodeGsm7(octets);
    case "latin1":
      return Array.from(octets, (octet) => String.fromCharCode(octet)).join("");
    case "ucs2":
      return octets.length % 2 === 0 ? decodeUcs2(octets) : undefined;
  }
}
