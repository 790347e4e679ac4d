/** One run's world: time, two sets, a provider, and the hosts of all roles. Everything in it comes from the seed. */
import { drainMicrotasks } from "bun:jsc";
import type { SetState } from "#core/directory/set-states.ts";
import { type AccountId, type SetId, setOfMessage } from "#domain/ids.ts";
import type { LogEventName, LogEvents, Logger } from "#domain/log.ts";
import type { Random } from "#domain/random.ts";
import { between, seededStream } from "../seeded-random.ts";
import type { DrainRecord, PaidRecord } from "./history.ts";
import { createSimReplicaSet, type SimReplicaSet } from "./mongo/sim-replica-set.ts";
import type { Wire } from "./mongo/wire.ts";
import { type PastMessage, planPast } from "./plan-past.ts";
import { planPayments } from "./plan-payments.ts";
import type { Plant } from "./plant.ts";
import { SimProvider } from "./provider/sim-provider.ts";
import { createSimReports, type SimReports } from "./roles/sim-reports.ts";
import { startConnector } from "./roles/start-connector.ts";
import { startEdge } from "./roles/start-edge.ts";
import { startOperator } from "./roles/start-operator.ts";
import { startProjector } from "./roles/start-projector.ts";
import { startWorker } from "./roles/start-worker.ts";
import { setRegions } from "./sim-directory.ts";
import { SimHost } from "./sim-host.ts";
import { SimProcess } from "./sim-process.ts";
import { SimTime } from "./sim-time.ts";
import { type Reached, reach } from "./sometimes.ts";
import { createWatch, type Watch } from "./watch.ts";

export interface SimSet {
  readonly id: SetId;
  readonly region: string;
  readonly replica: SimReplicaSet;
  /** For its clock. */
  readonly node: SimProcess;
}

/** The operator sets up the business before the run begins: a far set takes half a second. */
const SET_UP_MS = 3_000;
/** Twice what a bad oscillator is off. */
const CLOCK_PPM_MAX = 1_000;

export class World {
  readonly time: SimTime;
  readonly reached: Reached = new Map();
  readonly sets: readonly SimSet[];
  readonly past: readonly PastMessage[];
  readonly provider: SimProvider;
  readonly reports: SimReports;
  readonly plant: Plant | undefined;
  readonly watch: Watch;
  /** All that faults may happen to. */
  readonly hosts: readonly SimHost[];
  readonly operator: SimHost;
  /** What the operator pays in at the beginning. */
  readonly paid: ReadonlyMap<AccountId, PaidRecord>;
  /** When sets were drained, until the operator was told that they are up again. */
  readonly drained: DrainRecord[] = [];
  /** Ids of the changes of the directory that the operator was told are made. */
  readonly directoryChanges: string[] = [];
  /** Defects that were logged: there should be none. */
  readonly defects: string[] = [];
  /** For debugging: told of every log line. */
  readonly onLog: ((line: string) => void) | undefined;
  /** What the operator does when told to. */
  changeState: (set: SetId, state: SetState) => void = () => undefined;
  readonly #seed: number;
  readonly #ends: (() => void)[] = [];

  constructor(seed: number, options: { readonly plant?: Plant; readonly onLog?: (line: string) => void }) {
    this.#seed = seed;
    this.plant = options.plant;
    this.onLog = options.onLog;
    this.time = new SimTime(this.stream("ties"), -SET_UP_MS);
    this.sets = [...setRegions].map(([id, region]) => this.#createSet(id, region));
    this.paid = planPayments(this.stream("money"));
    this.past = planPast(this.time, this.stream("past"));
    this.provider = new SimProvider({
      time: this.time,
      random: this.stream("provider"),
      reached: this.reached,
      past: this.past,
      onAcknowledged: (record) => this.watch.acknowledged(record),
    });
    this.reports = createSimReports(this.reached);
    this.watch = createWatch(this);
    this.hosts = [
      { name: "edge-1", region: "syd", start: startEdge },
      { name: "edge-2", region: "fra", start: startEdge },
      { name: "worker-1", region: "syd", start: startWorker },
      { name: "worker-2", region: "fra", start: startWorker },
      { name: "connector-1", region: "syd", start: startConnector },
      { name: "connector-2", region: "fra", start: startConnector },
      { name: "projector-1", region: "syd", start: startProjector },
      { name: "projector-2", region: "fra", start: startProjector },
    ].map((role) => new SimHost(this, role));
    this.operator = new SimHost(this, { name: "operator", region: "syd", start: startOperator });
  }

  onEnd(act: () => void): void {
    this.#ends.push(act);
  }

  /** After the run: a signal that somebody listens to, and that never aborts, would keep its whole world for ever. */
  end(): void {
    for (const act of this.#ends) act();
    drainMicrotasks();
  }

  /** Chance for one purpose. */
  stream(purpose: string): Random {
    return seededStream(this.#seed, purpose);
  }

  /** How fast the clocks of a machine run. */
  drawRate(name: string): number {
    const planted = this.plant?.clockRate?.(name);
    if (planted !== undefined) return planted;
    return 1 + between(this.stream(`rate ${name}`), -CLOCK_PPM_MAX, CLOCK_PPM_MAX) / 1e6;
  }

  host(name: string): SimHost | undefined {
    return this.hosts.find((host) => host.name === name);
  }
  set(id: SetId): SimSet | undefined {
    return this.sets.find((set) => set.id === id);
  }
  setOf(message: Parameters<typeof setOfMessage>[0]): SimSet | undefined {
    return this.set(setOfMessage(message));
  }

  logOf(process: SimProcess): Logger {
    const line = <N extends LogEventName>(name: N, fields: LogEvents[N]): void => {
      this.#note(name, fields);
      this.onLog?.(`${this.time.now.toFixed(1)} ${process.name} ${name} ${JSON.stringify(fields)}`);
    };
    return { info: line, error: line };
  }

  #ownerOf(wire: Wire): string {
    return this.hosts.find((host) => host.owns(wire))?.name ?? "operator";
  }

  #createSet(id: SetId, region: string): SimSet {
    const random = this.stream(`set ${id}`);
    const [offsetMs, rate] = [between(random, -400, 400), this.drawRate(id)];
    const node = new SimProcess({ name: id, time: this.time, random, offsetMs, rate });
    const replicationMs = { min: 0.5, max: 6 };
    const replica = createSimReplicaSet({
      name: id,
      clock: node.clock,
      random,
      replicationMs,
      onCommitted: (writes) => this.watch.submits.committed(writes),
      conflictShare: 0.003,
      onTrouble: (what) =>
        reach(this.reached, what === "conflict" ? "a set conflicted with itself" : "a set was not primary any more"),
      acknowledgesEarly: (wire) => this.plant?.acknowledgesEarly?.(this.#ownerOf(wire)) ?? false,
    });
    return { id, region, replica, node };
  }

  #note<N extends LogEventName>(name: N, fields: LogEvents[N]): void {
    const about = fields as { readonly reason?: string; readonly where?: string; readonly error?: string };
    if (name === "writer.ended" && about.reason === "fenced") reach(this.reached, "a writer was fenced");
    if (name === "claim.lease_lost") reach(this.reached, "a lease was lost at a step");
    if (name === "accept.failed_over") reach(this.reached, "an edge used another set");
    if (name === "receipt.unmatched") reach(this.reached, "a receipt was parked");
    if (name === "defect" || name === "claim.poisoned") this.defects.push(`${name}: ${JSON.stringify(about)}`);
  }
}
