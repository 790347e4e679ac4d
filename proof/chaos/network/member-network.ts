/**
 * The network between the members of the sets and everybody who talks to them: a TCP proxy before each member, whose
 * port is the only one that the set's configuration names. What one end sends another can be held back (packets that
 * get lost, until TCP sends them again) or come late, in each direction by itself. A member connects to its peers
 * through it, too. It listens on 127.0.0.1 and connects only there.
 *
 * It finds out which process is behind a connection only while there are rules, and for many at once: a look costs
 * 20 ms, in which nothing passes.
 */
import { createConnection, createServer, type Server, type Socket } from "node:net";
import type { Clock } from "#domain/clock.ts";
import { type Direction, delayedPipe } from "#testkit/delayed-pipe.ts";
import { freePorts } from "#testkit/ports.ts";
import { findProcesses } from "./find-processes.ts";

/** A member such as "syd1/0", or a process such as "worker-2". */
export type End = string;

export interface MemberNetwork extends AsyncDisposable {
  /** Opens a proxy before each of these members and returns their ports. */
  advertise(set: string, ports: readonly number[]): Promise<readonly number[]>;
  /** From now on nothing that `from` sends arrives at `to`; nobody is told. */
  hold(from: End, to: End): void;
  /** What `from` sends arrives at `to` so much later. */
  delay(from: End, to: End, delayMs: number): void;
  /** What was forwarded under a delay since the start. */
  readonly delayedBytes: number;
  /** Ends all of it; what was held arrives now, as TCP sends it again. */
  heal(): void;
}

export const memberEnd = (set: string, index: number): End => `${set}/${index}`;

interface Rules {
  readonly held: Set<string>;
  readonly delayMs: Map<string, number>;
  readonly onResume: Set<() => void>;
  delayedBytes: number;
}

interface Connection {
  /** Undefined before somebody had to know. */
  from: End | undefined;
  readonly to: End;
  /** Of the one who connected. */
  readonly port: number;
  readonly client: Socket;
}

/** Nobody whom we started. */
const UNKNOWN: End = "unknown";
/** Connections that come within this time are looked up together; they wait for it. */
const LOOK_UP_MS = 40;
const pair = (from: End, to: End): string => `${from} ${to}`;

interface Names {
  add(connection: Connection): void;
  /** Gives every connection that has none its name. */
  lookUp(): void;
  /** The same, a moment later, for those that come in between too. */
  lookUpSoon(): void;
}

const hasRules = ({ held, delayMs }: Rules): boolean => held.size + delayMs.size > 0;

function resumeAll({ onResume }: Rules): void {
  for (const resume of [...onResume]) resume();
}

function createNames(clock: Clock, rules: Rules, processes: () => ReadonlyMap<End, number>): Names {
  const connections = new Set<Connection>();
  let isDue = false;

  function lookUp(): void {
    const unnamed = [...connections].filter(({ from }) => from === undefined);
    if (unnamed.length === 0) return;
    const names = findProcesses(new Set(unnamed.map(({ port }) => port)), processes());
    for (const connection of unnamed) connection.from = names.get(connection.port) ?? UNKNOWN;
  }

  return {
    add(connection) {
      connections.add(connection);
      connection.client.once("close", () => connections.delete(connection));
    },
    lookUp,
    lookUpSoon() {
      if (isDue || !hasRules(rules)) return;
      isDue = true;
      clock.after(LOOK_UP_MS, () => {
        isDue = false;
        lookUp();
        resumeAll(rules);
      });
    },
  };
}

function directionOf(rules: Rules, connection: Connection, way: "there" | "back"): Direction {
  const key = (from: End): string => (way === "there" ? pair(from, connection.to) : pair(connection.to, from));
  const delayMs = (): number => (connection.from === undefined ? 0 : (rules.delayMs.get(key(connection.from)) ?? 0));
  return {
    delayMs,
    // While there are rules, nobody passes who has no name yet.
    isHeld: () => (connection.from === undefined ? hasRules(rules) : rules.held.has(key(connection.from))),
    onResume: rules.onResume,
    count: (bytes) => {
      if (delayMs() > 0) rules.delayedBytes += bytes;
    },
  };
}

async function listen(port: number, onConnection: (client: Socket) => void): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, onConnection);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen({ port, host: "127.0.0.1" }, resolve);
  await promise;
  return server;
}

/** `processes` tells the ids of all processes that may connect, members too, as they are now. */
export function openMemberNetwork(clock: Clock, processes: () => ReadonlyMap<End, number>): MemberNetwork {
  const rules: Rules = { held: new Set(), delayMs: new Map(), onResume: new Set(), delayedBytes: 0 };
  const names = createNames(clock, rules, processes);
  const servers: Server[] = [];
  const sockets = new Set<Socket>();

  function track(socket: Socket): void {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("error", () => socket.destroy()); // a reset is what a killed process leaves
    socket.once("close", () => sockets.delete(socket));
  }

  function accept(client: Socket, member: { readonly end: End; readonly port: number }): void {
    const connection: Connection = { from: undefined, to: member.end, port: client.remotePort ?? 0, client };
    names.add(connection);
    track(client);
    const upstream = createConnection({ host: "127.0.0.1", port: member.port, allowHalfOpen: true });
    track(upstream);
    const refuse = (): void => void client.resetAndDestroy();
    upstream.once("error", refuse);
    upstream.once("connect", () => {
      upstream.off("error", refuse);
      delayedPipe(client, upstream, directionOf(rules, connection, "there"));
      delayedPipe(upstream, client, directionOf(rules, connection, "back"));
      names.lookUpSoon();
    });
  }

  return {
    async advertise(set, ports) {
      const proxies = await freePorts(ports.length);
      for (const [index, port] of ports.entries()) {
        const end = memberEnd(set, index);
        servers.push(await listen(proxies[index] ?? 0, (client) => accept(client, { end, port })));
      }
      return proxies;
    },
    hold(from, to) {
      names.lookUp();
      rules.held.add(pair(from, to));
    },
    delay(from, to, delayMs) {
      names.lookUp();
      rules.delayMs.set(pair(from, to), delayMs);
    },
    get delayedBytes() {
      return rules.delayedBytes;
    },
    heal() {
      rules.held.clear();
      rules.delayMs.clear();
      resumeAll(rules);
    },
    async [Symbol.asyncDispose]() {
      for (const server of servers) server.close();
      for (const socket of sockets) socket.destroy();
      await Promise.resolve();
    },
  };
}
