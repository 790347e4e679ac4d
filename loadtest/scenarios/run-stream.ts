/**
 * What a virtual user of k6 does in one iteration: sends, or reads the status of a message whose 202 it remembers; and
 * writes down when it began and what it was answered (raw-record.ts). Runs in k6 only. Requests are not repeated, by us
 * or by its transport, which tries again only what has no effect or was not sent.
 */
import { scenario } from "k6/execution";
import http, { type RefinedResponse } from "k6/http";
import { Counter, Trend } from "k6/metrics";
import { type LoadAccount, type LoadPlan, type LoadStream, PLAN_VARIABLE, streamsOf } from "../soak/load-plan.ts";
import { dueMs, dueReference, iterationsMax } from "./due-time.ts";
import { FAILED_COUNTER, PROBE_TREND, REQUEST_TIMEOUT_MS } from "./k6-options.ts";
import { requestOf, type StatusRead, statusReadOf } from "./load-request.ts";
import { type RawLine, rawLineOf } from "./raw-record.ts";

export const plan = JSON.parse(__ENV[PLAN_VARIABLE] ?? "") as LoadPlan;

/** Ids that one virtual user remembers for its status reads; k6's users share nothing. */
const IDS_KEPT_MAX = 20;
/** What a 503 says when nothing was sent: docs/INTEGRATE.md. */
const NOTHING_SENT = ["overloaded", "unavailable", "not_ready", "directory_stale"];
const ACCEPTED = http.expectedStatuses(202);
const READ = http.expectedStatuses(200);
const NOT_FOUND = http.expectedStatuses(404);

const streams = new Map(streamsOf(plan).map((stream) => [stream.name, stream]));
const fromDue = new Trend(PROBE_TREND, true);
const failed = new Counter(FAILED_COUNTER);
/** Of this virtual user. */
const remembered: { readonly account: number; readonly id: string }[] = [];

type Text = RefinedResponse<"text">;

interface Iteration {
  readonly stream: LoadStream;
  readonly n: number;
  /** Milliseconds since the epoch. */
  readonly dueAt: number;
}

/** Many recipients in one call. */
export function bulk(): void {
  const iteration = current();
  if (iteration !== undefined) send(iteration);
}

/** One message, or one status read where one is due and there is an id to ask for. */
export function probe(): void {
  const iteration = current();
  if (iteration === undefined) return;
  const read = statusReadOf(plan, iteration.stream, iteration.n);
  const known = read === undefined ? undefined : remembered[Math.floor(read.id * remembered.length)];
  if (read === undefined || known === undefined) send(iteration);
  else readStatus(iteration, known, read);
  fromDue.add(Date.now() - iteration.dueAt);
}

/** k6's exit writes what its metrics came to, for us to read. */
export function handleSummary(data: { readonly metrics: object }): Record<string, string> {
  return { [__ENV.GODWIT_SOAK_SUMMARY ?? "stderr"]: JSON.stringify({ metrics: data.metrics }) };
}

/**
 * Undefined past the end of the plan: on a busy machine k6 ends a scenario late, and what it still begins (two of 127
 * by 80 ms, once) would send to the numbers of the next stream.
 */
function current(): Iteration | undefined {
  const stream = streams.get(scenario.name);
  if (stream === undefined) throw new Error(`The plan has no stream ${scenario.name}`);
  const n = scenario.iterationInTest;
  if (n >= iterationsMax(stream.rate)) return undefined;
  return { stream, n, dueAt: scenario.startTime + dueMs(stream.rate, n) };
}

function send({ stream, n, dueAt }: Iteration): void {
  const { account, to, ...fields } = requestOf(plan, stream, n);
  const body = { ...fields, to: to.length === 1 ? to[0] : to, client_reference: dueReference(dueAt) };
  const at = (): Pick<RawLine, "stream" | "n" | "at"> => ({ stream: stream.index, n, at: Date.now() });
  write({ type: "s", ...at() });
  const response = http.post(`${plan.baseUrl}/v1/messages`, JSON.stringify(body), {
    headers: { ...headersOf(account), "content-type": "application/json" },
    timeout: REQUEST_TIMEOUT_MS,
    responseCallback: ACCEPTED,
    responseType: "text",
    tags: { name: stream.kind === "bulk" ? "send many" : "send one" },
  });
  const ids = response.status === 202 ? acceptedIds(response) : [];
  if (ids.length === to.length) {
    write({ type: "a", ...at(), ids });
    for (const id of ids.slice(0, 1)) remember(account, id);
    return;
  }
  failed.add(1);
  write({ type: "x", ...at(), ...refusalOf(response) });
}

function readStatus(
  { stream, n }: Iteration,
  known: { readonly account: number; readonly id: string },
  { asStranger }: StatusRead,
): void {
  const account = asStranger ? (known.account + 1) % plan.accounts.length : known.account;
  const head = { stream: stream.index, n };
  write({ type: "q", ...head, at: Date.now(), account, id: known.id });
  const response = http.get(`${plan.baseUrl}/v1/messages/${known.id}`, {
    headers: headersOf(account),
    timeout: REQUEST_TIMEOUT_MS,
    responseCallback: asStranger ? NOT_FOUND : READ,
    responseType: "text",
    tags: { name: "read status" },
  });
  const { status } = response;
  if (status !== (asStranger ? 404 : 200)) failed.add(1);
  const fields = fieldsOf(response);
  const word = status === 200 ? textOf(fields.status) : textOf(fields.code);
  const body = status === 200 ? (response.body ?? "") : "";
  write({ type: "r", ...head, at: Date.now(), status, word, body });
}

function headersOf(account: number): Record<string, string> {
  const { apiKey }: Partial<LoadAccount> = plan.accounts[account] ?? {};
  return { authorization: `Bearer ${apiKey ?? ""}` };
}

/** As many as recipients, or the answer is none that we know. */
function acceptedIds(response: Text): readonly string[] {
  const { id, messages } = fieldsOf(response);
  if (typeof id === "string") return [id];
  if (!Array.isArray(messages)) return [];
  return messages.flatMap((message: { readonly id?: unknown }) => (typeof message.id === "string" ? [message.id] : []));
}

/** `f`: certainly nothing was sent by this request. `i`: it may have been. */
function refusalOf(response: Text): {
  readonly outcome: "f" | "i";
  readonly status: number;
  readonly code: string;
  readonly ids: readonly string[];
} {
  const { status } = response;
  const { code: named, ids } = fieldsOf(response);
  const code = typeof named === "string" ? named : status === 0 ? "no_answer" : "no_problem";
  const nothingSent = (status >= 400 && status < 500) || (status === 503 && NOTHING_SENT.includes(code));
  const known = Array.isArray(ids) ? ids.filter((id): id is string => typeof id === "string") : [];
  return { outcome: nothingSent ? "f" : "i", status, code, ids: known };
}

function fieldsOf(response: Text): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(response.body ?? "") as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "none";
}

/** Older ones leave first: reads are of messages of the last minute, in all their states. */
function remember(account: number, id: string): void {
  remembered.push({ account, id });
  if (remembered.length > IDS_KEPT_MAX) remembered.shift();
}

function write(line: RawLine): void {
  console.log(rawLineOf(line));
}
