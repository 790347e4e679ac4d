import { expect, test } from "bun:test";
import { checkMachine } from "./preflight.ts";

const machine = (platform: string, free: number) => ({ platform, freeMebibytes: () => free });

test("checkMachine() lets a machine pass that has room for the databases", () => {
  checkMachine("/nowhere/data", machine("linux", 10_000));
  checkMachine("/nowhere/data", machine("darwin", 10_000));
});

test("checkMachine() says how much space is missing, and how to use another disk", () => {
  expect(() => checkMachine("/nowhere/data", machine("linux", 120))).toThrow(
    "The disk of /nowhere/data has 120 MB free, and the databases need 2500 MB: free some space, or choose another",
  );
});

test("checkMachine() says where the platform runs instead", () => {
  expect(() => checkMachine("/nowhere/data", machine("win32", 10_000))).toThrow("start it inside WSL 2");
});
