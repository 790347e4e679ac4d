/** Copies the simulator's own record into the history, page by page, before the simulator forgets it. */
import { z } from "zod";
import type { RunFolder } from "./run-folder.ts";

const PROVIDER = "sim";
const ASK_MS_MAX = 10_000;

const submitSchema = z.object({
  count: z.int(),
  at: z.number(),
  from: z.string(),
  to: z.string(),
  text: z.string(),
  concat: z.object({ reference: z.int(), index: z.int(), total: z.int() }).optional(),
  status: z.union([z.int(), z.enum(["silent", "dropped"])]),
  providerMessageId: z.string().optional(),
});
const deliverySchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("receipt"),
    count: z.int(),
    at: z.number(),
    providerMessageId: z.string(),
    state: z.string(),
    to: z.string(),
    acknowledged: z.boolean(),
  }),
  z.object({
    kind: z.literal("reply"),
    count: z.int(),
    at: z.number(),
    from: z.string(),
    to: z.string(),
    text: z.string(),
    acknowledged: z.boolean(),
  }),
]);

export interface ProviderRecord {
  /** Fetches what is new. Throws when the simulator forgot some before, or does not answer. */
  fetchNew(): Promise<void>;
  readonly submits: number;
  readonly deliveries: number;
}

export function createProviderRecord(simulatorUrl: string, folder: RunFolder): ProviderRecord {
  const seen = { submits: 0, deliveries: 0 };

  async function page(path: keyof typeof seen, write: (row: unknown) => number): Promise<void> {
    const url = `${simulatorUrl}/${path}?since=${seen[path]}`;
    const response = await fetch(url, { signal: AbortSignal.timeout(ASK_MS_MAX), keepalive: false });
    for (const line of (await response.text()).split("\n")) {
      if (line === "") continue;
      const count = write(JSON.parse(line));
      if (count !== seen[path] + 1) throw new Error(`The simulator has forgotten ${path} from ${seen[path] + 1} on`);
      seen[path] = count;
    }
  }

  return {
    async fetchNew() {
      await page("submits", (row) => {
        const { concat = null, ...submit } = submitSchema.parse(row);
        folder.write("provider", { type: "submit", provider: PROVIDER, ...submit, concat });
        return submit.count;
      });
      await page("deliveries", (row) => {
        const { kind, count, ...delivery } = deliverySchema.parse(row);
        folder.write("provider", { type: kind, provider: PROVIDER, ...delivery });
        return count;
      });
    },
    get submits() {
      return seen.submits;
    },
    get deliveries() {
      return seen.deliveries;
    },
  };
}
