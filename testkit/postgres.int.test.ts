import { afterAll, beforeAll, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { chmod } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import sql from "postgres";
import { DataInUseError } from "./data-dir-lock.ts";
import { embeddedPostgresBin } from "./embedded-postgres.ts";
import { freePorts } from "./ports.ts";
import { openPostgres, type Postgres } from "./postgres.ts";
import { isAlive } from "./process-table.ts";
import { findTool } from "./tools.ts";
import { until } from "./until.ts";

const STOP_BOUND_MS = 30_000;

let dir = "";
let binDir = "";
let port = 0;
let server: Postgres;

const open = (): Promise<Postgres> => openPostgres({ dataDir: join(dir, "main"), binDir, port });

/** Runs one query on a connection of its own. */
async function query(uri: string, text: string): Promise<readonly Record<string, unknown>[]> {
  const client = sql(uri, { max: 1, onnotice: () => undefined });
  try {
    return [...(await client.unsafe(text))];
  } finally {
    await client.end();
  }
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "godwit-postgres-"));
  await chmod(dir, 0o711);
  binDir = dirname((await findTool("postgres")).path);
  port = (await freePorts(1))[0] ?? 0;
  server = await open();
});

afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true, force: true });
});

test("a durable server with UTF-8 and passwords comes up, for this machine only", async () => {
  const rows = await query(
    server.adminUri,
    `select current_setting('fsync') as fsync, current_setting('server_encoding') as encoding,
            current_setting('listen_addresses') as addresses, current_setting('password_encryption') as passwords`,
  );
  expect(rows).toEqual([{ fsync: "on", encoding: "UTF8", addresses: "127.0.0.1", passwords: "scram-sha-256" }]);
  expect(statSync(join(server.dataDir, "superuser-password")).mode & 0o777).toBe(0o600);
  await expect(query(server.adminUri.replace(/:[^:@]*@/, ":guess@"), "select 1")).rejects.toThrow("password");
});

test("roles and databases are made, repeatedly, and databases copied from a template", async () => {
  for (const _ of [1, 2]) {
    await server.createRole("ana'lyst", { password: "p'\\ss", memberOf: ["pg_monitor"] });
    await server.createDatabase("books", { owner: "ana'lyst" });
  }
  const uri = server.uri("ana'lyst", "books");
  await query(uri, "create table pages (number int)");
  await query(uri, "insert into pages values (7)");
  await server.createDatabase("copy", { template: "books" });
  expect(await query(server.uri("ana'lyst", "copy"), "select number from pages")).toEqual([{ number: 7 }]);
  await server.dropDatabase("copy");
  await server.dropDatabase("copy");
});

test("a killed server keeps what was committed, and comes back on its port", async () => {
  await query(server.uri("ana'lyst", "books"), "insert into pages values (8)");
  await server.kill();
  expect(server.pid).toBeUndefined();
  await expect(query(server.adminUri, "select 1")).rejects.toThrow();
  await server.restart();
  expect(await query(server.uri("ana'lyst", "books"), "select number from pages order by 1")).toEqual([
    { number: 7 },
    { number: 8 },
  ]);
});

test("a second opening of the same data is refused; after closing it is found again", async () => {
  await expect(open()).rejects.toBeInstanceOf(DataInUseError);
  await server[Symbol.asyncDispose]();
  server = await open();
  expect(await query(server.adminUri, "select datname from pg_database where datname = 'books'")).toHaveLength(1);
});

test("the server stops by itself when its parent is killed, and its data opens again", async () => {
  const dataDir = join(dir, "orphan");
  const module = join(import.meta.dirname, "postgres.ts");
  const code = `const { openPostgres } = await import(${JSON.stringify(module)});
    const server = await openPostgres(${JSON.stringify({ dataDir, binDir })}); console.log(server.pid);`;
  const parent = spawn(process.execPath, ["-e", code], { stdio: ["ignore", "pipe", "inherit"] });
  const [printed] = await once(parent.stdout, "data");
  const pid = Number(String(printed));
  expect(isAlive(pid)).toBe(true);
  parent.kill("SIGKILL");
  await until("the orphan to stop", STOP_BOUND_MS, () => !isAlive(pid) || undefined);
  await using again = await openPostgres({ dataDir, binDir });
  expect(again.pid).not.toBe(pid);
});

test("data of another major version is refused with both versions named", async () => {
  const embedded = embeddedPostgresBin(`${process.platform}-${process.arch}`);
  if (embedded === undefined) throw new Error("embedded-postgres has no binaries for this platform");
  const dataDir = join(dir, "embedded");
  {
    await using other = await openPostgres({ dataDir, binDir: embedded, durable: false });
    expect(await query(other.adminUri, "select 1 as one")).toEqual([{ one: 1 }]);
  }
  const found = await findTool("postgres");
  if (dirname(found.path) === embedded) return; // this machine has only one version
  await expect(openPostgres({ dataDir, binDir })).rejects.toThrow(
    /^The data in .* is of PostgreSQL 18, but the programs/,
  );
});
