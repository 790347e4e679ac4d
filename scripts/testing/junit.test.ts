import { describe, expect, test } from "bun:test";
import { readJunit } from "./junit.ts";

const BUN = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="bun test" tests="4" failures="1" skipped="1" time="0.03">
  <testsuite name="core/a.test.ts" file="core/a.test.ts" tests="4">
    <testcase name="top" classname="" time="0.25" file="core/a.test.ts" line="1" />
    <testsuite name="outer &lt;&amp;&gt;" file="core/a.test.ts" tests="3">
      <testcase name="skips" time="0" file="core/a.test.ts"><skipped message="TODO" /></testcase>
      <testsuite name="inner" file="core/a.test.ts" tests="2">
        <testcase name="fails" time="0.003" file="core/a.test.ts">
          <failure type="Error" message="boom">Error: boom&#10;  at a.test.ts:4</failure>
        </testcase>
        <testcase name="a &gt; b" time="0.003" file="core/a.test.ts"><system-out><![CDATA[<x>]]></system-out></testcase>
      </testsuite>
    </testsuite>
  </testsuite>
</testsuites>
`;

const DENO = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="2" failures="1" errors="0" time="0.011">
    <testsuite name="./edge/app_test.ts" tests="2" disabled="0" errors="0" failures="1">
        <testcase name="steps &gt; s1" classname="./edge/app_test.ts" time="0.001" line="2" col="43">
        </testcase>
        <testcase name="fails" classname="./edge/app_test.ts" time="0.001" line="2" col="73">
            <failure message="Uncaught Error: s">Error: s</failure>
        </testcase>
    </testsuite>
</testsuites>
`;

describe("readJunit()", () => {
  test("reads Bun's report", () => {
    const file = "core/a.test.ts";
    expect(readJunit(BUN)).toEqual({
      kind: "read",
      cases: [
        { file, name: "top", outcome: "passed", ms: 250, message: "" },
        { file, name: "outer <&> > skips", outcome: "skipped", ms: 0, message: "" },
        { file, name: "outer <&> > inner > fails", outcome: "failed", ms: 3, message: "Error: boom\n  at a.test.ts:4" },
        { file, name: "outer <&> > inner > a > b", outcome: "passed", ms: 3, message: "" },
      ],
    });
  });

  test("reads Deno's report", () => {
    const file = "edge/app_test.ts";
    expect(readJunit(DENO)).toEqual({
      kind: "read",
      cases: [
        { file, name: "steps > s1", outcome: "passed", ms: 1, message: "" },
        { file, name: "fails", outcome: "failed", ms: 1, message: "Error: s" },
      ],
    });
  });

  test("refuses a report that was cut off, at every place", () => {
    for (let end = 0; end < BUN.trimEnd().length; end++) {
      expect(readJunit(BUN.slice(0, end)).kind).toBe("unreadable");
    }
  });

  test("refuses a report whose total is not the number of its cases", () => {
    expect(readJunit(BUN.replace('tests="4"', 'tests="5"'))).toEqual({
      kind: "unreadable",
      reason: "it states 5 tests and holds 4",
    });
    expect(readJunit(BUN.replace('tests="4"', "")).kind).toBe("unreadable");
  });

  test("refuses what is no report", () => {
    for (const text of ["", "panic: out of memory", "<html></html>", "<a></b>", "<testsuites", "<a/><b/>"]) {
      expect(readJunit(text).kind).toBe("unreadable");
    }
  });
});
