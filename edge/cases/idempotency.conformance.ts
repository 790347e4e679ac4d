/** `Idempotency-Key` on `POST /v1/messages` as a client sees it, on sets in memory (invariant I11). */
import { changeSet, nameSets, type SetState, type SetsOfDirectory } from "#core/directory/set-states.ts";
import type { SetId } from "#domain/ids.ts";
import { IDEMPOTENCY_KEY_CHARS_MAX } from "#domain/limits.ts";
import type { Harness } from "./harness.ts";
import { createWorld, VALID, type World } from "./world.ts";

const TWO = {
  sets: [
    ["syd1", "syd"],
    ["syd2", "syd"],
  ],
} as const;
const keyOf = (key: string) => ({ "idempotency-key": key });
const codeOf = async (response: Response): Promise<string> =>
  `${response.status} ${((await response.json()) as { code?: string }).code}`;
const storedIn = (world: World): readonly number[] => world.sets.map((set) => set.events().length);

/** What an operator does to one set, as every edge sees it within the second. */
async function changeState(world: World, held: SetsOfDirectory, set: string, state: SetState) {
  const changed = changeSet(held, { set: set as SetId, region: "syd", state }, world.clock.now());
  await world.change((body) => ({ ...body, ...changed }));
  return changed;
}

export function idempotencyCases({ test, assert }: Harness): void {
  test("a repetition is answered as the first was, to the letter, however it is written", async () => {
    await using world = await createWorld(TWO);
    const body = { ...VALID, metadata: { a: "1" }, client_reference: "é", expire_at: "2030-01-01T12:00:00+11:00" };
    const first = await world.send(body, keyOf("order-7"));
    assert.deepEqual([first.status, first.headers.get("idempotency-replayed")], [202, null]);
    const text = await first.text();
    const steps = world.steps();
    await world.clock.advance(60_000);
    const { to, from, ...rest } = body;
    const written = [
      JSON.stringify(body),
      JSON.stringify({ ...rest, class: "transactional", from, to }, null, 2),
      JSON.stringify({ ...body, expire_at: "2030-01-01T01:00:00Z" }).replace("é", "\\u00e9"),
    ];
    for (const each of written) {
      const again = await world.send(each, keyOf("order-7"));
      assert.deepEqual([again.status, again.headers.get("idempotency-replayed")], [202, "true"]);
      assert.equal(again.headers.get("location"), first.headers.get("location"));
      assert.equal(await again.text(), text);
    }
    assert.equal(world.steps(), steps + written.length, "each asks its set once");
    assert.equal(
      storedIn(world).reduce((sum, count) => sum + count, 0),
      1,
    );
  });

  test("the lines of many recipients come back too, those that are no numbers as well", async () => {
    await using world = await createWorld(TWO);
    const body = { ...VALID, to: ["1", "+61491570006", "+61491570006", "x", "+61491570156"] };
    const first = await (await world.send(body, keyOf("k"))).text();
    const again = await world.send(body, keyOf("k"));
    assert.equal(await again.text(), first);
    assert.equal(again.headers.get("idempotency-replayed"), "true");
  });

  test("any other content under the same key is 422, and is not sent", async () => {
    await using world = await createWorld(TWO);
    const body = { ...VALID, to: ["+61491570006", "+61491570156"], metadata: { a: "1", b: "2" } };
    assert.equal((await world.send(body, keyOf("k"))).status, 202);
    for (const other of [
      { ...body, text: "Hello" },
      { ...body, from: "Other" },
      { ...body, class: "bulk" },
      { ...body, to: body.to.toReversed() },
      { ...body, to: [...body.to, "x"] },
      { ...body, to: body.to[0] },
      { ...body, metadata: { a: "2", b: "1" } },
      { ...body, metadata: undefined },
      { ...body, client_reference: "r" },
      { ...body, expire_at: "2030-01-01T01:00:00Z" },
    ]) {
      assert.equal(await codeOf(await world.send(other, keyOf("k"))), "422 idempotency_key_reused");
    }
    assert.equal(
      storedIn(world).reduce((sum, count) => sum + count, 0),
      2,
    );
    const one = { ...VALID, to: ["+61491570006"] };
    assert.equal((await world.send(one, keyOf("one"))).status, 202);
    assert.equal(await codeOf(await world.send(VALID, keyOf("one"))), "422 idempotency_key_reused");
  });

  test("a key of any visible ASCII works; what is none is 400, names the header, and sends nothing", async () => {
    await using world = await createWorld();
    for (const key of ["", "a b", "a\tb", "é", "a, b", "k".repeat(IDEMPOTENCY_KEY_CHARS_MAX + 1)]) {
      const response = await world.send(VALID, keyOf(key));
      const problem = (await response.json()) as { code: string; detail: string };
      assert.deepEqual([response.status, problem.code], [400, "idempotency_key_invalid"]);
      assert.ok(problem.detail.includes("Idempotency-Key"));
    }
    assert.equal(world.steps(), 0);
    for (const key of ["!", "~", "a|b,c", "k".repeat(IDEMPOTENCY_KEY_CHARS_MAX)]) {
      const first = await (await world.send(VALID, keyOf(key))).text();
      assert.equal(await (await world.send(VALID, keyOf(key))).text(), first);
    }
  });

  test("a key belongs to its account", async () => {
    await using world = await createWorld();
    const mine = await (await world.send(VALID, keyOf("k"))).text();
    const theirs = await world.send(VALID, { ...keyOf("k"), authorization: `Bearer ${world.otherKey}` });
    assert.deepEqual([theirs.status, theirs.headers.get("idempotency-replayed")], [202, null]);
    assert.ok((await theirs.text()) !== mine);
  });

  test("twenty at once with one key are one message", async () => {
    await using world = await createWorld(TWO);
    const answers = await Promise.all(Array.from({ length: 20 }, () => world.send(VALID, keyOf("k"))));
    assert.equal(new Set(await Promise.all(answers.map((answer) => answer.text()))).size, 1);
    const replayed = answers.filter(({ headers }) => headers.get("idempotency-replayed") === "true");
    assert.equal(replayed.length, 19);
    assert.deepEqual(storedIn(world).toSorted(), [0, 1]);
    const metrics = await (await world.fetch("/metrics")).text();
    assert.ok(metrics.includes('godwit_accept_requests_total{class="transactional",outcome="replayed"} 19'), metrics);
  });

  test("with its set away a keyed request is 503, retryable, and goes nowhere else", async () => {
    await using world = await createWorld(TWO);
    const first = await world.send(VALID, keyOf("k"));
    assert.equal(first.status, 202);
    const home = world.sets.find((set) => set.events().length > 0);
    if (home === undefined) return;
    home.mode = "fails";
    const refused = await world.send(VALID, keyOf("k"));
    assert.ok(Number(refused.headers.get("retry-after")) >= 1);
    const problem = (await refused.json()) as { code: string; detail: string; retryable: boolean };
    assert.deepEqual([refused.status, problem.code, problem.retryable], [503, "unavailable", true]);
    assert.ok(problem.detail.includes("earlier one with its Idempotency-Key"));
    home.mode = "ok";
    await world.clock.advance(10_000);
    assert.equal(await (await world.send(VALID, keyOf("k"))).text(), await first.text());
  });

  test("an outcome that stays unknown says: the same again with the same key, and that cannot send twice", async () => {
    await using world = await createWorld();
    const [set] = world.sets;
    if (set === undefined) return;
    set.mode = "doubted_applied";
    const response = await world.send(VALID, keyOf("k"));
    const problem = (await response.json()) as { code: string; detail: string; retryable: boolean; ids: string[] };
    assert.deepEqual([response.status, problem.code, problem.retryable], [503, "outcome_unknown", true]);
    assert.ok(problem.detail.includes("same Idempotency-Key"));
    set.mode = "ok";
    await world.clock.advance(10_000);
    const again = (await (await world.send(VALID, keyOf("k"))).json()) as { id: string };
    assert.deepEqual(problem.ids, [again.id]);
    assert.deepEqual(storedIn(world), [1]);
  });

  test("a request that is wrong does not say that nothing was ever sent by its key", async () => {
    await using world = await createWorld();
    const body = { ...VALID, expire_at: "2030-01-01T00:01:00Z" };
    assert.equal((await world.send(body, keyOf("k"))).status, 202);
    await world.clock.advance(120_000);
    const late = (await (await world.send(body, keyOf("k"))).json()) as { code: string; detail: string };
    assert.equal(late.code, "validation_failed");
    assert.ok(late.detail.includes("stays sent"));
  });

  test("when sets come and go, a key is answered from where it was; once that is retired, it is new", async () => {
    await using world = await createWorld(TWO);
    const keys = Array.from({ length: 12 }, (_, i) => `k${i}`);
    const idOf = async (key: string): Promise<string> => {
      const answer = (await (await world.send(VALID, keyOf(key))).json()) as { id?: string; code?: string };
      return `${answer.id ?? answer.code}`;
    };
    // One after the other: several at once would wait for the pace, and so for the manual clock.
    const idsOf = async (names: readonly string[]): Promise<readonly string[]> => {
      const ids: string[] = [];
      for (const name of names) ids.push(await idOf(name));
      return ids;
    };
    const first = await idsOf(keys);
    assert.equal(new Set(first.map((id) => id.slice(0, 4))).size, 2);
    const known = world.sets.map(({ store }) => ({ set: store.set, region: store.region }));
    const named = nameSets({ sets: [], keyLists: [] }, known);

    const drained = await changeState(world, named, "syd1", "drain");
    assert.deepEqual(await idsOf(keys), first);
    assert.ok((await idsOf(["n1", "n2", "n3", "n4"])).every((id) => id.startsWith("syd2-")));

    const [syd1] = world.sets;
    if (syd1 === undefined) return;
    syd1.mode = "fails";
    const away = await idsOf(keys);
    assert.deepEqual(
      away,
      first.map((id) => (id.startsWith("syd2-") ? id : "unavailable")),
    );

    await changeState(world, drained, "syd1", "retired");
    const gone = await idsOf(keys);
    assert.ok(gone.every((id, i) => id.startsWith("syd2-") && (id === first[i]) === first[i]?.startsWith("syd2-")));
  });
}
