/** The platform that the end-to-end tests run on: the whole of it, in a folder that goes when they are done. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Store } from "#core/store/store.ts";
import { openPlatform, type Platform, type PlatformOptions } from "#testkit/platform.ts";

export interface TestPlatform extends AsyncDisposable {
  readonly platform: Platform;
  readonly stores: readonly Store[];
}

export async function openTestPlatform(options: Partial<PlatformOptions> = {}): Promise<TestPlatform> {
  await using stack = new AsyncDisposableStack();
  const dataDir = mkdtempSync(join(tmpdir(), "godwit-e2e-"));
  stack.defer(() => rmSync(dataDir, { recursive: true, force: true }));
  const platform = stack.use(
    await openPlatform({
      dataDir,
      sets: [
        { set: "syd1", region: "syd" },
        { set: "fra1", region: "fra" },
      ],
      region: "syd",
      edgeRuntime: "deno",
      roles: { type: "source" },
      durablePostgres: false,
      ...options,
    }),
  );
  const stores = await platform.openStores();
  for (const store of stores) stack.use(store);
  const held = stack.move();
  return { platform, stores, [Symbol.asyncDispose]: () => held.disposeAsync() };
}
