/**
 * Names of things as branded strings. A message id starts with the id of its set, so any edge knows where to look; the
 * rest is time-ordered (ULID layout: 48 bits of milliseconds, 80 random bits, Crockford base 32, lower case).
 */
import { z } from "zod";
import type { Clock } from "./clock.ts";
import type { Random } from "./random.ts";

declare const brand: unique symbol;
/** A nominal type: erased at run time, made only by the parser or mint in the file that declares it. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };

export type SetId = Brand<string, "SetId">;
export type MessageId = Brand<string, "MessageId">;
export type AccountId = Brand<string, "AccountId">;
export type ProviderId = Brand<string, "ProviderId">;
export type PriceListId = Brand<string, "PriceListId">;
export type ChunkId = Brand<string, "ChunkId">;
export type WriterId = Brand<string, "WriterId">;

const ULID = "[0-7][0-9a-hjkmnp-tv-z]{25}";
const NAME = /^[a-z][a-z0-9_]{1,31}$/;
const MESSAGE_ID = new RegExp(`^[a-z][a-z0-9]{1,11}-${ULID}$`);
const CHUNK_ID = new RegExp(`^${ULID}$`);

export const setIdSchema = z
  .string()
  .regex(/^[a-z][a-z0-9]{1,11}$/)
  .transform((id) => id as SetId);
export const accountIdSchema = z
  .string()
  .regex(NAME)
  .transform((id) => id as AccountId);
export const providerIdSchema = z
  .string()
  .regex(NAME)
  .transform((id) => id as ProviderId);
export const priceListIdSchema = z
  .string()
  .regex(NAME)
  .transform((id) => id as PriceListId);
export const messageIdSchema = z
  .string()
  .regex(MESSAGE_ID)
  .transform((id) => id as MessageId);
export const chunkIdSchema = z
  .string()
  .regex(CHUNK_ID)
  .transform((id) => id as ChunkId);

/** The set that holds a message and all its events. */
export function setOfMessage(id: MessageId): SetId {
  return id.slice(0, id.indexOf("-")) as SetId;
}

/**
 * When its id was minted, in milliseconds since the epoch by the minter's clock; 0 for an id that says nothing of it.
 */
export function timeOfMessage(id: MessageId): number {
  const ms = timeOfUnique(id.slice(id.indexOf("-") + 1));
  return Number.isFinite(new Date(ms).getTime()) && MESSAGE_ID.test(id) ? ms : 0;
}

function timeOfUnique(unique: string): number {
  let ms = 0;
  for (const char of unique.slice(0, TIME_CHARS)) ms = ms * 32 + ALPHABET.indexOf(char);
  return ms;
}

/** When a writer was opened, in milliseconds since the epoch by the clock of its process. */
export function timeOfWriter(id: WriterId): number {
  return timeOfUnique(id);
}

/** Makes ids that never repeat in this process and sort by the time of their making. */
export interface IdMint {
  messageId(set: SetId): MessageId;
  chunkId(): ChunkId;
  writerId(): WriterId;
  /** A bare id, for receipts, replies, leases and owners. */
  unique(): string;
}

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const TIME_CHARS = 10;
const RANDOM_CHARS = 16;
/** Random bytes are drawn in one go for this many ids: one call each cost as much as the rest of the minting. */
const POOL_IDS = 256;

export function createIdMint(deps: { readonly clock: Clock; readonly random: Random }): IdMint {
  let pool = deps.random.bytes(RANDOM_CHARS * POOL_IDS);
  let used = 0;
  let lastMs = -1;
  let prefix = "";

  function unique(): string {
    const now = deps.clock.now();
    if (now !== lastMs) {
      lastMs = now;
      prefix = encodeTime(now);
    }
    if (used === pool.length) {
      pool = deps.random.bytes(RANDOM_CHARS * POOL_IDS);
      used = 0;
    }
    let id = prefix;
    for (let i = 0; i < RANDOM_CHARS; i++) id += ALPHABET[(pool[used++] ?? 0) & 31];
    return id;
  }

  return {
    unique,
    messageId: (set) => `${set}-${unique()}` as MessageId,
    chunkId: () => unique() as ChunkId,
    writerId: () => unique() as WriterId,
  };
}

function encodeTime(ms: number): string {
  let rest = ms;
  let text = "";
  for (let i = 0; i < TIME_CHARS; i++) {
    text = ALPHABET[rest % 32] + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}
