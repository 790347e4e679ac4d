/**
 * Answers a provider that tells of receipts and replies: 200 once they are durable, so that it may forget them; 503
 * when they are not, so that it comes again; 4xx with a sentence where its request cannot be read, which loses nothing
 * on a provider that tries again, and shows in the log.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Clock } from "#domain/clock.ts";
import type { Logger } from "#domain/log.ts";
import type { CallbackHandler, InboundHandlers } from "../connector.ts";
import { parseReceipts, parseReplies } from "./parse-callback.ts";
import type { HttpSettings } from "./settings.ts";

const METHODS: readonly string[] = ["GET", "POST", "PUT"];

export function createCallbackHandler(
  { provider, callbacks }: Pick<HttpSettings, "provider" | "callbacks">,
  deps: { readonly handlers: InboundHandlers; readonly clock: Clock; readonly log: Logger },
): CallbackHandler {
  const { handlers, clock, log } = deps;
  if (callbacks === undefined) return async () => notFound();
  const { receipts, replies, secret: wanted, answer } = callbacks;

  /** What is to be made durable, or what is wrong with it. */
  function parse(kind: string, values: unknown): readonly (() => Promise<void>)[] | string | undefined {
    if (kind === "receipts" && receipts !== undefined) {
      const parsed = parseReceipts(values, receipts, provider);
      return parsed.type === "wrong" ? parsed.problem : parsed.items.map((item) => () => handlers.onReceipt(item));
    }
    if (kind === "replies" && replies !== undefined) {
      const parsed = parseReplies(values, replies, { provider, receivedAt: clock.now() });
      return parsed.type === "wrong" ? parsed.problem : parsed.items.map((item) => () => handlers.onReply(item));
    }
    return undefined;
  }

  function refuse(kind: string, status: number, problem: string): Response {
    log.error("callback.refused", { provider, kind, status });
    return new Response(`${problem}\n`, { status });
  }

  return async ({ kind, secret, request }) => {
    // As for a provider that there is not: a stranger learns nothing.
    if (!isSame(secret, wanted)) return notFound();
    if (!METHODS.includes(request.method)) return refuse(kind, 405, "Send GET, POST or PUT");
    const values = await readValues(request);
    if (values === undefined) return refuse(kind, 400, "The body is neither JSON nor a form");
    const doing = parse(kind, values);
    if (doing === undefined) return notFound();
    if (typeof doing === "string") return refuse(kind, 422, doing);
    try {
      await Promise.all(doing.map((enqueue) => enqueue()));
    } catch {
      return new Response("Not kept: send it again\n", { status: 503, headers: { "retry-after": "5" } });
    }
    return new Response(answer);
  };
}

function notFound(): Response {
  return new Response("Not found\n", { status: 404 });
}

/** Takes as long wherever they differ. */
function isSame(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}

/** JSON as it is; a form's and a query's fields as one object, of which the last of a name counts. */
async function readValues(request: Request): Promise<unknown> {
  const query = Object.fromEntries(new URL(request.url).searchParams);
  const body = await request.text();
  if (body === "") return query;
  const type = request.headers.get("content-type") ?? "";
  if (type.includes("x-www-form-urlencoded")) return { ...query, ...Object.fromEntries(new URLSearchParams(body)) };
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}
