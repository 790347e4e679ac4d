/** The links of a process while their settings change: connectors without a wire, engines that wait for their end. */
import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "#domain/clock.ts";
import { type LogEventName, type Logger, silentLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import { openLinksSource } from "./links-source.ts";
import { readLinks } from "./read-links.ts";
import { type LinkSettings, openLink } from "./registry.ts";
import { createRunningLinks, type RunningLinks } from "./running-links.ts";

const handlers = { onReceipt: async () => undefined, onReply: async () => undefined };
const deps = { clock: systemClock, random: systemRandom, log: silentLogger, handlers };
const loopback = (provider: string, more: object = {}): object => ({ type: "loopback", provider, ...more });
const smpp = { type: "smpp", provider: "a", host: "127.0.0.1", port: 1, systemId: "s", password: "p" };

function parse(...given: readonly object[]): readonly LinkSettings[] {
  const read = readLinks(JSON.stringify(given));
  if (read.type === "wrong") throw new Error(read.problems.join("\n"));
  return read.links;
}

function setup() {
  const stop = new AbortController();
  const opened: string[] = [];
  const broken = Promise.withResolvers<never>();
  const links = createRunningLinks((settings) => {
    opened.push(`${settings.provider}:${settings.type}`);
    const link = openLink(settings, { ...deps, bindsAreLeased: true });
    return {
      ...link,
      async run(signal) {
        const aborted = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
        await Promise.race([aborted, broken.promise]);
        await link.connector.drain();
      },
    };
  }, stop.signal);
  return { links, opened, stop, fail: (error: Error) => broken.reject(error) };
}

const windows = ({ connectors }: RunningLinks): object =>
  Object.fromEntries(connectors.map(({ provider, window }) => [provider, window]));

test("links come, change and go as their settings say, and those that stay are the same", async () => {
  const { links, opened, stop } = setup();
  const running = links.run();
  await links.apply(parse(loopback("a"), loopback("b", { window: 5 })));
  const [a, b] = [links.connectorOf("a"), links.connectorOf("b")];
  await links.apply(parse(loopback("b", { window: 7 }), loopback("c")));
  expect([links.connectorOf("b") === b, a?.health, windows(links)]).toEqual([true, "down", { b: 7, c: 50 }]);
  await links.apply(parse(loopback("a"), loopback("b", { window: 7 }), loopback("c")));
  expect(opened).toEqual(["a:loopback", "b:loopback", "c:loopback", "a:loopback"]);
  stop.abort();
  await running;
  expect(links.connectors.map(({ health }) => health)).toEqual(["down", "down", "down"]);
});

test("a link of another type is another link", async () => {
  const { links, opened, stop } = setup();
  const running = links.run();
  await links.apply(parse(loopback("a")));
  const before = links.connectorOf("a");
  await links.apply(parse(smpp));
  expect([before?.health, opened]).toEqual(["down", ["a:loopback", "a:smpp"]]);
  stop.abort();
  await running;
});

test("an engine that throws ends all of them, and says why", async () => {
  const { links, fail } = setup();
  const running = links.run();
  await links.apply(parse(loopback("a"), loopback("b")));
  fail(new Error("a loop of it broke"));
  await expect(running).rejects.toThrow("a loop of it broke");
});

test("a file is read again when it changed; one that is wrong or gone changes nothing and is told once", async () => {
  const folder = mkdtempSync(join(tmpdir(), "godwit-links-"));
  const file = join(folder, "links.json");
  const write = (text: string): void => writeFileSync(file, text);
  const said: string[] = [];
  const waiting: (() => void)[] = [];
  const note = (name: LogEventName, fields: object): void => {
    said.push(`${name} ${Object.values(fields).join()}`);
    for (const wake of waiting.splice(0)) wake();
  };
  const next = (): Promise<void> => new Promise((resolve) => waiting.push(resolve));
  const log: Logger = { info: note, error: note };
  const stop = new AbortController();
  try {
    write(JSON.stringify([loopback("a")]));
    const source = await openLinksSource({ file }, { clock: systemClock, log });
    const applied: string[][] = [source.links.map(({ provider }) => provider)];
    const watching = source.watch(async (links) => {
      applied.push(links.map(({ provider }) => provider));
    }, stop.signal);
    for (const change of [
      () => write(JSON.stringify([loopback("a"), loopback("b")])),
      () => write('[{"type":"loopb'),
      () => write(JSON.stringify([loopback("a", { windw: 1 })])),
      () => rmSync(file),
      () => write(JSON.stringify([loopback("c")])),
    ]) {
      const told = next();
      change();
      await told;
    }
    stop.abort();
    await watching;
    expect(applied).toEqual([["a"], ["a", "b"], ["c"]]);
    expect(said).toEqual([
      "links.applied 2",
      expect.stringContaining("links.refused must be a JSON array of links"),
      expect.stringMatching(/^links.refused a: .*"windw"/),
      expect.stringContaining("cannot be read (ENOENT)"),
      "links.applied 1",
    ]);
    const missing = openLinksSource({ file: join(folder, "none") }, { clock: systemClock, log });
    await expect(missing).rejects.toThrow("GODWIT_CONNECTORS_LINKS_FILE: ");
  } finally {
    stop.abort();
    rmSync(folder, { recursive: true, force: true });
  }
}, 20_000);
