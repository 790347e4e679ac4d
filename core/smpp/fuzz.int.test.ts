/**
 * 20,000 broken PDUs, half at a server's sessions and half at a client; `fuzz.long.test.ts` sends a million at each. A
 * failing case names its seed and its octets: mend what it shows, and keep it as a unit test.
 */
import { describe, expect, test } from "bun:test";
import type { Buffer } from "node:buffer";
import { encodePdu } from "./codec.ts";
import { createFramer } from "./framer.ts";
import { createOutsideTarget, openClientTarget, openServerTarget } from "./testing/fuzz-targets.ts";
import { type Listening, listen } from "./testing/listen.ts";
import { heapGrowth, runFuzz } from "./testing/run-fuzz.ts";

const PDUS = 10_000;
const RUN = { firstSeed: 1, pdus: PDUS, samples: 20 };
/** What a collection leaves differs by a tenth of it from one to the next, which is half a megabyte. */
const HEAP_GROWTH_MAX = 2_000_000;

describe("10,000 broken PDUs", () => {
  test.each([
    ["a server's sessions", openServerTarget],
    ["a client of a hostile server", openClientTarget],
  ] as const)("%s: each request answered once or the link closed, nothing held, memory flat", async (_, open) => {
    await using target = await open();
    const report = await runFuzz(target, RUN);
    expect(report.pdus).toBeGreaterThanOrEqual(PDUS);
    expect(report.stood).toBeGreaterThan(report.cases / 2);
    expect(heapGrowth(report.heap)).toBeLessThan(HEAP_GROWTH_MAX);
  });
});

/** Add a seed that fails here to play it alone: `bun test ./core/smpp/fuzz.int.test.ts -t "seed 5007"`. */
const FAILED_ONCE = [
  5_007, // half a message was taken
] as const;

test.each(FAILED_ONCE.map((seed) => [seed] as const))("seed %d, which failed once", async (seed) => {
  for (const open of [openServerTarget, openClientTarget]) {
    await using target = await open();
    expect(await runFuzz(target, { firstSeed: seed, pdus: 1, samples: 1 })).toMatchObject({ cases: 1 });
  }
});

/** A server that reads PDUs and does with each what a plant says. */
function listenPlanted(onFrame: (frame: Buffer, write: (octets: Buffer) => void) => void): Promise<Listening> {
  return listen((socket) => {
    const framer = createFramer();
    socket.on("data", (chunk: Buffer) => {
      framer.push(chunk);
      for (let next = framer.next(); next.type === "frame"; next = framer.next()) {
        onFrame(next.bytes, (octets) => void socket.write(octets));
      }
    });
  });
}

/** The answer to any request: its command with the response bit, a header alone. */
function answerTo(frame: Buffer): Buffer {
  const answer = encodePdu({ command: "enquire_link_resp", sequence: frame.readUInt32BE(12) });
  answer.writeUInt32BE((frame.readUInt32BE(4) | 0x8000_0000) >>> 0, 4);
  return answer;
}

describe("the fuzz itself sees", () => {
  test("a session that neither answers nor closes", async () => {
    await using server = await listenPlanted((frame, write) => {
      if (frame.readUInt32BE(4) === 9) write(answerTo(frame));
    });
    await using target = createOutsideTarget(server.port, { stuckMs: 200 });
    await expect(runFuzz(target, RUN)).rejects.toThrow(/stuck: .*\sseed \d+, .* octets [0-9a-f]+/s);
  });

  test("half a message that is taken, and an answer too many", async () => {
    await using yes = await listenPlanted((frame, write) => write(answerTo(frame)));
    await using target = createOutsideTarget(yes.port, { stuckMs: 200 });
    await expect(runFuzz(target, RUN)).rejects.toThrow(/an answer too many|half a message was taken/);
  });

  test("a listener that throws", async () => {
    let threw = false;
    const onSlot = (): void => {
      if (threw) return;
      threw = true;
      throw new Error("planted");
    };
    await using target = await openServerTarget({ onSlot });
    await expect(runFuzz(target, RUN)).rejects.toThrow("the session under test threw: Error: planted");
  });

  test("memory that grows with what is read", async () => {
    const kept: unknown[] = [];
    await using target = await openServerTarget({
      onRequest: () => {
        kept.push(new Array(2_000).fill(kept.length));
        return { status: 0 };
      },
    });
    const { heap } = await runFuzz(target, RUN);
    expect(heapGrowth(heap)).toBeGreaterThan(HEAP_GROWTH_MAX);
    expect(kept.length).toBeGreaterThan(1_000);
  });
});
