/** Counters and histograms of a process in Prometheus' text form. Labels are bounded sets: never ids, never numbers. */

type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}
export interface Counter {
  add(count: number, labels?: Labels): void;
}
export interface Histogram {
  observe(value: number, labels?: Labels): void;
}

export interface Metrics {
  counter(name: string, help: string): Counter;
  /** `buckets` are upper bounds, ascending. */
  histogram(name: string, help: string, buckets: readonly number[]): Histogram;
  /** Values read when asked for. */
  gauge(name: string, help: string, read: () => readonly Sample[]): void;
  text(): string;
}

/** In seconds, Prometheus' unit of time: from 0.5 ms, a commit in memory, to 10 s, an election with all its retries. */
export const LATENCY_BUCKETS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;
export const BATCH_BUCKETS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512] as const;

export function createMetrics(): Metrics {
  const families: (() => string)[] = [];
  return {
    counter(name, help) {
      const series = new Map<string, number>();
      families.push(() =>
        family(
          name,
          help,
          "counter",
          [...series].map(([labels, value]) => `${name}${labels} ${value}`),
        ),
      );
      return {
        add(count, labels = {}) {
          const key = format(labels);
          series.set(key, (series.get(key) ?? 0) + count);
        },
      };
    },
    histogram(name, help, buckets) {
      const series = new Map<string, HistogramSeries>();
      families.push(() =>
        family(
          name,
          help,
          "histogram",
          [...series.values()].flatMap((one) => histogramLines(name, one)),
        ),
      );
      return {
        observe(value, labels = {}) {
          const key = format(labels);
          const held = series.get(key) ?? { labels, bounds: buckets, counts: buckets.map(() => 0), sum: 0, count: 0 };
          const index = buckets.findIndex((bound) => value <= bound);
          if (index >= 0) held.counts[index] = (held.counts[index] ?? 0) + 1;
          held.sum += value;
          held.count += 1;
          series.set(key, held);
        },
      };
    },
    gauge(name, help, read) {
      const lines = (): string[] => read().map(({ labels, value }) => `${name}${format(labels)} ${value}`);
      families.push(() => family(name, help, "gauge", lines()));
    },
    text: () => families.map((render) => render()).join(""),
  };
}

interface HistogramSeries {
  readonly labels: Labels;
  readonly bounds: readonly number[];
  readonly counts: number[];
  sum: number;
  count: number;
}

function histogramLines(name: string, series: HistogramSeries): readonly string[] {
  let cumulative = 0;
  const buckets = series.bounds.map((bound, i) => {
    cumulative += series.counts[i] ?? 0;
    return `${name}_bucket${format({ ...series.labels, le: `${bound}` })} ${cumulative}`;
  });
  const labels = format(series.labels);
  return [
    ...buckets,
    `${name}_bucket${format({ ...series.labels, le: "+Inf" })} ${series.count}`,
    `${name}_sum${labels} ${series.sum}`,
    `${name}_count${labels} ${series.count}`,
  ];
}

function family(name: string, help: string, type: string, lines: readonly string[]): string {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines, ""].join("\n");
}

function format(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value.replace(/["\\\n]/g, "_")}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}
