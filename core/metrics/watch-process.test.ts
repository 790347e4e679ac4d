import { expect, test } from "bun:test";
import type { Clock } from "#domain/clock.ts";
import { silentLogger } from "#domain/log.ts";
import { countLeaseLosses } from "./count-lease-losses.ts";
import { createMetrics } from "./metrics.ts";
import { watchProcess } from "./watch-process.ts";

/** Time that stands still: each timer runs as late as the test says. */
function createLateClock() {
  let now = 0;
  const timers = new Set<{ readonly at: number; readonly run: () => void }>();
  const clock: Clock = {
    now: () => now,
    monotonic: () => now,
    sleep: () => Promise.reject(new Error("not used")),
    after(ms, run) {
      const timer = { at: now + ms, run };
      timers.add(timer);
      return { cancel: () => void timers.delete(timer) };
    },
  };
  const jumpTo = (ms: number): void => {
    now = ms;
    for (const timer of [...timers].filter(({ at }) => at <= now)) {
      timers.delete(timer);
      timer.run();
    }
  };
  return { clock, jumpTo, armed: () => timers.size };
}

test("a stalled event loop is seen, and the live heap is not looked at unless asked for", () => {
  const { clock, jumpTo, armed } = createLateClock();
  const metrics = createMetrics();
  const collect = (): void => expect.unreachable();
  const watch = watchProcess(metrics, { clock, memory: { heapBytes: () => 1_000, collect } });
  jumpTo(50);
  jumpTo(100 + 300);
  expect(metrics.text()).toInclude('godwit_event_loop_delay_seconds_bucket{le="0.25"} 1\n');
  expect(metrics.text()).toInclude('godwit_event_loop_delay_seconds_bucket{le="0.5"} 2\n');
  expect(metrics.text()).toInclude("godwit_heap_bytes 1000\n");
  expect(metrics.text()).not.toInclude("godwit_heap_live_bytes");
  jumpTo(100_000_000);
  watch[Symbol.dispose]();
  expect(armed()).toBe(0);
});

test("the live heap is that after a full collection, each time", () => {
  const { clock, jumpTo, armed } = createLateClock();
  const metrics = createMetrics();
  let bytes = 500;
  const memory = {
    heapBytes: () => bytes,
    collect: () => {
      bytes -= 100;
    },
  };
  const watch = watchProcess(metrics, { clock, memory, liveHeapEverySeconds: 10 });
  expect(metrics.text()).not.toInclude("\ngodwit_heap_live_bytes ");
  jumpTo(10_000);
  bytes = 900;
  expect(metrics.text()).toInclude("\ngodwit_heap_live_bytes 400\n");
  expect(metrics.text()).toInclude("\ngodwit_heap_bytes 900\n");
  watch[Symbol.dispose]();
  expect(armed()).toBe(0);
});

test("a live heap that the runtime cannot tell is refused, and nothing is left running", () => {
  const { clock, armed } = createLateClock();
  const start = () => watchProcess(createMetrics(), { clock, memory: { heapBytes: () => 0 }, liveHeapEverySeconds: 5 });
  expect(start).toThrow("DENO_V8_FLAGS=--expose-gc");
  expect(armed()).toBe(0);
});

test("lost leases are counted, other events are not, and all are logged as before", () => {
  const metrics = createMetrics();
  const logged: string[] = [];
  const log = countLeaseLosses({ ...silentLogger, info: (name) => logged.push(name) }, metrics);
  log.info("claim.lease_lost", { set: "syd1", lane: "inbox.bulk", items: 4 });
  log.info("set.recovered", { set: "syd1" });
  expect(metrics.text()).toInclude("\ngodwit_lease_losses_total 1\n");
  expect(logged).toEqual(["claim.lease_lost", "set.recovered"]);
});
