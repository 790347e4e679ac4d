/** The provider misbehaves: it cuts its links, or takes segments and never answers. */
import { between } from "../../seeded-random.ts";
import type { Fault } from "./fault.ts";

const DROPS = { from: 1, to: 4 };
const BETWEEN_DROPS_MS = { from: 300, to: 2_500 };
const SILENT_MS = { from: 3_000, to: 7_000 };
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
      while (watch.doubts("response_timeout") === doubts && clock.monotonic() < limit) await clock.sleep(250);
      const doubted = watch.doubts("response_timeout") - doubts;
      return {
        happened: doubted > 0,
        evidence: `${unanswered} segments unanswered, ${doubted} in doubt for it so far`,
      };
    },
  },
];
