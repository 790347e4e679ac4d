/**
 * The socket that customers bind to. A connection is counted from its first octet until it has bound or gone; a good
 * bind makes it one of its account's, and every request after that is served as serve-requests.ts says. Port scanners,
 * garbage and slow writers meet the bounds of the gate and of the session, and cost nothing else.
 */
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { SMPP_WINDOW_MAX, SYSTEM_ID_CHARS_MAX } from "#core/directory/smpp-account.ts";
import { type Pdu, Status } from "#core/smpp/pdu.ts";
import { Session } from "#core/smpp/session.ts";
import type { Answer } from "#core/smpp/session-options.ts";
import type { AddressLists } from "./address-lists.ts";
import type { BindGuard } from "./bind-guard.ts";
import type { BoundAccounts } from "./bound-accounts.ts";
import type { ConnectionGate, Visit } from "./connection-gate.ts";
import { type BindRefusal, type BindVerdict, judgeBind, proofOf, statusOfRefusal } from "./judge-bind.ts";
import { type ServeDeps, serveRequest } from "./serve-requests.ts";
import { smppStatus } from "./status.ts";

export interface SmppServerOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** PEM. Absent: plain TCP. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** From connect to a good bind. */
  readonly bindTimeoutMs: number;
  /** Silence before we ask whether the customer is there. */
  readonly enquireLinkMs: number;
  readonly serve: ServeDeps;
  readonly gate: ConnectionGate;
  readonly guard: BindGuard;
  readonly lists: AddressLists;
  readonly bound: BoundAccounts;
  /** A bind came, went, or has room again. */
  readonly onChange: () => void;
}

export interface SmppServer extends AsyncDisposable {
  readonly port: number;
}

/** For the answer to a receipt or reply: customers write them to a database of their own first. */
const RESPONSE_TIMEOUT_MS = 30_000;
/** The customer has as long to show life once we have asked. */
const ENQUIRE_LINK_TIMEOUT_MS = 15_000;
/** Requests of one connection in work, in windows: past them nothing more is read. The window itself answers first. */
const IN_HAND_WINDOWS = 2;
const IN_HAND_MIN = 10;
/** Of one connection: enquire_links, and what no customer sends. A thousandth of what one core could answer. */
const CHATTER_PER_SECOND = 500;
/** Of one connection, which is closed then. */
const REFUSED_BINDS_MAX = 3;
/** How often binds are looked at whose credential may have been withdrawn. */
const CREDENTIAL_CHECK_MS = 1_000;
/** Of an account that there is not. */
const NO_LIST: readonly string[] = [];
const OUR_SYSTEM_ID = "GODWIT";
const VERSION_3_4 = 0x34;

/** Listens once it resolves; rejects when it cannot. Disposing refuses what is new, and unbinds every customer. */
export async function openSmppServer(options: SmppServerOptions): Promise<SmppServer> {
  const connections = createConnections(options);
  const server = createListener(options, connections);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(options.port, options.host, resolve);
  await promise;
  // Later errors are of single connections, as when descriptors run out: nobody's reason to stop.
  server.on("error", () => undefined);
  const address = server.address();
  const check = watchCredentials(options);
  return {
    port: typeof address === "object" && address !== null ? address.port : options.port,
    async [Symbol.asyncDispose]() {
      check.cancel();
      const closed = new Promise<void>((done) => server.close(() => done()));
      await connections.closeAll();
      await closed;
    },
  };
}

interface Connections {
  /** Whether it may stay, before a word is said; undefined: it is closed. */
  knock(socket: Socket): Visit | undefined;
  /** What has knocked may speak. */
  open(socket: Socket, visit: Visit): void;
}

