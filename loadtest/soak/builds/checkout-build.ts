/**
 * Another build of this repository to run beside this one: a checkout of a commit in a folder of its own. It is a clone
 * that borrows our objects, so nothing of it is left in the repository, even when we are killed.
 */
import { execFile } from "node:child_process";
import { existsSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const ROOT = join(import.meta.dir, "..", "..", "..");
const GIT_MS_MAX = 60_000;
/** Its dependencies may have to be fetched. */
const INSTALL_MS_MAX = 600_000;
/** What a tool said, in an error of ours. */
const WORDS_MAX = 500;

export interface CheckedOutBuild extends AsyncDisposable {
  readonly dir: string;
  /** Short. */
  readonly commit: string;
}

/** There is no such build to be had; the message says why. */
export class BuildError extends Error {
  override readonly name = "BuildError";
  readonly code = "build_unavailable";
  readonly retryable = false;
}

export interface BuildOptions {
  /** A commit, tag or branch. */
  readonly ref: string;
  /** Must not be there yet; removed on disposal. */
  readonly dir: string;
  /** The repository. Default: this one. */
  readonly root?: string;
}

/** Throws BuildError: no repository, no such commit, or its dependencies cannot be installed. */
export async function checkoutBuild({ ref, dir, root = ROOT }: BuildOptions): Promise<CheckedOutBuild> {
  const git = (words: string, args: readonly string[]): Promise<string> => tell(words, "git", ["-C", root, ...args]);
  const notThere = `Cannot compare with '${ref}': it names no commit here (is this a whole clone of the repository?)`;
  // "^{commit}" and "--": a ref that looks like an option is still no option.
  const commit = await git(notThere, ["rev-parse", "--verify", "--end-of-options", `${ref}^{commit}`]);
  if (existsSync(dir)) throw new BuildError(`Cannot check ${ref} out into ${dir}: it is there already`);
  const remove = (): void => rmSync(dir, { recursive: true, force: true });
  try {
    await git(`Cannot check ${ref} out`, ["clone", "--quiet", "--shared", "--no-checkout", root, dir]);
    await git(`Cannot check ${ref} out`, ["-C", dir, "checkout", "--quiet", "--detach", commit]);
    await addDependencies(root, dir);
  } catch (error) {
    remove();
    throw error;
  }
  return { dir, commit: commit.slice(0, 7), [Symbol.asyncDispose]: async () => remove() };
}

/** The first of these commits that is to be had; undefined when none is. */
export async function checkoutFirst(
  refs: readonly string[],
  options: Omit<BuildOptions, "ref">,
): Promise<CheckedOutBuild | undefined> {
  for (const ref of refs) {
    const build = await checkoutBuild({ ...options, ref }).catch((error: unknown) => {
      if (!(error instanceof BuildError)) throw error;
    });
    if (build !== undefined) return build;
  }
  return undefined;
}

/** Ours where they are the same; a build with others gets its own. */
async function addDependencies(root: string, dir: string): Promise<void> {
  const lock = (folder: string): string => readFileSync(join(folder, "package-lock.json"), "utf8");
  if (lock(root) === lock(dir)) symlinkSync(join(root, "node_modules"), join(dir, "node_modules"));
  else await tell("Cannot install the dependencies of the other build", "npm", ["ci"], dir);
}

async function tell(words: string, command: string, args: readonly string[], cwd?: string): Promise<string> {
  const timeout = command === "npm" ? INSTALL_MS_MAX : GIT_MS_MAX;
  try {
    const { stdout } = await run(command, args, { timeout, ...(cwd !== undefined && { cwd }) });
    return stdout.trim();
  } catch (cause) {
    const said = (cause as { readonly stderr?: string }).stderr?.trim().slice(-WORDS_MAX) ?? "";
    throw new BuildError(said === "" ? words : `${words}: ${said}`, { cause });
  }
}
