/** Where the settings of the links are: in the environment for good, or in a file that is looked at while we run. */
import { readFile } from "node:fs/promises";
import { ConfigError } from "#core/config/env.ts";
import type { Clock } from "#domain/clock.ts";
import type { Logger } from "#domain/log.ts";
import { readLinks } from "./read-links.ts";
import type { LinkSettings } from "./registry.ts";

const LOOK_MS = 1_000;

export interface LinksSource {
  /** As they are to begin with. */
  readonly links: readonly LinkSettings[];
  /**
   * Hands on what they become, until `signal` aborts. A file that cannot be read or is wrong changes nothing and is
   * told once.
   */
  watch(apply: (links: readonly LinkSettings[]) => Promise<void>, signal: AbortSignal): Promise<void>;
}

/** Throws ConfigError, naming all that is wrong: who starts a process is there to mend it. */
export async function openLinksSource(
  given: { readonly links?: readonly LinkSettings[] | undefined; readonly file?: string | undefined },
  deps: { readonly clock: Clock; readonly log: Logger },
): Promise<LinksSource> {
  const { links = [], file } = given;
  if (file === undefined) return { links, watch: async () => undefined };
  const first = await readText(file);
  if (first.type === "failed") throw wrong([`${file} cannot be read (${first.code})`]);
  return {
    links: parse(first.text),
    watch: (apply, signal) => watchFile(file, { ...deps, known: first.text, apply }, signal),
  };
}

interface WatchDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly known: string;
  readonly apply: (links: readonly LinkSettings[]) => Promise<void>;
}

async function watchFile(file: string, { clock, log, apply, ...deps }: WatchDeps, signal: AbortSignal): Promise<void> {
  let known = deps.known;
  while (!signal.aborted) {
    await clock.sleep(LOOK_MS, signal);
    const read = await readText(file);
    const said = read.type === "text" ? read.text : read.code;
    if (signal.aborted || said === known) continue;
    known = said;
    // Half of it may have been written: it is looked at again once it is another text.
    const links = read.type === "text" ? readLinks(read.text) : undefined;
    if (links?.type === "links") {
      await apply(links.links);
      log.info("links.applied", { links: links.links.length });
    } else {
      log.error("links.refused", { problems: links?.problems.join("; ") ?? `${file} cannot be read (${said})` });
    }
  }
}

function parse(text: string): readonly LinkSettings[] {
  const read = readLinks(text);
  if (read.type === "links") return read.links;
  throw wrong(read.problems);
}

function wrong(problems: readonly string[]): ConfigError {
  const lines = problems.map((problem) => `  GODWIT_CONNECTORS_LINKS_FILE: ${problem}`);
  return new ConfigError(`Cannot start as these settings are wrong:\n${lines.join("\n")}`);
}

async function readText(
  file: string,
): Promise<{ readonly type: "text"; readonly text: string } | { readonly type: "failed"; readonly code: string }> {
  try {
    return { type: "text", text: await readFile(file, "utf8") };
  } catch (error) {
    return { type: "failed", code: error instanceof Error && "code" in error ? String(error.code) : "unreadable" };
  }
}
