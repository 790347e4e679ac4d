/** The heart of the end-to-end tests, for any way to run the platform. */
import { expect } from "bun:test";
import { audit } from "./audit.ts";
import { compareReports, followEvents, readSubmits, untilFinal } from "./evidence.ts";
import type { TestPlatform } from "./open-test-platform.ts";
import { sampleMessages } from "./sample-messages.ts";
import { type Sending, sendEach, sendTogether } from "./send.ts";

const SINGLES = 1_400;
const TOGETHER = 600;
const CONNECTIONS = 32;

/**
 * Sends 2,000 messages over HTTP, classes mixed, long and Unicode texts among them: each must be at the provider
 * exactly once, with its full line of events, and PostgreSQL must equal the fold of all events.
 */
export async function expectJourney({ platform, stores }: TestPlatform): Promise<void> {
  const follower = followEvents(stores);
  const all = sampleMessages(SINGLES + TOGETHER, "Godwit");
  const sending: Sending = { acknowledged: [], unacknowledged: [] };
  const together = all
    .slice(SINGLES)
    .map((message) => ({ ...message, text: "Same for all", segments: 1, class: "bulk" as const }));
  await Promise.all([
    sendEach(platform, all.slice(0, SINGLES), { connections: CONNECTIONS, sending }),
    sendTogether(platform, together, sending),
  ]);
  expect(sending.unacknowledged).toEqual([]);
  expect(sending.acknowledged.length).toBe(SINGLES + TOGETHER);

  await untilFinal(
    follower,
    sending.acknowledged.map(({ id }) => id),
  );
  const submits = await readSubmits(platform);
  expect(audit({ ...sending, uncertain: [], submits, events: follower.events })).toEqual([]);
  expect(await compareReports(platform, stores, SINGLES + TOGETHER)).toEqual([]);
}
