/**
 * The queues of a set by name. A lane is where a chunk waits; who claims from it is said in docs/LIFE_OF_A_MESSAGE.md.
 */
import { z } from "zod";
import type { Brand, ProviderId, SetId } from "./ids.ts";

export const messageClasses = ["alert", "transactional", "bulk"] as const;
/** Alerts never wait behind bulk, on any lane or link. */
export type MessageClass = (typeof messageClasses)[number];
export const messageClassSchema = z.enum(messageClasses);

export type Lane = Brand<string, "Lane">;

export const lanes = {
  inbox: (messageClass: MessageClass): Lane => `inbox.${messageClass}` as Lane,
  submit: (provider: ProviderId, messageClass: MessageClass): Lane => `submit.${provider}.${messageClass}` as Lane,
  relay: (target: SetId): Lane => `relay.${target}` as Lane,
  receipts: "receipts" as Lane,
  replies: "replies" as Lane,
  dead: "dead" as Lane,
} as const;
