import { describe, expect, test } from "bun:test";
import { createResponseReader, type HttpResponse } from "./response-reader.ts";

const ACCEPTED = 'HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{"id":"ümm"}';
const CHUNKED =
  "HTTP/1.1 503 Service Unavailable\r\ntransfer-encoding: gzip, chunked\r\n\r\n" +
  '5;x=1\r\n{"a":\r\nB\r\n"0\\r\\n\\r\\n"\r\n1\r\n}\r\n0\r\nt: 1\r\n\r\n';
const EMPTY = "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";

/** Feeds `text` in pieces of `size` bytes, through one buffer that is used again, as a socket's is. */
function read(text: string, size: number): readonly HttpResponse[] {
  const responses: HttpResponse[] = [];
  const reader = createResponseReader((response) => responses.push(response));
  const bytes = Buffer.from(text);
  const shared = Buffer.alloc(size);
  for (let at = 0; at < bytes.length; at += size) {
    const length = bytes.copy(shared, 0, at, at + size);
    reader.push(shared.subarray(0, length));
  }
  shared.fill(0);
  expect(reader.inside).toBe(false);
  return responses;
}

describe("createResponseReader()", () => {
  const accepted = { status: 202, closes: false, body: '{"id":"ümm"}' };
  const chunked = { status: 503, closes: false, body: '{"a":"0\\r\\n\\r\\n"}' };
  const empty = { status: 204, closes: true, body: "" };

  test("reads the same, however the bytes are cut", () => {
    const text = ACCEPTED + CHUNKED + EMPTY;
    for (let size = 1; size <= Buffer.byteLength(text); size++) {
      expect(read(text, size)).toEqual([accepted, chunked, empty]);
    }
  });

  test("reads many in one piece, in order, and passes over 100 Continue", () => {
    const one = (id: number): string => `HTTP/1.1 200 OK\r\ncontent-length:1\r\n\r\n${id}`;
    const text = `HTTP/1.1 100 Continue\r\n\r\n${one(1)}${one(2)}${one(3)}`;
    expect(read(text, text.length).map(({ body }) => body)).toEqual(["1", "2", "3"]);
  });

  test("knows that a response has begun", () => {
    const reader = createResponseReader(() => undefined);
    expect(reader.inside).toBe(false);
    reader.push(Buffer.from(ACCEPTED.slice(0, -1)));
    expect(reader.inside).toBe(true);
  });

  const wrong = {
    "what is not HTTP": "SSH-2.0-OpenSSH\r\n\r\n",
    "no length": "HTTP/1.1 200 OK\r\n\r\n",
    "a length that is none": "HTTP/1.1 200 OK\r\ncontent-length: 1, 1\r\n\r\n",
    "a chunk size that is none": "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n",
    "a chunk longer than it said": "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nabc\r\n",
    "a head without end": `HTTP/1.1 200 OK\r\nx: ${"y".repeat(70_000)}`,
  };
  for (const [name, text] of Object.entries(wrong)) {
    test(`refuses ${name}`, () => {
      const reader = createResponseReader(() => undefined);
      expect(() => reader.push(Buffer.from(text))).toThrow();
    });
  }
});
