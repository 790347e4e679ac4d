import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Hono } from "hono";
import { silentLogger } from "#domain/log.ts";
import { openTestServers } from "#testkit/servers.ts";
import { questions } from "../questions/questions.ts";
import { openReportsDatabase } from "../reports-database.ts";
import {
  commitAll,
  openTestReports,
  openTestStore,
  projectAll,
  type TestReports,
} from "../testing/open-test-reports.ts";
import { sampleDay } from "../testing/sample-day.ts";
import { sampleId } from "../testing/sample-events.ts";
import { createReportsApp } from "./reports-app.ts";

const TOKEN = "a-token-of-the-tests";
const id = (number: number) => sampleId("syd1", number);
const span = { from: "2026-03-01T00:00:00Z", to: "2026-03-02T00:00:00Z" };
let reports: TestReports;
let app: Hono;
beforeAll(async () => {
  reports = await openTestReports(await openTestServers({ sets: 0, postgres: true }));
  const store = openTestStore();
  await commitAll([store], [sampleDay]);
  await projectAll(reports.database, [store]);
  app = createReportsApp({ database: reports.database, token: TOKEN, log: silentLogger });
}, 120_000);
afterAll(() => reports[Symbol.asyncDispose]());

async function get(path: string, query: Readonly<Record<string, string>> = {}, headers = bearer(TOKEN)) {
  const response = await app.request(`${path}?${new URLSearchParams(query)}`, { headers });
  return { status: response.status, type: response.headers.get("content-type"), body: await response.json() };
}

function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

/** Every question's exact answer about the sample day. */
const answers: Readonly<Record<string, readonly [query: Record<string, string>, rows: readonly object[]]>> = {
  "delivery-rate": [
    span,
    [
      {
        provider: "optus",
        hour: "2026-03-01T10:00:00.000Z",
        messages: 1,
        delivered: 0,
        open: 0,
        delivered_percent: "0.00",
      },
      {
        provider: "telia",
        hour: "2026-03-01T10:00:00.000Z",
        messages: 2,
        delivered: 2,
        open: 0,
        delivered_percent: "100.00",
      },
      {
        provider: "telia",
        hour: "2026-03-01T11:00:00.000Z",
        messages: 1,
        delivered: 0,
        open: 0,
        delivered_percent: "0.00",
      },
    ],
  ],
  latency: [
    span,
    [
      latency("alert", 1, 1, ["100", "100", "100"], ["2000", "2000", "2000"]),
      latency("bulk", 2, 1, ["300", "480", "496"], ["2000", "2000", "2000"]),
      latency("transactional", 1, 0, ["60", "60", "60"], [null, null, null]),
    ],
  ],
  "spend-by-prefix": [
    { account: "acme", day: "2026-03-01" },
    [
      { prefix: "+61", currency: "AUD", messages: 3, segments: 4, spent: "0.180000" },
      { prefix: "+614", currency: "AUD", messages: 1, segments: 1, spent: "0.050000" },
    ],
  ],
  "open-messages": [
    {},
    [
      {
        message_id: id(6),
        account: "zeta",
        class: "transactional",
        status: "accepted",
        provider: null,
        accepted_at: "2026-03-01T10:02:00.000Z",
        doubts: 0,
      },
    ],
  ],
  "segments-in-doubt": [
    span,
    [
      {
        message_id: id(4),
        segment: 1,
        doubted_at: "2026-03-01T11:00:00.090Z",
        provider: "telia",
        reason: "link_lost",
        policy: "resend",
        outcome: "expired",
        outcome_at: "2026-03-01T11:04:00.000Z",
        submits: 2,
      },
    ],
  ],
  replies: [
    { account: "acme", ...span },
    [
      {
        received_at: "2026-03-01T10:05:00.000Z",
        from_number: "+61412345678",
        reply: "yes, do",
        message_id: id(2),
        message_text: "Your parcel\tis \\here\\",
        client_reference: null,
        answered_after_seconds: 240,
      },
    ],
  ],
  "errors-by-provider": [
    span,
    [
      { provider: "optus", outcome: "undelivered", error: "027", segments: 1, last_at: "2026-03-01T10:03:00.000Z" },
      { provider: "telia", outcome: "expired", error: "034", segments: 1, last_at: "2026-03-01T11:04:00.000Z" },
    ],
  ],
  reconciliation: [{ from: span.from }, []],
  "timeline-of-reference": [
    { account: "acme", reference: "order-1" },
    [
      timeline("accepted", "2026-03-01T10:00:00.000Z", null, null, null),
      timeline("routed", "2026-03-01T10:00:00.020Z", "telia", null, null),
      timeline("billed", "2026-03-01T10:00:00.020Z", null, null, null),
      timeline("submitted", "2026-03-01T10:00:00.100Z", "telia", "0", null),
      timeline("delivered", "2026-03-01T10:00:02.100Z", "telia", "0", "000"),
    ],
  ],
  "traffic-by-class": [
    { ...span, account: "acme" },
    [
      { minute: "2026-03-01T10:00:00.000Z", class: "alert", messages: 1, segments: 1, delivered: 1 },
      { minute: "2026-03-01T10:01:00.000Z", class: "bulk", messages: 1, segments: 1, delivered: 1 },
      { minute: "2026-03-01T10:02:00.000Z", class: "bulk", messages: 1, segments: 1, delivered: 0 },
      { minute: "2026-03-01T11:00:00.000Z", class: "transactional", messages: 1, segments: 2, delivered: 0 },
    ],
  ],
};

