/**
 * The billing part: the gateway's closed loop with an account that pays nobody above it and is not held to its credit,
 * against one below two resellers, of which each is charged out of its credit. In turns, A B B A, so that what the
 * machine does over time counts for both.
 */
import { createApiKey } from "#core/directory/api-key.ts";
import { changeCredit } from "#core/ledger/change-credit.ts";
import type { Store } from "#core/store/store.ts";
import { systemClock } from "#domain/clock.ts";
import { type AccountId, createIdMint } from "#domain/ids.ts";
import type { Micros } from "#domain/money.ts";
import { systemRandom } from "#domain/random.ts";
import type { Platform } from "#testkit/platform.ts";
import { demoDirectory, ensureDirectory } from "#testkit/platform-directory.ts";
import { until } from "#testkit/until.ts";
import { openBenchPlatform, planLoad } from "../bench-platform.ts";
import type { BenchOptions, BenchOutcome } from "../bench-seam.ts";
import { peakFigures, resourceFigures } from "../gateway/figures.ts";
import { openRig, type PhaseResult, runPhase } from "../gateway/phase.ts";

const WARM_UP_SECONDS = 5;
const MESSAGES_MAX = 2_000_000;
const KNOWN_MS_MAX = 30_000;
/** Enough for any number of messages. */
const PAID_MICROS = 1_000_000_000_000_000n as Micros;
/** From the account that sends up to the top. */
const LEVELS = ["retailer", "reseller", "wholesaler"] as const;

export const BILLING_MEANINGS = {
  plain_per_s: "messages a second, end to end, of an account that pays by itself and without limit; two phases",
  billed_per_s: "the same with three levels that pay out of their credit; two phases",
  billed_gateway_ratio: "the second by the first, each the mean of its two phases",
  cpu_s_per_1000: "CPU of the platform for 1,000 messages: without, and with",
  messages: "accepted, and all reconciled",
} as const;

export async function runBilling(options: BenchOptions): Promise<BenchOutcome> {
  await using stack = new AsyncDisposableStack();
  const platform = await openBenchPlatform(options, stack);
  const rig = await openRig(platform, stack, options);
  const keys = { plain: platform.apiKey, billed: await openChain(platform, rig.stores) };
  const plan = planLoad(platform, { ...options, messagesMax: MESSAGES_MAX });
  let firstIndex = 0;
  const run = async (name: string, apiKey: string, seconds: number): Promise<PhaseResult> => {
    const phase = await runPhase(rig, name, { ...plan, apiKey, seconds, firstIndex });
    firstIndex = phase.load.nextIndex;
    return phase;
  };
  await run("warm-up", keys.plain, WARM_UP_SECONDS);
  await run("warm-up, billed", keys.billed, WARM_UP_SECONDS);
  const phases: { readonly kind: keyof typeof keys; readonly phase: PhaseResult }[] = [];
  for (const kind of ["plain", "billed", "billed", "plain"] as const) {
    phases.push({ kind, phase: await run(`${kind} ${phases.length + 1}`, keys[kind], options.seconds) });
  }
  const of = (kind: keyof typeof keys) => phases.filter((one) => one.kind === kind).map(({ phase }) => phase);
  const rates = (kind: keyof typeof keys) => of(kind).map((phase) => Number(peakFigures(phase).end_to_end_per_s));
  const cpu = (kind: keyof typeof keys) =>
    mean(of(kind).map((phase) => Number(resourceFigures(phase, undefined).cpu_s_per_1000)));
  return {
    figures: {
      edge: options.edge,
      plain_per_s: rates("plain").map(Math.round).join(", "),
      billed_per_s: rates("billed").map(Math.round).join(", "),
      billed_gateway_ratio: mean(rates("billed")) / mean(rates("plain")),
      cpu_s_per_1000: { plain: cpu("plain"), billed: cpu("billed") },
      messages: phases.reduce((sum, { phase }) => sum + phase.accepted.length, 0),
    },
    failures: phases.flatMap(({ kind, phase }) =>
      phase.reconciliation.failures.map((failure) => `${kind}: ${failure}`),
    ),
    otherLoad: of("billed")[0]?.usage.othersCpuSeconds ?? {},
  };
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Returns the key of the account at the bottom. */
async function openChain(platform: Platform, stores: readonly Store[]): Promise<string> {
  const key = await createApiKey("retailer", systemRandom);
  const demo = await demoDirectory(platform.apiKey);
  const [first] = demo.accounts;
  if (first === undefined) throw new Error("The demo directory has no account");
  const chain = LEVELS.map((id, level) => ({
    ...{ ...first, id, name: id, credit: "limited" as const },
    ...(LEVELS[level + 1] !== undefined && { parent: LEVELS[level + 1] }),
    keys: level === 0 ? [{ id: key.id, secretSha256: key.secretSha256 }] : [],
  }));
  await ensureDirectory(stores, { ...demo, accounts: [...demo.accounts, ...chain] });
  const mint = createIdMint({ clock: systemClock, random: systemRandom });
  const context = { stores, closed: [], clock: systemClock, mint, random: systemRandom };
  for (const account of LEVELS as readonly string[] as readonly AccountId[]) {
    const change = { type: "paid", account, micros: PAID_MICROS, currency: first.currency, actor: "bench" } as const;
    const { type } = await changeCredit(context, change);
    if (type !== "changed") throw new Error(`Paying in for ${account} was ${type}`);
  }
  await until("the edge to know the account", KNOWN_MS_MAX, async () => {
    const headers = { authorization: `Bearer ${key.text}` };
    return (await fetch(`${platform.edgeUrl}/v1/messages/none`, { headers })).status === 404 || undefined;
  });
  return key.text;
}
