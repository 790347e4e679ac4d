/** Money in a made-up run: as it should be, and as it should not. */
import type { EventBatch } from "#core/store/store.ts";
import type { AccountId } from "#domain/ids.ts";
import type { LedgerEntry } from "#domain/ledger-entry.ts";
import type { MicrosText } from "#domain/money.ts";
import type { Plant } from "./plants.ts";
import { lifeOf, START } from "./sample-life.ts";
import type { SampleRun } from "./sample-run.ts";

/** The entry stands with its acceptance. */
const first = lifeOf("lon1", 7).id;

/** Account zeta was paid 7 micros; and this is what is there. */
function paid(money: NonNullable<SampleRun["money"]>): Pick<SampleRun, "batch" | "money"> {
  const asked = { account: "zeta" as AccountId, currency: "EUR", actor: "ada", at: START, id: "invoice-1" };
  const entry: LedgerEntry = { ...asked, type: "paid", micros: "7" as MicrosText };
  const isFirst = ({ events: all }: EventBatch): boolean =>
    all.some(({ message, type }) => message === first && type === "accepted");
  return { money, batch: (_, batch) => [isFirst(batch) ? { ...batch, entries: [entry] } : batch] };
}

export const rightMoney = paid({
  lon1: { "zeta|3": 2n, "zeta|to syd1": 5n },
  syd1: { "zeta|0": 5n, "zeta|from lon1": 5n },
});

export const inTheMoney: readonly Plant[] = [
  {
    name: "money that nobody paid in",
    red: ["money-adds-up"],
    run: paid({ lon1: { "zeta|3": 8n } }),
    reported: "as planted",
  },
  {
    name: "money that came twice",
    red: ["money-adds-up"],
    run: paid({ lon1: { "zeta|3": 2n, "zeta|to syd1": 5n }, syd1: { "zeta|0": 10n, "zeta|from lon1": 10n } }),
    reported: "as planted",
  },
];
