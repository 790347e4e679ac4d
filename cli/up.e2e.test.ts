import { afterAll, beforeAll, expect, test } from "bun:test";
import { execFile } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import postgres from "postgres";
import { findLeftovers } from "#testkit/platform-leftovers.ts";
import { isAlive } from "#testkit/process-table.ts";
import { until } from "#testkit/until.ts";

const run = promisify(execFile);
const BOUND_MS = 120_000;
const MAIN = join(import.meta.dir, "main.ts");
/** Three members a set, PostgreSQL, seven roles. */
const PROCESSES = 14;

/** `godwit up` (or another command) as a person starts it, with all that it has said so far. */
function startGodwit(...args: readonly string[]) {
  const child = Bun.spawn([process.execPath, MAIN, ...args], { stdout: "pipe", stderr: "inherit", env: process.env });
  let output = "";
  const read = (async () => {
    const decoder = new TextDecoder();
    for await (const bytes of child.stdout) output += decoder.decode(bytes, { stream: true });
  })();
  return {
    pid: child.pid,
    signal: (name: NodeJS.Signals) => child.kill(name),
    async ended() {
      const code = await child.exited;
      await read;
      return { code, output };
    },
    /** Waits for a line that `pick` takes; throws when the process ends without it. */
    async line<T>(what: string, pick: (line: string) => T | undefined): Promise<T> {
      return until(what, BOUND_MS, () => {
        const found = output
          .split("\n")
          .map(pick)
          .find((picked) => picked !== undefined);
        if (found === undefined && child.exitCode !== null) throw new Error(`godwit ended without ${what}:\n${output}`);
        return found;
      });
    },
  };
}
type Godwit = ReturnType<typeof startGodwit>;

type Fields = Readonly<Record<string, unknown>>;
interface Up extends Fields {
  readonly apiKey: string;
  readonly edgeUrl: string;
  readonly analystUrl: string;
  readonly commands: Readonly<Record<"send" | "read" | "sql" | "report", string>>;
  readonly first: { readonly ids: readonly string[]; readonly shown: { readonly events: readonly Fields[] } };
}

const eventNamed =
  (name: string) =>
  (line: string): Fields | undefined => {
    if (!line.startsWith("{")) return undefined;
    const parsed = JSON.parse(line) as Fields;
    return parsed.event === name ? parsed : undefined;
  };
const waitForUp = (godwit: Godwit): Promise<Up> => godwit.line("the event up", eventNamed("up")) as Promise<Up>;
const noteWith = (text: string) => (line: string) => (line.includes(text) ? line : undefined);

/** Exactly as printed, in a shell that knows nothing of us. */
async function shell(command: string): Promise<string> {
  return (await run("/bin/sh", ["-c", command], { env: { PATH: process.env.PATH } })).stdout;
}

let dataDir = "";
let godwit: Godwit;
let up: Up;
let sentId = "";

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "godwit-up-test-"));
  chmodSync(dataDir, 0o711);
  godwit = startGodwit("up", "--data", dataDir, "--free-ports", "--json");
  up = await waitForUp(godwit);
}, BOUND_MS);
afterAll(async () => {
  if (godwit && isAlive(godwit.pid)) {
    godwit.signal("SIGTERM");
    await godwit.ended();
  }
  rmSync(dataDir, { recursive: true, force: true });
}, BOUND_MS);

test("its first messages have made the whole journey, the reply too", () => {
  expect(up.first.ids).toHaveLength(3);
  const types = up.first.shown.events.map(({ type }) => type);
  expect(types).toEqual(["accepted", "routed", "billed", "submitted", "delivered", "replied"]);
});

test("the printed commands work exactly as printed", async () => {
  const answer = JSON.parse(await shell(up.commands.send)) as { readonly id: string; readonly status: string };
  expect(answer.status).toBe("accepted");
  sentId = answer.id;
  const shown = JSON.parse(await shell(up.commands.read)) as { readonly status: string };
  expect(shown.status).toBe("delivered");
  const report = JSON.parse(await shell(up.commands.report)) as { readonly questions: readonly unknown[] };
  expect(report.questions.length).toBeGreaterThan(0);

  // psql itself may not be on this machine: its two arguments are what counts.
  const [, address = "", statement = ""] = /^psql '([^']*)' -c "([^"]*)"$/.exec(up.commands.sql) ?? [];
  const sql = postgres(address, { max: 1 });
  try {
    const rows = await sql.unsafe(statement);
    expect(rows.map(({ status }) => status)).toContain("delivered");
  } finally {
    await sql.end();
  }
});

test("a second start on the same data is refused with the first one's id", async () => {
  const { code, output } = await startGodwit("up", "--data", dataDir, "--free-ports").ended();
  expect(code).toBe(1);
  expect(output).toContain(
    `Godwit runs already on ${dataDir} (pid ${godwit.pid}): use that one, stop it with Ctrl-C, or`,
  );
});

