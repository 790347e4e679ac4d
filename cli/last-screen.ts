/** What `godwit up` says when it is up: where everything is and what to try, every line of it ready to paste. Pure. */
import type { PlatformSet } from "#testkit/platform-sets.ts";
import { type FirstMessages, HANDSETS } from "./first-messages.ts";
import { formatLife } from "./life-of-message.ts";

export interface UpSummary {
  /** From the first line to this one. */
  readonly ms: number;
  readonly edgeUrl: string;
  readonly apiKey: string;
  readonly numbers: readonly string[];
  readonly reportsUrl: string;
  readonly reportsToken: string;
  readonly simulatorUrl: string;
  readonly smppPort: number;
  readonly analystUrl: string;
  readonly sets: readonly (PlatformSet & { readonly ports: readonly number[] })[];
  readonly dataDir: string;
  /** Elsewhere where its account could not reach the other. */
  readonly postgresDataDir: string;
  /** The command that removes the data; undefined where it goes by itself. */
  readonly reset: string | undefined;
  /** Undefined when none were sent. */
  readonly first: FirstMessages | undefined;
}

/** Commands for a POSIX shell. */
export interface Commands {
  readonly send: string;
  /** Reads the message shown, where there is one. */
  readonly read: string | undefined;
  readonly sql: string;
  /** The same without a client of PostgreSQL. */
  readonly report: string;
}

const MINUTE_MS = 60_000;

export function commandsOf(summary: UpSummary): Commands {
  const { edgeUrl, apiKey, analystUrl, reportsUrl, reportsToken, first, numbers } = summary;
  const body = JSON.stringify({ to: HANDSETS.plain, from: numbers[0] ?? "Godwit", text: "Hello from the shell" });
  const key = `-H 'Authorization: Bearer ${apiKey}'`;
  const statement =
    "SELECT status, count(*), sum(segments) AS segments, sum(total) AS total FROM messages GROUP BY status";
  return {
    send: `curl -sS ${edgeUrl}/v1/messages ${key} -H 'Content-Type: application/json' -d '${body}' -w '\\n'`,
    read: first && `curl -sS ${edgeUrl}/v1/messages/${first.shown.id} ${key} -w '\\n'`,
    sql: `psql '${analystUrl}' -c "${statement}"`,
    report: `curl -sS '${reportsUrl}/v1/questions' -H 'Authorization: Bearer ${reportsToken}' -w '\\n'`,
  };
}

/** Names of files and commands as the person started us. */
export function formatSummary(summary: UpSummary, paint: (text: string) => string = (text) => text): readonly string[] {
  const { edgeUrl, apiKey, reportsUrl, simulatorUrl, smppPort, analystUrl, dataDir, first } = summary;
  const commands = commandsOf(summary);
  const heading = (text: string): readonly string[] => ["", paint(text), ""];
  return [
    ...heading(`Godwit is up after ${formatSeconds(summary.ms)}.`),
    `  API        ${edgeUrl}`,
    `  API key    ${apiKey}`,
    `  Reports    ${reportsUrl}  (token ${summary.reportsToken})`,
    `  Provider   simulated; SMPP on port ${smppPort}, control on ${simulatorUrl}`,
    `  SQL        ${analystUrl}`,
    `  MongoDB    ${summary.sets.map(formatSet).join("; ")}`,
    `  Data       ${dataDir}${summary.reset === undefined ? " (removed at the end)" : ""}`,
    ...(isElsewhere(summary) ? [`             ${summary.postgresDataDir} (PostgreSQL)`] : []),
    ...heading("Send a message; the answer has its id:"),
    `  ${commands.send}`,
    ...(first === undefined || commands.read === undefined
      ? []
      : [
          ...heading(`The life of the message just sent, ${first.shown.id}:`),
          ...formatLife(first.shown.events).map((line) => `  ${line}`),
          ...heading("The same from the API; put the id of yours in its place:"),
          `  ${commands.read}`,
        ]),
    ...heading("Ask in SQL:"),
    `  ${commands.sql}`,
    "",
    "  Without psql any PostgreSQL client takes that address, or let the report server ask; this lists its questions:",
    "",
    `  ${commands.report}`,
    ...heading("To stop, press Ctrl-C."),
    summary.reset === undefined
      ? "  The data goes with it."
      : `  The data stays, and the next start finds it. To remove it: ${summary.reset}`,
    `  Logs and settings of each role are in ${dataDir}/roles`,
    "",
  ];
}

function formatSet({ set, region, ports }: UpSummary["sets"][number]): string {
  return `set ${set} in region ${region} on ports ${ports.join(" ")}`;
}

function isElsewhere({ dataDir, postgresDataDir }: UpSummary): boolean {
  return !postgresDataDir.startsWith(`${dataDir}/`);
}

export function formatSeconds(ms: number): string {
  return ms < MINUTE_MS
    ? `${(ms / 1000).toFixed(1)} s`
    : `${Math.floor(ms / MINUTE_MS)} min ${Math.round((ms % MINUTE_MS) / 1000)} s`;
}
