/**
 * One HTTP/1.1 connection [RFC 9112], for one request at a time. Written here, on a socket, as what the runtime's own
 * client does is not known well enough: it may wait for a connection with the request in hand, and sends a request
 * again when a kept connection broke, which would be a silent double. Here one write is one request, and a connection
 * is never used for a second one unless the answer to the first was read to its end.
 */
import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { HTTPParser } from "http-parser-js";
import type { Clock } from "#domain/clock.ts";
import type { HttpAnswer } from "./judge-answer.ts";

/** What a provider answers to one message; more of it is not read, and leaves the segment in doubt. */
const HEAD_BYTES_MAX = 32_768;
const BODY_BYTES_MAX = 65_536;
const SECOND_MS = 1_000;

export interface HttpReply extends HttpAnswer {
  /** Retry-After, where it names seconds. */
  readonly retryAfterMs?: number;
}

export type ExchangeResult =
  | { readonly type: "answered"; readonly reply: HttpReply }
  | { readonly type: "unknown"; readonly reason: "link_lost" | "response_timeout" | "answer_unclear" };

interface Waiting {
  readonly resolve: (result: ExchangeResult) => void;
  readonly timer: { cancel(): void };
}

export class HttpConnection {
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #onEnd: () => void;
  #parser: InstanceType<typeof HTTPParser> | undefined;
  #waiting: Waiting | undefined;
  #status = 0;
  #headers: readonly string[] = [];
  #body: Buffer[] = [];
  #bodyBytes = 0;
  #keep = false;
  #idleUntil = Number.POSITIVE_INFINITY;
  #isOpen = true;
  #isRetired = false;

  /** `onEnd` is called once, when it can be used no more. */
  constructor(socket: Socket, clock: Clock, onEnd: () => void) {
    this.#socket = socket;
    this.#clock = clock;
    this.#onEnd = onEnd;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    socket.on("error", () => this.#end("link_lost"));
    // An answer without a length ends with the connection.
    socket.on("end", () => this.#finish());
    socket.on("close", () => this.#end("link_lost"));
  }

  /** Whether a request may be written: nobody has closed it, as far as is known here. */
  isUsable(now: number): boolean {
    const isFree = this.#isOpen && !this.#isRetired && this.#waiting === undefined;
    return isFree && now < this.#idleUntil && this.#socket.writable;
  }

  /** Writes at once, all of it in one call. Never rejects; only for a connection that `isUsable`. */
  exchange(request: Buffer, timeoutMs: number): Promise<ExchangeResult> {
    if (this.#waiting !== undefined) throw new Error("Cannot send a request as another is not answered");
    this.#begin();
    return new Promise((resolve) => {
      const timer = this.#clock.after(timeoutMs, () => this.#end("response_timeout"));
      this.#waiting = { resolve, timer };
      this.#socket.write(request);
    });
  }

  /** From when on no request is written to it any more. The earliest counts. */
  idleUntil(at: number): void {
    this.#idleUntil = Math.min(this.#idleUntil, at);
  }

  /** What it is asked now is the last. */
  retire(): void {
    this.#isRetired = true;
  }

  close(): void {
    this.#end("link_lost");
  }

  #begin(): void {
    this.#headers = [];
    this.#body = [];
    this.#bodyBytes = 0;
    this.#idleUntil = Number.POSITIVE_INFINITY;
    const parser = new HTTPParser(HTTPParser.RESPONSE);
    parser.maxHeaderSize = HEAD_BYTES_MAX;
    // Headers that came in several reads are told in pieces.
    parser[HTTPParser.kOnHeaders] = (headers) => {
      this.#headers = [...this.#headers, ...headers];
    };
    parser[HTTPParser.kOnHeadersComplete] = ({ statusCode, headers, shouldKeepAlive }) => {
      this.#status = statusCode;
      if (headers !== undefined) this.#headers = [...this.#headers, ...headers];
      this.#keep = shouldKeepAlive;
    };
    parser[HTTPParser.kOnBody] = (chunk, offset, length) => {
      this.#bodyBytes += length;
      if (this.#bodyBytes <= BODY_BYTES_MAX) this.#body.push(chunk.subarray(offset, offset + length));
    };
    parser[HTTPParser.kOnMessageComplete] = () => this.#complete();
    this.#parser = parser;
  }

  #read(chunk: Buffer): void {
    // Nobody asked: what it means is not known, and no request goes this way.
    if (this.#waiting === undefined || this.#parser === undefined) {
      this.#end("link_lost");
      return;
    }
    const read = this.#parser.execute(chunk);
    if (read instanceof Error || this.#bodyBytes > BODY_BYTES_MAX) this.#end("answer_unclear");
  }

  #finish(): void {
    this.#keep = false;
    if (this.#waiting !== undefined) this.#parser?.finish();
    this.#end("link_lost");
  }

  #complete(): void {
    // 100 and its like come before the answer [RFC 9110 §15.2].
    if (this.#status < 200) {
      this.#headers = [];
      return;
    }
    if (this.#bodyBytes > BODY_BYTES_MAX) {
      this.#end("answer_unclear");
      return;
    }
    const body = Buffer.concat(this.#body).toString("utf8");
    const retryAfter = Number(this.#header("retry-after"));
    const retryAfterMs = Number.isFinite(retryAfter) && retryAfter > 0 ? retryAfter * SECOND_MS : undefined;
    const kept = /timeout=([0-9]+)/.exec(this.#header("keep-alive") ?? "");
    // It closes then: a request that crosses with that would be in doubt.
    if (kept !== null) this.idleUntil(this.#clock.monotonic() + (Number(kept[1]) - 1) * SECOND_MS);
    this.#settle({
      type: "answered",
      reply: { status: this.#status, body, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) },
    });
    if (!this.#keep) this.#end("link_lost");
  }

  #header(name: string): string | undefined {
    const at = this.#headers.findIndex((header, i) => i % 2 === 0 && header.toLowerCase() === name);
    return at < 0 ? undefined : this.#headers[at + 1];
  }

  #settle(result: ExchangeResult): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    this.#waiting = undefined;
    this.#parser = undefined;
    waiting.timer.cancel();
    waiting.resolve(result);
  }

  #end(reason: "link_lost" | "response_timeout" | "answer_unclear"): void {
    this.#settle({ type: "unknown", reason });
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#socket.destroy();
    this.#onEnd();
  }
}
