/** An account as the directory has it: whose it is, what it may do, how it proves itself, what it pays by. Pure. */
import { z } from "zod";
import { accountIdSchema, priceListIdSchema } from "#domain/ids.ts";
import { currencySchema } from "#domain/money.ts";
import { treeFields } from "./account-tree.ts";
import { smppAccountSchema } from "./smpp-account.ts";

/** API keys of one account. */
const KEYS_MAX = 100;

/** `send`: messages, and taking them back. `read`: what became of them. */
export const keyScopes = ["send", "read"] as const;
export type KeyScope = (typeof keyScopes)[number];

const keySchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9]{4,32}$/),
  secretSha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Absent: whatever its account may. */
  scopes: z.array(z.enum(keyScopes)).min(1).optional(),
  /** From then on it is none, in milliseconds since the epoch; absent: it holds until it is removed. */
  expiresAt: z.int().nonnegative().optional(),
});
export type Key = z.output<typeof keySchema>;

export const accountSchema = z.strictObject({
  id: accountIdSchema,
  name: z.string().min(1).max(100),
  ...treeFields,
  currency: currencySchema,
  /** Where keyed requests of this account go: to sets of this region. Without one, to sets of any region. */
  homeRegion: z.string().min(1).max(32).optional(),
  /** What happens to segments in doubt of this account's messages; alerts are always sent again (invariant I7). */
  inDoubt: z.enum(["resend", "keep"]),
  keys: z.array(keySchema).max(KEYS_MAX),
  /** What it pays. Without one, no number has a price, for it and for all below it. */
  priceList: priceListIdSchema.optional(),
  /** `limited`: it sends for no more than its credit, see core/ledger. `unlimited`: it is billed and never held up. */
  credit: z.enum(["unlimited", "limited"]).default("unlimited"),
  /** Absent: it does not bind to us. */
  smpp: smppAccountSchema.optional(),
});
export type Account = z.output<typeof accountSchema>;
export type AccountInput = z.input<typeof accountSchema>;
