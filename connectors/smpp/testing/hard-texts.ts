/** Texts on which encoders and splitters have failed before. */
import { gsm7Septets } from "#domain/encoding/gsm7.ts";

function everyGsm7Character(): string {
  let text = "";
  for (let unit = 0; unit <= 0xffff; unit++) if (gsm7Septets(unit) > 0) text += String.fromCharCode(unit);
  return text;
}

/** 127 basic characters and 10 of the extension, which cost two septets each. */
export const GSM7_ALPHABET: string = everyGsm7Character();

/** Ten parts with an extension character at every border or near it. */
export const GSM7_TEN_PARTS: string = "€[x]^{y}|~\\ Preis: 5€ £3 ¥9 ".repeat(38);

/** Ten parts: surrogate pairs at odd and even places, right-to-left, combining marks, a lone accent. */
export const UCS2_TEN_PARTS: string = "😀Привет 🇩🇪 שלום नमस्ते e\u0301 👩‍👩‍👧 漢字 ".repeat(16);
