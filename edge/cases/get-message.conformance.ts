/** `GET /v1/messages/{id}` and the paths for operators, on sets in memory. */
import { createApiKey } from "#core/directory/api-key.ts";
import type { MessageEvent } from "#domain/event.ts";
import type { AccountId, ChunkId, MessageId, ProviderId } from "#domain/ids.ts";
import type { MicrosText } from "#domain/money.ts";
import { systemRandom } from "#domain/random.ts";
import type { Harness } from "./harness.ts";
import { createWorld, VALID, type World } from "./world.ts";

const AT = Date.UTC(2030, 0, 1);
const provider = "loop" as ProviderId;

/** The rest of a life of two segments, in no order of time. */
function lifeOf(message: MessageId): readonly MessageEvent[] {
  const base = { message };
  const at = { ...base, provider, attempt: 1 };
  return [
    { ...base, type: "delivered", at: AT + 40, segment: 1, provider, providerMessageId: "p1", error: "000" },
    { ...at, type: "submitted", at: AT + 30, segment: 0, providerMessageId: "p0" },
    { ...at, type: "submitted", at: AT + 30, segment: 1, providerMessageId: "p1" },
    { ...base, type: "undelivered", at: AT + 50, segment: 0, provider, providerMessageId: "p0", error: "021" },
    { ...at, type: "routed", at: AT + 10, prefix: "+", candidates: [{ prefix: "+", provider }] },
    {
      ...base,
      type: "billed",
      at: AT + 10,
      account: "acme" as AccountId,
      prefix: "+",
      segments: 2,
      priceMicros: "45000" as MicrosText,
      totalMicros: "90000" as MicrosText,
      currency: "AUD",
    },
    {
      ...base,
      type: "replied",
      at: AT + 60,
      reply: "r1",
      provider,
      from: VALID.to,
      to: "+61480000001",
      text: "Thanks",
      part: 1,
      parts: 1,
    },
  ];
}

interface Life {
  readonly status: string;
  readonly text: string;
  readonly segments: readonly { readonly outcome: string | null; readonly error: string | null }[];
  readonly price: unknown;
  readonly replies: readonly { readonly text: string }[];
  readonly events: readonly Readonly<Record<string, unknown>>[];
}

/** What an operator put back after it had died with us. */
function deathOf(message: MessageId): readonly MessageEvent[] {
  const burial = "01jd0000000000000000000001" as ChunkId;
  return [
    { type: "requeued", message, at: AT + 20, burial },
    { type: "rejected", message, at: AT + 10, reason: "poison", detail: "we could not process it", burial },
  ];
}

async function accept(world: World, text: string): Promise<MessageId> {
  const response = await world.send({ ...VALID, from: "+61480000001", text });
  return ((await response.json()) as { id: MessageId }).id;
}

function get(world: World, id: string, key = world.key): Promise<Response> {
  return world.fetch(`/v1/messages/${id}`, { headers: { authorization: `Bearer ${key}` } });
}

