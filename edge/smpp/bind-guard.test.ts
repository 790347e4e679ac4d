import { expect, test } from "bun:test";
import { createManualClock, settled } from "../cases/manual-clock.ts";
import { createBindGuard, type Knock, type Proof } from "./bind-guard.ts";

const HERE = "203.0.113.7";
const MINUTES_10 = 600_000;
/** Every wait is so many of them. */
const STEP_MS = 250;

function setUp(bindTimeoutMs = 10_000) {
  const clock = createManualClock();
  const guard = createBindGuard(clock, { bindTimeoutMs });
  /** Moves time until it ends. */
  const run = async <T>(promise: Promise<T>): Promise<T> => {
    let isOver = false;
    const over = promise.finally(() => {
      isOver = true;
    });
    for (await settled(); !isOver; await settled()) await clock.advance(STEP_MS);
    return over;
  };
  /** When it was judged, in milliseconds from now, or "late". */
  const knock = async (proof: Proof, knocked: Partial<Knock> = {}): Promise<number | "late"> => {
    const cameAt = clock.monotonic();
    const all = { address: HERE, systemId: "acme", isListed: false, isGone: () => false, ...knocked };
    const judged = await guard.inTurn(all, async () => ({ proof, at: clock.monotonic() }));
    return judged === "late" ? "late" : judged.at - cameAt;
  };
  return { clock, knock, run };
}
type World = ReturnType<typeof setUp>;

/** Each after the last one was answered. */
async function oneByOne({ run, knock }: World, knocks: readonly Partial<Knock>[]): Promise<readonly unknown[]> {
  const waits: unknown[] = [];
  for (const one of knocks) waits.push(await run(knock("guessed", one)));
  return waits;
}

const times = (count: number, knocked: Partial<Knock> = {}) => Array.from({ length: count }, () => knocked);

test("each guess makes the next wait longer, up to a bound, there alone, and ten minutes forget it", async () => {
  const world = setUp();
  expect(await oneByOne(world, times(8))).toEqual([0, 250, 500, 1_000, 2_000, 4_000, 5_000, 5_000]);
  expect(await oneByOne(world, [{ address: "203.0.113.8", systemId: "other" }])).toEqual([0]);
  await world.clock.advance(MINUTES_10);
  expect(await oneByOne(world, times(2))).toEqual([0, 250]);
});

test("many connections guess no faster than one, and those that would wait too long are not judged", async () => {
  const { knock, run } = setUp();
  const guesses = times(20).map(() => knock("guessed"));
  const waits = await run(Promise.all(guesses));
  expect(waits.slice(0, 6)).toEqual([0, 250, 750, 1_750, 3_750, "late"]);
  expect(new Set(waits.slice(5))).toEqual(new Set(["late"]));
});

test("a /64 has one line, and so have an IPv4 address and its mapped form", async () => {
  const six = setUp();
  const addresses = ["2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:0:9::", "2001:db8:0:1::1"];
  expect(
    await oneByOne(
      six,
      addresses.map((address) => ({ address })),
    ),
  ).toEqual([0, 250, 500, 0]);
  const four = setUp();
  expect(await oneByOne(four, [{}, { address: `::ffff:${HERE}` }])).toEqual([0, 250]);
});

test("guesses at others do not slow down who has proved a password there, nor do his proofs help them", async () => {
  const world = setUp();
  const { knock, run } = world;
  await run(knock("proved", { systemId: "mine" }));
  const others = { systemId: "theirs" };
  expect(await oneByOne(world, times(4, others))).toEqual([0, 250, 500, 1_000]);
  expect(await run(knock("proved", { systemId: "mine" }))).toBe(0);
  expect(await oneByOne(world, [others])).toEqual([2_000]);
  const under = run(knock("guessed", others));
  expect(await knock("proved", { systemId: "mine" })).toBe(0);
  expect(await under).toBe(4_000);
});

test("a proof forgives the guesses at that account from there", async () => {
  const world = setUp();
  const { knock, run } = world;
  await run(knock("proved"));
  expect(await oneByOne(world, times(4))).toEqual([0, 250, 500, 1_000]);
  expect(await run(knock("proved"))).toBe(2_000);
  expect(await oneByOne(world, times(2))).toEqual([0, 250]);
});

test("guesses at one account from everywhere slow down strangers, and nobody where it is at home", async () => {
  const world = setUp();
  const { knock, run } = world;
  await run(knock("proved"));
  const from = (i: number) => ({ address: `198.51.100.${i}` });
  const everywhere = Array.from({ length: 16 }, (_, i) => from(i));
  expect(await oneByOne(world, everywhere)).toEqual([
    ...Array.from({ length: 11 }, () => 0),
    ...[250, 500, 1_000, 2_000, 4_000],
  ]);
  expect(await run(knock("proved"))).toBe(0);
  expect(await run(knock("proved", { ...from(77), isListed: true }))).toBe(0);
  expect(await run(knock("proved", { ...from(78), systemId: "other" }))).toBe(0);
  // The right password gets in from a new address all the same, and is at home there then.
  expect(await run(knock("proved", from(79)))).toBe(5_000);
  expect(await run(knock("proved", from(79)))).toBe(0);
});

test("the waits are shorter than a connection has for its bind, whatever that is", async () => {
  expect(await oneByOne(setUp(1_000), times(4))).toEqual([0, 250, 500, 500]);
});

test("who has gone is not judged, and holds nobody up", async () => {
  const { knock, run } = setUp();
  await run(knock("guessed"));
  const gone = Array.from({ length: 10 }, () => knock("guessed", { isGone: () => true }));
  expect(await run(knock("proved"))).toBe(250);
  expect(new Set(await Promise.all(gone))).toEqual(new Set(["late"]));
});

test("a judge that fails is no guess, and the line goes on", async () => {
  const { clock, knock, run } = setUp();
  const guard = createBindGuard(clock, { bindTimeoutMs: 10_000 });
  const all = { address: HERE, systemId: "acme", isListed: false, isGone: () => false };
  const failing = guard.inTurn(all, () => Promise.reject(new Error("planted")));
  const next = guard.inTurn(all, async () => ({ proof: "proved" as const }));
  await expect(failing).rejects.toThrow("planted");
  expect(await next).toEqual({ proof: "proved" });
  expect(await run(knock("neither"))).toBe(0);
});

test("the oldest of too many lines is forgotten", async () => {
  const { clock, run, knock } = setUp();
  const guard = createBindGuard(clock, { bindTimeoutMs: 10_000 });
  const guess = (i: number) => {
    const address = `10.1.${i >> 8}.${i & 0xff}`;
    const all = { address, systemId: `${i}`, isListed: false, isGone: () => false };
    return guard.inTurn(all, async () => ({ proof: "guessed" as const, at: clock.monotonic() }));
  };
  for (let i = 0; i <= 10_000; i++) await guess(i);
  expect(await guess(0)).toMatchObject({ at: 0 });
  expect(await run(guess(2))).toMatchObject({ at: 250 });
  expect(await run(knock("neither"))).toBe(0);
});
