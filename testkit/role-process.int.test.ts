import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts } from "./ports.ts";
import { isAlive } from "./process-table.ts";
import { createRoleProcess, stopLeftoverRole } from "./role-process.ts";
import { ServerStartError } from "./server-start-error.ts";

let dir = "";
let port = 0;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "godwit-role-"));
  [port = 0] = await freePorts(1);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** A role in miniature: /livez, /readyz that says no, and its environment. */
const SERVES = `
Bun.serve({ port: Number(process.env.PORT), hostname: "127.0.0.1", routes: {
  "/livez": () => new Response("yes"), "/env": () => Response.json(process.env) },
  fetch: () => new Response("no", { status: 503 }) });
`;
/** bun itself adds what it was started with. */
const OF_BUN = /^(npm_|BUN_|_$|PWD$|SHLVL$|OLDPWD$)/;

function createRole(script: string, env: Readonly<Record<string, string>> = {}) {
  const path = join(dir, "role.ts");
  writeFileSync(path, script);
  const command = [process.execPath, path] as const;
  const options = { name: "part", command, dir: join(dir, "roles"), url: `http://127.0.0.1:${port}` };
  return createRoleProcess({ ...options, env: { PORT: `${port}`, PATH: process.env.PATH ?? "", ...env } });
}

test("a role gets the environment written for it, quotes and all, and nothing of ours", async () => {
  process.env.GODWIT_INHERITED = "yes";
  const value = `it's "quoted" $HOME \`id\` \\ and\nmore`;
  const role = createRole(SERVES, { VALUE: value });
  try {
    await role.restart();
    const env = (await (await fetch(`${role.url}/env`)).json()) as Readonly<Record<string, string>>;
    expect(env.VALUE).toBe(value);
    expect(
      Object.keys(env)
        .filter((name) => !OF_BUN.test(name))
        .sort(),
    ).toEqual(["PATH", "PORT", "VALUE"]);
    expect(statSync(join(dir, "roles", "part.env")).mode & 0o777).toBe(0o600);
    await expect(role.waitForReady(100)).rejects.toThrow("part to be ready");
  } finally {
    delete process.env.GODWIT_INHERITED;
    await role.stop();
  }
});

test("kill() ends it like a crash, and restart() brings it back at the same address", async () => {
  const role = createRole(SERVES);
  try {
    await role.restart();
    const { pid = 0, exited } = role;
    await role.kill();
    expect(await exited).toEqual({ code: null, signal: "SIGKILL" });
    expect({ alive: role.alive, pid: role.pid, isAlive: isAlive(pid) }).toEqual({
      alive: false,
      pid: undefined,
      isAlive: false,
    });
    await role.restart();
    expect(role.pid).not.toBe(pid);
    expect((await fetch(`${role.url}/livez`)).ok).toBe(true);
  } finally {
    await role.stop();
  }
});

test("restart() of a role that dies at its start throws what it said last", async () => {
  const role = createRole(`process.stderr.write("PORT: is not a setting of this role\\n"); process.exit(1);`);
  const error = await role.restart().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ServerStartError);
  expect(String(error)).toContain("The role part did not start: it exited with status 1");
  expect(String(error)).toContain("is not a setting of this role");
  expect(role.alive).toBe(false);
});

test("stopLeftoverRole() stops the process of a dead run, and no other that has its id now", async () => {
  const role = createRole(SERVES);
  await role.restart();
  const { pid = 0 } = role;
  const note = join(dir, "roles", "part.pid");
  expect(readFileSync(note, "utf8")).toBe(`${pid}`);
  writeFileSync(note, `${process.pid}`);
  await stopLeftoverRole(join(dir, "roles"), "part");
  writeFileSync(note, `${pid}`);
  await stopLeftoverRole(join(dir, "roles"), "part");
  expect(isAlive(pid)).toBe(false);
  await stopLeftoverRole(join(dir, "roles"), "nobody");
});