export function getMessageCases({ test, assert }: Harness): void {
  test("a message just accepted shows itself, with segments that wait", async () => {
    await using world = await createWorld();
    const id = await accept(world, "a".repeat(161));
    const response = await get(world, id);
    assert.equal(response.status, 200);
    const life = (await response.json()) as Life;
    assert.deepEqual(
      [life.status, life.segments.length, life.segments[0]?.outcome, life.price],
      ["accepted", 2, null, null],
    );
    assert.deepEqual(
      life.events.map(({ type, at }) => [type, at]),
      [["accepted", "2030-01-01T00:00:00.000Z"]],
    );
  });

  test("the whole life: outcome by segment, price, replies, events in the order of time in snake_case", async () => {
    await using world = await createWorld();
    const id = await accept(world, "a".repeat(161));
    await world.sets[0]?.store.commit({ events: lifeOf(id) });
    const life = (await (await get(world, id)).json()) as Life;
    assert.equal(life.status, "partially_delivered");
    assert.deepEqual(
      life.segments.map(({ outcome, error }) => [outcome, error]),
      [
        ["undelivered", "021"],
        ["delivered", "000"],
      ],
    );
    assert.deepEqual(life.price, { currency: "AUD", segments: 2, price_micros: "45000", total_micros: "90000" });
    assert.deepEqual(
      life.replies.map(({ text }) => text),
      ["Thanks"],
    );
    assert.deepEqual(
      life.events.map(({ type }) => type),
      ["accepted", "routed", "billed", "submitted", "submitted", "delivered", "undelivered", "replied"],
    );
    assert.deepEqual(life.events[3], {
      type: "submitted",
      at: "2030-01-01T00:00:00.030Z",
      segment: 0,
      attempt: 1,
      provider: "loop",
      provider_message_id: "p0",
    });
  });

  test("what those above an account pay, and are given back, is shown to nobody below them", async () => {
    await using world = await createWorld();
    const id = await accept(world, "hello");
    const bill = {
      prefix: "+",
      currency: "AUD",
      priceMicros: "45000" as MicrosText,
      totalMicros: "45000" as MicrosText,
    };
    const [own, above] = ["acme", "wholesaler"] as string[] as [AccountId, AccountId];
    const levelOf = (account: AccountId) => ({ account, micros: "45000" as MicrosText, currency: "AUD" });
    const levels = [own, above].map(levelOf);
    const topLevel = levelOf("top" as AccountId);
    const events: readonly MessageEvent[] = [
      {
        type: "billed",
        message: id,
        at: AT + 10,
        account: own,
        ...bill,
        segments: 1,
        above: [{ account: above, ...bill }],
      },
      { type: "refunded", message: id, at: AT + 20, segment: 0, levels },
    ];
    await world.sets[0]?.store.commit({ events });
    const text = await (await get(world, id)).text();
    assert.ok(!text.includes("wholesaler"), text);
    const { price } = JSON.parse(text) as { readonly price: object };
    assert.deepEqual(price, {
      ...{ currency: "AUD", segments: 1, price_micros: "45000", total_micros: "45000" },
      refunded_micros: "45000",
    });
    // Who is above it sees what both pay, and nobody above itself.
    const key = await createApiKey("wholesaler1", systemRandom);
    await world.change(({ accounts: [acme, ...others], ...rest }) => {
      const keys = [{ id: key.id, secretSha256: key.secretSha256 }];
      const wholesaler = { ...acme, id: "wholesaler", keys, parent: "top" };
      const accounts = [{ ...acme, id: "top", keys: [] }, wholesaler, { ...acme, parent: "wholesaler" }, ...others];
      return { ...rest, accounts };
    });
    const topBill: MessageEvent = { type: "refunded", message: id, at: AT + 30, segment: 0, levels: [topLevel] };
    await world.sets[0]?.store.commit({ events: [topBill] });
    const seen = await (await get(world, id, key.text)).text();
    assert.ok(seen.includes('"above":[{"account":"wholesaler"'), seen);
    assert.ok(!seen.includes('"top"'), seen);
  });

  test("a message that died with us is rejected, and open again once an operator has put it back", async () => {
    await using world = await createWorld();
    const id = await accept(world, "hello");
    const [requeued, rejected] = deathOf(id);
    for (const [event, status] of [
      [rejected, "rejected"],
      [requeued, "accepted"],
    ] as const) {
      await world.sets[0]?.store.commit({ events: event === undefined ? [] : [event] });
      const life = (await (await get(world, id)).json()) as Life & { readonly rejected?: object };
      assert.deepEqual([life.status, life.rejected !== undefined], [status, status === "rejected"]);
      assert.deepEqual(life.events.at(-1)?.burial, "01jd0000000000000000000001");
    }
  });

  test("another account's id, an unknown id, an unknown set and no id at all are the same 404", async () => {
    await using world = await createWorld();
    const id = await accept(world, "mine");
    const unknown = `syd1-${"0".repeat(26)}`;
    const answers = await Promise.all([
      get(world, id, world.otherKey),
      get(world, unknown),
      get(world, unknown.replace("syd1", "per9")),
      get(world, "hello"),
      get(world, "%00"),
    ]);
    for (const response of answers) {
      assert.equal(response.status, 404);
      const { request_id, ...problem } = (await response.json()) as { request_id: string; code: string };
      assert.ok(request_id !== "");
      assert.equal(problem.code, "not_found");
    }
    assert.equal((await world.fetch(`/v1/messages/${id}`)).status, 401);
  });

  test("a set that is away, or never answers, is 503 with Retry-After; other sets' messages are shown", async () => {
    await using world = await createWorld({
      sets: [
        ["syd1", "syd"],
        ["akl1", "akl"],
      ],
    });
    const id = await accept(world, "near");
    const [near] = world.sets;
    if (near === undefined) return;
    near.reads = "fail";
    const away = await get(world, id);
    assert.equal(away.status, 503);
    assert.ok(Number(away.headers.get("retry-after")) >= 1);
    near.reads = "hang";
    const hanging = get(world, id);
    await world.clock.advance(10_000);
    assert.equal((await hanging).status, 503);
    near.mode = "fails";
    assert.equal((await get(world, await accept(world, "far"))).status, 200);
  });

  test("paths and methods that are not there: 404, and 405 with Allow", async () => {
    await using world = await createWorld();
    assert.equal((await world.fetch("/v2/messages", { method: "POST" })).status, 404);
    assert.equal((await world.fetch("/v1/messages/", { method: "POST" })).status, 404);
    const allows = async (method: string, path: string): Promise<unknown[]> => {
      const response = await world.fetch(path, { method });
      return [response.status, response.headers.get("allow")];
    };
    assert.deepEqual(await allows("GET", "/v1/messages"), [405, "POST"]);
    assert.deepEqual(await allows("PUT", "/v1/messages"), [405, "POST"]);
    assert.deepEqual(await allows("DELETE", "/v1/messages/x"), [405, "GET, HEAD"]);
    assert.deepEqual(await allows("POST", "/readyz"), [405, "GET, HEAD"]);
  });

  test("a defect is a 500 problem without its text, and is logged with the request's id", async () => {
    await using world = await createWorld();
    const broken = { ...world.deps, readiness: () => Promise.reject(new Error("secret detail")) };
    const { createApp } = await import("../app.ts");
    const response = await createApp(broken).request("/readyz", { headers: { "x-request-id": "r-1" } });
    assert.equal(response.status, 500);
    assert.ok(!(await response.text()).includes("secret"));
    assert.ok(world.logged.some((line) => line.startsWith("defect") && line.includes("r-1")));
  });
}

