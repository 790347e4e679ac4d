/** `GET /v1/statistics`: sums of the minute rollup over a span, by any of its dimensions. */
import { z } from "zod";
import { accountIdSchema } from "#domain/ids.ts";
import type { Cell } from "../reports-database.ts";
import { momentSchema } from "./parameters.ts";

const groups = {
  minute: "minute",
  hour: "date_trunc('hour', minute, 'UTC')",
  day: "date_trunc('day', minute, 'UTC')",
  account: "account",
  class: "class",
  provider: "provider",
  status: "status",
} as const;
type Group = keyof typeof groups;
const groupNames = Object.keys(groups) as readonly Group[];

export const statisticsSchema = z.strictObject({
  from: momentSchema,
  to: momentSchema,
  account: accountIdSchema.optional(),
  /** Comma-separated. */
  group: z
    .string()
    .default("status")
    .transform((text) => text.split(","))
    .pipe(z.array(z.enum(groupNames, `must be some of ${groupNames.join(", ")}, with commas between`)).max(4)),
});

/** Money is summed by currency, so that is always a group. */
export function statisticsQuery(query: z.output<typeof statisticsSchema>): readonly [text: string, parameters: Cell[]] {
  const chosen = [...new Set(query.group)];
  const selected = chosen.map((group) => `${groups[group]} AS ${group}`);
  const numbers = chosen.map((_, i) => i + 1);
  const by = [...numbers, chosen.length + 1].join(", ");
  const text = `
SELECT ${[...selected, "currency"].join(", ")}, sum(messages)::bigint AS messages, sum(segments)::bigint AS segments,
       sum(total_micros)::bigint AS total_micros, sum(total)::numeric(30, 6) AS total
FROM report.traffic_by_minute
WHERE minute >= $1::timestamptz AND minute < $2::timestamptz AND ($3::text IS NULL OR account = $3)
GROUP BY ${by} ORDER BY ${by}`;
  return [text, [query.from, query.to, query.account ?? null]];
}
