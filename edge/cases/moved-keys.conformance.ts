/** Keyed requests while the sets that take them change: edges that know different lists never send one key twice. */
import fc from "fast-check";
import { placesOfKey } from "#core/directory/keyed-set.ts";
import type { KeyList, SetState } from "#core/directory/set-states.ts";
import { COMMIT_SLOW_MS } from "#core/store/choose-set-breaker.ts";
import { type Step, sendKeyId } from "#core/store/store.ts";
import type { AccountId, MessageId, SetId } from "#domain/ids.ts";
import { ANSWER_MS_MAX, type Committer } from "../committer.ts";
import type { CommitAnswer, KeyedSend } from "../pending-send.ts";
import { createSetUp, nth, type SetUp, submission, typesOf, watch } from "./committer-set-up.ts";
import type { Harness } from "./harness.ts";
import { settled } from "./manual-clock.ts";
import type { CommitMode, TestSet } from "./test-set.ts";

const account = { id: "acme" as AccountId };
const listOf = (since: number, ...sets: readonly string[]): KeyList => ({
  since,
  sets: sets.map((set) => ({ set: set as SetId, region: "syd" })),
});
const LISTS = [listOf(1, "syd1"), listOf(2, "syd2"), listOf(3, "syd1")] as const;
const SETS = [
  ["syd1", "syd"],
  ["syd2", "syd"],
  ["syd3", "syd"],
] as const;

/** As an edge that knows these lists would send it. */
function keyed(key: string, keyLists: readonly KeyList[], stateOf: (set: SetId) => SetState = () => "up"): KeyedSend {
  const places = placesOfKey({ account, key }, { keyLists, configured: [], stateOf, now: 10 });
  return { id: sendKeyId(account.id, key), fingerprint: "same", places };
}

const isFence = (step: Step): boolean => step.events?.length === 0 && (step.sendKeys ?? []).length > 0;
const stored = (sets: readonly TestSet[]): readonly MessageId[] =>
  sets.flatMap((set) => set.events().map(({ message }) => message));
const idsOf = (answer: CommitAnswer | undefined): readonly MessageId[] =>
  answer?.type === "accepted" ? answer.ids : [];

