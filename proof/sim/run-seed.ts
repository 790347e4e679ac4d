/**
 * One run from one seed: the clients work while the nemesis does, then everything heals, and the run goes on until
 * nothing is left to do. The same seed, schedule and plant give the same run, down to its hash.
 */
import type { MessageEvent, RejectReason } from "#domain/event.ts";
import { checks, type Finding } from "./checks/index.ts";
import { PROJECTOR } from "./checks/nothing-lost.ts";
import { planOperations } from "./clients/plan-operations.ts";
import { type Clients, startClients } from "./clients/run-clients.ts";
import type { ChunkRecord, History, SetRecord } from "./history.ts";
import { endOf, scheduleFaults } from "./nemesis/apply-faults.ts";
import type { AppliedFault, Fault } from "./nemesis/fault-table.ts";
import { planFaults } from "./nemesis/plan-faults.ts";
import type { Plant } from "./plant.ts";
import { batchDocuments, chunkDocuments, directoryOf, moneyOf, optOutsOf, toBatch } from "./read-set.ts";
import { isReceiptEvent } from "./receipt-events.ts";
import { payers } from "./sim-directory.ts";
import { type Reached, reach } from "./sometimes.ts";
import { World } from "./world.ts";

/** Time for roles to open before anything happens, and how often it is looked whether all is quiet. */
const QUIET_LOOK_MS = 250;
/** After the last fault: a refusal that is tried again half a minute later, twice, and leases that run out. */
const DRAIN_MS_MAX = 150_000;

export interface RunOptions {
  readonly seed: number;
  /** Instead of the one that the seed gives. */
  readonly schedule?: readonly Fault[];
  readonly plant?: Plant;
  readonly onLog?: (line: string) => void;
}

export interface Run {
  readonly seed: number;
  readonly schedule: readonly Fault[];
  readonly findings: readonly Finding[];
  readonly history: History;
  readonly sometimes: Reached;
  readonly traceHash: string;
  readonly steps: number;
  /** Simulated. */
  readonly ms: number;
}

/** Call it from a macrotask: see SimTime. */
export function runSeed({ seed, schedule, plant, onLog }: RunOptions): Run {
  const world = new World(seed, { ...(plant && { plant }), ...(onLog && { onLog }) });
  const targets = {
    processes: world.hosts.map(({ name }) => name),
    connectors: world.hosts.flatMap(({ name }) => (name.startsWith("connector") ? [name] : [])),
    sets: world.sets.map(({ id }) => id),
  };
  const faults = schedule ?? planFaults(world.stream("faults"), targets);
  const { time } = world;
  world.operator.start();
  time.runUntil(() => false, 0);
  for (const host of world.hosts) host.start();
  const clients = startClients(world, planOperations(world.stream("operations")));
  const { applied } = scheduleFaults(world, faults);
  world.watch.begin();

  const healedAt = endOf(faults);
  time.runUntil(() => false, healedAt);
  world.provider.behave();
  let lookedAt = 0;
  const isQuiet = (): boolean => {
    if (time.now - lookedAt < QUIET_LOOK_MS) return false;
    lookedAt = time.now;
    return waitingFor(world, clients).next().done === true;
  };
  time.runUntil(isQuiet, healedAt + DRAIN_MS_MAX);
  const history = toHistory(world, clients, applied);
  reachByEvents(world.reached, history);
  world.end();
  time.hash.addText(contentsOf(world, history));
  return {
    seed,
    schedule: faults,
    history,
    findings: checks.flatMap(({ name, check }) => check(history).map((what) => ({ check: name, what }))),
    sometimes: world.reached,
    traceHash: time.hash.value,
    steps: time.steps,
    ms: time.now,
  };
}

/** What is not done yet, one thing after the other, as each costs a look; nothing when all is quiet. */
function* waitingFor({ provider, reports, sets }: World, clients: Clients): Generator<string> {
  if (!clients.isDone) return yield "clients";
  if (!provider.isQuiet) return yield "provider";
  const logs = sets.map((set) => directoryOf(set).changes.length);
  if (new Set(logs).size > 1) yield `the directory: ${logs.join(" and ")} changes`;
  for (const set of sets) {
    for (const { lane, items } of chunkDocuments(set)) {
      if (lane !== "dead" && !(lane === "receipts" && isParked(items, reports.submitted))) yield `${set.id} ${lane}`;
    }
    const isUnread = batchDocuments(set).some(({ _id }) => !reports.read.has(_id));
    if (isUnread) yield `${PROJECTOR} of ${set.id}, with ${reports.states.size} messages`;
  }
}

