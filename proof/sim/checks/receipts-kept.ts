/** I13: a receipt whose submit is in the log becomes an event of that segment, however early or late it came. */
import type { History } from "../history.ts";

export function checkReceiptsKept({ sets, receipts, waiting }: History): readonly string[] {
  if (waiting.length > 0) return [];
  const events = sets.flatMap(({ batches }) => batches.flatMap((batch) => batch.events));
  const submitted = new Map<string, string>();
  const said = new Map<string, string>();
  for (const event of events) {
    if (!("providerMessageId" in event) || event.providerMessageId === "") continue;
    const segment = `${event.message}/${event.segment}`;
    (event.type === "submitted" ? submitted : said).set(event.providerMessageId, segment);
  }
  return receipts.flatMap(({ providerMessageId: id, acknowledgedAt }) => {
    const segment = submitted.get(id);
    if (segment === undefined || acknowledgedAt === undefined || said.get(id) === segment) return [];
    return [`the receipt of ${id} belongs to ${segment} and is said of ${said.get(id) ?? "none"}`];
  });
}
