/** provider.jsonl, nemesis.jsonl, batches.jsonl and meta.json → their tables, a line a row. */
import type { Cell } from "../../reporting/reports-database.ts";
import { cell, e164 } from "./load-client.ts";
import { type Line, readLines } from "./read-lines.ts";
import type { Workbench } from "./workbench.ts";

/** As SMPP says it, as we say it; states that are not final say nothing. */
const RECEIPT_STATES: Readonly<Record<string, string>> = {
  delivrd: "delivered",
  undeliv: "undelivered",
  rejectd: "undelivered",
  deleted: "undelivered",
  delivered: "delivered",
  undelivered: "undelivered",
  expired: "expired",
  unknown: "unknown",
};

interface LineTable {
  readonly target: string;
  readonly cells: (line: Line, n: number) => readonly Cell[];
}

const providerTables: Readonly<Record<string, LineTable>> = {
  submit: { target: "proof.submit", cells: submitCells },
  receipt: {
    target: "proof.receipt",
    cells: (line) => [
      ...[cell(line.at), cell(line.provider), cell(line.providerMessageId)],
      ...[RECEIPT_STATES[String(line.state).toLowerCase()] ?? null, e164(line.to), `${line.acknowledged === true}`],
    ],
  },
  reply: {
    target: "proof.reply",
    cells: (line) => [
      ...[cell(line.at), cell(line.provider), e164(line.from), e164(line.to), cell(line.text)],
      `${line.acknowledged === true}`,
    ],
  },
};

const nemesisTable: LineTable = {
  target: "proof.nemesis",
  cells: (line) => [
    ...[cell(line.at), cell(line.fault), cell(line.round), cell(line.type)],
    ...[cell(line.happened), cell(line.evidence ?? line.error)],
    `${(line.detail as Line | undefined)?.stopsAcceptance === true}`,
  ],
};

const hashTable: LineTable = {
  target: "proof.batch_hash",
  cells: (line) => [cell(line.at), cell(line.set), cell(line.writer), cell(line.sequence), cell(line.hash)],
};

export async function loadProvider(workbench: Workbench, file: string): Promise<void> {
  await loadEach(workbench, file, (line) => providerTables[String(line.type)]);
}
export async function loadNemesis(workbench: Workbench, file: string): Promise<void> {
  await loadEach(workbench, file, () => nemesisTable);
}
export async function loadBatchHashes(workbench: Workbench, file: string): Promise<void> {
  await loadEach(workbench, file, () => hashTable);
}

export async function loadCanaries(workbench: Workbench, canaries: Readonly<Record<string, string>>): Promise<void> {
  const writer = workbench.writer("proof.canary");
  for (const entry of Object.entries(canaries)) await writer.write(entry);
  await writer.flush();
}

async function loadEach(workbench: Workbench, file: string, table: (line: Line) => LineTable | undefined) {
  const writers = new Map<string, ReturnType<Workbench["writer"]>>();
  let n = 0;
  for await (const line of readLines(file)) {
    const into = table(line);
    if (into === undefined) continue;
    const writer = writers.get(into.target) ?? workbench.writer(into.target);
    writers.set(into.target, writer);
    n += 1;
    await writer.write(into.cells(line, n));
  }
  for (const writer of writers.values()) await writer.flush();
}

function submitCells(line: Line, n: number): readonly Cell[] {
  const concat = (line.concat ?? undefined) as { readonly index: number; readonly total: number } | undefined;
  const taken = line.status === 0 || line.status === "silent";
  return [
    ...[`${n}`, cell(line.at), cell(line.provider), e164(line.from), e164(line.to), cell(line.text)],
    ...[cell(concat?.index), cell(concat?.total), cell(line.status), `${taken}`, cell(line.providerMessageId)],
  ];
}
