import { expect, test } from "bun:test";
import { FAULTS } from "./fault-table.ts";

test("every fault has a name of its own, fit for a command line", () => {
  const names = FAULTS.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/);
});
