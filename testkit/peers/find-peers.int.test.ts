import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cachedFolder } from "./cached-folder.ts";
import { findJsmpp, findKannel, findPythonPeers, findTshark } from "./find-peers.ts";

let cacheDir = "";
beforeEach(() => {
  cacheDir = mkdtempSync(join(tmpdir(), "godwit-peers-"));
});
afterEach(() => rmSync(cacheDir, { recursive: true, force: true }));

test.each([
  ["python3 3.9 or newer with pip", findPythonPeers],
  ["a JDK 17 or newer, and Maven", findJsmpp],
  ["the programs bearerbox and smsbox (Debian: apt-get install kannel)", findKannel],
  ["the programs tshark and text2pcap (Debian: apt-get install tshark)", findTshark],
] as const)("what cannot be had is said: this test needs %s", async (advice, find) => {
  const error = await find({ cacheDir, env: { PATH: cacheDir } }).catch((thrown: Error & { code?: string }) => thrown);
  expect(error).toMatchObject({ code: "peer_missing", message: expect.stringContaining(`This test needs ${advice}.`) });
  expect(readdirSync(cacheDir)).toEqual([]);
});

test("a folder is filled once by runs that race, and not at all by one that fails", async () => {
  let fills = 0;
  const fill = async (folder: string): Promise<void> => {
    fills++;
    writeFileSync(join(folder, "content"), "whole");
    await new Promise(setImmediate);
  };
  const folders = await Promise.all(Array.from({ length: 4 }, () => cachedFolder(cacheDir, "peer", fill)));
  expect(new Set(folders)).toEqual(new Set([join(cacheDir, "peer")]));
  expect(existsSync(join(cacheDir, "peer", "content"))).toBe(true);
  await cachedFolder(cacheDir, "peer", fill);
  expect(fills).toBe(4);
  const failing = cachedFolder(cacheDir, "other", () => Promise.reject(new Error("no network")));
  await expect(failing).rejects.toThrow("no network");
  expect(readdirSync(cacheDir)).toEqual(["peer"]);
});