/** No submit has any of these ids, as its answer never came: they wait for days, as they should. */
function isParked(items: string, submitted: ReadonlySet<string>): boolean {
  const receipts = JSON.parse(items) as readonly { readonly providerMessageId?: string }[];
  return receipts.every(({ providerMessageId = "" }) => !submitted.has(providerMessageId));
}

/** All that the sets, the provider and the customers are left with. */
function contentsOf({ sets, provider }: World, { operations }: History): string {
  const held = sets.map(({ replica }) => replica.collections().map((name) => [name, replica.committed(name)]));
  const { submits, receipts, replies } = provider;
  return JSON.stringify([held, submits, receipts, replies, operations.map(({ attempts }) => attempts)]);
}

function toHistory(world: World, { operations, isDone }: Clients, faults: readonly AppliedFault[]): History {
  const { provider, reports, past } = world;
  return {
    operations: [...past.map(({ operation }) => operation), ...operations],
    routedAt: world.watch.routedAt,
    submits: provider.submits,
    onLanes: world.watch.submits.onLanes,
    receipts: provider.receipts,
    replies: provider.replies,
    optOuts: world.watch.optOuts.acknowledged,
    directoryChanges: world.directoryChanges,
    drained: world.drained,
    faults,
    observations: world.watch.observations,
    sets: world.sets.map(
      (set): SetRecord => ({
        set: set.id,
        batches: batchDocuments(set).map(toBatch),
        chunks: chunkDocuments(set).map(
          ({ _id, lane, mark, items }): ChunkRecord => ({ id: _id, lane, mark, items: JSON.parse(items) as unknown[] }),
        ),
        optOuts: optOutsOf(set),
        money: moneyOf(set),
        directory: directoryOf(set),
      }),
    ),
    report: { states: reports.states, rollups: reports.rollups, read: reports.read },
    paid: world.paid,
    prices: new Map(payers.map(({ id, priceMicros }) => [id, BigInt(priceMicros)])),
    waiting: [...waitingFor(world, { operations, isDone })],
    defects: world.defects,
  };
}

function reachByRejection(reached: Reached, reason: RejectReason): void {
  if (reason === "opted_out") reach(reached, "an opt-out stopped a message");
  if (reason === "insufficient_credit") reach(reached, "an account had no credit left");
  if (reason === "credit_unreachable") reach(reached, "credit was waited for in vain");
}

function reachByEvents(reached: Reached, { sets, receipts }: History): void {
  const batches = sets.flatMap((set) => set.batches);
  reach(reached, "a number was voided", batches.filter(({ kind }) => kind === "void").length);
  const landed = batches.flatMap(({ entries = [] }) => entries.filter(({ type }) => type === "landed"));
  reach(reached, "credit was fetched from another set", landed.length);
  const events = batches.flatMap((batch): readonly MessageEvent[] => batch.events);
  const old = new Map(
    receipts.flatMap(({ at, ...of }) => (at < 0 ? [[of.providerMessageId, of.message] as const] : [])),
  );
  for (const event of events.filter(isReceiptEvent)) {
    const other = old.get(event.providerMessageId) ?? event.message;
    if (other !== event.message) reach(reached, "a receipt found its submit beside an old one of the same id");
  }
  for (const event of events) {
    if (event.type === "refunded") reach(reached, "a price was given back");
    if (event.type === "lapsed") reach(reached, "a message lapsed");
    if (event.type === "rejected") reachByRejection(reached, event.reason);
    if (event.type !== "in_doubt") continue;
    if (event.reason === "takeover") reach(reached, "a takeover found doubt");
    reach(reached, event.policy === "keep" ? "a message in doubt was kept" : "a message in doubt was sent again");
  }
}
