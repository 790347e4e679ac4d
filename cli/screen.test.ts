import { expect, test } from "bun:test";
import type { UpSummary } from "./last-screen.ts";
import { createScreen } from "./screen.ts";

const SUMMARY: UpSummary = {
  ms: 7_300,
  edgeUrl: "http://127.0.0.1:8080",
  apiKey: "gw_live_demo_0",
  numbers: ["+61491570156"],
  reportsUrl: "http://127.0.0.1:8081",
  reportsToken: "token",
  simulatorUrl: "http://127.0.0.1:8082",
  smppPort: 2775,
  analystUrl: "postgres://analyst:0@127.0.0.1:5433/godwit",
  sets: [{ set: "syd1", region: "syd", ports: [27_101, 27_102, 27_103] }],
  dataDir: "/data",
  postgresDataDir: "/elsewhere/postgres",
  reset: "godwit reset",
  first: {
    ids: ["syd1-0"],
    shown: { id: "syd1-0", events: [{ type: "replied", at: "2030-01-01T00:00:00.000Z", text: "YES", from: "+1" }] },
  },
};

function createOut(isTTY: boolean) {
  const written: string[] = [];
  return { isTTY, write: (text: string) => written.push(text), text: () => written.join("") };
}

const CONTROL = /\x1b\[[\d;]*[A-Za-z]/g;

test("into a pipe goes one line a part when it is ready, and the last screen, without cursor movements", () => {
  const out = createOut(false);
  const screen = createScreen({ out, json: false });
  screen.begun("Godwit starts");
  screen.tick({ part: "worker", state: "starting" });
  screen.tick({ part: "worker", state: "ready", ms: 612 });
  screen.note("worker died");
  screen.up(SUMMARY);
  const lines = out.text().replaceAll(CONTROL, "").split("\n");
  expect(lines[0]).toBe("Godwit starts");
  expect(lines[1]).toMatch(/^ {2}ok worker +routes and prices them +0\.6 s$/);
  expect(lines[2]).toBe("worker died");
  for (const expected of [
    "Godwit is up after 7.3 s.",
    "  API        http://127.0.0.1:8080",
    "  Data       /data",
    "             /elsewhere/postgres (PostgreSQL)",
    "  The data stays, and the next start finds it. To remove it: godwit reset",
    "  +0 ms  replied  “YES” from +1",
  ]) {
    expect(lines).toContain(expected);
  }
  expect(out.text()).not.toMatch(/\x1b\[\d*[AJ]/);
});

test("in a terminal the block of parts is redrawn in place, and notes stand above it", () => {
  const out = createOut(true);
  const screen = createScreen({ out, json: false });
  screen.tick({ part: "worker", state: "starting" });
  screen.tick({ part: "edge", state: "starting" });
  screen.note("downloading");
  screen.tick({ part: "worker", state: "ready", ms: 612 });
  screen.stopping();
  const before = out.text();
  screen.tick({ part: "edge", state: "ready", ms: 700 });
  expect(out.text()).toBe(before); // it is on its way down
  const [, afterNote = ""] = before.split("downloading\n");
  expect(afterNote).toContain("worker");
  expect(before).toContain("\x1b[2A\x1b[J");
});

test("with --json each line is an object, and the last screen has the commands", () => {
  const out = createOut(true);
  const screen = createScreen({ out, json: true });
  screen.tick({ part: "worker", state: "ready", ms: 612 });
  screen.up(SUMMARY);
  screen.failed({ code: "port_taken", message: "Port 8080 is taken" });
  const [tick, up, failed] = out
    .text()
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(tick).toEqual({ event: "tick", part: "worker", state: "ready", ms: 612 });
  expect(up).toMatchObject({ event: "up", apiKey: "gw_live_demo_0" });
  expect(up.commands.send).toStartWith(
    "curl -sS http://127.0.0.1:8080/v1/messages -H 'Authorization: Bearer gw_live_demo_0'",
  );
  expect(up.commands.read).toContain("/v1/messages/syd1-0 ");
  expect(up.commands.sql).toStartWith("psql 'postgres://analyst:0@127.0.0.1:5433/godwit' -c \"SELECT ");
  expect(failed).toEqual({ event: "failed", code: "port_taken", message: "Port 8080 is taken" });
});
