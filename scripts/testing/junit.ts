// The JUnit reports of Bun and Deno, read into one shape. A report whose own total differs from its cases is refused.

import { parseXml, type XmlElement } from "./xml.ts";

export type TestCase = {
  /** Relative to the root. */
  readonly file: string;
  /** Suites and test, joined by ` > `. */
  readonly name: string;
  readonly outcome: "passed" | "failed" | "skipped";
  readonly ms: number;
  /** What the runner says of a failure. */
  readonly message: string;
};

export type JunitReport =
  | { readonly kind: "read"; readonly cases: readonly TestCase[] }
  | { readonly kind: "unreadable"; readonly reason: string };

/** Reads a report; never throws. */
export function readJunit(xml: string): JunitReport {
  try {
    const root = parseXml(xml);
    if (root.name !== "testsuites") return { kind: "unreadable", reason: `<${root.name}> is not <testsuites>` };
    const cases = root.children.flatMap((suite) => casesOf(suite, []));
    const stated = Number(root.attributes.tests);
    if (stated === cases.length) return { kind: "read", cases };
    return { kind: "unreadable", reason: `it states ${root.attributes.tests} tests and holds ${cases.length}` };
  } catch (error) {
    return { kind: "unreadable", reason: error instanceof Error ? error.message : String(error) };
  }
}

function casesOf(element: XmlElement, suites: readonly string[]): readonly TestCase[] {
  const name = element.attributes.name ?? "(unnamed)";
  if (element.name === "testsuite") {
    // The suite of a file is not part of a test's name.
    const isFile = name === (element.attributes.file ?? name);
    return element.children.flatMap((child) => casesOf(child, isFile ? suites : [...suites, name]));
  }
  if (element.name !== "testcase") return [];
  const failure = element.children.find((child) => child.name === "failure" || child.name === "error");
  const skipped = element.children.some((child) => child.name === "skipped");
  const seconds = Number(element.attributes.time ?? 0);
  return [
    {
      file: (element.attributes.file ?? element.attributes.classname ?? "").replace(/^\.\//, ""),
      name: [...suites, name].join(" > "),
      outcome: failure !== undefined ? "failed" : skipped ? "skipped" : "passed",
      ms: Number.isFinite(seconds) ? seconds * 1000 : 0,
      message: failure === undefined ? "" : failure.text.trim() || (failure.attributes.message ?? ""),
    },
  ];
}
