import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { choosePorts, type PlatformPorts } from "#testkit/platform-ports.ts";
import { roleEnvironment, roleNames, roleUrl } from "#testkit/platform-roles.ts";
import { openSecrets, type PlatformSecrets } from "#testkit/platform-state.ts";
import { createRoleProcess } from "#testkit/role-process.ts";

const SETS = [{ set: "syd1", region: "syd" }] as const;

let dir = "";
let ports: PlatformPorts;
let secrets: PlatformSecrets;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "godwit-roles-"));
  ports = await choosePorts(["syd1"], {}, undefined);
  secrets = await openSecrets(dir);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

for (const name of roleNames) {
  test(`godwit ${name} runs alone, with its servers and all others down, and ends at SIGTERM`, async () => {
    const role = createRoleProcess({
      name,
      command: [process.execPath, join(import.meta.dir, "main.ts"), name],
      env: roleEnvironment(name, { region: "syd", sets: SETS, ports, secrets }),
      dir: join(dir, "roles"),
      url: roleUrl(name, ports),
    });
    try {
      await role.restart();
      expect(role.alive).toBe(true);
    } finally {
      await role.stop();
    }
    expect(await role.exited).toEqual({ code: 0, signal: null });
  });
}

test("a role without its variables names every one that is missing, and does not start", async () => {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "main.ts"), "connectors"], {
    env: { PATH: process.env.PATH ?? "" },
    stderr: "pipe",
  });
  expect(await child.exited).toBe(1);
  const said = await new Response(child.stderr).text();
  for (const variable of ["GODWIT_SETS", "GODWIT_REGION", "GODWIT_CONNECTORS_LINKS"]) expect(said).toContain(variable);
});
