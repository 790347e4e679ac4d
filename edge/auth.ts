/**
 * Who is calling: `Authorization: Bearer gw_live_…` against the live directory. A key that has proved itself keeps its
 * digest in memory, so the hot path hashes nothing; the directory is asked every time, so a withdrawn key ends at once.
 */

import type { Account, KeyScope } from "#core/directory/account.ts";
import { digestsEqual, hashSecret, parseApiKey } from "#core/directory/api-key.ts";
import type { Directory } from "#core/directory/directory.ts";

/** Proven keys in memory. Far above the keys that one edge sees; guesses never get in, so they push nothing out. */
const PROVEN_KEYS_MAX = 10_000;
/** Compared with when the id is unknown, so that it takes as long as a wrong secret. */
const NO_DIGEST = "0".repeat(64);
const BEARER = /^bearer +(\S+) *$/i;

export type Identity =
  | { readonly type: "account"; readonly account: Account }
  | { readonly type: "refused"; readonly code: KeyProblem };
export type KeyProblem = "key_missing" | "key_invalid" | "key_expired" | "key_scope";

/** What the key is to be good for, by which copy of the directory, and when, in milliseconds since the epoch. */
export interface Asked {
  readonly directory: Directory;
  readonly scope: KeyScope;
  readonly now: number;
}

/** Answers at once for a key that was seen before; unknown id and wrong secret answer alike, after the same work. */
export type Authenticate = (header: string | null, asked: Asked) => Identity | Promise<Identity>;

interface ProvenKey {
  readonly id: string;
  readonly digest: string;
}

export function createAuthenticator(): Authenticate {
  /** By the whole header: one look-up and no parsing. */
  const proven = new Map<string, ProvenKey>();

  function remember(header: string, key: ProvenKey): void {
    const [oldest] = proven.keys();
    if (proven.size >= PROVEN_KEYS_MAX && oldest !== undefined) proven.delete(oldest);
    proven.set(header, key);
  }

  async function prove(header: string, asked: Asked): Promise<Identity> {
    const parsed = parseApiKey(BEARER.exec(header)?.[1] ?? "");
    if (parsed === undefined) return refused("key_invalid");
    const digest = await hashSecret(parsed.secret);
    const identity = compare({ id: parsed.id, digest }, asked);
    if (identity.type === "account") remember(header, { id: parsed.id, digest });
    return identity;
  }

  return (header, asked) => {
    if (header === null || header === "") return refused("key_missing");
    const known = proven.get(header);
    return known === undefined ? prove(header, asked) : compare(known, asked);
  };
}

/** Only who has the secret learns that the key has expired, or is not good for this. */
function compare(proof: ProvenKey, { directory, scope, now }: Asked): Identity {
  const held = directory.key(proof.id);
  const equal = digestsEqual(proof.digest, held?.key.secretSha256 ?? NO_DIGEST);
  if (held === undefined || !equal) return refused("key_invalid");
  const { expiresAt, scopes } = held.key;
  if (expiresAt !== undefined && expiresAt <= now) return refused("key_expired");
  if (scopes !== undefined && !scopes.includes(scope)) return refused("key_scope");
  return { type: "account", account: held.account };
}

function refused(code: KeyProblem): Identity {
  return { type: "refused", code };
}

const CHALLENGES: Readonly<Record<KeyProblem, string>> = {
  key_missing: "",
  key_invalid: ', error="invalid_token"',
  key_expired: ', error="invalid_token"',
  key_scope: ', error="insufficient_scope"',
};

/** What goes with a 401, and with a 403 that another key would not get (RFC 6750 §3). */
export function challenge(code: KeyProblem): Readonly<Record<string, string>> {
  return { "www-authenticate": `Bearer realm="godwit"${CHALLENGES[code]}` };
}
