/**
 * Times as SMPP writes them [SMPP 3.4 §7.1.1]: `YYMMDDhhmmsstnnp`, absolute with an offset of `nn` quarters of an hour
 * (`p` is + or -), or relative to now (`R`); and dates of receipts, which name no zone. Pure.
 */

export type SmppTime =
  | { readonly type: "absent" }
  | { readonly type: "invalid" }
  /** Milliseconds since the epoch. */
  | { readonly type: "time"; readonly at: number };

const TIME = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d)(\d\d)([-+R])$/;
const CENTURY = 2_000;
const TENTH_MS = 100;
const QUARTER_MS = 15 * 60_000;
/** UTC-12:00 to UTC+14:00 are in use; the specification allows 48 quarters, and senders go beyond. */
const QUARTERS_MAX = 56;

/** Years and months of a relative time are those of the calendar, in UTC. */
export function parseSmppTime(text: string, now: number): SmppTime {
  if (text === "") return { type: "absent" };
  const match = TIME.exec(text);
  if (match === null) return { type: "invalid" };
  const [years = 0, months = 0, days = 0, hours = 0, minutes = 0, seconds = 0, tenths = 0, quarters = 0] = match
    .slice(1, 9)
    .map(Number);
  const sign = match[9];
  if (sign === "R") {
    const from = new Date(now);
    const at = Date.UTC(
      from.getUTCFullYear() + years,
      from.getUTCMonth() + months,
      from.getUTCDate() + days,
      from.getUTCHours() + hours,
      from.getUTCMinutes() + minutes,
      from.getUTCSeconds() + seconds,
      from.getUTCMilliseconds(),
    );
    return { type: "time", at };
  }
  const year = CENTURY + years;
  const daysInMonth = new Date(Date.UTC(year, months, 0)).getUTCDate();
  const isDate = months >= 1 && months <= 12 && days >= 1 && days <= daysInMonth;
  if (!isDate || hours > 23 || minutes > 59 || seconds > 59 || quarters > QUARTERS_MAX) return { type: "invalid" };
  const local = Date.UTC(year, months - 1, days, hours, minutes, seconds) + tenths * TENTH_MS;
  return { type: "time", at: local + (sign === "+" ? -1 : 1) * quarters * QUARTER_MS };
}

/** Absolute, in UTC. */
export function formatSmppTime(at: number): string {
  return `${digitsOf(at, 12)}000+`;
}

/** `YYMMDDhhmm` in UTC, as in the text of a receipt. */
export function formatReceiptDate(at: number): string {
  return digitsOf(at, 10);
}

function digitsOf(at: number, count: number): string {
  return new Date(at)
    .toISOString()
    .replace(/\D/g, "")
    .slice(2, 2 + count);
}
