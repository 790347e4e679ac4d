/**
 * The part of a MongoClient that our driver uses, over a wire to a simulated set. What the real one does by itself it
 * does too: a read that failed is tried once more, write concerns come from the client.
 */
import {
  type Document,
  type Long,
  type MongoClient,
  MongoNetworkError,
  MongoNotConnectedError,
  MongoServerError,
} from "mongodb";
import { ChangeStreams } from "./change-streams.ts";
import { serverError } from "./driver-errors.ts";
import type { Asker, Primary } from "./primary.ts";
import { SimCollection } from "./sim-collection.ts";
import { type Fields, notModelled } from "./sim-document.ts";
import { SimSession } from "./sim-session.ts";
import type { SimTopology } from "./sim-topology.ts";
import type { Wire } from "./wire.ts";

/** Codes of answers after which the driver reads once more: those of sets that change their primary. */
const RETRYABLE_READ = new Set<unknown>([6, 7, 89, 91, 134, 189, 262, 9001, 10_107, 11_600, 11_602, 13_435, 13_436]);

/** How the parts of a client reach the primary. */
export interface Sender {
  send<T>(run: (primary: Primary, asker: Asker) => T | Promise<T>, options?: { readonly isCommit: true }): Promise<T>;
  /** Once more if that may help. */
  sendRead<T>(run: (primary: Primary, asker: Asker) => T | Promise<T>): Promise<T>;
}

export function createSimClient(topology: SimTopology, wire: Wire): MongoClient {
  let isClosed = false;
  let sessions = 0;
  const clientNumber = topology.nextClient();
  const send: Sender["send"] = async (run, options) => {
    if (isClosed) throw new MongoNotConnectedError("Client must be connected before running operations");
    const asker = options?.isCommit === true ? { wire, isCommit: true } : { wire };
    return wire.call(() => topology.serve(wire, (primary) => run(primary, asker)));
  };
  const sender: Sender = {
    send,
    sendRead: (run) =>
      send(run).catch((error: unknown) => {
        const mayHelp = error instanceof MongoNetworkError;
        if (mayHelp || (error instanceof MongoServerError && RETRYABLE_READ.has(error.code))) return send(run);
        throw error;
      }),
  };
  const client = {
    db: (name: string) => createSimDb(topology, sender, name),
    connect: async () => client,
    close: async () => {
      isClosed = true;
    },
    startSession: () => new SimSession(sender, `${clientNumber}.${++sessions}`),
  };
  // The one place where the simulated client is said to be a real one.
  return client as unknown as MongoClient;
}

function createSimDb(topology: SimTopology, sender: Sender, databaseName: string) {
  const db = {
    databaseName,
    collection: (name: string) => new SimCollection(sender, databaseName, name),
    command: (command: Document) => sender.send((primary, asker) => runCommand(primary, asker, command)),
    admin: () => db,
    listCollections: ({ name }: { readonly name?: string } = {}) => ({
      toArray: () =>
        sender.sendRead(() =>
          topology
            .collections()
            .filter((each) => name === undefined || each === name)
            .map((each) => ({ name: each, type: "collection" })),
        ),
    }),
    // Collections and indexes come at once and are never rolled back: the driver makes them rarely, and ahead of time.
    createCollection: (name: string) =>
      sender.send((primary) => {
        if (primary.log.collections.has(name)) throw serverError(48, "NamespaceExists", `${name} already exists`);
        primary.log.collection(name);
      }),
  };
  return db;
}

const streamsOf = new WeakMap<Primary, ChangeStreams>();

async function runCommand(primary: Primary, asker: Asker, command: Document): Promise<Fields> {
  if (command.hello === 1) return { ok: 1, localTime: primary.now };
  if (command.collMod !== undefined) return { ok: 1 };
  const streams = streamsOf.get(primary) ?? new ChangeStreams(primary);
  streamsOf.set(primary, streams);
  if (command.aggregate !== undefined) return { ...streams.open(command.aggregate, command.pipeline) };
  if (command.getMore !== undefined) return { ...(await streams.more(asker, command.getMore, command.maxTimeMS)) };
  if (command.killCursors !== undefined) {
    streams.kill(command.cursors as readonly Long[]);
    return { ok: 1 };
  }
  return notModelled(`command ${JSON.stringify(command)}`);
}
