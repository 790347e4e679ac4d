/** The distance between steps: who waits for it, for how long, and who never does. */
import fc from "fast-check";
import type { MessageClass } from "#domain/lane.ts";
import { CHUNK_BYTES_MAX, CHUNK_ITEMS_MAX } from "#domain/limits.ts";
import { ANSWER_MS_MAX, type Committer, STEPS_IN_FLIGHT } from "../committer.ts";
import type { CommitAnswer } from "../pending-send.ts";
import { ALERT_JOIN_MS, PACE_MS, PACED_MESSAGES_MAX, TURN_MS } from "../pipeline.ts";
import { createSetUp, keyed, nth, submission, textsOf, typesOf, watch } from "./committer-set-up.ts";
import type { Harness } from "./harness.ts";
import { settled } from "./manual-clock.ts";

const SOON_MS = PACE_MS / 4;

function sendAll(
  committer: Committer,
  texts: string,
  messageClass?: MessageClass,
): readonly (readonly CommitAnswer[])[] {
  return [...texts].map((text) => watch(committer, submission(text, 1, messageClass)));
}

/** Several requests at once: one for each step in flight, and "y" and "z", which a step holds together. */
async function sendBurst(committer: Committer, messageClass?: MessageClass): Promise<readonly string[]> {
  const watched = sendAll(committer, `${"x".repeat(STEPS_IN_FLIGHT)}yz`, messageClass);
  await settled();
  return typesOf(watched);
}
const BURST_STEPS = STEPS_IN_FLIGHT + 1;

