/** Times as people write them, with their zone: midnight is somebody's midnight. Pure. */

const ZONED = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)$/;

/** Milliseconds since the epoch of such as 2027-01-01T00:00:00+11:00; undefined: it is none. */
export function parseZonedTime(text: string): number | undefined {
  const time = ZONED.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}
