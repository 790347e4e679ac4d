/**
 * The connections to one provider: as many as there are requests at once, kept for a while, opened anew when there is
 * none. connecting → up → waiting → connecting …; stopped at the end. It is up once a connection could be made, and
 * until one could not: then it tries by itself, with back-off, and lets nothing go meanwhile.
 */
import type { Buffer } from "node:buffer";
import { isDeepStrictEqual } from "node:util";
import { openSocket, SocketError } from "#core/net/open-socket.ts";
import type { Clock } from "#domain/clock.ts";
import type { Logger } from "#domain/log.ts";
import type { Random } from "#domain/random.ts";
import { backOffMs } from "../back-off.ts";
import type { ConnectorHealth } from "../connector.ts";
import { type ExchangeResult, HttpConnection } from "./http-connection.ts";
import type { HttpSettings } from "./settings.ts";

interface HttpLinkOptions {
  readonly settings: HttpSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** It is up or down. */
  readonly onChange: () => void;
}

/** Only one link of a provider is told of in the log. */
const BIND = 0;

export class HttpLink {
  readonly #options: HttpLinkOptions;
  #settings: HttpSettings;
  readonly #stopping = new AbortController();
  readonly #idle: HttpConnection[] = [];
  readonly #open = new Set<HttpConnection>();
  #phase: "up" | "connecting" | "waiting" = "connecting";
  #reconnecting: Promise<void>;

  /** Starts at once. */
  constructor(options: HttpLinkOptions) {
    this.#options = options;
    this.#settings = options.settings;
    this.#reconnecting = this.#reconnect(0);
  }

  /** Connections to elsewhere are closed once they are idle. */
  configure(settings: HttpSettings): void {
    const before = this.#settings;
    this.#settings = settings;
    if (isDeepStrictEqual([before.url, before.tls], [settings.url, settings.tls])) return;
    for (const connection of this.#open) connection.retire();
    for (const connection of this.#idle.splice(0)) connection.close();
  }

  get health(): ConnectorHealth {
    if (this.#stopping.signal.aborted || this.#phase === "waiting") return "down";
    return this.#phase === "up" ? "bound" : "connecting";
  }

  /**
   * Never rejects. `mayWrite` is asked right before the one write of the request; not_sent: no octet of it was written.
   */
  async exchange(
    request: Buffer,
    mayWrite: () => boolean,
  ): Promise<ExchangeResult | { readonly type: "not_sent"; readonly reason: "not_bound" | "aborted" }> {
    const connection = this.#takeIdle() ?? (await this.#connect());
    if (connection instanceof SocketError) {
      if (this.#phase === "up") this.#reconnecting = this.#reconnect(1, connection.code);
      return { type: "not_sent", reason: "not_bound" };
    }
    if (!mayWrite()) {
      this.#keep(connection);
      return { type: "not_sent", reason: "aborted" };
    }
    const result = await connection.exchange(request, this.#settings.responseTimeoutMs);
    this.#keep(connection);
    return result;
  }

  /** Closes what is idle at once; what is in use has to be waited for by the caller. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#reconnecting;
    for (const connection of [...this.#open]) connection.close();
  }

  #takeIdle(): HttpConnection | undefined {
    const now = this.#options.clock.monotonic();
    for (let connection = this.#idle.pop(); connection !== undefined; connection = this.#idle.pop()) {
      if (connection.isUsable(now)) return connection;
      connection.close();
    }
    return undefined;
  }

  async #connect(): Promise<HttpConnection | SocketError> {
    const { clock } = this.#options;
    const settings = this.#settings;
    const { host, port, secure } = settings.url;
    const tls = secure ? (settings.tls ?? {}) : undefined;
    const { connectTimeoutMs } = settings;
    const socket = await openSocket({ host, port, tls, clock, connectTimeoutMs, signal: this.#stopping.signal });
    if (socket instanceof SocketError) return socket;
    const connection: HttpConnection = new HttpConnection(socket, clock, () => this.#forget(connection));
    this.#open.add(connection);
    return connection;
  }

  #keep(connection: HttpConnection): void {
    const now = this.#options.clock.monotonic();
    connection.idleUntil(now + this.#settings.idleMs);
    if (connection.isUsable(now) && !this.#stopping.signal.aborted) this.#idle.push(connection);
    else connection.close();
  }

  #forget(connection: HttpConnection): void {
    this.#open.delete(connection);
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
  }

  /** Until a connection can be made. `failures` so far. */
  async #reconnect(failures: number, code?: SocketError["code"]): Promise<void> {
    const { clock, random, log } = this.#options;
    const { signal } = this.#stopping;
    const { provider } = this.#settings;
    if (code !== undefined) log.error("link.lost", { provider, bind: BIND, reason: code });
    for (let failed = failures; !signal.aborted; ) {
      if (failed > 0) {
        const { reconnectMinMs: minMs, reconnectMaxMs: maxMs } = this.#settings;
        this.#enter("waiting");
        await clock.sleep(backOffMs({ minMs, maxMs, failures: failed, fraction: random.fraction() }), signal);
        if (signal.aborted) return;
        this.#enter("connecting");
      }
      const connection = await this.#connect();
      if (!(connection instanceof SocketError)) {
        this.#keep(connection);
        log.info("link.bound", { provider, bind: BIND });
        this.#enter("up");
        return;
      }
      failed += 1;
      if (connection.code !== "aborted") log.error("link.lost", { provider, bind: BIND, reason: connection.code });
    }
  }

  #enter(phase: "up" | "connecting" | "waiting"): void {
    this.#phase = phase;
    this.#options.onChange();
  }
}
