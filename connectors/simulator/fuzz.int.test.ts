/** Broken PDUs at the simulator, as any server of which only the port is known. */
import { expect, test } from "bun:test";
import { createOutsideTarget } from "#core/smpp/testing/fuzz-targets.ts";
import { runFuzz } from "#core/smpp/testing/run-fuzz.ts";
import { until } from "#testkit/until.ts";
import { openPair } from "../smpp/testing/open-pair.ts";
import { alwaysMayWrite, segment } from "../testing/connector-kit.ts";

test("5,000 broken PDUs leave no link behind, and the next customer is served", async () => {
  await using pair = await openPair();
  await using target = createOutsideTarget(pair.simulator.port);
  const { stood, cases } = await runFuzz(target, { firstSeed: 50_000, pdus: 5_000, samples: 1 });
  expect(stood).toBeGreaterThan(cases / 2);
  await until("the links of the fuzz to go", 5_000, () => pair.simulator.links === 1 || undefined);
  expect(await pair.connector.submit(segment(), alwaysMayWrite)).toMatchObject({ type: "accepted" });
});
