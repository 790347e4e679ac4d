import { expect, test } from "bun:test";
import { explain, meaningfulLines } from "./server-start-error.ts";

const mongo = (severity: string, msg: string, attr?: object): string =>
  JSON.stringify({ t: { $date: "2026-01-01" }, s: severity, c: "STORAGE", msg, attr });

test.each([
  [mongo("E", "WiredTiger error", { error: "fatal log failure: No space left on device" }), "the disk is full"],
  [mongo("E", "Error setting up listener", { error: "SocketException: Address already in use" }), "its port is taken"],
  [
    mongo("F", "Terminating", { error: "Invalid featureCompatibilityVersion document: Expected 5.0, 6.0; found 7.0" }),
    "its data was written by a newer or much older version of the server",
  ],
  ["mongod: error while loading shared libraries: libcurl.so.4: cannot open", "a system library is missing"],
  ["2026-01-01 00:00:00.000 UTC [7] FATAL:  could not create shared memory segment", "there is too little memory"],
])("explain() finds the reason in %s", (line, reason) => {
  expect(explain(meaningfulLines(line), { code: 14, signal: null })).toBe(reason);
});

test("explain() does not take what is said in passing for a reason", () => {
  const log = [mongo("I", "Setting featureCompatibilityVersion"), mongo("F", "Fatal assertion", { id: 7 })].join("\n");
  expect(meaningfulLines(log)).toEqual(['Fatal assertion: {"id":7}']);
  expect(explain(meaningfulLines(log), { code: 14, signal: null })).toBe("it exited with status 14");
});

test("explain() tells a kill from an exit", () => {
  expect(explain([], { code: null, signal: "SIGKILL" })).toContain("it was killed");
  expect(explain([], undefined)).toContain("did not serve in time");
});