type Three = readonly [string | null, string | null, string | null];
function latency(name: string, submitted: number, delivered: number, submit: Three, delivery: Three): object {
  const [submit_p50_ms, submit_p95_ms, submit_p99_ms] = submit;
  const [delivery_p50_ms, delivery_p95_ms, delivery_p99_ms] = delivery;
  const percentiles = {
    submit_p50_ms,
    submit_p95_ms,
    submit_p99_ms,
    delivery_p50_ms,
    delivery_p95_ms,
    delivery_p99_ms,
  };
  return { class: name, submitted, delivered, ...percentiles };
}

function timeline(type: string, at: string, provider: string | null, segment: string | null, detail: string | null) {
  return { message_id: id(1), to_number: "+61412345678", status: "delivered", at, type, provider, segment, detail };
}

describe("questions", () => {
  test("are listed with their parameters", async () => {
    const { status, body } = await get("/v1/questions");
    expect(status).toBe(200);
    expect(body.questions.map(({ name }: { name: string }) => name)).toEqual(Object.keys(answers));
    expect(body.questions[3].parameters[0]).toMatchObject({ name: "minutes", type: "integer", default: "60" });
  });

  for (const { name } of questions) {
    test(`${name} answers the sample day exactly`, async () => {
      const [query, rows] = answers[name] ?? [{}, []];
      expect(await get(`/v1/questions/${name}`, query)).toMatchObject({
        status: 200,
        body: { rows, truncated: false },
      });
    });
  }

  test("reconciliation shows a planted mismatch", async () => {
    await reports.database.run("UPDATE godwit.rollup_minute SET messages = messages + 1 WHERE class = 'alert'");
    const { body } = await get("/v1/questions/reconciliation", { from: span.from });
    await reports.database.run("UPDATE godwit.rollup_minute SET messages = messages - 1 WHERE class = 'alert'");
    const counts = { accepted: "1", messages: "1", counted: "2" };
    expect(body.rows).toEqual([{ account: "acme", minute: "2026-03-01T10:00:00.000Z", ...counts }]);
  });
});