export function pacingCases({ test, assert }: Harness): void {
  test("a lone request starts at once, however soon after another", async () => {
    const { sets, committer } = createSetUp();
    for (const text of "abc") assert.equal((await committer.commit(submission(text))).type, "accepted");
    assert.deepEqual(nth(sets, 0).steps.map(textsOf), [["a"], ["b"], ["c"]]);
  });

  test("the second of two bursts waits for the pace, and then goes out in one step", async () => {
    const { clock, sets, committer } = createSetUp();
    assert.deepEqual(await sendBurst(committer), Array(STEPS_IN_FLIGHT + 2).fill("accepted"));
    await clock.advance(SOON_MS);
    const second = sendAll(committer, "abc");
    await clock.advance(PACE_MS - SOON_MS - 1);
    assert.deepEqual(typesOf(second), ["", "", ""]);
    await clock.advance(1);
    assert.deepEqual(typesOf(second), ["accepted", "accepted", "accepted"]);
    assert.deepEqual(nth(sets, 0).steps.slice(STEPS_IN_FLIGHT).map(textsOf), [
      ["y", "z"],
      ["a", "b", "c"],
    ]);
  });

  test("a request that comes when the pace is over starts at once", async () => {
    const { clock, committer } = createSetUp();
    await sendBurst(committer);
    await clock.advance(PACE_MS);
    const watched = sendAll(committer, "a");
    await settled();
    assert.deepEqual(typesOf(watched), ["accepted"]);
  });

  test("after a step that took longer than the pace, those whom it answered can still go along", async () => {
    const { clock, sets, committer } = createSetUp();
    await sendBurst(committer);
    const syd1 = nth(sets, 0);
    const first = sendAll(committer, "ab");
    syd1.mode = "hangs";
    await clock.advance(PACE_MS);
    const second = sendAll(committer, "cd");
    await clock.advance(2 * PACE_MS);
    syd1.mode = "ok";
    syd1.release("ok");
    await settled();
    assert.deepEqual(typesOf([...first, ...second]), ["accepted", "accepted", "", ""]);
    const along = sendAll(committer, "e");
    await clock.advance(TURN_MS);
    assert.deepEqual(typesOf([...second, ...along]), ["accepted", "accepted", "accepted"]);
    assert.deepEqual(textsOf(nth(syd1.steps, syd1.steps.length - 1)), ["c", "d", "e"]);
  });

  test("64 waiting messages go at once, in one step", async () => {
    const { sets, committer } = createSetUp();
    await sendBurst(committer);
    const watched = [...sendAll(committer, "a".repeat(PACED_MESSAGES_MAX - 1))];
    await settled();
    assert.deepEqual([...new Set(typesOf(watched))], [""]);
    watched.push(...sendAll(committer, "b"));
    await settled();
    assert.deepEqual([...new Set(typesOf(watched))], ["accepted"]);
    assert.equal(nth(sets, 0).steps[BURST_STEPS]?.events?.length, PACED_MESSAGES_MAX);
    assert.equal(nth(sets, 0).steps.length, BURST_STEPS + 1);
  });

  test("a batch that is full by bytes goes at once, and only what it cannot take waits", async () => {
    const { clock, sets, committer } = createSetUp();
    await sendBurst(committer);
    const count = PACED_MESSAGES_MAX / 2;
    const text = "a".repeat(Math.ceil((1.5 * CHUNK_BYTES_MAX) / count));
    const watched = Array.from({ length: count }, () => watch(committer, submission(text)));
    await settled();
    const accepted = typesOf(watched).filter((type) => type === "accepted").length;
    assert.ok(accepted > count / 2 && accepted < count, `${accepted} of ${count}`);
    await clock.advance(PACE_MS);
    assert.deepEqual([...new Set(typesOf(watched))], ["accepted"]);
    assert.equal(nth(sets, 0).steps.length, BURST_STEPS + 2);
  });

  test("an alert joins the next ordinary step while that is near, ahead of the bulk that waits for it", async () => {
    const { clock, sets, committer } = createSetUp();
    await sendBurst(committer, "bulk");
    await clock.advance(SOON_MS);
    const bulk = sendAll(committer, "ab", "bulk");
    const alert = sendAll(committer, "c", "alert");
    await clock.advance(PACE_MS);
    assert.deepEqual(typesOf([...bulk, ...alert]), ["accepted", "accepted", "accepted"]);
    assert.deepEqual(nth(sets, 0).steps.slice(BURST_STEPS).map(textsOf), [["c", "a", "b"]]);
  });

  test("an alert whose key is closed on another set first is not held up either, once that is done", async () => {
    const { clock, sets, committer } = createSetUp([
      ["syd1", "syd"],
      ["syd2", "syd"],
    ]);
    const [syd1, syd2] = [nth(sets, 0), nth(sets, 1)];
    syd1.mode = (step) => (step.urgent === true ? "ok" : "hangs");
    syd2.mode = "hangs";
    const bulk = watch(committer, submission("b", 1, "bulk"), keyed("bulk", ["syd1"]));
    const alert = watch(committer, submission("a", 1, "alert"), keyed("alert", ["syd2", "syd1"]));
    await clock.advance(2 * ALERT_JOIN_MS);
    syd2.mode = "ok";
    syd2.release("ok");
    await settled();
    await clock.advance(ALERT_JOIN_MS);
    assert.deepEqual(typesOf([bulk, alert]), ["", "accepted"]);
    syd1.release("ok");
  });

  test("an alert behind a step that hangs gets a step of its own", async () => {
    const { clock, sets, committer } = createSetUp();
    const syd1 = nth(sets, 0);
    syd1.mode = (step) => (step.urgent === true ? "ok" : "hangs");
    const bulk = sendAll(committer, "b".repeat(STEPS_IN_FLIGHT), "bulk");
    const early = sendAll(committer, "a", "alert");
    await clock.advance(ALERT_JOIN_MS);
    assert.deepEqual(typesOf([...bulk, ...early]), [...Array(STEPS_IN_FLIGHT).fill(""), "accepted"]);
    const late = sendAll(committer, "a", "alert");
    await settled();
    assert.deepEqual(typesOf(late), ["accepted"]);
    assert.equal(syd1.steps.filter((step) => step.urgent === true).length, 2);
  });

  test("nothing waits longer than the pace while its set is free", async () => {
    const arrival = fc.record({
      afterMs: fc.integer({ min: 0, max: 2 * PACE_MS }),
      requests: fc.integer({ min: 1, max: 8 }),
      recipients: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 2 * PACED_MESSAGES_MAX })),
      class: fc.constantFrom<MessageClass>("alert", "transactional", "bulk"),
      boundTo: fc.constantFrom(undefined, "syd1", "syd2", "akl1"),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(arrival, { maxLength: 30 }), async (arrivals) => {
        const { clock, committer } = createSetUp([
          ["syd1", "syd"],
          ["syd2", "syd"],
          ["akl1", "akl"],
        ]);
        const waits: number[] = [];
        for (const { afterMs, requests, recipients, boundTo, class: messageClass } of arrivals) {
          await clock.advance(afterMs);
          const sentAt = clock.monotonic();
          for (let i = 0; i < requests; i++) {
            const key = boundTo === undefined ? undefined : keyed(`${sentAt} ${i} ${waits.length}`, [boundTo]);
            void committer
              .commit(submission("a", recipients, messageClass), key)
              .then(() => waits.push(clock.monotonic() - sentAt));
          }
        }
        await clock.advance(PACE_MS);
        assert.equal(
          waits.length,
          arrivals.reduce((sum, { requests }) => sum + requests, 0),
        );
        assert.deepEqual(
          waits.filter((ms) => ms > PACE_MS),
          [],
        );
      }),
      { numRuns: 100 },
    );
  });

  test("a step that failed goes to another set at once, whatever it held", async () => {
    const { sets, committer } = createSetUp([
      ["syd1", "syd"],
      ["akl1", "akl"],
    ]);
    nth(sets, 0).mode = "hangs";
    await sendBurst(committer);
    nth(sets, 0).release("ok");
    await settled();
    nth(sets, 0).release("fails");
    await settled();
    assert.deepEqual(nth(sets, 1).steps.map(textsOf), [["y", "z"]]);
    assert.equal(nth(sets, 1).events().length, 2);
  });

  test("with no set left, nobody waits for the pace to be told so", async () => {
    const { sets, committer } = createSetUp();
    const syd1 = nth(sets, 0);
    syd1.mode = "hangs";
    const watched = [...sendAll(committer, `${"x".repeat(STEPS_IN_FLIGHT)}yz`)];
    await settled();
    syd1.release("ok");
    await settled();
    syd1.reads = "fail";
    syd1.release("fails");
    watched.push(...sendAll(committer, "a"));
    await settled();
    watched.push(...sendAll(committer, "b"));
    await settled();
    assert.deepEqual(typesOf(watched), [...Array(STEPS_IN_FLIGHT).fill("accepted"), ...Array(4).fill("unavailable")]);
  });

  test("a request whose deadline comes while it waits for the pace is answered, and never sent", async () => {
    const { clock, sets, committer } = createSetUp();
    const syd1 = nth(sets, 0);
    syd1.mode = "hangs";
    for (let i = 0; i < STEPS_IN_FLIGHT; i++) watch(committer, submission("x"));
    // The breaker opens for the step that hangs, and closes again: only then may others wait behind it.
    await clock.advance(ANSWER_MS_MAX - 1);
    const watched = sendAll(committer, "a".repeat(CHUNK_ITEMS_MAX + 1));
    await clock.advance(ANSWER_MS_MAX - SOON_MS);
    syd1.mode = "ok";
    syd1.release("ok");
    await clock.advance(SOON_MS);
    assert.deepEqual(typesOf(watched), [...Array(CHUNK_ITEMS_MAX).fill("accepted"), "overloaded"]);
    await clock.advance(PACE_MS);
    assert.equal(syd1.steps.length, STEPS_IN_FLIGHT + 1);
    assert.deepEqual(committer.waiting(), { urgent: 0, ordinary: 0 });
  });

  test("disposing while requests wait for the pace answers every one, and leaves no timer", async () => {
    const { clock, committer } = createSetUp();
    await sendBurst(committer);
    await sendBurst(committer, "alert");
    const watched = [...sendAll(committer, "ab"), ...sendAll(committer, "c", "alert")];
    let disposed = false;
    const disposing = committer[Symbol.asyncDispose]().then(() => {
      disposed = true;
    });
    await settled();
    assert.equal(disposed, false);
    await clock.advance(PACE_MS);
    await disposing;
    assert.deepEqual(typesOf(watched), ["accepted", "accepted", "accepted"]);
    assert.equal(clock.armed(), 0);
  });

  test("disposing stops the timer of a pace that nobody waits for any more", async () => {
    const { clock, committer } = createSetUp();
    await sendBurst(committer);
    const watched = [...sendAll(committer, "a"), watch(committer, submission("b", PACED_MESSAGES_MAX))];
    await settled();
    assert.deepEqual(typesOf(watched), ["accepted", "accepted"]);
    await committer[Symbol.asyncDispose]();
    assert.equal(clock.armed(), 0);
  });
}
