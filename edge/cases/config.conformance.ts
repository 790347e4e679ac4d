/** The settings: defaults, and one message for everything that is wrong. */
import { readEdgeConfig } from "../config.ts";
import type { Harness } from "./harness.ts";

const sets = JSON.stringify([{ set: "syd1", region: "syd", uri: "mongodb://localhost", database: "godwit" }]);
const env = { GODWIT_REGION: "syd", GODWIT_SETS: sets };

export function configCases({ test, assert }: Harness): void {
  const messageOf = (given: Readonly<Record<string, string>>): string => {
    try {
      readEdgeConfig(given);
      return "";
    } catch (error) {
      return error instanceof Error ? error.message : "";
    }
  };

  test("readEdgeConfig() has defaults for all but region and sets, and leaves other variables alone", async () => {
    const config = readEdgeConfig({ ...env, PATH: "/bin", GODWIT_WORKER_COUNT: "2" });
    assert.deepEqual([config.host, config.port, config.drainNoticeMs], ["127.0.0.1", 8080, 0]);
    assert.equal(config.sets[0]?.set, "syd1");
  });

  test("readEdgeConfig() names every wrong variable in one message, unknown ones of its role too", async () => {
    const message = messageOf({ GODWIT_SETS: "{", GODWIT_EDGE_PORT: "80a", GODWIT_EDGE_PROT: "80" });
    for (const name of ["GODWIT_REGION", "GODWIT_SETS", "GODWIT_EDGE_PORT", "GODWIT_EDGE_PROT"]) {
      assert.ok(message.includes(`${name}:`), `${name} in ${message}`);
    }
    assert.equal(messageOf(env), "");
  });
}
