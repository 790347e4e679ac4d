/** What a bench is: `bench.ts` runs any entry of its table that looks like this. */

/** A figure, or figures by name (by process). Units are in the names: `_ms`, `_s`, `_mb`, `_per_s`. */
export type Figure = number | string | Readonly<Record<string, number>>;
export type Figures = Readonly<Record<string, Figure>>;

export interface BenchOutcome {
  readonly figures: Figures;
  /** Why the figures are worth nothing, such as lost messages; the bench then ends with exit code 1. */
  readonly failures: readonly string[];
  /** What else used the machine meanwhile: CPU seconds by name of the program. */
  readonly otherLoad: Readonly<Record<string, number>>;
}

/** Options of every bench. */
export interface BenchOptions {
  readonly seconds: number;
  readonly connections: number;
  /** How often each measurement is taken; its median is told. Only for a bench that says a default. */
  readonly repetitions: number;
  /** How many messages to work on. Only for a bench that says a default. */
  readonly messages: number;
  /** The parts to run; all where it is absent. */
  readonly only?: readonly string[];
  /** Empty, and removed at the end. */
  readonly dataDir: string;
  /** The runtime of the edge. */
  readonly edge: "deno" | "bun";
  /** Where CPU profiles of the roles go. */
  readonly profileDir?: string;
  /** Aborted by the first Ctrl-C. */
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

export interface Bench {
  readonly description: string;
  /** Where the command line says nothing. A bench without `repetitions` takes its measurements once. */
  readonly defaults: { readonly seconds: number; readonly repetitions?: number; readonly messages?: number };
  /** What `--only` may name; a bench without parts runs whole. */
  readonly parts?: readonly string[];
  /** What each figure means, for the table. */
  readonly meanings: Readonly<Record<string, string>>;
  run(options: BenchOptions): Promise<BenchOutcome>;
}
