/**
 * One customer's program: sends requests and asks for statuses, and writes down each operation with what it was
 * answered. It believes a 202 and nothing else.
 */
import { z } from "zod";
import type { MessageClass } from "#domain/lane.ts";
import type { RunFolder } from "../recorder/run-folder.ts";
import type { ChaosAccount } from "../stack/chaos-accounts.ts";

export interface SendRequest {
  readonly account: ChaosAccount;
  readonly key: string | null;
  readonly class: MessageClass;
  readonly from: string;
  readonly to: readonly string[];
  readonly text: string;
}

/** `fail`: certainly nothing was sent by this request. `info`: it may have been. */
export type SendAnswer =
  | { readonly type: "ok"; readonly ids: readonly string[]; readonly replayed: boolean }
  | { readonly type: "fail" | "info"; readonly status: number; readonly code: string };

export interface Customer {
  readonly name: string;
  send(request: SendRequest): Promise<SendAnswer>;
  status(account: ChaosAccount, id: string): Promise<void>;
  /** Writes an operation of another kind; `end` says how it ended. */
  begin(operation: object): (end: object) => void;
}

/** A commit that moves on to another set takes up to its two time-outs. */
const ANSWER_MS_MAX = 25_000;
/** What a 503 says when nothing was sent. */
const NOTHING_SENT: ReadonlySet<string> = new Set(["overloaded", "unavailable", "not_ready", "directory_stale"]);

const acceptedSchema = z.union([
  z.object({ messages: z.array(z.object({ id: z.string() })) }),
  z.object({ id: z.string() }),
]);
const problemSchema = z.object({ code: z.string(), ids: z.array(z.string()).optional() });

export function createCustomer(name: string, edgeUrl: string, folder: RunFolder): Customer {
  let operations = 0;

  function begin(operation: object): (end: object) => void {
    operations++;
    const op = operations;
    folder.write("client", { process: name, op, type: "invoke", ...operation });
    return (end) => folder.write("client", { process: name, op, ...end });
  }

  return {
    name,
    begin,
    async send({ account, ...request }) {
      const end = begin({ f: "send", account: account.id, ...request });
      const { key, to, ...fields } = request;
      const answer = await ask(`${edgeUrl}/v1/messages`, account, {
        method: "POST",
        headers: { "content-type": "application/json", ...(key === null ? {} : { "idempotency-key": key }) },
        body: JSON.stringify({ ...fields, to: to.length === 1 ? to[0] : to }),
      });
      const { line, result } = judgeSend(answer);
      end({ ...line, f: "send" });
      return result;
    },
    async status(account, id) {
      const end = begin({ f: "status", account: account.id, id });
      const answer = await ask(`${edgeUrl}/v1/messages/${id}`, account, {});
      const { status, body } = answer;
      if (status === 404) end({ type: "ok", f: "status", status });
      else if (status === 200) end({ type: "ok", f: "status", status, state: stateIn(body), body });
      else end({ type: status === 0 ? "info" : "fail", f: "status", status, code: codeIn(body) });
    },
  };
}

interface HttpAnswer {
  /** 0: none. */
  readonly status: number;
  readonly body: string;
  readonly replayed: boolean;
}

/** Each request has a connection of its own: a kept one that breaks may be tried again behind our back. */
async function ask(url: string, account: ChaosAccount, init: RequestInit): Promise<HttpAnswer> {
  try {
    const response = await fetch(url, {
      ...init,
      keepalive: false,
      headers: { ...init.headers, authorization: `Bearer ${account.apiKey}`, connection: "close" },
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    });
    const replayed = response.headers.get("idempotency-replayed") === "true";
    return { status: response.status, body: await response.text(), replayed };
  } catch {
    return { status: 0, body: "", replayed: false };
  }
}

function judgeSend({ status, body, replayed }: HttpAnswer): { readonly line: object; readonly result: SendAnswer } {
  if (status === 202) {
    const accepted = acceptedSchema.parse(JSON.parse(body));
    const ids = "id" in accepted ? [accepted.id] : accepted.messages.map(({ id }) => id);
    return { line: { type: "ok", status, ids, replayed }, result: { type: "ok", ids, replayed } };
  }
  const { code, ids } = problemIn(body) ?? { code: status === 0 ? "no_answer" : "no_problem", ids: undefined };
  const nothingSent = (status >= 400 && status < 500) || NOTHING_SENT.has(code);
  const type = nothingSent ? "fail" : "info";
  return { line: { type, status, code, ...(ids === undefined ? {} : { ids }) }, result: { type, status, code } };
}

function problemIn(body: string): z.output<typeof problemSchema> | undefined {
  try {
    return problemSchema.parse(JSON.parse(body));
  } catch {
    return undefined;
  }
}

function codeIn(body: string): string {
  return problemIn(body)?.code ?? "no_answer";
}

function stateIn(body: string): string {
  return z.object({ status: z.string() }).parse(JSON.parse(body)).status;
}
