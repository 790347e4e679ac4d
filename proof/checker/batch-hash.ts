/** What a batch says, as a short text: the same for the same content, whatever the order of its fields. */
import { createHash } from "node:crypto";
import type { EventBatch } from "#core/store/store.ts";
import { canonicalJson } from "#domain/canonical-json.ts";

const HASH_CHARACTERS = 22;

export function hashBatch({ at, kind, events, entries = [] }: EventBatch): string {
  const text = canonicalJson([at, kind, events, entries]);
  return createHash("sha256").update(text).digest("base64url").slice(0, HASH_CHARACTERS);
}
