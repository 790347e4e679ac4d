import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { embeddedPostgresBin, relink } from "./embedded-postgres.ts";

test("relink() makes the links that the skipped install script would have made, once", () => {
  const dir = mkdtempSync(join(tmpdir(), "godwit-relink-"));
  try {
    mkdirSync(join(dir, "native", "lib"), { recursive: true });
    writeFileSync(join(dir, "native", "lib", "libpq.so.5.18"), "library");
    const links = [{ source: "native/lib/libpq.so.5.18", target: "native/lib/libpq.so.5" }];
    writeFileSync(join(dir, "native", "pg-symlinks.json"), JSON.stringify(links));
    relink(dir);
    relink(dir);
    expect(readFileSync(join(dir, "native", "lib", "libpq.so.5"), "utf8")).toBe("library");
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});

test("embeddedPostgresBin() has nothing for a platform without a package", () => {
  expect(embeddedPostgresBin("plan9-mips")).toBeUndefined();
});
