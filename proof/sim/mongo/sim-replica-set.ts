/**
 * A MongoDB replica set in memory, on which the real driver of core/store/mongo runs unchanged. One primary with its
 * own log of entries, a point up to which a majority has them, elections that roll back what lies beyond it. Nothing
 * here reads real time or chance: the same clock and random give the same run.
 */
import type { Document, MongoClient } from "mongodb";
import type { Clock } from "#domain/clock.ts";
import type { Random } from "#domain/random.ts";
import type { LoggedWrite } from "./member-log.ts";
import { createSimClient } from "./sim-client.ts";
import { SimTopology } from "./sim-topology.ts";
import type { Wire } from "./wire.ts";

export type Trouble = "conflict" | "not_primary";

export interface SimReplicaSetOptions {
  readonly name: string;
  /** The set's own: `now()` is `$$NOW` and may jump; waiting and the limits of transactions go by the rest. */
  readonly clock: Clock;
  readonly random: Random;
  /** How long until a majority has what the primary wrote, drawn anew for every round of replication. */
  readonly replicationMs: { readonly min: number; readonly max: number };
  /** Told of every write as a majority gets it, in the order of the log, before anybody hears of it. */
  readonly onCommitted?: (writes: readonly LoggedWrite[]) => void;
  /** Of the writes in transactions: those that conflict with nobody we know of, as under load now and then. */
  readonly conflictShare?: number;
  /** Told of what nobody asked for. */
  readonly onTrouble?: (what: Trouble) => void;
  /** Planted bug: majority writes over this wire answer before a majority has them. */
  readonly acknowledgesEarly?: (wire: Wire) => boolean;
}

export interface ElectionFault {
  /** `killed`: its connections break. `stepped_down`: it answers what is under way with errors first. */
  readonly how: "killed" | "stepped_down";
  /** How long there is no primary. 3,000 is an election; 60,000 a set that is away. */
  readonly awayMs: number;
  /** The part, 0 to 1, of the entries that no majority had which the next primary has; the rest is rolled back. */
  readonly survives: number;
}

export interface IsolationFault extends Omit<ElectionFault, "how"> {
  /** The wires that go on talking to the old primary, until `heal`. The others are cut off from it at once. */
  readonly stays: (wire: Wire) => boolean;
}

/** What a fault did; entries are single writes and whole transactions. */
export interface FaultEffect {
  /** False: there was no primary to take away, and nothing was done. */
  readonly happened: boolean;
  readonly survived: number;
  readonly rolledBack: number;
  readonly abortedTransactions: number;
}

export interface SimReplicaSet {
  readonly name: string;
  /** A MongoClient, as far as our driver uses one, over this wire. Every process has its own. */
  connect(wire: Wire): MongoClient;
  /** Takes the primary away; another is elected after `awayMs`. */
  elect(fault: ElectionFault): FaultEffect;
  /** The primary is cut off from the others, who elect another; some wires still reach it. One at a time. */
  isolatePrimary(fault: IsolationFault): FaultEffect;
  /** Ends the isolation: what the old primary wrote since then is thrown away, and those who wait there hear errors. */
  heal(): { readonly thrownAway: number };
  /** Majority writes hang, and majority reads stand still, until `resumeReplication`. */
  stallReplication(): void;
  resumeReplication(): void;
  readonly hasPrimary: boolean;
  /** What is on a majority now, in the order of ids. */
  committed(collection: string): readonly Document[];
  /** Names of collections that exist now. */
  collections(): readonly string[];
}

/** Comes with what setupMongoSchema leaves behind, by the set's clock. */
export function createSimReplicaSet(options: SimReplicaSetOptions): SimReplicaSet {
  const topology = new SimTopology(options);
  return {
    name: options.name,
    connect: (wire) => createSimClient(topology, wire),
    elect: (fault) => topology.elect(fault),
    isolatePrimary: (fault) => topology.isolatePrimary(fault),
    heal: () => topology.heal(),
    stallReplication: () => topology.stallReplication(true),
    resumeReplication: () => topology.stallReplication(false),
    get hasPrimary() {
      return topology.hasPrimary;
    },
    committed: (collection) => topology.committed(collection),
    collections: () => topology.collections(),
  };
}
