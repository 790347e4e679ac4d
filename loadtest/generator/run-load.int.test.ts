import { afterEach, describe, expect, test } from "bun:test";
import type { Server } from "bun";
import { indexOfNumber, loadMessage } from "./load-message.ts";
import { type LoadPlan, runLoad } from "./run-load.ts";
import { startLoad } from "./start-load.ts";

const servers: Server<unknown>[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop(true);
});

type Answer = (body: { readonly to: string; readonly text: string }, count: number) => Response | Promise<Response>;

const accept: Answer = ({ to }) => Response.json({ id: `id${to}`, to }, { status: 202 });

function serve(answer: Answer): { readonly plan: LoadPlan; readonly seen: string[] } {
  const seen: string[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const body = (await request.json()) as { readonly to: string; readonly text: string };
      seen.push(body.to);
      return answer(body, seen.length);
    },
  });
  servers.push(server);
  const plan = {
    hostname: "127.0.0.1",
    port: server.port ?? 0,
    apiKey: "key",
    connections: 8,
    firstIndex: 100,
    seconds: 0.5,
    messagesMax: 1_000_000,
    graceMs: 1_000,
  };
  return { plan, seen };
}

describe("closed loop", () => {
  test("keeps every id with the message that it belongs to, and ends at its count", async () => {
    const { plan, seen } = serve(accept);
    const { summary, accepted } = await runLoad({ ...plan, messagesMax: 500 });
    expect(summary).toMatchObject({ sent: 500, statuses: { "202": 500 }, unanswered: 0, nextIndex: 600 });
    expect(new Set(seen).size).toBe(500);
    for (const { index, id } of accepted) expect(id).toBe(`id${loadMessage(index).to}`);
  });

  test("counts every status, and goes on after refusals and closed connections", async () => {
    const { plan } = serve((body, count) => {
      if (count % 10 === 0) return new Response("busy", { status: 503 });
      if (count % 25 === 1) {
        const headers = { connection: "close" };
        return Response.json({ id: `id${body.to}`, to: body.to }, { status: 202, headers });
      }
      return accept(body, count);
    });
    const { summary, accepted } = await runLoad({ ...plan, messagesMax: 300, seconds: 5 });
    expect(summary.sent).toBe(300);
    expect(summary.statuses["503"]).toBeGreaterThan(0);
    expect(summary.firstRefusal).toBe("503 busy");
    expect(Object.values(summary.statuses).reduce((a, b) => a + b, 0) + summary.unanswered).toBe(summary.sent);
    expect(accepted.length).toBe(summary.statuses["202"] ?? 0);
  });
});

test("a request whose connection broke counts as unanswered and is not sent again", async () => {
  let requests = 0;
  using server = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data(socket) {
        requests++;
        socket.end("HTTP/1.1 202 Acc");
      },
    },
  });
  const { plan } = serve(accept);
  const { summary } = await runLoad({ ...plan, port: server.port, connections: 2, messagesMax: 6 });
  expect(summary).toMatchObject({ sent: 6, unanswered: 6, statuses: {} });
  expect(requests).toBe(6);
});

describe("open loop", () => {
  test("sends at its rate, whatever the server does, and counts latency from the due time", async () => {
    const { plan } = serve(async (body, count) => {
      if (count === 50) Bun.sleepSync(200); // the whole server stalls
      return accept(body, count);
    });
    const { summary, accepted } = await runLoad({ ...plan, perSecond: 400 });
    expect(summary).toMatchObject({ sent: 200, unsent: 0, unanswered: 0 });
    // 200 ms at 400/s are 80 requests, of which 8 connections could send 8: the others went late.
    expect(summary.late).toBeGreaterThan(40);
    const slow = accepted.filter(({ dueAt, answeredAt }) => answeredAt - dueAt > 50);
    expect(slow.length).toBeGreaterThan(40);
    for (const { dueAt, sentAt, answeredAt } of accepted) {
      expect(sentAt).toBeGreaterThanOrEqual(dueAt);
      expect(answeredAt).toBeGreaterThanOrEqual(sentAt);
    }
  });

  test("counts what was never sent and never answered", async () => {
    const { plan } = serve(() => new Promise<Response>(() => undefined));
    const { summary } = await runLoad({ ...plan, perSecond: 100, graceMs: 100 });
    expect(summary).toMatchObject({ sent: 8, unanswered: 8, unsent: 42, statuses: {} });
  });
});

test("the process reports what the function does", async () => {
  const { plan, seen } = serve(accept);
  const { summary, accepted } = await startLoad({ ...plan, messagesMax: 2_500 }).report;
  expect(accepted.length).toBe(summary.statuses["202"] ?? 0);
  expect(new Set(seen.map(indexOfNumber))).toEqual(new Set(accepted.map(({ index }) => index)));
  expect(summary.cpuSeconds).toBeGreaterThan(0);
});
