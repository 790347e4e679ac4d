/** `POST /v1/messages/{id}/cancel`, on sets in memory. */
import { turnKey } from "#core/store/effect-keys.ts";
import type { E164, Sender } from "#domain/e164.ts";
import type { EventOf, MessageEvent } from "#domain/event.ts";
import type { AccountId, MessageId, ProviderId, SetId } from "#domain/ids.ts";
import type { Harness } from "./harness.ts";
import { createWorld, VALID, type World } from "./world.ts";

const LATER_MS = 3_600_000;

/** As the SMPP front accepts it; the worker has not seen it. */
async function schedule(world: World, more: Partial<EventOf<"accepted">> = {}): Promise<MessageId> {
  const message = world.deps.mint.messageId("syd1" as SetId);
  const at = world.clock.now();
  const texts = { to: "+61491570006" as E164, from: "Acme" as Sender, text: "Your table is ready at 8" };
  const accepted: MessageEvent = {
    ...{ type: "accepted", message, at, account: "acme" as AccountId, class: "transactional" },
    ...texts,
    ...{ encoding: "gsm7", segments: 1, notBefore: at + LATER_MS },
    ...more,
  };
  await commit(world, { events: [accepted] });
  return message;
}

async function commit(world: World, step: Parameters<NonNullable<ReturnType<typeof storeOf>>["commit"]>[0]) {
  await storeOf(world)?.commit(step);
}
const storeOf = (world: World) => world.deps.stores.get("syd1" as SetId);

function cancel(world: World, id: string, key = world.key): Promise<Response> {
  return world.fetch(`/v1/messages/${id}/cancel`, { method: "POST", headers: { authorization: `Bearer ${key}` } });
}
async function codeOf(response: Response): Promise<readonly [status: number, code: string]> {
  return [response.status, ((await response.json()) as { code: string }).code];
}

export function cancelMessageCases({ test, assert }: Harness): void {
  test("a scheduled message is cancelled once, and says so however often it is asked", async () => {
    await using world = await createWorld();
    const id = await schedule(world);
    const answers = await Promise.all([cancel(world, id), cancel(world, id)]);
    answers.push(await cancel(world, id));
    const bodies = await Promise.all(answers.map((answer) => answer.json()));
    const cancelled_at = new Date(world.clock.now()).toISOString();
    assert.deepEqual(
      bodies,
      bodies.map(() => ({ id, status: "cancelled", cancelled_at })),
    );
    const events = (await storeOf(world)?.events.ofMessage(id)) ?? [];
    assert.deepEqual(events.map(({ type }) => type).toSorted(), ["accepted", "rejected"]);
    const shown = await world.fetch(`/v1/messages/${id}`, { headers: { authorization: `Bearer ${world.key}` } });
    assert.equal(((await shown.json()) as { status: string }).status, "cancelled");
  });

  test("what was not scheduled, is on its way, has ended or shares its id cannot be cancelled", async () => {
    await using world = await createWorld();
    const sent = ((await (await world.send(VALID)).json()) as { id: string }).id;
    const routed = await schedule(world);
    const route = { at: world.clock.now(), attempt: 1, provider: "sim" as ProviderId, prefix: "+", candidates: [] };
    await commit(world, { events: [{ ...route, type: "routed", message: routed }] });
    const rejected = await schedule(world);
    const refusal = { type: "rejected", at: world.clock.now(), reason: "no_route", detail: "" } as const;
    await commit(world, { events: [{ ...refusal, message: rejected }] });
    const first = await schedule(world);
    const grouped = await schedule(world, { receiptId: first });
    for (const id of [sent, routed, rejected, grouped]) {
      assert.deepEqual(await codeOf(await cancel(world, id)), [409, "too_late_to_cancel"]);
    }
  });

  test("one that a worker is routing at this moment is too late, or to be asked again", async () => {
    await using world = await createWorld();
    const id = await schedule(world);
    await commit(world, { sendKeys: [turnKey(id, world.clock.now())] });
    assert.deepEqual(await codeOf(await cancel(world, id)), [503, "set_unavailable"]);
  });

  test("of another account, unknown or impossible: nothing is there", async () => {
    await using world = await createWorld();
    const id = await schedule(world);
    assert.deepEqual(await codeOf(await cancel(world, id, world.otherKey)), [404, "not_found"]);
    assert.deepEqual(await codeOf(await cancel(world, "syd1-01jd0000000000000000000000")), [404, "not_found"]);
    assert.deepEqual(await codeOf(await cancel(world, "12345")), [404, "not_found"]);
    assert.deepEqual(await codeOf(await cancel(world, id, "")), [401, "key_invalid"]);
    assert.equal((await world.fetch(`/v1/messages/${id}/cancel`)).status, 405);
  });

  test("a set that fails is no answer, and asking again is safe", async () => {
    await using world = await createWorld();
    const id = await schedule(world);
    const [set] = world.sets;
    if (set === undefined) throw new Error("a world has a set");
    set.mode = "fails";
    assert.deepEqual(await codeOf(await cancel(world, id)), [503, "set_unavailable"]);
    set.mode = "doubted_applied";
    assert.deepEqual(await codeOf(await cancel(world, id)), [503, "set_unavailable"]);
    set.mode = "ok";
    assert.equal((await cancel(world, id)).status, 200);
  });
}
