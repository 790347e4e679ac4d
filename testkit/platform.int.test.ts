import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MongoClient } from "mongodb";
import { DataInUseError } from "./data-dir-lock.ts";
import { openPlatform, type Platform, type PlatformOptions, type PlatformTick } from "./platform.ts";
import { findLeftovers, removePlatformData } from "./platform-leftovers.ts";
import { freePorts, PortTakenError } from "./ports.ts";

const BOUND_MS = 60_000;

let dataDir = "";
let platform: Platform | undefined;

beforeAll(() => {
  dataDir = mkdtempSync(join(tmpdir(), "godwit-platform-"));
  chmodSync(dataDir, 0o711);
});
afterAll(async () => {
  await platform?.[Symbol.asyncDispose]();
  rmSync(dataDir, { recursive: true, force: true });
}, BOUND_MS);

const options = (more: Partial<PlatformOptions> = {}): PlatformOptions => ({
  dataDir,
  sets: [{ set: "syd1", region: "syd" }],
  region: "syd",
  edgeRuntime: "bun",
  roles: { type: "source" },
  durablePostgres: false,
  ...more,
});

const uriIn = (role: string): string => {
  const text = readFileSync(join(dataDir, "roles", `${role}.env`), "utf8");
  const sets = JSON.parse(/GODWIT_SETS='(.*)'/.exec(text)?.[1] ?? "[]") as readonly { readonly uri: string }[];
  return sets[0]?.uri ?? "";
};

test(
  "a platform opens with the roles asked for, and tells of each part",
  async () => {
    const ticks: PlatformTick[] = [];
    platform = await openPlatform(options({ only: ["edge", "worker"], onTick: (tick) => ticks.push(tick) }));
    const ready = ticks.filter(({ state }) => state === "ready").map(({ part }) => part);
    expect(ready.toSorted()).toEqual(["PostgreSQL", "connections", "directory", "edge", "set syd1", "worker"]);
    expect(platform.roles.get("edge")?.alive).toBe(true);
    expect(platform.roles.get("projector")?.alive).toBe(false);
    const stores = await platform.openStores();
    expect((await stores[0]?.directory.head())?.at?.number).toBe(1);
    for (const store of stores) await store[Symbol.asyncDispose]();
  },
  BOUND_MS,
);

test("each role's user may do its own work in the sets and no other", async () => {
  await using client = await new MongoClient(uriIn("edge")).connect();
  const chunks = client.db("godwit").collection("chunks");
  await expect(chunks.find().toArray()).rejects.toThrow("not authorized");
  await expect(client.db("admin").collection("system.users").find().toArray()).rejects.toThrow("not authorized");
});

test("a second opening of the same data is refused, and one onto a taken port starts nothing", async () => {
  await expect(openPlatform(options())).rejects.toBeInstanceOf(DataInUseError);
  const taken = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => taken.once("listening", resolve));
  const other = mkdtempSync(join(tmpdir(), "godwit-platform-"));
  try {
    const port = (taken.address() as { readonly port: number }).port;
    const opening = openPlatform(options({ dataDir: other, ports: { reports: port } }));
    await expect(opening).rejects.toBeInstanceOf(PortTakenError);
    expect(findLeftovers(other)).toEqual([]);
  } finally {
    taken.close();
    rmSync(other, { recursive: true, force: true });
  }
});

test(
  "closed and opened again it has its key, its accounts and its directory version, on other ports if asked",
  async () => {
    const before = { apiKey: platform?.apiKey, analystUrl: platform?.analystUrl };
    expect(findLeftovers(dataDir)).toHaveLength(6); // three members, PostgreSQL, two roles
    await platform?.[Symbol.asyncDispose]();
    platform = undefined;
    expect(findLeftovers(dataDir)).toEqual([]);

    const [edge = 0] = await freePorts(1);
    platform = await openPlatform(options({ only: ["edge"], ports: { edge } }));
    expect({ apiKey: platform.apiKey, analystUrl: platform.analystUrl, edgeUrl: platform.edgeUrl }).toEqual({
      ...before,
      edgeUrl: `http://127.0.0.1:${edge}`,
    } as never);
    const stores = await platform.openStores();
    expect((await stores[0]?.directory.head())?.at?.number).toBe(1);
    for (const store of stores) await store[Symbol.asyncDispose]();
  },
  BOUND_MS,
);

test(
  "an opening that is broken off leaves nothing running, and removePlatformData() nothing behind",
  async () => {
    await platform?.[Symbol.asyncDispose]();
    platform = undefined;
    const stop = new AbortController();
    const onTick = ({ part, state }: PlatformTick): void => {
      if (part === "directory" && state === "ready") stop.abort(new Error("stopped by hand"));
    };
    await expect(openPlatform(options({ signal: stop.signal, onTick }))).rejects.toThrow("stopped by hand");
    expect(findLeftovers(dataDir)).toEqual([]);
    removePlatformData(dataDir);
    expect([...new Bun.Glob("**").scanSync({ cwd: dataDir, dot: true })]).toEqual([]);
  },
  BOUND_MS,
);
