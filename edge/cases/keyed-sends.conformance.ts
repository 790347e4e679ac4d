/** Keyed requests in the group commit (invariant I11): one set each, sent once, whoever repeats them and where. */
import { COMMIT_SLOW_MS } from "#core/store/choose-set-breaker.ts";
import type { SendKeyId } from "#core/store/store.ts";
import { COMMIT_QUEUE_MAX } from "#domain/limits.ts";
import { ANSWER_MS_MAX, STEPS_IN_FLIGHT } from "../committer.ts";
import { REPEATS_WAITING_MAX } from "../keyed-sends.ts";
import type { CommitAnswer } from "../pending-send.ts";
import { CONTENDED_AGAIN_MS } from "../pipeline.ts";
import { createSetUp, keyed, nth, submission, textsOf, typesOf, watch } from "./committer-set-up.ts";
import type { Harness } from "./harness.ts";
import { settled } from "./manual-clock.ts";
import type { TestSet } from "./test-set.ts";

const TWO = [
  ["syd1", "syd"],
  ["syd2", "syd"],
] as const;

const idsOf = (answer: CommitAnswer | undefined): readonly string[] =>
  answer?.type === "accepted" ? answer.ids : ["none"];
const stored = (set: TestSet): readonly string[] => set.events().map(({ message }) => message);

