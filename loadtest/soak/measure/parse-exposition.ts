/** Prometheus' text form, version 0.0.4, as core/metrics writes it. Pure. */

export interface ExposedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Lines that are no sample are passed over. */
export function parseExposition(text: string): readonly ExposedSample[] {
  const samples: ExposedSample[] = [];
  for (const line of text.split("\n")) {
    const found = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (found === null) continue;
    const [, name = "", labels = "", value = ""] = found;
    const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = "", held = ""]) => [key, held] as const);
    samples.push({ name, labels: Object.fromEntries(pairs), value: Number(value) });
  }
  return samples;
}

/** Counts of a histogram by their upper bound, ascending: of all observations up to it, since the process started. */
export function bucketsOf(samples: readonly ExposedSample[], name: string): readonly (readonly [number, number])[] {
  return samples
    .filter((sample) => sample.name === `${name}_bucket`)
    .map(({ labels, value }) => [labels.le === "+Inf" ? Number.POSITIVE_INFINITY : Number(labels.le), value] as const)
    .sort(([a], [b]) => a - b);
}

/**
 * The upper bound of the bucket in which the observation of this rank lies (`percent` of 100, nearest rank), among
 * those between two looks; 0 where there were none. A process that was started again counts from 0: then all are new.
 */
export function percentileOfBuckets(
  before: readonly (readonly [number, number])[],
  after: readonly (readonly [number, number])[],
  percent: number,
): number {
  const earlier = new Map(before);
  const total = (buckets: readonly (readonly [number, number])[]): number => buckets.at(-1)?.[1] ?? 0;
  const isNew = total(after) < total(before);
  const fresh = after.map(([bound, count]) => [bound, isNew ? count : count - (earlier.get(bound) ?? 0)] as const);
  const count = total(fresh);
  if (count <= 0) return 0;
  const rank = Math.max(1, Math.ceil((percent / 100) * count));
  return fresh.find(([, upTo]) => upTo >= rank)?.[0] ?? 0;
}
