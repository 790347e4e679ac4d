/**
 * The queues of a set by name. A lane is where a chunk waits; who claims from it is said in docs/LIFE_OF_A_MESSAGE.md.
 */
import { z } from "zod";
import { type AccountId, accountIdSchema, type Brand, type ProviderId, providerIdSchema, type SetId } from "./ids.ts";

export const messageClasses = ["alert", "transactional", "bulk"] as const;
/** Alerts never wait behind bulk, on any lane or link. */
export type MessageClass = (typeof messageClasses)[number];
export const messageClassSchema = z.enum(messageClasses);

export type Lane = Brand<string, "Lane">;

export const lanes = {
  inbox: (messageClass: MessageClass): Lane => `inbox.${messageClass}` as Lane,
  submit: (provider: ProviderId, messageClass: MessageClass): Lane => `submit.${provider}.${messageClass}` as Lane,
  deliver: (account: AccountId): Lane => `deliver.${account}` as Lane,
  relay: (target: SetId): Lane => `relay.${target}` as Lane,
  receipts: "receipts" as Lane,
  replies: "replies" as Lane,
  refunds: "refunds" as Lane,
  dead: "dead" as Lane,
} as const;

const SUBMIT_LANE = /^submit\.([^.]+)\.[a-z]+$/;
/** Whose lane `submit.<provider>.<class>` it is; undefined for every other lane. */
export function providerOfLane(lane: string): ProviderId | undefined {
  return providerIdSchema.safeParse(SUBMIT_LANE.exec(lane)?.[1]).data;
}

const DELIVER_LANE = /^deliver\.([^.]+)$/;
/** Who is told what waits on lane `deliver.<account>`; undefined for every other lane. */
export function accountOfLane(lane: string): AccountId | undefined {
  return accountIdSchema.safeParse(DELIVER_LANE.exec(lane)?.[1]).data;
}
