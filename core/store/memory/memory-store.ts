/**
 * The store in memory: the smallest correct driver, for unit tests and the simulation. Several stores may share one
 * `MemorySet`, as several processes share a replica set. Nothing here survives the process.
 */
import type { Clock } from "#domain/clock.ts";
import type { MessageEvent } from "#domain/event.ts";
import { type ChunkId, createIdMint, type IdMint, type SetId, type WriterId } from "#domain/ids.ts";
import type { OptOutChange } from "#domain/item.ts";
import { type Lane, lanes } from "#domain/lane.ts";
import type { LedgerEntry } from "#domain/ledger-entry.ts";
import { SEND_KEY_HOURS_MAX } from "#domain/limits.ts";
import type { Micros } from "#domain/money.ts";
import type { Random } from "#domain/random.ts";
import type { Allotment, AllotmentId, Charge } from "../charge.ts";
import { encodeItems } from "../chunk-bounds.ts";
import type { DirectoryCopy } from "../directory-copy.ts";
import { createLaneTurns } from "../lane-turns.ts";
import type { Registers } from "../registers.ts";
import {
  type Bell,
  type ClaimOptions,
  type CommitResult,
  type EventBatch,
  type EventLog,
  type Hold,
  type LaneDepth,
  type Lease,
  type MarkAdvance,
  type NewChunk,
  type OptOutKey,
  optOutKey,
  type Progress,
  parseOptOutKey,
  type SendKey,
  type SendKeyId,
  type SendRecord,
  type Standing,
  type Step,
  type Store,
  StoreError,
  type WaitingChunk,
} from "../store.ts";
import { createMemoryBell } from "./memory-bell.ts";
import { openMemoryDirectory } from "./memory-directory.ts";
import { createMemoryEventLog } from "./memory-event-log.ts";
import { batchKey, createMemorySet, type MemoryChunk, type MemorySet } from "./memory-set.ts";

/** What a planted fault does to one commit. `unknown_applied` commits and then says that nobody can tell. */
export type CommitFault = "failed" | "unknown_applied" | "unknown_lost";

export interface MemoryStoreOptions {
  readonly set: SetId;
  readonly region: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly data?: MemorySet;
  /** Asked before every commit; may wait, to model a set that hangs. */
  readonly onCommit?: (step: Step) => Promise<CommitFault | undefined>;
}

export function createMemoryStore(options: MemoryStoreOptions): Store {
  return new MemoryStore(options);
}

/** All overdue chunks are of one kind, whatever their lane. */
const OVERDUE = "overdue" as Lane;
const HOUR_MS = 3_600_000;

class MemoryStore implements Store {
  readonly set: SetId;
  readonly region: string;
  readonly events: EventLog;
  readonly directory: DirectoryCopy;
  readonly registers: Registers;
  readonly #options: MemoryStoreOptions;
  readonly #data: MemorySet;
  readonly #mint: IdMint;
  readonly #turns = createLaneTurns();
  #writer: { readonly id: WriterId; next: number } | undefined;

  constructor(options: MemoryStoreOptions) {
    const data = options.data ?? createMemorySet();
    this.set = options.set;
    this.region = options.region;
    this.#options = options;
    this.#data = data;
    this.#mint = createIdMint(options);
    this.events = createMemoryEventLog(data, options.clock);
    this.directory = openMemoryDirectory(data.directory);
    this.registers = createMemoryRegisters(data, options.clock);
  }

  async commit(step: Step): Promise<CommitResult> {
    const fault = await this.#options.onCommit?.(step);
    const error = new StoreError("store_timeout", `Planted fault '${fault}' at ${this.set}`, { retryable: true });
    if (fault === "failed") return { type: "failed", error };
    if (fault === "unknown_lost") return { type: "unknown", error, settle: async () => "failed" };
    const result = this.#apply(step);
    if (fault !== "unknown_applied") return result;
    return { type: "unknown", error, settle: async () => (result.type === "committed" ? "committed" : "failed") };
  }

