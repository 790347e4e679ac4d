/**
 * The whole journey on real servers, nothing broken: 2,000 messages over HTTP, each at the provider exactly once, each
 * with its full line of events, all of it in PostgreSQL as the fold has it. And the way back: replies.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { until } from "#testkit/until.ts";
import { type EventFollower, followEvents, untilFinal } from "./evidence.ts";
import { expectJourney } from "./journey.ts";
import { openTestPlatform, type TestPlatform } from "./open-test-platform.ts";
import { post } from "./send.ts";

let bench: TestPlatform;
let follower: EventFollower;
beforeAll(async () => {
  bench = await openTestPlatform();
  follower = followEvents(bench.stores);
}, 120_000);
afterAll(() => bench[Symbol.asyncDispose](), 60_000);

test("2,000 messages: each at the provider once, with its line of events; PostgreSQL equals the fold", async () => {
  await expectJourney(bench);
}, 240_000);

test("two messages from two numbers to one handset: each reply names its own, a long one arrives whole", async () => {
  const { platform } = bench;
  const to = "+61491570006";
  const ids: string[] = [];
  for (const from of platform.numbers) {
    const answer = await post(platform, { to, from, text: `Reply to ${from}` });
    expect(answer.status).toBe(202);
    ids.push((JSON.parse(answer.body) as { id: string }).id);
  }
  await untilFinal(follower, ids);
  const texts = ["Yes", `No, and here is why: ${"because ".repeat(40)}`];
  for (const [i, number] of platform.numbers.entries()) {
    const reply = { from: to, to: number, text: texts[i] };
    const response = await fetch(`${platform.simulatorUrl}/replies`, { method: "POST", body: JSON.stringify(reply) });
    expect(response.status).toBe(202);
  }
  for (const [i, id] of ids.entries()) {
    const text = await until(`a reply to message ${i}`, 20_000, async () => {
      const response = await fetch(`${platform.edgeUrl}/v1/messages/${id}`, {
        headers: { authorization: `Bearer ${platform.apiKey}` },
      });
      const body = (await response.json()) as { readonly replies: readonly { readonly text?: string }[] };
      return body.replies[0]?.text;
    });
    expect(text).toBe(texts[i] ?? "");
  }
}, 60_000);

test("what the provider refuses or cannot deliver ends as the receipt says", async () => {
  const { platform } = bench;
  const outcomes = { "+61491570001": "undelivered", "+61491580002": "expired", "+61491590003": "undelivered" };
  const ids: string[] = [];
  for (const to of Object.keys(outcomes)) {
    const answer = await post(platform, { to, from: "Godwit", text: "Magic" });
    ids.push((JSON.parse(answer.body) as { id: string }).id);
  }
  await untilFinal(follower, ids);
  const statuses = ids.map(async (id) => {
    const headers = { authorization: `Bearer ${platform.apiKey}` };
    const response = await fetch(`${platform.edgeUrl}/v1/messages/${id}`, { headers });
    return ((await response.json()) as { readonly status: string }).status;
  });
  expect(await Promise.all(statuses)).toEqual(Object.values(outcomes));
}, 60_000);

test("STOP ends the account's messages to that handset, START lets them through again", async () => {
  const { platform } = bench;
  const [number] = platform.numbers;
  const to = "+61491570110";
  const send = async (text: string): Promise<string> => {
    const id = (JSON.parse((await post(platform, { to, from: number, text })).body) as { id: string }).id;
    await untilFinal(follower, [id]);
    return follower.events.get(id)?.some((event) => event.type === "rejected") === true ? "rejected" : "sent";
  };
  const reply = async (text: string): Promise<void> => {
    const body = JSON.stringify({ from: to, to: number, text });
    await fetch(`${platform.simulatorUrl}/replies`, { method: "POST", body });
    await until(`${text} to be obeyed`, 20_000, async () => {
      await follower.catchUp();
      const said = [...follower.events.values()]
        .flat()
        .filter((event) => event.type === "replied" && event.from === to);
      return said.some((event) => event.type === "replied" && event.text === text) || undefined;
    });
  };
  expect(await send("first")).toBe("sent");
  await reply("STOP");
  expect(await send("second")).toBe("rejected");
  await reply("START");
  expect(await send("third")).toBe("sent");
}, 60_000);
