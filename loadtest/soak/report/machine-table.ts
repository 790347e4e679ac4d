/** What the run was made on, and whether that was as fast at its end as at its start. */
import type { Machine } from "../../machine.ts";
import type { Calibration, SoakRecord } from "../soak-record.ts";
import { formatChange, formatFigure } from "./format-figure.ts";
import { type Html, html } from "./html.ts";

const CALIBRATIONS: Readonly<Record<keyof Calibration, string>> = {
  cpuLoopMs: "Fixed work on one core",
  fsyncMs: "Write and flush to disk, median",
  loopbackMs: "Round trip over loopback, median",
};

export function renderMachine(machine: Machine, record: SoakRecord): Html {
  const facts: readonly (readonly [string, string])[] = [
    ["Processor", `${formatFigure(machine.cores)} × ${machine.cpu}`],
    ["Memory", formatFigure(machine.memory_gb, "GiB")],
    ["Kernel", machine.kernel],
    ["Load at the start", machine.loadavg_at_start.map((load) => formatFigure(load)).join(", ")],
    ["Runtimes", `Bun ${machine.bun}, Deno ${machine.deno}, Node ${machine.node}`],
    ["Servers", `mongod ${machine.mongod}, PostgreSQL ${machine.postgres}`],
    ["Commit", machine.commit],
    ["Fingerprint", record.fingerprint],
  ];
  const names = Object.keys(CALIBRATIONS) as (keyof Calibration)[];
  const rows = names.map(
    (name) => html`<tr><th scope="row">${CALIBRATIONS[name]}</th>
      <td class="figure">${formatFigure(record.before[name], "ms")}</td>
      <td class="figure">${formatFigure(record.after[name], "ms")}</td>
      <td class="figure">${formatChange(record.after[name], record.before[name])}</td></tr>`,
  );
  return html`<div class="beside"><dl>${facts.map(([name, fact]) => html`<dt>${name}</dt><dd>${fact}</dd>`)}</dl>
    <table><caption>Calibration: the same work before and after</caption><thead><tr><th scope="col">Work</th>
    <th scope="col" class="figure">Before</th><th scope="col" class="figure">After</th>
    <th scope="col" class="figure">Drift</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}
