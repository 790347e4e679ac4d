/** The Idempotency-Key of a request, and the fingerprint of its content that is kept with it. */
import { IDEMPOTENCY_KEY_CHARS_MAX } from "#domain/limits.ts";
import { sha256Hex } from "#domain/sha256.ts";
import type { ParsedBody } from "./schema.ts";

/** Visible ASCII. Without spaces, so that a header that was sent twice, which arrives as "a, b", is no key. */
const KEY = new RegExp(`^[!-~]{1,${IDEMPOTENCY_KEY_CHARS_MAX}}$`);

export const IDEMPOTENCY_KEY_RULE = `must have 1 to ${IDEMPOTENCY_KEY_CHARS_MAX} visible ASCII characters, no spaces`;

export type IdempotencyKey =
  | { readonly type: "none" }
  | { readonly type: "key"; readonly key: string }
  | { readonly type: "malformed" };

export function readIdempotencyKey(headers: Headers): IdempotencyKey {
  const key = headers.get("idempotency-key");
  if (key === null) return { type: "none" };
  return KEY.test(key) ? { type: "key", key } : { type: "malformed" };
}

/**
 * The same for two bodies that ask for the same, however they are written: order of members, white space, escapes, the
 * offset of `expire_at`, a default that is spelled out. Recipients count as written and in their order, numbers or not,
 * and one alone is not a list of one, as the answers differ. Another form here would make every repetition of two days
 * look like a misuse.
 */
export function fingerprintOf(body: ParsedBody): Promise<string> {
  const metadata = body.metadata && Object.entries(body.metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  const content = [
    body.class,
    body.from,
    "to" in body.to ? body.to.to : body.to.map(({ to }) => to),
    body.text.text,
    body.client_reference ?? null,
    metadata ?? null,
    body.expire_at ?? null,
  ];
  return sha256Hex(JSON.stringify(content));
}