export function keyedSendCases({ test, assert }: Harness): void {
  function replayed(answer: CommitAnswer | undefined, first: CommitAnswer | undefined): void {
    assert.ok(first?.type === "accepted" && answer?.type === "accepted");
    if (first?.type === "accepted") assert.deepEqual(answer, { ...first, replayed: true });
  }

  test("a repetition, through this edge or another, gets the first answer and stores nothing", async () => {
    const { clock, sets, committer, createOther } = createSetUp(TWO);
    const first = await committer.commit(submission("a", 3), keyed("k"));
    await clock.advance(60_000);
    replayed(await committer.commit(submission("a", 3), keyed("k")), first);
    replayed(await createOther().commit(submission("a", 3), keyed("k")), first);
    assert.deepEqual(stored(nth(sets, 0)), idsOf(first));
    assert.equal(nth(sets, 1).steps.length, 0);
  });

  test("the same key with another content is told so, and stores nothing", async () => {
    const { sets, committer } = createSetUp();
    await committer.commit(submission("a"), keyed("k"));
    const answer = await committer.commit(submission("b"), keyed("k", ["syd1"], "other"));
    assert.equal(answer.type, "key_reused");
    assert.equal(nth(sets, 0).events().length, 1);
  });

  test("a repetition while the first is under way waits for it, and is in no step", async () => {
    const { sets, committer } = createSetUp();
    const syd1 = nth(sets, 0);
    syd1.mode = "hangs";
    const first = watch(committer, submission("a"), keyed("k"));
    const again = watch(committer, submission("a"), keyed("k"));
    const misuse = watch(committer, submission("b"), keyed("k", ["syd1"], "other"));
    await settled();
    assert.deepEqual(typesOf([first, again, misuse]), ["", "", ""]);
    syd1.release("ok");
    await settled();
    replayed(again[0], first[0]);
    assert.deepEqual(typesOf([first, misuse]), ["accepted", "key_reused"]);
    assert.equal(syd1.steps.length, 1);
  });

  test("a repetition of what then fails, or stays in doubt, is answered like it", async () => {
    for (const [mode, type] of [
      ["fails", "unavailable"],
      ["doubted_lost", "outcome_unknown"],
    ] as const) {
      const { sets, committer } = createSetUp();
      nth(sets, 0).mode = "hangs";
      const watched = [
        watch(committer, submission("a"), keyed("k")),
        watch(committer, submission("a"), keyed("k")),
        watch(committer, submission("b"), keyed("k", ["syd1"], "other")),
      ];
      nth(sets, 0).release(mode);
      await settled();
      assert.deepEqual(typesOf(watched), [type, type, "unavailable"]);
    }
  });

  test("repetitions that wait are bounded", async () => {
    const { sets, committer } = createSetUp();
    nth(sets, 0).mode = "hangs";
    const watched = Array.from({ length: REPEATS_WAITING_MAX + 2 }, () =>
      watch(committer, submission("a"), keyed("k")),
    );
    await settled();
    assert.deepEqual([...new Set(typesOf(watched.slice(0, -1)))], [""]);
    assert.deepEqual(typesOf(watched.slice(-1)), ["overloaded"]);
    nth(sets, 0).release("ok");
    await settled();
    assert.deepEqual([...new Set(typesOf(watched.slice(0, -1)))], ["accepted"]);
  });

  test("taken keys leave the step, and the rest of it goes again to the same set at once", async () => {
    const { sets, committer, createOther } = createSetUp();
    const syd1 = nth(sets, 0);
    const first = await createOther().commit(submission("d"), keyed("dup"));
    syd1.mode = "hangs";
    for (let i = 0; i < STEPS_IN_FLIGHT; i++) watch(committer, submission("x"));
    const a = watch(committer, submission("a"), keyed("k"));
    const d = watch(committer, submission("d"), keyed("dup"));
    const b = watch(committer, submission("b"));
    syd1.mode = "ok";
    syd1.release("ok");
    await settled();
    assert.deepEqual(syd1.steps.slice(-2).map(textsOf), [
      ["a", "d", "b"],
      ["a", "b"],
    ]);
    assert.deepEqual(typesOf([a, b]), ["accepted", "accepted"]);
    replayed(d[0], first);
    assert.deepEqual(stored(syd1).slice(-2), [...idsOf(a[0]), ...idsOf(b[0])]);
    assert.deepEqual(committer.waiting(), { urgent: 0, ordinary: 0 });
  });

  test("with its set away a keyed request is refused and goes nowhere else; later it is sent", async () => {
    const { clock, sets, committer } = createSetUp(TWO);
    const syd1 = nth(sets, 0);
    syd1.mode = "fails";
    assert.equal((await committer.commit(submission("a"), keyed("k"))).type, "unavailable");
    assert.equal((await committer.commit(submission("a"), keyed("k"))).type, "unavailable");
    assert.equal(syd1.steps.length, 1, "an open breaker gets no step");
    assert.equal(nth(sets, 1).steps.length, 0);
    syd1.mode = "ok";
    await clock.advance(10_000);
    assert.equal((await committer.commit(submission("a"), keyed("k"))).type, "accepted");
  });

  test("a set that is not configured, not up, or not there at all is as good as away", async () => {
    const { sets, committer, createOther } = createSetUp(TWO);
    const draining = createOther((set) => (set === "syd1" ? "drain" : "up"));
    assert.equal((await committer.commit(submission("a"), keyed("k", ["fra1"]))).type, "unavailable");
    assert.equal((await committer.commit(submission("a"), keyed("k", []))).type, "unavailable");
    assert.equal((await draining.commit(submission("a"), keyed("k"))).type, "unavailable");
    assert.deepEqual(
      sets.map(({ steps }) => steps.length),
      [0, 0],
    );
  });

  test("after an unknown outcome the same key gets the ids there are, or a fresh send", async () => {
    for (const mode of ["doubted_applied", "doubted_lost"] as const) {
      const { clock, sets, committer } = createSetUp();
      const syd1 = nth(sets, 0);
      syd1.mode = mode;
      const doubted = await committer.commit(submission("a"), keyed("k"));
      assert.equal(doubted.type, "outcome_unknown");
      syd1.mode = "ok";
      await clock.advance(10_000);
      const answer = await committer.commit(submission("a"), keyed("k"));
      assert.deepEqual(stored(syd1), idsOf(answer));
      if (doubted.type === "outcome_unknown" && mode === "doubted_applied")
        assert.deepEqual(doubted.ids, idsOf(answer));
    }
  });

  test("a request that its set refuses is tried alone, spoils no other, and is refused", async () => {
    const { sets, committer } = createSetUp(TWO);
    const syd1 = nth(sets, 0);
    syd1.mode = "hangs";
    const held = watch(committer, submission("x"), keyed("x"));
    const watched = ["b", "poison", "c"].map((text) => watch(committer, submission(text), keyed(text)));
    syd1.mode = (step) => (textsOf(step).includes("poison") ? "refuses" : "ok");
    syd1.release("ok");
    await settled();
    assert.deepEqual(typesOf([held, ...watched]), ["accepted", "accepted", "unavailable", "accepted"]);
    assert.equal(nth(sets, 1).steps.length, 0);
    assert.equal(committer.health()[0]?.state, "closed");
  });

  test("a set that hangs holds up what is bound to it and nobody else", async () => {
    const { clock, sets, committer } = createSetUp(TWO);
    const [hung, well] = [nth(sets, 0), nth(sets, 1)];
    hung.mode = "hangs";
    hung.reads = "hang";
    const bound = Array.from({ length: 20 }, (_, i) => watch(committer, submission("h"), keyed(`h${i}`)));
    await settled();
    const others = [
      ...Array.from({ length: 20 }, (_, i) => watch(committer, submission("w"), keyed(`w${i}`, ["syd2"]))),
      ...Array.from({ length: 20 }, () => watch(committer, submission("o"))),
    ];
    await clock.advance(100);
    assert.deepEqual([...new Set(typesOf(others))], ["accepted"]);
    assert.equal(well.events().length, 40);
    const alert = watch(committer, submission("a", 1, "alert"), keyed("alert", ["syd2"]));
    await clock.advance(100);
    assert.deepEqual(typesOf([alert]), ["accepted"]);
    await clock.advance(COMMIT_SLOW_MS);
    const types = typesOf(bound);
    assert.deepEqual([types.filter((type) => type === "").length, new Set(types.slice(1)).size], [1, 1]);
    assert.equal(types[19], "unavailable");
  });

  test("a key that a dead edge's open step holds keeps back its own request and nobody else", async () => {
    const { clock, sets, committer } = createSetUp();
    const set = nth(sets, 0);
    let isOpen = true;
    const held = keyed("held");
    const isHeld = (id: SendKeyId): boolean => held.places.some(({ names }) => names.includes(id));
    set.mode = ({ sendKeys }) => (isOpen && sendKeys?.some(({ id }) => isHeld(id)) ? "contends" : "ok");
    const waits = watch(committer, submission("h"), held);
    const others = [watch(committer, submission("k"), keyed("k")), watch(committer, submission("o"))];
    await clock.advance(100);
    assert.deepEqual(typesOf([waits, ...others]), ["", "accepted", "accepted"]);
    await clock.advance(COMMIT_SLOW_MS);
    const late = watch(committer, submission("l"), keyed("l"));
    await clock.advance(100);
    assert.deepEqual(typesOf([waits, late]), ["", "accepted"]);
    assert.equal(committer.health()[0]?.state, "closed");
    isOpen = false;
    await clock.advance(CONTENDED_AGAIN_MS);
    assert.deepEqual(typesOf([waits]), ["accepted"]);
    assert.equal(set.events().length, 4);
  });

  test("a key that stays held is answered by its deadline, and stores nothing", async () => {
    const { clock, sets, committer } = createSetUp();
    nth(sets, 0).mode = "contends";
    const waits = watch(committer, submission("h"), keyed("held"));
    await clock.advance(ANSWER_MS_MAX);
    assert.deepEqual(typesOf([waits]), ["overloaded"]);
    const tries = nth(sets, 0).steps.length;
    await clock.advance(60_000);
    assert.equal(nth(sets, 0).steps.length, tries);
  });

  test("what waits for one set that hangs leaves room for everybody else", async () => {
    const { sets, committer } = createSetUp(TWO);
    nth(sets, 0).mode = "hangs";
    const bound = Array.from({ length: 20 }, (_, i) => watch(committer, submission("h", 1_000), keyed(`h${i}`)));
    await settled();
    const waiting = committer.waiting().ordinary;
    assert.ok(waiting <= COMMIT_QUEUE_MAX / 3 && waiting > COMMIT_QUEUE_MAX / 3 - 1_000, `${waiting}`);
    assert.deepEqual(typesOf(bound.slice(-1)), ["overloaded"]);
    assert.equal((await committer.commit(submission("w"), keyed("w", ["syd2"]))).type, "accepted");
    assert.equal((await committer.commit(submission("o"))).type, "accepted");
  });

  test("requests with and without a key share steps, and arrive in order", async () => {
    const { sets, committer } = createSetUp();
    const syd1 = nth(sets, 0);
    syd1.mode = "hangs";
    for (let i = 0; i < STEPS_IN_FLIGHT; i++) watch(committer, submission("x"));
    for (const text of ["a", "c", "e"]) {
      watch(committer, submission(text), keyed(text));
      watch(committer, submission(text.toUpperCase()));
    }
    syd1.mode = "ok";
    syd1.release("ok");
    await settled();
    assert.deepEqual(syd1.steps.slice(STEPS_IN_FLIGHT).map(textsOf), [["a", "A", "c", "C", "e", "E"]]);
    assert.equal(syd1.steps.at(-1)?.sendKeys?.length, 3);
  });

  test("a step of a far set takes nobody along who may go to a near one", async () => {
    const { sets, committer } = createSetUp([
      ["syd1", "syd"],
      ["akl1", "akl"],
    ]);
    nth(sets, 0).mode = "hangs";
    for (let i = 0; i < STEPS_IN_FLIGHT; i++) watch(committer, submission("x"));
    const open = watch(committer, submission("o"));
    assert.equal((await committer.commit(submission("k"), keyed("k", ["akl1"]))).type, "accepted");
    assert.deepEqual(typesOf([open]), [""]);
    assert.deepEqual(nth(sets, 1).steps.map(textsOf), [["k"]]);
  });
}
