/** SHA-256 as hex, by Web Crypto: the same on Bun, Deno and Node. */

/** Of the text's UTF-8 bytes: 64 lower-case hex digits. */
export async function sha256Hex(text: string): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))));
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
