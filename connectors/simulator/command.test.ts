import { expect, test } from "bun:test";
import { parseSimulatorCommand } from "./command.ts";

test("options lie over the environment, and marks of 'godwit up' are left alone", () => {
  const argv = [
    "--port",
    "2775",
    "--control",
    "0",
    "--script",
    "bad-day.json",
    "--system-id",
    "esme",
    "/data/simulator",
  ];
  expect(parseSimulatorCommand(argv, { GODWIT_SIMULATOR_PORT: "1", GODWIT_SIMULATOR_SEED: "5" })).toEqual({
    GODWIT_SIMULATOR_PORT: "2775",
    GODWIT_SIMULATOR_CONTROL_PORT: "0",
    GODWIT_SIMULATOR_SCRIPT: "bad-day.json",
    GODWIT_SIMULATOR_SYSTEM_ID: "esme",
    GODWIT_SIMULATOR_SEED: "5",
  });
  expect(parseSimulatorCommand([], {})).toEqual({});
});