  async claim(claim: ClaimOptions): Promise<readonly Hold[]> {
    const { clock } = this.#options;
    const ready = [...this.#data.chunks.values()]
      .filter(
        ({ id, lane, at }) => claim.lanes.includes(lane) && at <= clock.now() && claim.only?.includes(id) !== false,
      )
      .sort((a, b) => a.at - b.at);
    const taken = this.#turns.take(ready, claim.lanes, claim.itemsMax);
    if (claim.tentative !== true) return this.#take(taken, claim);
    return taken.map((chunk) => toTentative(toHold(chunk, chunk.token, clock.monotonic() + claim.leaseMs)));
  }

  async claimOverdue(claim: Omit<ClaimOptions, "lanes">): Promise<readonly Hold[]> {
    const now = this.#options.clock.now();
    const overdue = [...this.#data.chunks.values()]
      .filter(({ at, actBy }) => at <= now && actBy !== undefined && actBy <= now)
      .map((chunk) => ({ ...chunk, chunk, lane: OVERDUE }));
    return this.#take(
      createLaneTurns()
        .take(overdue, [OVERDUE], claim.itemsMax)
        .map(({ chunk }) => chunk),
      claim,
    );
  }

  async renew(holds: readonly Hold[], leaseMs: number): Promise<readonly Hold[]> {
    const { clock } = this.#options;
    return holds.flatMap((hold) => {
      const chunk = this.#held(hold.lease);
      if (chunk === undefined) return [];
      chunk.at = clock.now() + leaseMs;
      return [{ ...hold, deadline: clock.monotonic() + leaseMs }];
    });
  }

  async release(leases: readonly Lease[], delayMs: number): Promise<void> {
    for (const lease of leases) {
      const chunk = this.#held(lease);
      if (chunk === undefined) continue;
      chunk.token = null;
      chunk.at = this.#options.clock.now() + delayMs;
    }
  }

  async dead(page: { readonly after?: ChunkId; readonly max: number }): Promise<readonly WaitingChunk[]> {
    return [...this.#data.chunks.values()]
      .filter((chunk) => chunk.lane === lanes.dead && chunk.id > (page.after ?? ""))
      .sort((a, b) => (a.id < b.id ? -1 : 1))
      .slice(0, page.max)
      .map(({ id, items, deliveries, enqueuedAt }) => ({ id, items: JSON.parse(items), deliveries, enqueuedAt }));
  }

  bell(on: readonly Lane[], { pollMs }: { readonly pollMs: number }): Bell {
    return createMemoryBell({ data: this.#data, clock: this.#options.clock }, on, pollMs);
  }

  async depth(): Promise<ReadonlyMap<Lane, LaneDepth>> {
    const depth = new Map<Lane, LaneDepth>();
    for (const chunk of this.#data.chunks.values()) {
      const lane = depth.get(chunk.lane) ?? { chunks: 0, items: 0, oldestMs: 0 };
      const oldestMs = Math.max(lane.oldestMs, this.#options.clock.now() - chunk.enqueuedAt);
      depth.set(chunk.lane, { chunks: lane.chunks + 1, items: lane.items + chunk.count, oldestMs });
    }
    return depth;
  }

  async optedOut(pairs: readonly OptOutKey[]): Promise<ReadonlySet<OptOutKey>> {
    return new Set(pairs.filter((pair) => this.#data.optOuts.get(pair)?.out === true));
  }

  async findSendKeys(keys: readonly SendKeyId[]): Promise<ReadonlyMap<SendKeyId, SendRecord>> {
    return new Map(
      keys.flatMap((key) => {
        const held = this.#data.sendKeys.get(key);
        if (held === undefined) return [];
        const isYoung = this.#options.clock.now() - held.record.at < SEND_KEY_HOURS_MAX * HOUR_MS;
        return held.forever || isYoung ? [[key, held.record]] : [];
      }),
    );
  }

  async balances(allotments: readonly AllotmentId[]): Promise<ReadonlyMap<AllotmentId, Micros>> {
    return new Map(
      allotments.flatMap((id) => {
        const micros = this.#data.allotments.get(id);
        return micros === undefined ? [] : [[id, micros as Micros]];
      }),
    );
  }

  async allotments(page: { readonly after?: AllotmentId; readonly max: number }): Promise<readonly Allotment[]> {
    return [...this.#data.allotments]
      .filter(([id, micros]) => id > (page.after ?? "") && micros > 0n)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .slice(0, page.max)
      .map(([id, micros]) => ({ id, micros: micros as Micros }));
  }

  async optOutChanges(page: { readonly after?: OptOutKey; readonly max: number }): Promise<readonly OptOutChange[]> {
    return [...this.#data.optOuts]
      .filter(([key]) => key > (page.after ?? ""))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .slice(0, page.max)
      .map(([key, { out, at }]) => ({ ...parseOptOutKey(key), out, at }));
  }

  async standing(): Promise<Standing> {
    return this.#data.standing;
  }

  async declareStanding(standing: Standing): Promise<void> {
    this.#data.standing = standing;
  }

  async ping(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {
    const writer = this.#writer;
    if (writer === undefined) return;
    const at = this.#options.clock.now();
    const batch = { writer: writer.id, sequence: writer.next, at, kind: "closed", events: [] } as const;
    this.#data.batches.set(batchKey(batch.writer, batch.sequence), batch);
    this.#data.writers.set(writer.id, { seenAt: at, closed: true });
    this.#writer = undefined;
  }

  #take(chunks: readonly MemoryChunk[], claim: Omit<ClaimOptions, "lanes">): readonly Hold[] {
    const { clock } = this.#options;
    const token = this.#mint.unique();
    const ahead = claim.markAhead ?? 0;
    return chunks.map((chunk) => {
      const markAhead = chunks.length === 1 ? ahead : Math.min(chunk.count, ahead);
      takeChunk(chunk, { token, at: clock.now() + claim.leaseMs, markAhead });
      return toHold(chunk, token, clock.monotonic() + claim.leaseMs);
    });
  }

  #held(lease: Lease): MemoryChunk | undefined {
    const chunk = this.#data.chunks.get(lease.chunk);
    return chunk?.token === lease.token ? chunk : undefined;
  }

  #apply(step: Step): CommitResult {
    const { sendKeys, charges = [] } = step;
    const chunks = (step.chunks ?? []).map((chunk) => ({ chunk, items: encodeItems(chunk) }));
    const leases = [...(step.acks ?? []), ...(step.marks ?? []).map((mark) => mark.lease)];
    if (leases.some((lease) => this.#held(lease) === undefined)) return { type: "lease_lost" };
    const taken = this.#takenKeys(sendKeys ?? []);
    if (taken.size > 0) return { type: "key_taken", taken };
    const short = charges.find(({ allotment, micros }) => micros > (this.#data.allotments.get(allotment) ?? 0n));
    if (short !== undefined) return { type: "credit_short", allotment: short.allotment };

    for (const key of sendKeys ?? []) this.#data.sendKeys.set(key.id, structuredClone(key));
    for (const charge of charges) this.#charge(charge);
    for (const lease of step.acks ?? []) this.#data.chunks.delete(lease.chunk);
    for (const mark of step.marks ?? []) {
      const chunk = this.#held(mark.lease);
      if (chunk !== undefined) chunk.progress = advance(chunk.progress, mark);
    }
    const isSaying =
      (step.entries ?? []).length +
        leases.length +
        (step.events ?? []).length +
        (sendKeys ?? []).length +
        charges.length >
      0;
    if (isSaying) this.#append(step.events ?? [], step.entries);
    for (const { chunk, items } of chunks) this.#enqueue(chunk, items);
    const rung = new Set(chunks.map(({ chunk }) => chunk.lane));
    for (const ring of this.#data.bells) ring(rung);
    for (const change of step.optOuts ?? []) {
      const key = optOutKey(change.account, change.number);
      const held = this.#data.optOuts.get(key);
      if ((held?.at ?? -1) < change.at) this.#data.optOuts.set(key, { out: change.out, at: change.at });
    }
    return { type: "committed" };
  }

  #takenKeys(keys: readonly SendKey[]): ReadonlyMap<SendKeyId, SendRecord> {
    return new Map(
      keys.flatMap(({ id }) => {
        const held = this.#data.sendKeys.get(id);
        return held === undefined ? [] : [[id, held.record]];
      }),
    );
  }

  #charge({ allotment, micros }: Charge): void {
    this.#data.allotments.set(allotment, (this.#data.allotments.get(allotment) ?? 0n) - micros);
  }

  #append(events: readonly MessageEvent[], entries: readonly LedgerEntry[] | undefined): void {
    const { clock } = this.#options;
    if (this.#writer === undefined || this.#data.writers.get(this.#writer.id)?.closed !== false) {
      this.#writer = { id: this.#mint.writerId(), next: 1 };
    }
    const { id } = this.#writer;
    const numbered = { writer: id, sequence: this.#writer.next++, at: clock.now(), kind: "events" } as const;
    const batch: EventBatch = { ...numbered, events, ...(entries !== undefined && { entries }) };
    this.#data.batches.set(batchKey(id, batch.sequence), structuredClone(batch));
    this.#data.writers.set(id, { seenAt: clock.now(), closed: false });
  }

  #enqueue(chunk: NewChunk, items: string): void {
    if (this.#data.chunks.has(chunk.id)) return;
    const now = this.#options.clock.now();
    this.#data.chunks.set(chunk.id, {
      id: chunk.id,
      lane: chunk.lane,
      items,
      count: chunk.items.length,
      enqueuedAt: now,
      actBy: chunk.actBy,
      at: now + (chunk.delayMs ?? 0),
      token: null,
      deliveries: 0,
      progress: { positions: chunk.positions ?? 0, mark: 0, priorMark: 0, settledTo: 0, settledBeyond: [] },
    });
  }
}

function advance(held: Progress, mark: MarkAdvance): Progress {
  return {
    ...held,
    mark: Math.max(held.mark, mark.mark),
    settledTo: Math.max(held.settledTo, mark.settledTo),
    settledBeyond: mark.settledBeyond,
  };
}

function takeChunk(
  chunk: MemoryChunk,
  claim: { readonly token: string; readonly at: number; readonly markAhead: number },
): void {
  const { positions, mark } = chunk.progress;
  chunk.token = claim.token;
  chunk.at = claim.at;
  chunk.deliveries += 1;
  chunk.progress = { ...chunk.progress, priorMark: mark, mark: Math.min(positions, mark + claim.markAhead) };
}

function toHold(chunk: MemoryChunk, token: string | null, deadline: number): Hold {
  const { lane, deliveries, enqueuedAt, progress } = chunk;
  const lease = { chunk: chunk.id, token } as Lease;
  return { lease, lane, items: JSON.parse(chunk.items), deliveries, deadline, enqueuedAt, progress };
}

function toTentative(hold: Hold): Hold {
  const lease = { ...hold.lease, tentative: true } as Lease;
  const progress = { ...hold.progress, priorMark: hold.progress.mark };
  return { ...hold, lease, deliveries: hold.deliveries + 1, progress };
}

function createMemoryRegisters({ registers }: MemorySet, clock: Clock): Registers {
  return {
    async read(name) {
      const { version, body } = registers.get(name) ?? { version: 0, body: undefined };
      return { version, body: body === undefined ? undefined : (JSON.parse(body) as unknown), now: clock.now() };
    },
    async replace(name, version, body) {
      if ((registers.get(name)?.version ?? 0) !== version) return false;
      registers.set(name, { version: version + 1, body: JSON.stringify(body) });
      return true;
    },
  };
}
