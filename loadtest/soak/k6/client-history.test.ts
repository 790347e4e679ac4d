import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requestOf } from "../../scenarios/load-request.ts";
import { type RawLine, rawLineOf } from "../../scenarios/raw-record.ts";
import { type LoadPlan, type LoadStream, streamsOf } from "../load-plan.ts";
import { planSmokePhases } from "../plan-phases.ts";
import { recordBytesMax, writeClientHistory } from "./client-history.ts";

const plan: LoadPlan = {
  seed: 3,
  baseUrl: "http://127.0.0.1:8080",
  accounts: [{ id: "acme", apiKey: "secret", numbers: ["+61491570156"], canary: "heron" }],
  phases: planSmokePhases(200, 10),
  limits: { probeP95Ms: 500, probeP99Ms: 1_000 },
};
const [bulk, probe] = streamsOf(plan) as [LoadStream, LoadStream];
const id = (n: number): string => `syd1-${n.toString().padStart(26, "0")}`;
const HUNDRED = Array.from({ length: 100 }, (_, i) => id(i));

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "godwit-client-history-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

async function write(raw: string) {
  const files = { raw: join(dir, "k6.raw"), client: join(dir, "client.jsonl") };
  writeFileSync(files.raw, raw);
  const history = await writeClientHistory(plan, files);
  const text = readFileSync(files.client, "utf8");
  return {
    history,
    text,
    lines: text
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as object),
  };
}
const rawOf = (...lines: readonly RawLine[]): string => lines.map((line) => `${rawLineOf(line)}\n`).join("");

test("a send and its ids become what the plan asked for and what it was answered", async () => {
  const { history, lines, text } = await write(
    rawOf(
      { type: "s", stream: 0, n: 0, at: 1_000 },
      { type: "s", stream: 1, n: 4, at: 1_001 },
      { type: "a", stream: 0, n: 0, at: 1_005, ids: HUNDRED },
      { type: "x", stream: 1, n: 4, at: 1_006, outcome: "i", status: 503, code: "outcome_unknown", ids: [id(7)] },
      { type: "s", stream: 1, n: 5, at: 1_007 },
      { type: "x", stream: 1, n: 5, at: 1_008, outcome: "f", status: 503, code: "overloaded", ids: [] },
    ),
  );
  const { account: _account, ...request } = requestOf(plan, bulk, 0);
  const sends = { process: "k6-smoke_bulk", op: 1, f: "send" };
  expect(lines[0]).toEqual({ at: 1_000, ...sends, type: "invoke", account: "acme", key: null, ...request });
  expect(lines[2]).toEqual({ at: 1_006, ...sends, type: "ok", status: 202, ids: HUNDRED, replayed: false });
  expect(lines[3]).toMatchObject({
    process: "k6-smoke_probe",
    op: 5,
    type: "info",
    code: "outcome_unknown",
    ids: [id(7)],
  });
  expect(lines[5]).toMatchObject({ op: 6, type: "fail", status: 503, code: "overloaded" });
  expect(history).toMatchObject({ acceptedMessages: 100, sends: 3, failedMessages: 2, withoutEnd: 0, unreadable: 0 });
  expect(history.failures).toEqual(
    new Map([
      ["outcome_unknown", 1],
      ["overloaded", 1],
    ]),
  );
  expect(text).not.toContain("secret");
});

test("a status read keeps the whole answer; a 404 is an answer, none is not", async () => {
  const read = (n: number, status: number, word: string, body: string): string =>
    rawOf(
      { type: "q", stream: 1, n, at: n, account: 0, id: id(n) },
      { type: "r", stream: 1, n, at: n, status, word, body },
    );
  const { history, lines } = await write(
    read(1, 200, "delivered", '{"id":"x"}') + read(2, 404, "not_found", "") + read(3, 0, "none", ""),
  );
  expect(lines[0]).toEqual({
    at: 1,
    process: "k6-smoke_probe",
    op: 2,
    type: "invoke",
    f: "status",
    account: "acme",
    id: id(1),
  });
  expect(lines[1]).toMatchObject({ f: "status", type: "ok", status: 200, state: "delivered", body: '{"id":"x"}' });
  expect(lines[3]).toMatchObject({ type: "ok", status: 404 });
  expect(lines[5]).toMatchObject({ type: "info", status: 0 });
  expect(history).toMatchObject({ statusReads: 3, sends: 0, withoutEnd: 0 });
});

test("a record that was cut anywhere says nothing that is not true", async () => {
  const raw = rawOf({ type: "s", stream: 0, n: 0, at: 1_000 }, { type: "a", stream: 0, n: 0, at: 1_005, ids: HUNDRED });
  for (let length = 0; length < raw.length; length += 13) {
    const { history } = await write(raw.slice(0, length));
    expect(history.acceptedMessages).toBe(0);
    expect(history.unreadable).toBeLessThanOrEqual(1);
    expect(history.withoutEnd).toBe(length > raw.indexOf("\n") ? 1 : 0);
  }
  // A full disk cuts a line in the middle of the file too: its ids are not believed.
  const { history } = await write(`${raw.slice(0, -id(0).length * 3)}${raw}`);
  expect(history).toMatchObject({ unreadable: 1, acceptedMessages: 100 });
});

test("a client that recorded nothing leaves an empty history", async () => {
  const { history, text } = await write("");
  expect(text).toBe("");
  expect(history.sends).toBe(0);
});

test("recordBytesMax() is no less than a whole run's record", async () => {
  let raw = "";
  for (let n = 0; n < 10; n++) {
    raw += rawOf(
      { type: "s", stream: bulk.index, n, at: 1e12 },
      { type: "a", stream: bulk.index, n, at: 1e12, ids: HUNDRED },
    );
  }
  for (let n = 0; n < probe.rate.perUnit * 10; n++) {
    raw += rawOf({ type: "s", stream: 1, n, at: 1e12 }, { type: "a", stream: 1, n, at: 1e12, ids: [id(n)] });
  }
  const { text } = await write(raw);
  const most = recordBytesMax(plan);
  expect(Buffer.byteLength(raw)).toBeLessThanOrEqual(most.raw);
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(most.client);
  const [aLine] = text.split("\n").filter((line) => line.includes('"f":"send"') && line.includes("smoke_bulk"));
  expect(Buffer.byteLength(aLine ?? "")).toBeGreaterThan(100);
});
