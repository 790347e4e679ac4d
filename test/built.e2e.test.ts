/** The journey again on what `npm run build` makes: one executable a role, and the edge as Deno source too. */
import { beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { expectJourney } from "./journey.ts";
import { openTestPlatform } from "./open-test-platform.ts";

const ROOT = join(import.meta.dir, "..");

beforeAll(async () => {
  const build = Bun.spawn([process.execPath, join(ROOT, "scripts/build.ts"), "--strict"], {
    cwd: ROOT,
    stdout: "ignore",
  });
  expect(await build.exited).toBe(0);
}, 120_000);

describe.each(["bun", "deno"] as const)("built files, the edge for %s", (edgeRuntime) => {
  test("2,000 messages: each at the provider exactly once, each with its line of events", async () => {
    await using platform = await openTestPlatform({ edgeRuntime, roles: { type: "built", dist: join(ROOT, "dist") } });
    await expectJourney(platform);
  }, 240_000);
});