test("a taken port is named with its owner and the option that moves it, and nothing is started", async () => {
  const other = mkdtempSync(join(tmpdir(), "godwit-up-test-"));
  try {
    const port = new URL(up.edgeUrl).port;
    const { code, output } = await startGodwit("up", "--data", other, "--free-ports", "--reports-port", port).ended();
    expect(code).toBe(1);
    expect(output).toMatch(
      new RegExp(`Port ${port} is taken by deno \\(pid \\d+\\): stop that one, or .*--reports-port\\.`),
    );
    expect(findLeftovers(other)).toEqual([]);
  } finally {
    rmSync(other, { recursive: true, force: true });
  }
});

test("reset leaves the data of a running platform alone", async () => {
  const { code, output } = await startGodwit("reset", "--data", dataDir).ended();
  expect(code).toBe(1);
  expect(output).toContain(`(pid ${godwit.pid})`);
  expect(existsSync(join(dataDir, "secrets.json"))).toBe(true);
});

test(
  "a role that is killed is started again, said so, and does its work",
  async () => {
    const pid = Number(await Bun.file(join(dataDir, "roles", "worker.pid")).text());
    process.kill(pid, "SIGKILL");
    await godwit.line("the note of its death", noteWith("worker died (SIGKILL): it starts again in 1 s"));
    await godwit.line("the note of its return", noteWith("worker runs again"));
    const { id } = JSON.parse(await shell(up.commands.send)) as { readonly id: string };
    const read = up.commands.read.replace(up.first.ids.at(-1) ?? "", id);
    await until("its message to be delivered", BOUND_MS, async () =>
      (JSON.parse(await shell(read)) as Fields).status === "delivered" ? true : undefined,
    );
  },
  BOUND_MS,
);

test(
  "SIGINT drains everything and leaves no process",
  async () => {
    const pids = findLeftovers(dataDir);
    expect(pids).toHaveLength(PROCESSES);
    godwit.signal("SIGINT");
    const { code, output } = await godwit.ended();
    expect({ code, stopped: output.includes('"event":"stopped"') }).toEqual({ code: 0, stopped: true });
    expect(pids.filter(isAlive)).toEqual([]);
  },
  BOUND_MS,
);

test(
  "the next start finds key and messages again; a second SIGINT ends at once, and its servers go by themselves",
  async () => {
    godwit = startGodwit("up", "--data", dataDir, "--free-ports", "--json", "--no-demo", "--edge-runtime", "bun");
    const again = await waitForUp(godwit);
    expect(again.apiKey).toBe(up.apiKey);
    const read = `${again.commands.send.split(" -H 'Content-Type")[0]}`.replace(
      "/v1/messages",
      `/v1/messages/${sentId}`,
    );
    expect(JSON.parse(await shell(read))).toMatchObject({ id: sentId, status: "delivered" });

    const pids = findLeftovers(dataDir);
    expect(pids).toHaveLength(PROCESSES);
    godwit.signal("SIGINT");
    await godwit.line("the event stopping", eventNamed("stopping"));
    godwit.signal("SIGINT");
    expect((await godwit.ended()).code).toBe(130);
    await until("its servers to go", BOUND_MS, () => !pids.some(isAlive) || undefined);
  },
  BOUND_MS,
);

test("reset removes the data, and says that there is none the next time", async () => {
  expect(await startGodwit("reset", "--data", dataDir).ended()).toMatchObject({
    code: 0,
    output: `Removed the data in ${dataDir}.\n`,
  });
  expect(existsSync(dataDir)).toBe(false);
  const { code, output } = await startGodwit("reset", "--data", dataDir).ended();
  expect({ code, output }).toEqual({ code: 0, output: `There is nothing to remove: ${dataDir} does not exist.\n` });
});

test(
  "--ephemeral: the curl line works as printed on the last screen, and at the end the data is gone",
  async () => {
    godwit = startGodwit("up", "--ephemeral", "--free-ports");
    const curl = await godwit.line(
      "the curl line",
      (line) => /^ {2}(curl -sS \S+\/v1\/messages -H .* -d .*)$/.exec(line)?.[1],
    );
    const temporary = await godwit.line(
      "the data folder",
      (line) => /^ {2}Data +(\S+) \(removed at the end\)$/.exec(line)?.[1],
    );
    expect(JSON.parse(await shell(curl))).toMatchObject({ status: "accepted" });
    const pids = findLeftovers(temporary);
    expect(pids).toHaveLength(PROCESSES);
    godwit.signal("SIGTERM");
    const { code, output } = await godwit.ended();
    expect(code).toBe(0);
    expect(output).toEndWith("Stopped; the data is gone.\n");
    expect({ alive: pids.filter(isAlive), data: existsSync(temporary) }).toEqual({ alive: [], data: false });
  },
  BOUND_MS,
);