export function movedKeyCases({ test, assert }: Harness): void {
  /** Two edges: the first works by the first list, the other knows the second too. */
  function twoEdges(): SetUp & { readonly old: KeyedSend; readonly moved: KeyedSend; readonly newer: Committer } {
    const setUp = createSetUp(SETS);
    return {
      ...setUp,
      old: keyed("k", LISTS.slice(0, 1)),
      moved: keyed("k", LISTS.slice(0, 2)),
      newer: setUp.createOther(),
    };
  }

  test("after a change of the list a key is first closed where it was, then sent", async () => {
    const { sets, newer, moved } = twoEdges();
    const answer = await newer.commit(submission("a"), moved);
    assert.deepEqual(
      sets.map(({ steps }) => steps.map(isFence)),
      [[true], [false], []],
    );
    assert.deepEqual(stored([nth(sets, 1)]), idsOf(answer));
  });

  test("a key that was sent before the change is answered from where it was", async () => {
    const { sets, committer, newer, old, moved } = twoEdges();
    const first = await committer.commit(submission("a"), old);
    const again = await newer.commit(submission("a"), moved);
    assert.deepEqual(idsOf(again), idsOf(first));
    assert.ok(again.type === "accepted" && again.replayed);
    assert.equal(nth(sets, 1).steps.length, 0);
  });

  test("with the set it left away, a key waits: 503 and nothing sent", async () => {
    const { clock, sets, newer, moved } = twoEdges();
    for (const mode of ["fails", "doubted_lost", "doubted_applied"] as const) {
      nth(sets, 0).mode = mode;
      assert.equal((await newer.commit(submission("a"), moved)).type, "unavailable");
      await clock.advance(10_000);
    }
    nth(sets, 0).mode = "hangs";
    const answers = watch(newer, submission("a"), moved);
    await clock.advance(COMMIT_SLOW_MS + ANSWER_MS_MAX);
    assert.equal(typesOf([answers])[0], "overloaded");
    assert.deepEqual(stored(sets), []);
  });

  test("a set that drains is closed for the keys it had, and takes none; a retired one is not asked", async () => {
    for (const [state, steps] of [
      ["drain", [1, 1, 0]],
      ["readonly", [1, 1, 0]],
      ["retired", [0, 1, 0]],
    ] as const) {
      const { sets, createOther } = createSetUp(SETS);
      const stateOf = (set: SetId): SetState => (set === "syd1" ? state : "up");
      const answer = await createOther(stateOf).commit(submission("a"), keyed("k", LISTS.slice(0, 2), stateOf));
      assert.equal(answer.type, "accepted");
      assert.deepEqual(
        sets.map((set) => set.steps.length),
        steps,
      );
    }
  });

  test("a step of the old list that is under way loses to the fence, and its edge is told to come back", async () => {
    const { sets, committer, newer, old, moved } = twoEdges();
    nth(sets, 0).mode = (step) => (isFence(step) ? "ok" : "hangs");
    const late = watch(committer, submission("a"), old);
    const answer = await newer.commit(submission("a"), moved);
    nth(sets, 0).release("ok");
    await settled();
    assert.deepEqual(typesOf([late]), ["unavailable"]);
    assert.deepEqual(stored(sets), idsOf(answer));
  });

  test("a key whose set comes back is sent there, although that set was closed to it in between", async () => {
    const { clock, sets, newer, moved } = twoEdges();
    nth(sets, 1).mode = "fails";
    assert.equal((await newer.commit(submission("a"), moved)).type, "unavailable");
    await clock.advance(10_000);
    nth(sets, 1).mode = "ok";
    const back = keyed("k", LISTS);
    const answer = await newer.commit(submission("a"), back);
    assert.deepEqual(stored([nth(sets, 0)]), idsOf(answer));
    assert.deepEqual(idsOf(await newer.commit(submission("a"), back)), idsOf(answer));
    assert.equal((await newer.commit(submission("a"), moved)).type, "unavailable", "an edge that is behind waits");
    assert.equal(stored(sets).length, 1);
  });

  test("whatever lists the edges know and whatever the sets do, one key makes one message", async () => {
    const names = fc.subarray(["syd1", "syd2", "syd3"], { minLength: 1 });
    const mode = fc.constantFrom<CommitMode>(
      "ok",
      "ok",
      "ok",
      "fails",
      "refuses",
      "doubted_applied",
      "doubted_lost",
      "hangs",
    );
    const move = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({ edge: fc.nat(2), key: fc.constantFrom("k1", "k2", "k3"), lists: fc.nat(3) }),
      },
      { weight: 2, arbitrary: fc.record({ mode, set: fc.nat(2) }) },
      { weight: 1, arbitrary: fc.record({ advanceMs: fc.integer({ min: 1, max: 4_000 }) }) },
      { weight: 1, arbitrary: fc.record({ releaseAs: mode.filter((m) => m !== "hangs") }) },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(names, { minLength: 4, maxLength: 4 }),
        fc.array(move, { maxLength: 50 }),
        async (listed, moves) => {
          const { clock, sets, createOther } = createSetUp(SETS);
          const lists = listed.map((some, i) => listOf(i + 1, ...some));
          const edges = [createOther(), createOther(), createOther()];
          const answers = new Map<string, (readonly CommitAnswer[])[]>();
          for (const step of moves) {
            if ("key" in step) {
              const watched = watch(
                nth(edges, step.edge),
                submission(step.key),
                keyed(step.key, lists.slice(0, step.lists + 1)),
              );
              answers.set(step.key, [...(answers.get(step.key) ?? []), watched]);
            } else if ("mode" in step) nth(sets, step.set).mode = step.mode;
            else if ("releaseAs" in step) for (const set of sets) set.release(step.releaseAs as "ok");
            else await clock.advance(step.advanceMs);
            await settled();
          }
          await clock.advance(ANSWER_MS_MAX);
          for (const edge of edges) await edge[Symbol.asyncDispose]();
          assert.equal(clock.armed(), 0);
          const texts = sets
            .flatMap((set) => set.events())
            .map((event) => (event.type === "accepted" ? event.text : ""));
          assert.equal(new Set(texts).size, texts.length, texts.join());
          const held = new Set(stored(sets));
          for (const watched of answers.values()) {
            for (const each of watched) assert.equal(each.length, 1);
            const accepted = new Set(watched.flat().flatMap(idsOf));
            assert.ok(accepted.size <= 1 && [...accepted].every((id) => held.has(id)), "what is said is stored");
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test("with every set well again, the newest list sends whatever was left undone", async () => {
    const names = fc.subarray(["syd1", "syd2", "syd3"], { minLength: 1 });
    const mode = fc.constantFrom<CommitMode>("ok", "fails", "doubted_applied", "doubted_lost");
    const attempt = fc.record({ lists: fc.nat(3), modes: fc.tuple(mode, mode, mode) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(names, { minLength: 4, maxLength: 4 }),
        fc.array(attempt, { maxLength: 8 }),
        async (listed, attempts) => {
          const { clock, sets, createOther } = createSetUp(SETS);
          const lists = listed.map((some, i) => listOf(i + 1, ...some));
          const edge = createOther();
          // No edge goes back to an older list than it knew.
          for (const { lists: known, modes } of attempts.toSorted((a, b) => a.lists - b.lists)) {
            for (const [i, set] of sets.entries()) set.mode = nth(modes, i);
            await edge.commit(submission("a"), keyed("k", lists.slice(0, known + 1)));
            await clock.advance(10_000);
          }
          for (const set of sets) set.mode = "ok";
          await clock.advance(10_000);
          const answer = await edge.commit(submission("a"), keyed("k", lists));
          assert.equal(answer.type, "accepted");
          assert.deepEqual(stored(sets), idsOf(answer));
        },
      ),
      { numRuns: 200 },
    );
  });
}
