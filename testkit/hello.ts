/**
 * One `hello` to one mongod over a socket of its own (OP_MSG, MongoDB wire protocol): what a driver's monitor asks,
 * without a driver's pools and heartbeats, so that asking who is primary costs a millisecond and leaves nothing open.
 * It needs no login.
 */
import { createConnection } from "node:net";
import { BSON } from "mongodb";

const ANSWER_BOUND_MS = 2_000;
const HEADER_BYTES = 16;
/** Header, flag bits and the section kind byte stand before the document. */
const DOCUMENT_OFFSET = 21;
const OP_MSG = 2013;

/** The fields of the answer that we use. Times and terms grow with each election. */
export interface Hello {
  readonly isWritablePrimary: boolean;
  readonly secondary: boolean;
  /** Set and members as the server's own configuration has them; undefined before it has one. */
  readonly setName: string | undefined;
  readonly hosts: readonly string[];
  /** Hex; of two that claim to be primary the later elected has the greater one. */
  readonly electionId: string;
}

/** Asks 127.0.0.1:port; undefined when nobody answers within two seconds. */
export function askHello(port: number): Promise<Hello | undefined> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: "127.0.0.1" });
    let received: Buffer = Buffer.alloc(0);
    const finish = (answer: Hello | undefined): void => {
      clearTimeout(bound);
      socket.destroy();
      resolve(answer);
    };
    const bound = setTimeout(finish, ANSWER_BOUND_MS, undefined);
    socket.on("error", () => finish(undefined));
    socket.on("close", () => finish(undefined));
    socket.on("connect", () => socket.write(request()));
    socket.on("data", (bytes: Buffer) => {
      received = Buffer.concat([received, bytes]);
      if (received.length >= HEADER_BYTES && received.length >= received.readInt32LE(0)) finish(parse(received));
    });
  });
}

function request(): Buffer {
  const document = BSON.serialize({ hello: 1, $db: "admin" });
  const head = Buffer.alloc(DOCUMENT_OFFSET);
  head.writeInt32LE(DOCUMENT_OFFSET + document.length, 0);
  head.writeInt32LE(OP_MSG, 12);
  return Buffer.concat([head, document]);
}

function parse(message: Buffer): Hello | undefined {
  if (message.readInt32LE(12) !== OP_MSG) return undefined;
  const answer = BSON.deserialize(message.subarray(DOCUMENT_OFFSET));
  return {
    isWritablePrimary: answer.isWritablePrimary === true,
    secondary: answer.secondary === true,
    setName: typeof answer.setName === "string" ? answer.setName : undefined,
    hosts: Array.isArray(answer.hosts) ? answer.hosts.map(String) : [],
    electionId: answer.electionId instanceof BSON.ObjectId ? answer.electionId.toHexString() : "",
  };
}
