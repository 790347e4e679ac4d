/** client.jsonl → proof.operation and proof.request. What is held is what was open at one moment of the run. */
import { storable } from "../../reporting/projector/cell-text.ts";
import type { Cell } from "../../reporting/reports-database.ts";
import { type Line, readLines } from "./read-lines.ts";
import type { Workbench } from "./workbench.ts";

export async function loadClient(workbench: Workbench, file: string): Promise<void> {
  const operations = workbench.writer("proof.operation");
  const requests = workbench.writer("proof.request");
  const open = new Map<string, Line>();

  async function write(invoke: Line, end: Line | undefined): Promise<void> {
    await operations.write(operationCells(invoke, end));
    if (invoke.f !== "send") return;
    const ids = (end?.ids ?? []) as readonly string[];
    for (const [i, to] of (invoke.to as readonly string[]).entries()) {
      await requests.write(requestCells(invoke, end, { to, id: ids[i] }));
    }
  }

  for await (const line of readLines(file)) {
    const name = `${line.process} ${line.op}`;
    if (line.type === "invoke") {
      open.set(name, line);
      continue;
    }
    const invoke = open.get(name);
    open.delete(name);
    if (invoke !== undefined) await write(invoke, line);
  }
  for (const invoke of open.values()) await write(invoke, undefined);
  await operations.flush();
  await requests.flush();
}

/** Of a request whose end nobody wrote down nothing is known. */
function outcomeOf(end: Line | undefined): string {
  return String(end?.type ?? "info");
}

function operationCells(invoke: Line, end: Line | undefined): readonly Cell[] {
  const ids = end?.ids === undefined ? null : (end.ids as readonly string[]).join(" ");
  return [
    ...[cell(invoke.process), cell(invoke.op), cell(invoke.f), cell(invoke.account), cell(invoke.key)],
    ...[cell(invoke.at), cell(end?.at), outcomeOf(end), cell(end?.status), cell(end?.code), ids],
    ...[cell(invoke.id), cell(end?.body), e164(invoke.number), e164(invoke.handset), cell(invoke.word)],
  ];
}

function requestCells(
  invoke: Line,
  end: Line | undefined,
  entry: { readonly to: string; readonly id: string | undefined },
): readonly Cell[] {
  return [
    ...[cell(invoke.process), cell(invoke.op), cell(invoke.account), cell(invoke.key), cell(invoke.class)],
    ...[cell(invoke.from), e164(entry.to), cell(invoke.text)],
    ...[cell(invoke.at), cell(end?.at), outcomeOf(end), cell(entry.id)],
  ];
}

export function cell(value: unknown): Cell {
  return value === undefined || value === null ? null : storable(String(value));
}

export function e164(value: unknown): Cell {
  return value === undefined || value === null ? null : String(value).replace(/^\+?/, "+");
}
