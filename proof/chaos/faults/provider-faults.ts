/**
 * The provider misbehaves: it cuts its links, unbinds them, leaves them half-open, refuses what comes too fast, or
 * takes segments and never answers.
 */
import { between } from "../../seeded-random.ts";
import type { Fault } from "./fault.ts";

const DROPS = { from: 1, to: 4 };
const BETWEEN_DROPS_MS = { from: 300, to: 2_500 };
const SILENT_MS = { from: 3_000, to: 7_000 };
const THROTTLED_MS = { from: 3_000, to: 10_000 };
/** Below what is sent, on all links together. */
const THROTTLE_PER_SECOND = 3;
/** Beyond what a link takes to find out. */
const HALF_OPEN_SECONDS = 40;
const REBIND_BOUND_MS = 30_000;
const LOOK_MS = 250;
/** Beyond the time-out of a submit. */
const DOUBT_BOUND_MS = 15_000;

export const providerFaults: readonly Fault<unknown>[] = [
  {
    name: "provider-drops-links",
    available: () => undefined,
    async cause({ provider, clock, random, watch }) {
      const before = await provider.counters();
      const doubts = watch.doubts("link_lost");
      for (let left = between(random, DROPS.from, DROPS.to); left > 0; left--) {
        await provider.dropLinks();
        await clock.sleep(between(random, BETWEEN_DROPS_MS.from, BETWEEN_DROPS_MS.to));
      }
      const dropped = (await provider.counters()).droppedLinks - before.droppedLinks;
      await watch.catchUp();
      const evidence = `${dropped} links cut, ${watch.doubts("link_lost") - doubts} segments in doubt for it`;
      return { happened: dropped > 0, evidence };
    },
  },
  {
    name: "provider-silent",
    available: () => undefined,
    async cause(context) {
      const { provider, clock, random, watch } = context;
      const before = await provider.counters();
      const doubts = watch.doubts("response_timeout");
      context.onHeal(() => provider.behave({}));
      await provider.behave({ noAnswerShare: 1 });
      await clock.sleep(between(random, SILENT_MS.from, SILENT_MS.to));
      await context.heal();
      const unanswered = (await provider.counters()).unanswered - before.unanswered;
      const limit = clock.monotonic() + DOUBT_BOUND_MS;
      while (watch.doubts("response_timeout") === doubts && clock.monotonic() < limit) await clock.sleep(LOOK_MS);
      const doubted = watch.doubts("response_timeout") - doubts;
      return {
        happened: doubted > 0,
        evidence: `${unanswered} segments unanswered, ${doubted} in doubt for it so far`,
      };
    },
  },
  {
    name: "provider-throttles",
    available: () => undefined,
    async cause(context) {
      const { provider, clock, random } = context;
      const before = await provider.counters();
      context.onHeal(() => provider.behave({}));
      await provider.behave({ throttlePerSecond: THROTTLE_PER_SECOND });
      await clock.sleep(between(random, THROTTLED_MS.from, THROTTLED_MS.to));
      await context.heal();
      const refused = (await provider.counters()).refused - before.refused;
      return { happened: refused > 0, evidence: `${refused} segments refused as too fast` };
    },
  },
  {
    name: "provider-half-open",
    available: () => undefined,
    async cause({ provider, clock, watch }) {
      const before = await provider.counters();
      const doubts = watch.doubts("response_timeout");
      await provider.leaveHalfOpen(HALF_OPEN_SECONDS);
      const limit = clock.monotonic() + REBIND_BOUND_MS;
      let after = await provider.counters();
      while (after.binds === before.binds && clock.monotonic() < limit) {
        await clock.sleep(LOOK_MS);
        after = await provider.counters();
      }
      await watch.catchUp();
      const halfOpen = after.halfOpenLinks - before.halfOpenLinks;
      const doubted = watch.doubts("response_timeout") - doubts;
      const evidence = `${halfOpen} links half-open, ${doubted} segments in doubt for it, then bound anew`;
      return { happened: halfOpen > 0 && doubted > 0 && after.binds > before.binds, evidence };
    },
  },
  {
    name: "provider-unbinds",
    available: () => undefined,
    async cause({ provider, clock }) {
      const before = await provider.counters();
      await provider.unbind();
      const limit = clock.monotonic() + REBIND_BOUND_MS;
      let after = await provider.counters();
      while (after.binds === before.binds && clock.monotonic() < limit) {
        await clock.sleep(LOOK_MS);
        after = await provider.counters();
      }
      const unbound = after.unbinds - before.unbinds;
      const evidence = `${unbound} links unbound, ${after.binds - before.binds} bound anew`;
      return { happened: unbound > 0 && after.binds > before.binds, evidence };
    },
  },
];
