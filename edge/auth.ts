/**
 * Who is calling: `Authorization: Bearer gw_live_…` against the live directory. A key that has proved itself keeps its
 * digest in memory, so the hot path hashes nothing; the directory is asked every time, so a withdrawn key ends at once.
 */

import type { Account } from "#core/directory/account.ts";
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
export type KeyProblem = "key_missing" | "key_invalid";

/** Answers at once for a key that was seen before; unknown id and wrong secret answer alike, after the same work. */
export type Authenticate = (header: string | null, directory: Directory) => Identity | Promise<Identity>;

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

  async function prove(header: string, directory: Directory): Promise<Identity> {
    const parsed = parseApiKey(BEARER.exec(header)?.[1] ?? "");
    if (parsed === undefined) return refused("key_invalid");
    const digest = await hashSecret(parsed.secret);
    const identity = compare({ id: parsed.id, digest }, directory);
    if (identity.type === "account") remember(header, { id: parsed.id, digest });
    return identity;
  }

  return (header, directory) => {
    if (header === null || header === "") return refused("key_missing");
    const known = proven.get(header);
    return known === undefined ? prove(header, directory) : compare(known, directory);
  };
}

function compare(key: ProvenKey, directory: Directory): Identity {
  const held = directory.key(key.id);
  const equal = digestsEqual(key.digest, held?.secretSha256 ?? NO_DIGEST);
  return held !== undefined && equal ? { type: "account", account: held.account } : refused("key_invalid");
}

function refused(code: KeyProblem): Identity {
  return { type: "refused", code };
}

/** What goes with a 401 (RFC 6750 §3). */
export function challenge(code: KeyProblem): Readonly<Record<string, string>> {
  const error = code === "key_invalid" ? ', error="invalid_token"' : "";
  return { "www-authenticate": `Bearer realm="godwit"${error}` };
}
