/** The simulator's record as lines of JSON, of which one can ask for a part. */
import { z } from "zod";
import { parseInput } from "./problem.ts";
import type { SmscSimulator } from "./smsc-simulator.ts";
import { toLine } from "./submit-record.ts";

/** As many as are kept. */
const LINES_MAX = 100_000;

const wholeNumber = z
  .string()
  .regex(/^[0-9]{1,15}$/, "must be a whole number")
  .transform(Number);
const words = z.string().max(160).optional();

const page = {
  /** Those with a higher `count`: the count of the last line is where the next page begins. */
  since: wholeNumber.default(0),
  limit: wholeNumber.pipe(z.number().max(LINES_MAX)).default(LINES_MAX),
  from: words,
  to: words,
  systemId: words,
};
const submitsQuery = z.strictObject({ ...page, toSuffix: words, textContains: words });
const deliveriesQuery = z.strictObject({ ...page, kind: z.enum(["receipt", "reply"]).optional() });

/** NDJSON, oldest first. Throws InputError. */
export function listSubmits(simulator: SmscSimulator, query: URLSearchParams): string {
  const asked = parseInput(submitsQuery, Object.fromEntries(query), "list submits");
  return lines(asked.limit, simulator.submitsSince(asked.since), (submit) => {
    if (!isAddress(asked.to, submit.to) || !isAddress(asked.from, submit.from)) return undefined;
    if (asked.toSuffix !== undefined && !submit.to.endsWith(asked.toSuffix)) return undefined;
    if (asked.systemId !== undefined && submit.systemId !== asked.systemId) return undefined;
    const line = toLine(submit);
    return asked.textContains === undefined || line.text.includes(asked.textContains) ? line : undefined;
  });
}

/** NDJSON, oldest first. Throws InputError. */
export function listDeliveries(simulator: SmscSimulator, query: URLSearchParams): string {
  const asked = parseInput(deliveriesQuery, Object.fromEntries(query), "list deliveries");
  return lines(asked.limit, simulator.deliveriesSince(asked.since), (delivery) => {
    const isMeant =
      isAddress(asked.to, delivery.to) &&
      isAddress(asked.from, delivery.kind === "reply" ? delivery.from : "") &&
      (asked.systemId === undefined || delivery.systemId === asked.systemId) &&
      (asked.kind === undefined || delivery.kind === asked.kind);
    return isMeant ? delivery : undefined;
  });
}

/** With or without its "+", which a query reads as a blank. */
function isAddress(asked: string | undefined, address: string): boolean {
  return asked === undefined || asked.replace(/^[+ ]/, "") === address.replace(/^\+/, "");
}

function lines<T>(limit: number, entries: Iterable<T>, toLineOf: (entry: T) => object | undefined): string {
  const found: string[] = [];
  for (const entry of entries) {
    if (found.length >= limit) break;
    const line = toLineOf(entry);
    if (line !== undefined) found.push(`${JSON.stringify(line)}\n`);
  }
  return found.join("");
}