export function operateCases({ test, assert }: Harness): void {
  test("/livez and /version answer whatever the sets do", async () => {
    await using world = await createWorld({ withDirectory: false });
    for (const set of world.sets) set.reads = "hang";
    assert.deepEqual(await (await world.fetch("/livez")).json(), { live: true });
    const version = (await (await world.fetch("/version")).json()) as Readonly<Record<string, string>>;
    assert.deepEqual([version.role, version.api], ["edge", "v1"]);
  });

  test("/readyz is 200 while one set can take a write, says which, and is 503 with none or draining", async () => {
    await using world = await createWorld({
      sets: [
        ["syd1", "syd"],
        ["akl1", "akl"],
      ],
    });
    const ask = async () => {
      const response = await world.fetch("/readyz");
      const body = (await response.json()) as { ready: boolean; sets: { set: string; ready: boolean }[] };
      return [response.status, body.ready, ...body.sets.map(({ set, ready }) => `${set} ${ready}`)];
    };
    assert.deepEqual(await ask(), [200, true, "syd1 true", "akl1 true"]);
    const [near, far] = world.sets;
    if (near === undefined || far === undefined) return;
    near.reads = "hang";
    await world.clock.advance(1_001);
    const asking = ask();
    await world.clock.advance(1_000);
    assert.deepEqual(await asking, [200, true, "syd1 false", "akl1 true"]);
    near.reads = "fail";
    far.reads = "fail";
    await world.clock.advance(1_001);
    assert.deepEqual(await ask(), [503, false, "syd1 false", "akl1 false"]);
    near.reads = "ok";
    await world.clock.advance(1_001);
    assert.equal((await ask())[0], 200);
    world.drain();
    assert.equal((await ask())[0], 503);
  });

  test("/readyz is 503 without a directory", async () => {
    await using world = await createWorld({ withDirectory: false });
    assert.equal((await world.fetch("/readyz")).status, 503);
  });

  test("/metrics counts requests and messages by class and outcome, steps, and open breakers", async () => {
    await using world = await createWorld();
    await world.send({ ...VALID, to: [VALID.to, VALID.to] });
    await world.send("{");
    for (const set of world.sets) set.mode = "fails";
    await world.send({ ...VALID, class: "bulk" });
    const text = await (await world.fetch("/metrics")).text();
    for (const line of [
      'godwit_accept_requests_total{class="transactional",outcome="accepted"} 1',
      'godwit_accept_messages_total{class="transactional",outcome="accepted"} 2',
      'godwit_accept_requests_total{class="none",outcome="invalid_json"} 1',
      'godwit_accept_requests_total{class="bulk",outcome="unavailable"} 1',
      'godwit_commit_steps_total{result="committed"} 1',
      'godwit_commit_seconds_bucket{le="0.0005"} 2',
      'godwit_commit_messages_bucket{le="2"} 2',
      "godwit_commit_messages_sum 3",
      'godwit_set_breaker_open{set="syd1"} 1',
    ]) {
      assert.ok(text.includes(`${line}\n`), `${line} in\n${text}`);
    }
  });
}