/** With TLS a connection knocks before its handshake, which is work, and may speak after it. */
function createListener({ tls, bindTimeoutMs }: SmppServerOptions, { knock, open }: Connections): Server {
  if (tls === undefined) {
    return createServer((socket) => {
      const visit = knock(socket);
      if (visit !== undefined) open(socket, visit);
    });
  }
  const shaking = new Map<string, Visit>();
  const nameOf = ({ remoteAddress = "", remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;
  const settings = { ...tls, handshakeTimeout: bindTimeoutMs, minVersion: "TLSv1.2" } as const;
  const server = createTlsServer(settings, (socket) => {
    const visit = shaking.get(nameOf(socket));
    shaking.delete(nameOf(socket));
    if (visit === undefined) socket.destroy();
    else open(socket, visit);
  });
  server.on("connection", (socket: Socket) => {
    const name = nameOf(socket);
    const visit = knock(socket);
    if (visit === undefined) return;
    shaking.set(name, visit);
    socket.once("close", () => {
      if (shaking.delete(name)) visit.leave();
    });
  });
  server.on("tlsClientError", (_, socket) => socket.destroy());
  return server;
}

/** Ends binds that could not be made any more. */
function watchCredentials({ serve, bound }: SmppServerOptions): { cancel(): void } {
  const { clock, directory } = serve.edge;
  let timer = clock.after(CREDENTIAL_CHECK_MS, look);
  function look(): void {
    const current = directory.current();
    for (const { session } of current === undefined ? [] : bound.withdrawn(current)) void session.unbind();
    timer = clock.after(CREDENTIAL_CHECK_MS, look);
  }
  return { cancel: () => timer.cancel() };
}

function createConnections(options: SmppServerOptions) {
  const { gate, serve, bound, onChange } = options;
  const { edge, metrics } = serve;
  const sessions = new Set<Session>();

  function knock(socket: Socket): Visit | undefined {
    socket.on("error", () => undefined);
    const turnOut = (): void => {
      metrics.turnedAway();
      socket.destroy();
    };
    const visit = edge.isDraining() ? undefined : gate.enter(addressOf(socket), turnOut);
    if (visit === undefined) turnOut();
    return visit;
  }

  function open(socket: Socket, visit: Visit): void {
    const address = addressOf(socket);
    let isBinding = false;

    async function onRequest(pdu: Pdu): Promise<Answer> {
      const bind = bound.of(session);
      if (bind !== undefined) return serveRequest(serve, bind, pdu);
      // While another one of this connection is being looked at: one that was refused is over, and may be followed.
      if (isBinding) return { status: smppStatus.alreadyBound };
      isBinding = true;
      const answer = await bindSession(options, { session, address, pdu }).finally(() => {
        isBinding = false;
      });
      if (answer !== "silent" && answer.status === smppStatus.ok) {
        visit.welcome();
        visit.leave();
      }
      return answer;
    }

    const session: Session = new Session({
      socket,
      clock: edge.clock,
      role: "smsc",
      window: SMPP_WINDOW_MAX,
      get maxInHand() {
        return inHandMax(options, session);
      },
      chatterPerSecond: CHATTER_PER_SECOND,
      bindTimeoutMs: options.bindTimeoutMs,
      refusedBindsMax: REFUSED_BINDS_MAX,
      responseTimeoutMs: RESPONSE_TIMEOUT_MS,
      enquireLinkMs: options.enquireLinkMs,
      enquireLinkTimeoutMs: ENQUIRE_LINK_TIMEOUT_MS,
      onRequest,
      onSlot: onChange,
    });
    sessions.add(session);
    void session.closed.then(({ reason }) => {
      sessions.delete(session);
      visit.leave();
      const bind = bound.of(session);
      if (bind !== undefined) edge.log.info("customer.unbound", { account: bind.account, reason });
      bound.remove(session);
      onChange();
    });
  }

  return {
    knock,
    open,
    /** Those that have not bound are cut off; the others are told, after what is in flight. */
    async closeAll(): Promise<void> {
      await Promise.all(
        [...sessions].map((session) => (session.state === "open" ? session.destroy() : session.unbind())),
      );
    },
  };
}

function inHandMax({ bound, serve }: SmppServerOptions, session: Session): number {
  const account = bound.of(session)?.account;
  const smpp = account && serve.edge.directory.current()?.account(account)?.smpp;
  return Math.max(IN_HAND_MIN, IN_HAND_WINDOWS * (smpp?.window ?? 0));
}

/** One that has gone before we looked has none. */
const addressOf = ({ remoteAddress = "" }: Socket): string => remoteAddress;

interface Binding {
  readonly session: Session;
  readonly address: string;
  readonly pdu: Pdu;
}

async function bindSession(options: SmppServerOptions, binding: Binding): Promise<Answer> {
  const { session, pdu } = binding;
  const { bound, serve } = options;
  const { edge, metrics } = serve;
  const refuse = (reason: BindRefusal): Answer => {
    metrics.bindEnded(reason);
    edge.log.info("customer.refused", { reason });
    return { status: statusOfRefusal[reason] };
  };
  const verdict = await judgeInTurn(options, binding);
  // It has gone meanwhile: nobody would ever take the bind off the account again.
  if (session.state !== "open") return "silent";
  if (verdict.type === "refused") return refuse(verdict.reason);
  const { account, smpp } = verdict;
  const bind = bound.add(session, account, smpp);
  if (bind === undefined) return refuse("too_many_binds");
  metrics.bindEnded("bound");
  edge.log.info("customer.bound", { account: account.id, bound: pdu.command, binds: bound.countOf(account.id) });
  const isModern = (pdu.fields.interface_version ?? 0) >= VERSION_3_4;
  const fields = { system_id: OUR_SYSTEM_ID, ...(isModern && { sc_interface_version: VERSION_3_4 }) };
  return { status: Status.ok, fields };
}

async function judgeInTurn(options: SmppServerOptions, { session, address, pdu }: Binding): Promise<BindVerdict> {
  const { guard, lists } = options;
  const { directory } = options.serve.edge;
  const { system_id: systemId = "" } = pdu.fields;
  const smpp = directory.current()?.accountOfSystemId(systemId)?.smpp;
  const knock = {
    ...{ address, systemId: systemId.slice(0, SYSTEM_ID_CHARS_MAX + 1) },
    isListed: lists.isListed(smpp?.allowedIps ?? NO_LIST, address),
    isGone: () => session.state !== "open",
  };
  const judged = await guard.inTurn(knock, async () => {
    const verdict = await judgeBind(pdu.fields, { directory: directory.current(), address, lists });
    return { verdict, proof: proofOf(verdict) };
  });
  return judged === "late" ? { type: "refused", reason: "too_many_guesses" } : judged.verdict;
}
