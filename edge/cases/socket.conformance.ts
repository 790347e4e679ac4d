/** The edge behind a real socket: what a runtime's own HTTP server adds to, or takes from, what the app does. */
import { connect } from "node:net";
import { createApiKey } from "#core/directory/api-key.ts";
import { putDirectory } from "#core/directory/testing/put-directory.ts";
import { createMemoryStore } from "#core/store/memory/memory-store.ts";
import type { Step } from "#core/store/store.ts";
import { systemClock } from "#domain/clock.ts";
import type { SetId } from "#domain/ids.ts";
import { silentLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import { type Serve, startEdge } from "../start-edge.ts";
import type { Harness } from "./harness.ts";
import { settled } from "./manual-clock.ts";
import { directoryOf, VALID } from "./world.ts";

/** `hold` makes the next commits wait until it resolves; `onStep` is called as one begins. */
async function start(serve: Serve, onCommit: (step: Step) => Promise<undefined> = async () => undefined) {
  const base = { clock: systemClock, random: systemRandom };
  const store = createMemoryStore({ ...base, set: "syd1" as SetId, region: "syd", onCommit });
  const key = await createApiKey("acme1", systemRandom);
  await putDirectory([store], directoryOf(key, await createApiKey("other1", systemRandom)));
  const config = { region: "syd", host: "127.0.0.1", port: 0, drainNoticeMs: 0 };
  const edge = startEdge({ ...base, config, stores: [store], serve, log: silentLogger });
  await settled();
  const url = `http://127.0.0.1:${edge.port}`;
  const headers = { authorization: `Bearer ${key.text}`, "content-type": "application/json" };
  const post = (body: BodyInit, more: Readonly<Record<string, string>> = {}): Promise<Response> => {
    const init = { method: "POST", headers: { ...headers, ...more }, body, duplex: "half" };
    return fetch(`${url}/v1/messages`, init as RequestInit);
  };
  return { edge, url, headers, post };
}

function inPieces(text: string, pieceBytes: number): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  let sent = 0;
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(bytes.slice(sent, sent + pieceBytes));
      sent += pieceBytes;
      if (sent >= bytes.length) controller.close();
    },
  });
}

/** The status, or "cut" when the server closed the connection on a client that was still sending. */
async function statusOf(response: Promise<Response>): Promise<number | "cut"> {
  try {
    const { status, body } = await response;
    await body?.cancel();
    return status;
  } catch {
    return "cut";
  }
}

/** All that comes back to these bytes until the server closes. */
function answerTo(port: number, request: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect(port, "127.0.0.1", () => socket.write(request));
  let answer = "";
  socket.on("data", (bytes) => {
    answer += bytes.toString();
  });
  socket.on("error", reject);
  socket.on("close", () => resolve(answer));
  return promise;
}

export function socketCases({ test, assert }: Harness, serve: Serve): void {
  test("a message goes in over a real socket, whole or in pieces, and can be asked for", async () => {
    const { edge, url, headers, post } = await start(serve);
    for (const body of [JSON.stringify(VALID), inPieces(JSON.stringify(VALID), 10)]) {
      const response = await post(body);
      assert.equal(response.status, 202);
      const { id } = (await response.json()) as { id: string };
      const life = await fetch(`${url}/v1/messages/${id}`, { headers });
      assert.equal(life.status, 200);
      assert.equal(((await life.json()) as { id: string }).id, id);
    }
    const head = await fetch(`${url}/readyz`, { method: "HEAD" });
    assert.equal(head.status, 200);
    await edge[Symbol.asyncDispose]();
  });

  test("one Idempotency-Key over many sockets is one message, and comes back to the letter", async () => {
    const { edge, post } = await start(serve);
    const key = { "idempotency-key": "order-7" };
    const answers = await Promise.all(Array.from({ length: 20 }, () => post(JSON.stringify(VALID), key)));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [202]);
    assert.equal(answers.filter(({ headers }) => headers.get("idempotency-replayed") === "true").length, 19);
    assert.equal(new Set(await Promise.all(answers.map((answer) => answer.text()))).size, 1);
    const other = await post(JSON.stringify({ ...VALID, text: "Another" }), key);
    assert.equal(other.status, 422);
    assert.equal(((await other.json()) as { code: string }).code, "idempotency_key_reused");
    assert.equal(await statusOf(post(JSON.stringify(VALID), { "idempotency-key": "a b" })), 400);
    await edge[Symbol.asyncDispose]();
  });

  test("a balancer's plain check, of HTTP/1.0 and without a host, is told the same", async () => {
    const { edge } = await start(serve);
    const status = async (path: string): Promise<string> => {
      const answer = await answerTo(edge.port, `GET ${path} HTTP/1.0\r\nConnection: close\r\n\r\n`);
      return answer.split("\r\n")[0]?.split(" ")[1] ?? "";
    };
    assert.deepEqual([await status("/readyz"), await status("/livez?a=b"), await status("//x")], ["200", "200", "404"]);
    await edge[Symbol.asyncDispose]();
  });

  test("2 MB are refused, stated or in pieces, and the server goes on", async () => {
    const { edge, post } = await start(serve);
    const large = JSON.stringify({ ...VALID, text: "a".repeat(2_000_000) });
    assert.equal(await statusOf(post(large)), 413);
    assert.ok([413, "cut"].includes(await statusOf(post(inPieces(large, 65_536)))));
    assert.equal(await statusOf(post(JSON.stringify(VALID))), 202);
    await edge[Symbol.asyncDispose]();
  });

  test("stopping answers what is in hand, then refuses connections", async () => {
    const begun = Promise.withResolvers<void>();
    const hold = Promise.withResolvers<undefined>();
    const { edge, url, post } = await start(serve, () => {
      begun.resolve();
      return hold.promise;
    });
    const answer = statusOf(post(JSON.stringify(VALID)));
    await begun.promise;
    const stopped = edge[Symbol.asyncDispose]();
    hold.resolve(undefined);
    assert.equal(await answer, 202);
    await stopped;
    assert.equal(await statusOf(fetch(`${url}/livez`)), "cut");
  });
}
