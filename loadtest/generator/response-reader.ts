/**
 * Reads HTTP/1.1 responses off one keep-alive connection: bytes in, in pieces of any size, whole responses out, in
 * order (RFC 9112 §6: no body for 1xx, 204 and 304; chunked; content-length). A response without either length would
 * end with the connection: no server of ours sends one, so it is an error like any other text that is not HTTP.
 */

export interface HttpResponse {
  readonly status: number;
  readonly body: string;
  /** The server will close the connection after it. */
  readonly closes: boolean;
}

export interface ResponseReader {
  /** Takes the next bytes off the socket; they are not kept by reference. Throws HttpReadError. */
  push(bytes: Uint8Array): void;
  /** True while a response has begun and not ended. */
  readonly inside: boolean;
}

class HttpReadError extends Error {
  readonly code = "http_unreadable";
  readonly retryable = false;
}

const HEADERS = {
  connection: headerPattern("connection"),
  "content-length": headerPattern("content-length"),
  "transfer-encoding": headerPattern("transfer-encoding"),
} as const;
const HEAD_END = "\r\n\r\n";
/** Ours are some 300 bytes; more is not one of our servers. */
const HEAD_BYTES_MAX = 64 * 1024;
const BODY_BYTES_MAX = 16 * 1024 * 1024;

/** Where the body ends: that of chunked is known only as it comes. */
type Framing = { readonly type: "length"; readonly bytes: number } | { readonly type: "chunked" };

interface Head {
  readonly status: number;
  readonly closes: boolean;
  readonly framing: Framing;
}

export function createResponseReader(onResponse: (response: HttpResponse) => void): ResponseReader {
  let rest: Buffer = Buffer.alloc(0);
  let head: Head | undefined;

  /** Takes one response off `rest`; false when it is not all there. */
  function takeOne(): boolean {
    if (head === undefined) {
      const end = rest.indexOf(HEAD_END);
      if (end < 0) {
        if (rest.length > HEAD_BYTES_MAX) throw new HttpReadError(`A head of more than ${HEAD_BYTES_MAX} bytes`);
        return false;
      }
      head = parseHead(rest.toString("latin1", 0, end));
      rest = rest.subarray(end + HEAD_END.length);
    }
    const body = head.framing.type === "chunked" ? takeChunked(rest) : takeLength(rest, head.framing.bytes);
    if (body === undefined) {
      if (rest.length > BODY_BYTES_MAX) throw new HttpReadError(`A body of more than ${BODY_BYTES_MAX} bytes`);
      return false;
    }
    rest = body.rest;
    const { status, closes } = head;
    head = undefined;
    if (status >= 200) onResponse({ status, closes, body: body.text });
    return true;
  }

  return {
    get inside() {
      return head !== undefined || rest.length > 0;
    },
    push(bytes) {
      const next = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      rest = rest.length === 0 ? next : Buffer.concat([rest, next]);
      while (rest.length > 0 && takeOne());
      // What is left shares memory with what the socket read into, and that is used again.
      if (rest.length > 0) rest = Buffer.from(rest);
    },
  };
}

function headerPattern(name: string): RegExp {
  return new RegExp(`\\r\\n${name}:[ \\t]*([^\\r]*?)[ \\t]*(?:\\r|$)`, "i");
}

function parseHead(text: string): Head {
  const status = /^HTTP\/1\.[01] ([1-5]\d\d)(?: |\r|$)/.exec(text)?.[1];
  if (status === undefined) throw new HttpReadError(`Not a status line: ${JSON.stringify(text.slice(0, 80))}`);
  return {
    status: Number(status),
    closes: /^close$/i.test(headerOf(text, "connection") ?? ""),
    framing: framingOf(Number(status), text),
  };
}

function framingOf(status: number, text: string): Framing {
  if (status < 200 || status === 204 || status === 304) return { type: "length", bytes: 0 };
  if (/(?:^|,)\s*chunked$/i.test(headerOf(text, "transfer-encoding") ?? "")) return { type: "chunked" };
  const length = headerOf(text, "content-length");
  if (length === undefined || !/^\d{1,9}$/.test(length)) {
    throw new HttpReadError(`A response ${status} without a length that can be read`);
  }
  return { type: "length", bytes: Number(length) };
}

function headerOf(head: string, name: keyof typeof HEADERS): string | undefined {
  return HEADERS[name].exec(head)?.[1];
}

interface Taken {
  readonly text: string;
  readonly rest: Buffer;
}

function takeLength(bytes: Buffer, length: number): Taken | undefined {
  if (bytes.length < length) return undefined;
  return { text: bytes.toString("utf8", 0, length), rest: bytes.subarray(length) };
}

/** chunk-size [;extension] CRLF data CRLF … 0 CRLF trailers CRLF. Starts anew with each piece: ours are small. */
function takeChunked(bytes: Buffer): Taken | undefined {
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd < 0) return undefined;
    const size = /^([0-9a-f]{1,7})[ \t]*(?:;|$)/i.exec(bytes.toString("latin1", at, lineEnd))?.[1];
    if (size === undefined) throw new HttpReadError("Not the size of a chunk");
    const start = lineEnd + 2;
    const end = start + Number.parseInt(size, 16);
    if (start === end) return takeTrailers(parts, bytes, start);
    if (bytes.length < end + 2) return undefined;
    if (bytes.toString("latin1", end, end + 2) !== "\r\n")
      throw new HttpReadError("A chunk that does not end where it said");
    parts.push(bytes.subarray(start, end));
    at = end + 2;
  }
}

function takeTrailers(parts: readonly Buffer[], bytes: Buffer, start: number): Taken | undefined {
  let at = start;
  for (;;) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd < 0) return undefined;
    if (lineEnd === at) return { text: Buffer.concat(parts).toString("utf8"), rest: bytes.subarray(at + 2) };
    at = lineEnd + 2;
  }
}
