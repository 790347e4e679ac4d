/**
 * Whether a bind may stand, by the copy of the directory in hand. Who cannot prove the password learns only that, and
 * not whether there is such an account: the work and the answer are the same.
 */

import type { Account } from "#core/directory/account.ts";
import { digestsEqual } from "#core/directory/api-key.ts";
import type { Directory } from "#core/directory/directory.ts";
import { hashSmppPassword, type SmppAccount } from "#core/directory/smpp-account.ts";
import type { PduFields } from "#core/smpp/pdu.ts";
import type { AddressLists } from "./address-lists.ts";
import type { Proof } from "./bind-guard.ts";
import { smppStatus } from "./status.ts";

export type BindRefusal = "not_ready" | "system_id" | "password" | "address" | "too_many_binds" | "too_many_guesses";

export type BindVerdict =
  | { readonly type: "good"; readonly account: Account; readonly smpp: SmppAccount }
  | { readonly type: "refused"; readonly reason: BindRefusal };

export const statusOfRefusal: Readonly<Record<BindRefusal, number>> = {
  not_ready: smppStatus.systemError,
  system_id: smppStatus.invalidPassword,
  password: smppStatus.invalidPassword,
  address: smppStatus.bindFailed,
  too_many_binds: smppStatus.bindFailed,
  too_many_guesses: smppStatus.bindFailed,
};

/** What a verdict says of the password. Right from a wrong address gives that address nothing. */
export function proofOf(verdict: BindVerdict): Proof {
  if (verdict.type === "good") return "proved";
  return verdict.reason === "system_id" || verdict.reason === "password" ? "guessed" : "neither";
}

/** Compared with when the systemId is unknown, so that it takes as long as a wrong password. */
const NO_DIGEST = "0".repeat(64);

interface JudgeDeps {
  readonly directory: Directory | undefined;
  readonly address: string;
  readonly lists: AddressLists;
}

export async function judgeBind(
  { system_id: systemId = "", password = "" }: PduFields,
  { directory, address, lists }: JudgeDeps,
): Promise<BindVerdict> {
  if (directory === undefined) return refused("not_ready");
  const account = directory.accountOfSystemId(systemId);
  // One character is never right, and hashing nothing would throw.
  const digest = await hashSmppPassword(systemId, password === "" ? " " : password.slice(0, 8));
  const isRight = digestsEqual(digest, account?.smpp?.passwordSha256 ?? NO_DIGEST) && password.length <= 8;
  if (account?.smpp === undefined) return refused("system_id");
  if (!isRight || password === "") return refused("password");
  const { allowedIps } = account.smpp;
  const mayComeFrom = allowedIps.length === 0 || lists.isListed(allowedIps, address);
  return mayComeFrom ? { type: "good", account, smpp: account.smpp } : refused("address");
}

function refused(reason: BindRefusal): BindVerdict {
  return { type: "refused", reason };
}
