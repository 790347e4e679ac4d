import { expect, test } from "bun:test";
import { sampleReport } from "../report/testing/sample-report.ts";
import { fingerprintOf } from "./describe-setup.ts";

const { machine } = sampleReport;

test("a patch, a load or a commit is no other machine; a version, a core or a balancer is", () => {
  const usual = fingerprintOf(machine, "1.1.0", true);
  expect(fingerprintOf({ ...machine, commit: "x", loadavg_at_start: [9], bun: "1.4.9" }, "1.1.7", true)).toBe(usual);
  expect(fingerprintOf({ ...machine, bun: "1.5.0" }, "1.1.0", true)).not.toBe(usual);
  expect(fingerprintOf({ ...machine, cores: 4 }, "1.1.0", true)).not.toBe(usual);
  expect(fingerprintOf(machine, "1.1.0", false)).not.toBe(usual);
});
