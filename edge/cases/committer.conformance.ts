/** The group commit: who is answered what and when, with sets that fail, hang, refuse and doubt. */
import fc from "fast-check";
import { COMMIT_SLOW_MS } from "#core/store/choose-set-breaker.ts";
import type { Step } from "#core/store/store.ts";
import { setOfMessage } from "#domain/ids.ts";
import type { MessageClass } from "#domain/lane.ts";
import { CHUNK_BYTES_MAX, CHUNK_ITEMS_MAX, COMMIT_QUEUE_MAX } from "#domain/limits.ts";
import { silentLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import { ANSWER_MS_MAX, createCommitter, STEPS_IN_FLIGHT } from "../committer.ts";
import type { CommitAnswer } from "../pending-send.ts";
import { PACE_MS } from "../pipeline.ts";
import { createSetUp, nth, submission, textsOf, typesOf, watch } from "./committer-set-up.ts";
import type { Harness } from "./harness.ts";
import { createManualClock, settled } from "./manual-clock.ts";
import type { CommitMode } from "./test-set.ts";

export function committerCases({ test, assert }: Harness): void {
  test("commit() answers only after the set has said committed, with one event and one item", async () => {
    const { sets, committer } = createSetUp();
    const syd1 = nth(sets, 0);
    syd1.mode = "hangs";
    const answers = watch(committer, submission("a"));
    await settled();
    assert.equal(syd1.hanging(), 1);
    assert.deepEqual(answers, []);
    syd1.release("ok");
    await settled();
    const [answer] = answers;
    assert.ok(answer?.type === "accepted");
    if (answer?.type !== "accepted") return;
    assert.equal(setOfMessage(nth(answer.ids, 0)), "syd1");
    assert.deepEqual(
      syd1.events().map((event) => event.message),
      answer.ids,
    );
    assert.deepEqual(
      [...syd1.data.chunks.values()].map((chunk) => chunk.lane),
      ["inbox.transactional"],
    );
  });

  test("commit() joins what arrives during a write into one step, whoever sent it, in order", async () => {
    const { sets, committer } = createSetUp();
    const syd1 = nth(sets, 0);
    syd1.mode = "hangs";
    const texts = ["a", "b", "c", "d", "e", "f"];
    const watched = texts.map((text) => watch(committer, submission(text, 2)));
    await settled();
    assert.equal(syd1.hanging(), STEPS_IN_FLIGHT);
    syd1.mode = "ok";
    syd1.release("ok");
    await settled();
    assert.deepEqual(syd1.steps.map(textsOf), [
      ...texts.slice(0, STEPS_IN_FLIGHT).map((text) => [text, text]),
      texts.slice(STEPS_IN_FLIGHT).flatMap((text) => [text, text]),
    ]);
    assert.deepEqual(typesOf(watched), Array(6).fill("accepted"));
    const ids = watched.flatMap(([answer]) => (answer?.type === "accepted" ? answer.ids : []));
    assert.deepEqual(
      syd1.events().map((event) => event.message),
      ids,
    );
  });

  test("a step holds one chunk per class, and no more than its bounds", async () => {
    const { clock, sets, committer } = createSetUp();
    const syd1 = nth(sets, 0);
    syd1.mode = "hangs";
    for (let i = 0; i < STEPS_IN_FLIGHT; i++) watch(committer, submission("x"));
    for (let i = 0; i < 700; i++) watch(committer, submission("a", 1, i % 2 === 0 ? "bulk" : "transactional"));
    for (let i = 0; i < 300; i++) watch(committer, submission("é".repeat(1_500)));
    syd1.mode = "ok";
    syd1.release("ok");
    await clock.advance(PACE_MS);
    const [first, ...rest] = syd1.steps.slice(STEPS_IN_FLIGHT);
    assert.equal(first?.events?.length, CHUNK_ITEMS_MAX);
    assert.deepEqual(
      first?.chunks?.map((chunk) => chunk.lane),
      ["inbox.transactional", "inbox.bulk"],
    );
    for (const chunk of rest.flatMap((step) => step.chunks ?? [])) {
      assert.ok(new TextEncoder().encode(JSON.stringify(chunk.items)).length <= CHUNK_BYTES_MAX);
    }
    assert.equal(syd1.events().length, STEPS_IN_FLIGHT + 1_000);
  });

  test("a request of 1,000 recipients is one step of several chunks, in the order of the request", async () => {
    const { sets, committer } = createSetUp();
    const syd1 = nth(sets, 0);
    const request = submission("a", 1_000);
    const answer = await committer.commit(request);
    assert.equal(syd1.steps.length, 1);
    assert.deepEqual(
      syd1.steps[0]?.chunks?.map((chunk) => chunk.items.length),
      [512, 488],
    );
    assert.deepEqual(
      syd1.items().map((item) => (item as { to: string }).to),
      request.to,
    );
    assert.deepEqual(
      syd1.items().map((item) => (item as { id: string }).id),
      answer.type === "accepted" ? answer.ids : [],
    );
  });

  test("a full queue answers overloaded at once, and still takes alerts", async () => {
    const { sets, committer } = createSetUp();
    const syd1 = nth(sets, 0);
    syd1.mode = "hangs";
    for (let i = 0; i < STEPS_IN_FLIGHT; i++) watch(committer, submission("a"));
    for (let i = 0; i < Math.floor(COMMIT_QUEUE_MAX / 1_000); i++) watch(committer, submission("b", 1_000));
    const refused = watch(committer, submission("c", 1_000));
    const small = watch(committer, submission("d", COMMIT_QUEUE_MAX % 1_000));
    const alert = watch(committer, submission("e", 1, "alert"));
    await settled();
    assert.deepEqual(typesOf([refused, small, alert]), ["overloaded", "", ""]);
    assert.equal(committer.waiting().ordinary, COMMIT_QUEUE_MAX);
    assert.equal(syd1.steps.filter((step) => step.urgent).length, 1);
  });

  test("a definite failure moves the request to another set under new ids", async () => {
    const { sets, committer } = createSetUp([
      ["syd1", "syd"],
      ["syd2", "syd"],
    ]);
    nth(sets, 0).mode = "fails";
    const answers = await Promise.all(Array.from({ length: 20 }, () => committer.commit(submission("a", 3))));
    assert.ok(nth(sets, 0).steps.length > 0 || nth(sets, 1).steps.length === 20);
    for (const answer of answers) {
      assert.ok(answer.type === "accepted" && answer.ids.every((id) => setOfMessage(id) === "syd2"));
    }
    assert.equal(nth(sets, 0).events().length, 0);
    assert.equal(nth(sets, 1).events().length, 60);
  });

  test("when every set fails the answer is unavailable and nothing is stored", async () => {
    const { sets, committer } = createSetUp([
      ["syd1", "syd"],
      ["akl1", "akl"],
    ]);
    for (const set of sets) {
      set.mode = "fails";
      set.reads = "fail";
    }
    const answer = await committer.commit(submission("a"));
    assert.equal(answer.type, "unavailable");
    assert.deepEqual(
      sets.map((set) => set.steps.length),
      [1, 1],
    );
    assert.deepEqual(
      sets.flatMap((set) => set.events()),
      [],
    );
    assert.equal((await committer.commit(submission("b"))).type, "unavailable");
    assert.deepEqual(
      sets.map((set) => set.steps.length),
      [1, 1],
      "open breakers get no step",
    );
  });

  test("an unknown outcome is answered with the ids and tried nowhere else", async () => {
    for (const mode of ["doubted_applied", "doubted_lost"] as const) {
      const { sets, committer } = createSetUp([
        ["syd1", "syd"],
        ["akl1", "akl"],
      ]);
      nth(sets, 0).mode = mode;
      const answer = await committer.commit(submission("a", 2));
      assert.ok(answer.type === "outcome_unknown" && answer.ids.length === 2);
      assert.equal(nth(sets, 1).steps.length, 0);
      const stored = nth(sets, 0)
        .events()
        .map((event) => event.message);
      assert.deepEqual(stored, mode === "doubted_applied" && answer.type === "outcome_unknown" ? answer.ids : []);
    }
  });

  test("a set that hangs delays its own batches only, and gets no more once its breaker is open", async () => {
    const { clock, sets, committer } = createSetUp([
      ["syd1", "syd"],
      ["syd2", "syd"],
    ]);
    const [hung, well] = [nth(sets, 0), nth(sets, 1)];
    hung.mode = "hangs";
    hung.reads = "hang";
    const watched = Array.from({ length: 200 }, () => watch(committer, submission("a")));
    await settled();
    assert.equal(hung.steps.length, STEPS_IN_FLIGHT);
    const held = hung.steps.flatMap(textsOf).length;
    assert.equal(typesOf(watched).filter((type) => type === "accepted").length, 200 - held);
    await clock.advance(COMMIT_SLOW_MS);
    assert.equal(committer.health()[0]?.state, "open");
    hung.release("ok");
    await settled();
    assert.deepEqual(typesOf(watched), Array(200).fill("accepted"));
    assert.equal(hung.events().length + well.events().length, 200);
  });

  test("with the only set hanging, what waits is refused when its breaker opens, the rest by deadline", async () => {
    const { clock, sets, committer } = createSetUp();
    const syd1 = nth(sets, 0);
    syd1.mode = "hangs";
    syd1.reads = "hang";
    const watched = Array.from({ length: STEPS_IN_FLIGHT + 3 }, () => watch(committer, submission("a")));
    const refused = Array(3).fill("unavailable");
    await clock.advance(COMMIT_SLOW_MS);
    assert.deepEqual(typesOf(watched), [...Array(STEPS_IN_FLIGHT).fill(""), ...refused]);
    await clock.advance(ANSWER_MS_MAX);
    assert.deepEqual(typesOf(watched), [...Array(STEPS_IN_FLIGHT).fill("outcome_unknown"), ...refused]);
    syd1.release("ok");
    await settled();
    assert.deepEqual(typesOf(watched), [...Array(STEPS_IN_FLIGHT).fill("outcome_unknown"), ...refused]);
  });

  test("a failure after the deadline is not tried elsewhere: its caller was told otherwise", async () => {
    const { clock, sets, committer } = createSetUp([
      ["syd1", "syd"],
      ["akl1", "akl"],
    ]);
    nth(sets, 0).mode = "hangs";
    const answers = watch(committer, submission("a"));
    await clock.advance(ANSWER_MS_MAX);
    assert.deepEqual(typesOf([answers]), ["outcome_unknown"]);
    nth(sets, 0).release("fails");
    await settled();
    assert.equal(nth(sets, 1).steps.length, 0);
  });

  test("a request that still waits at its deadline is answered overloaded, and leaves the queue", async () => {
    const { clock, sets, committer } = createSetUp();
    const syd1 = nth(sets, 0);
    syd1.mode = "hangs";
    // Pings answer, so the breaker closes again and again, and the steps in flight hold their places.
    const watched = Array.from({ length: STEPS_IN_FLIGHT }, () => watch(committer, submission("a")));
    await clock.advance(ANSWER_MS_MAX - 1);
    assert.equal(committer.health()[0]?.state, "closed");
    watched.push(watch(committer, submission("b")));
    await clock.advance(ANSWER_MS_MAX);
    assert.deepEqual(typesOf(watched), [...Array(STEPS_IN_FLIGHT).fill("outcome_unknown"), "overloaded"]);
    assert.deepEqual(committer.waiting(), { urgent: 0, ordinary: 0 });
    assert.equal(syd1.steps.length, STEPS_IN_FLIGHT);
  });

  test("an alert goes out in an urgent step while bulk holds every other one", async () => {
    const { sets, committer } = createSetUp();
    const syd1 = nth(sets, 0);
    syd1.mode = (step) => (step.urgent === true ? "ok" : "hangs");
    for (let i = 0; i < 50; i++) watch(committer, submission("b", 100, "bulk"));
    assert.equal((await committer.commit(submission("a", 1, "alert"))).type, "accepted");
    const urgent = syd1.steps.filter((step) => step.urgent === true);
    assert.deepEqual(
      urgent.flatMap((step) => step.chunks?.map((chunk) => chunk.lane)),
      ["inbox.alert"],
    );
  });

  test("a request that every set refuses spoils neither its neighbours nor the breakers", async () => {
    const { sets, committer } = createSetUp([
      ["syd1", "syd"],
      ["syd2", "syd"],
    ]);
    for (const set of sets) set.mode = "hangs";
    const held = Array.from({ length: sets.length * STEPS_IN_FLIGHT }, () => watch(committer, submission("a")));
    const watched = ["b", "poison", "c"].map((text) => watch(committer, submission(text)));
    const mode = (step: Step): CommitMode => (textsOf(step).includes("poison") ? "refuses" : "ok");
    for (const set of sets) set.mode = mode;
    for (const set of sets) set.release("ok");
    await settled();
    assert.deepEqual(typesOf([...held, ...watched]), [
      ...[...held, "b"].map(() => "accepted"),
      "unavailable",
      "accepted",
    ]);
    assert.deepEqual(
      committer.health().map(({ state }) => state),
      ["closed", "closed"],
    );
  });

  test("a store that breaks its promise and rejects leaves no request without an answer", async () => {
    const { sets } = createSetUp();
    const store = { ...nth(sets, 0).store, commit: () => Promise.reject(new Error("planted")) };
    const clock = createManualClock();
    const deps = { stores: [store], region: "syd", clock, random: systemRandom, log: silentLogger };
    const committer = createCommitter({ ...deps, stateOf: () => "up" });
    assert.equal((await committer.commit(submission("a"))).type, "outcome_unknown");
  });

  test("disposing refuses what is new and waits for what is in hand", async () => {
    const { sets, committer } = createSetUp();
    nth(sets, 0).mode = "hangs";
    const answers = watch(committer, submission("a"));
    let disposed = false;
    const disposing = committer[Symbol.asyncDispose]().then(() => {
      disposed = true;
    });
    assert.equal((await committer.commit(submission("b"))).type, "unavailable");
    assert.equal(disposed, false);
    nth(sets, 0).release("ok");
    await disposing;
    assert.deepEqual(typesOf([answers]), ["accepted"]);
  });

  test("whatever the sets do, each request is answered once, and what is accepted is stored once", async () => {
    const mode = fc.constantFrom<CommitMode>(
      "ok",
      "ok",
      "fails",
      "refuses",
      "doubted_applied",
      "doubted_lost",
      "hangs",
    );
    const request = fc.record({
      recipients: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 700 })),
      class: fc.constantFrom<MessageClass>("alert", "transactional", "bulk"),
    });
    const move = fc.oneof(
      { weight: 4, arbitrary: fc.record({ request }) },
      { weight: 2, arbitrary: fc.record({ mode, set: fc.integer({ min: 0, max: 2 }) }) },
      {
        weight: 1,
        arbitrary: fc.record({
          advanceMs: fc.oneof(fc.integer({ min: 1, max: PACE_MS }), fc.integer({ min: 1, max: 4_000 })),
        }),
      },
      { weight: 1, arbitrary: fc.record({ releaseAs: mode.filter((m) => m !== "hangs") }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(move, { maxLength: 40 }), async (moves) => {
        const { clock, sets, committer } = createSetUp([
          ["syd1", "syd"],
          ["syd2", "syd"],
          ["akl1", "akl"],
        ]);
        const watched: (readonly CommitAnswer[])[] = [];
        for (const step of moves) {
          if ("request" in step)
            watched.push(watch(committer, submission("a", step.request.recipients, step.request.class)));
          else if ("mode" in step) nth(sets, step.set).mode = step.mode;
          else if ("releaseAs" in step) for (const set of sets) set.release(step.releaseAs as "ok");
          else await clock.advance(step.advanceMs);
          await settled();
        }
        await clock.advance(ANSWER_MS_MAX);
        for (const answers of watched) assert.equal(answers.length, 1);
        await committer[Symbol.asyncDispose]();
        assert.equal(clock.armed(), 0);
        const stored = sets.flatMap((set) => set.events()).map((event) => event.message);
        const settledAnswers = watched.flat();
        const accepted = settledAnswers.flatMap((answer) => (answer.type === "accepted" ? answer.ids : []));
        const doubted = new Set(
          settledAnswers.flatMap((answer) => (answer.type === "outcome_unknown" ? answer.ids : [])),
        );
        assert.equal(new Set(stored).size, stored.length);
        assert.deepEqual(stored.filter((id) => !doubted.has(id)).sort(), [...accepted].sort());
        assert.deepEqual(
          sets
            .flatMap((set) => set.items())
            .map((item) => (item as { id: string }).id)
            .sort(),
          [...stored].sort(),
        );
      }),
      { numRuns: 150 },
    );
  });
}
