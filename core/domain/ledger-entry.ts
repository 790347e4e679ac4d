/**
 * Money that moves beside messages: what is paid in, lent, handed from an account to one below it, and carried between
 * sets. Entries stand in the event log with the step that moved the money, so that a balance can be proved from them
 * and from what messages cost, at any past moment. Immutable: a mistake is put right by another entry.
 */
import { z } from "zod";
import { accountIdSchema, setIdSchema } from "./ids.ts";
import { currencySchema, microsTextSchema } from "./money.ts";

const NOTE_CHARS_MAX = 200;

/** `id` is of the whole operation, and the same on every retry; `at` is in milliseconds since the epoch. */
const base = { id: z.string().min(1).max(64), at: z.int(), account: accountIdSchema, micros: microsTextSchema };
/** Who asked for it, and what for. */
const asked = {
  currency: currencySchema,
  actor: z.string().min(1).max(64),
  note: z.string().max(NOTE_CHARS_MAX).optional(),
};

/** Paid in; negative: a correction, or paid out. */
const paid = z.object({ ...base, ...asked, type: z.literal("paid") });
/** By how much what may be spent beyond the balance has changed; negative: that much less, or to be kept unspent. */
const lent = z.object({ ...base, ...asked, type: z.literal("lent") });
/** From `account` to another one, in the same currency. */
const transferred = z.object({ ...base, ...asked, type: z.literal("transferred"), to: accountIdSchema });
/** Left this set for another; it is on its way until that one has it. */
const sent = z.object({ ...base, type: z.literal("sent"), toSet: setIdSchema });
/** Came from another set: the other half of `sent`, with its id. */
const landed = z.object({ ...base, type: z.literal("landed"), fromSet: setIdSchema });

export const ledgerEntrySchema = z.discriminatedUnion("type", [paid, lent, transferred, sent, landed]);
export type LedgerEntry = z.output<typeof ledgerEntrySchema>;
