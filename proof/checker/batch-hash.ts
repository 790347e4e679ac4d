/** What a batch says, as a short text: the same for the same content, whatever the order of its fields. */
import { createHash } from "node:crypto";
import type { EventBatch } from "#core/store/store.ts";

const HASH_CHARACTERS = 22;

export function hashBatch({ at, kind, events }: EventBatch): string {
  const text = JSON.stringify([at, kind, events.map(canonical)]);
  return createHash("sha256").update(text).digest("base64url").slice(0, HASH_CHARACTERS);
}

export function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(
    entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, canonical(inner)] as const),
  );
}
