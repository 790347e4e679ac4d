import { expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BuildError, checkoutBuild, checkoutFirst } from "./checkout-build.ts";

function createRepository(): { readonly root: string; readonly folder: string } & Disposable {
  const folder = mkdtempSync(join(tmpdir(), "godwit-build-"));
  const root = join(folder, "repository");
  mkdirSync(join(root, "node_modules", "some"), { recursive: true });
  const git = (...args: readonly string[]): string =>
    execFileSync("git", ["-C", root, "-c", "user.name=t", "-c", "user.email=t@example.org", ...args], {
      encoding: "utf8",
    });
  git("init", "--quiet");
  for (const text of ["first", "second"]) {
    writeFileSync(join(root, "package-lock.json"), "{}");
    writeFileSync(join(root, "file.txt"), text);
    git("add", "package-lock.json", "file.txt");
    git("commit", "--quiet", "-m", text);
    git("tag", text);
  }
  return { root, folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
}

test("a build of another commit has its files, our dependencies, and is gone afterwards", async () => {
  using repository = createRepository();
  const { root, folder } = repository;
  const dir = join(folder, "build");
  {
    await using build = await checkoutBuild({ ref: "first", dir, root });
    expect(readFileSync(join(build.dir, "file.txt"), "utf8")).toBe("first");
    expect(existsSync(join(build.dir, "node_modules", "some"))).toBe(true);
    expect(build.commit).toMatch(/^[0-9a-f]{7}$/);
    await expect(checkoutBuild({ ref: "second", dir, root })).rejects.toThrow("it is there already");
  }
  expect(existsSync(dir)).toBe(false);
  expect(existsSync(join(root, "node_modules", "some"))).toBe(true);
});

test("a commit that is not there, and a folder that is no repository, say what they are", async () => {
  using repository = createRepository();
  const { root, folder } = repository;
  const dir = join(folder, "build");
  await expect(checkoutBuild({ ref: "third", dir, root })).rejects.toThrow("Cannot compare with 'third'");
  await expect(checkoutBuild({ ref: "--upload-pack=x", dir, root })).rejects.toBeInstanceOf(BuildError);
  await expect(checkoutBuild({ ref: "first", dir, root: folder })).rejects.toThrow("whole clone");
  expect(existsSync(dir)).toBe(false);
});

test("of several commits the first that is there is taken, and none where there is none", async () => {
  using repository = createRepository();
  const { root, folder } = repository;
  const dir = join(folder, "build");
  {
    await using build = await checkoutFirst(["0badbad", "second", "first"], { dir, root });
    expect(readFileSync(join(build?.dir ?? "", "file.txt"), "utf8")).toBe("second");
  }
  expect(await checkoutFirst(["0badbad"], { dir, root })).toBeUndefined();
});
