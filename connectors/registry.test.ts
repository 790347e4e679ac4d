import { expect, test } from "bun:test";
import { createManualClock } from "#core/smpp/testing/manual-clock.ts";
import { silentLogger } from "#domain/log.ts";
import { systemRandom } from "#domain/random.ts";
import { readLinks } from "./read-links.ts";
import { type LinkSettings, openLink } from "./registry.ts";

const SMPP = { type: "smpp", provider: "acme", host: "smsc.example", port: 2775, systemId: "godwit", password: "s" };
const LOOPBACK = { type: "loopback", provider: "none" };

function links(...given: readonly unknown[]): readonly LinkSettings[] {
  const read = readLinks(JSON.stringify(given));
  if (read.type === "wrong") throw new Error(read.problems.join("\n"));
  return read.links;
}
const problems = (...given: readonly unknown[]): readonly string[] => {
  const read = readLinks(JSON.stringify(given));
  return read.type === "wrong" ? read.problems : [];
};

test("settings have defaults, and each wrong or unknown one is named by its provider", () => {
  expect(links(SMPP)).toMatchObject([
    { binds: 1, window: 50, interfaceVersion: 0x34, addresses: { alphanumeric: { ton: 5, npi: 0 } } },
  ]);
  expect(problems({ ...SMPP, port: 0, widnow: 10 }, LOOPBACK)).toEqual([
    expect.stringMatching(/^acme\.port: .*>=1/),
    expect.stringMatching(/^acme: .*"widnow"/),
  ]);
});

test("a link needs a type and a provider of its own", () => {
  expect(problems({ ...SMPP, type: "carrier-pigeon" })).toEqual([
    'acme.type: must have a type: "smpp", "http" or "loopback"',
  ]);
  expect(problems(SMPP, { ...LOOPBACK, provider: "acme" })).toEqual(["must name each provider once"]);
  expect(problems()).toHaveLength(1);
  expect(readLinks("[{]")).toMatchObject({ type: "wrong", problems: [expect.stringContaining("JSON array")] });
});

test("what was read is opened as it is, and never becomes a link of another type", async () => {
  const [smpp, loopback] = links({ ...SMPP, tlvs: [{ id: 5120, text: "1101" }] }, LOOPBACK);
  if (smpp === undefined || loopback === undefined) throw new Error("two links were read");
  const handlers = { onReceipt: async () => undefined, onReply: async () => undefined };
  const deps = { clock: createManualClock(), random: systemRandom, log: silentLogger, handlers };
  const link = openLink(smpp, { ...deps, bindsAreLeased: true });
  await using _ = link.connector;
  expect(link.configure(loopback)).toBe(false);
  expect(link.configure(smpp)).toBe(true);
});