describe("report server", () => {
  test("a message comes with its segments, replies and timeline", async () => {
    const { status, body } = await get(`/v1/messages/${id(4)}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ message_id: id(4), status: "partially_delivered", doubts: 1, total_micros: "90000" });
    expect(body.segment_details.map(({ outcome }: { outcome: string }) => outcome)).toEqual(["delivered", "expired"]);
    expect(body.timeline).toHaveLength(9);
  });

  test("statistics are sums of the rollup by the groups asked for", async () => {
    const { body } = await get("/v1/statistics", { ...span, group: "account,status", account: "acme" });
    const row = (status: string, messages: string, segments: string, total_micros: string, total: string) => {
      return { account: "acme", status, currency: "AUD", messages, segments, total_micros, total };
    };
    expect(body.rows).toEqual([
      row("delivered", "2", "2", "90000", "0.090000"),
      row("partially_delivered", "1", "2", "90000", "0.090000"),
      row("undelivered", "1", "1", "50000", "0.050000"),
    ]);
    const all = await get("/v1/statistics", { ...span, group: "day" });
    expect(all.body.rows.map(({ messages }: { messages: string }) => messages)).toEqual(["2", "4"]);
  });

  test("every wrong parameter is named in a problem document", async () => {
    const bad = await get("/v1/statistics", { from: "yesterday", group: "colour", extra: "1", account: "NO" });
    expect(bad).toMatchObject({ status: 422, type: "application/problem+json", body: { code: "validation_failed" } });
    const named = bad.body.errors.map(({ parameter }: { parameter: string }) => parameter);
    expect([...new Set(named)].sort()).toEqual(["account", "extra", "from", "group", "to"]);
    expect((await get("/v1/questions/latency", { from: "x" })).status).toBe(422);
    expect((await get(`/v1/messages/${id(1)}`, { a: "1" })).status).toBe(422);
  });

  test("a moment that PostgreSQL does not know is bad input, not a defect", async () => {
    for (const from of ["0000-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00", "2026-03-01T24:00:00Z"]) {
      expect([from, [200, 422].includes((await get("/v1/statistics", { ...span, from })).status)]).toEqual([
        from,
        true,
      ]);
    }
  });

  test("what is not there is 404", async () => {
    for (const path of ["/v1/messages/syd1-nothing", `/v1/messages/${id(99)}`, "/v1/questions/none", "/v1/x", "/x"]) {
      expect(await get(path)).toMatchObject({ status: 404, type: "application/problem+json" });
    }
  });

  test("without the token there is nothing but health", async () => {
    for (const headers of [{}, bearer("wrong"), bearer(`${TOKEN}x`), { authorization: TOKEN }]) {
      for (const path of ["/v1/questions", `/v1/messages/${id(1)}`, "/v1/statistics", "/v1/none"]) {
        const { status, body } = await get(path, {}, headers as Record<string, string>);
        expect([status, body.code]).toEqual([401, "token_invalid"]);
      }
    }
    expect((await get("/livez", {}, {})).status).toBe(200);
    expect((await get("/readyz", {}, {})).status).toBe(200);
    const metrics = await (await app.request("/metrics")).text();
    expect(metrics).toContain('godwit_reports_requests_total{status="401"}');
  });

  test("it runs with an analyst's rights, whoever its own login is", async () => {
    const { rows } = await reports.database.run("SELECT current_user = 'analyst' AS is_analyst");
    expect(rows).toEqual([{ is_analyst: false }]);
    const { asAnalyst } = await import("./as-analyst.ts");
    const read = asAnalyst(reports.database, (select) => select("SELECT * FROM godwit.message", []));
    expect((await read.catch((error) => error)).sqlState).toBe("42501");
  });

  test("PostgreSQL away is 503 with Retry-After, and not ready", async () => {
    const away = openReportsDatabase({ url: "postgres://nobody@127.0.0.1:1/none", connections: 1, name: "test" });
    const dark = createReportsApp({ database: away, token: TOKEN, log: silentLogger });
    const answer = await dark.request(`/v1/messages/${id(1)}`, { headers: bearer(TOKEN) });
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "5"]);
    expect((await dark.request("/readyz")).status).toBe(503);
    await away[Symbol.asyncDispose]();
  });
});
