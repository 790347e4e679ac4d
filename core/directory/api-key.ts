/**
 * API keys: `gw_live_<id>_<secret>`. The id finds the account, the secret's SHA-256 proves it; the secret itself is
 * stored nowhere (it has 160 random bits, so a slow hash would add nothing).
 */
import type { Random } from "#domain/random.ts";
import { sha256Hex, toHex } from "#domain/sha256.ts";

const SHAPE = /^gw_live_([a-z0-9]{4,32})_([0-9a-f]{40})$/;

export interface ParsedApiKey {
  readonly id: string;
  readonly secret: string;
}

export function parseApiKey(text: string): ParsedApiKey | undefined {
  const match = SHAPE.exec(text);
  return match?.[1] === undefined || match[2] === undefined ? undefined : { id: match[1], secret: match[2] };
}

export function hashSecret(secret: string): Promise<string> {
  return sha256Hex(secret);
}

/** A new key: the text to show once, and what the directory keeps. */
export async function createApiKey(
  id: string,
  random: Random,
): Promise<{ readonly text: string; readonly id: string; readonly secretSha256: string }> {
  const secret = toHex(random.bytes(20));
  return { text: `gw_live_${id}_${secret}`, id, secretSha256: await hashSecret(secret) };
}

/** Compares two hex digests in time that does not depend on where they differ. */
export function digestsEqual(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i % Math.max(1, b.length));
  return difference === 0;
}
