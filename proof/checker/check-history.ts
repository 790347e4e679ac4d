/**
 * The checker: reads what was written down of a run and the logs of all its sets into a database of its own, folds
 * the events once, and asks every check. loading → folding → checking → pages. It changes nothing of what it reads,
 * and needs the sets to stand still.
 */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { applyEvent } from "#domain/fold.ts";
import type { SetId } from "#domain/ids.ts";
import { type Positions, readPositions } from "../../reporting/projector/checkpoint.ts";
import { openReportsDatabase, type ReportsTransaction } from "../../reporting/reports-database.ts";
import type { EventSource } from "./event-source.ts";
import type { Apply } from "./fold-message.ts";
import { foldAll } from "./fold-pass.ts";
import { type Judgement, verdictOf } from "./judgement.ts";
import { loadClient } from "./load-client.ts";
import { loadEvents } from "./load-events.ts";
import { loadBatchHashes, loadCanaries, loadNemesis, loadProvider } from "./load-provider.ts";
import { writePages } from "./pages.ts";
import relations from "./relations.sql" with { type: "text" };
import { runChecks } from "./run-checks.ts";
import { whyUnknown } from "./why-unknown.ts";
import { openWorkbench, type Workbench } from "./workbench.ts";

/** With fewer acknowledged messages a run proves too little. */
const ACKNOWLEDGED_MIN = 100;
/** What holds while nothing breaks is not what is asked. */
const FAULTS_MIN = 1;

export interface CheckOptions {
  /** The run's folder: client.jsonl, provider.jsonl, nemesis.jsonl, batches.jsonl, meta.json; report/ is written. */
  readonly dir: string;
  readonly stores: readonly EventSource[];
  /** Of somebody who may create databases, on any PostgreSQL. */
  readonly postgres: string;
  /** The reports of the run; without them nothing is said of I6. */
  readonly reportsUrl?: string;
  readonly acknowledgedMin?: number;
  /** With fewer proven faults the verdict is `unknown`. 0: none were planned. Default: FAULTS_MIN. */
  readonly faultsMin?: number;
  /** The platform's fold, unless a test plants another. */
  readonly apply?: Apply;
  readonly say?: (line: string) => void;
  /** Called with the size of the checker's database before it is dropped. */
  readonly onSize?: (bytes: number) => void;
}

export async function checkHistory(options: CheckOptions): Promise<Judgement> {
  const { dir, postgres, reportsUrl, say = () => undefined } = options;
  const meta = JSON.parse(readFileSync(join(dir, "meta.json"), "utf8")) as {
    readonly drainedMs?: number | null;
    readonly canaries?: Readonly<Record<string, string>>;
  };
  const drained = typeof meta.drainedMs === "number";
  await using workbench = await openWorkbench(postgres, `godwit_proof_${randomBytes(6).toString("hex")}`);
  await loadHistory(workbench, dir, meta.canaries ?? {});
  say("histories loaded");
  if (reportsUrl === undefined) await loadAndFold(workbench, options, undefined);
  else {
    await using database = openReportsDatabase({ url: reportsUrl, connections: 1, name: "godwit-checker" });
    await database.transaction(async (reports) => {
      await reports.script("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");
      await loadAndFold(workbench, options, reports);
    });
  }
  say("events folded");
  await workbench.script(relations);
  say("relations made");
  const given = { drain: drained, reports: reportsUrl !== undefined };
  const checks = await runChecks(workbench, { given, say });
  const { acknowledgedMin = ACKNOWLEDGED_MIN, faultsMin = FAULTS_MIN } = options;
  const reasons = await whyUnknown(workbench, { drained, acknowledgedMin, faultsMin });
  const judged = { verdict: verdictOf(checks, reasons), reasons, checks };
  const pages = await writePages(workbench, dir, judged);
  options.onSize?.(await workbench.bytes());
  return { ...judged, pages };
}

async function loadHistory(
  workbench: Workbench,
  dir: string,
  canaries: Readonly<Record<string, string>>,
): Promise<void> {
  await loadClient(workbench, join(dir, "client.jsonl"));
  await loadProvider(workbench, join(dir, "provider.jsonl"));
  await loadNemesis(workbench, join(dir, "nemesis.jsonl"));
  await loadBatchHashes(workbench, join(dir, "batches.jsonl"));
  await loadCanaries(workbench, canaries);
}

/** The reports' positions are taken before the logs are read, so that the logs hold all that the reports have. */
async function loadAndFold(
  workbench: Workbench,
  { stores, apply = applyEvent, say }: CheckOptions,
  reports: ReportsTransaction | undefined,
): Promise<void> {
  let positions: Map<SetId, Positions> | undefined;
  if (reports !== undefined) {
    positions = new Map();
    for (const { set } of stores) positions.set(set, await readPositions(reports, set));
  }
  await loadEvents(workbench, stores, positions);
  await workbench.script("ANALYZE proof.event");
  say?.("events loaded");
  await foldAll(workbench, { apply, reports });
}
