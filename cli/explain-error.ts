/** Why `godwit up` cannot go on, in one sentence that says what to do; a stack only for what nobody expected. */
import { DataInUseError } from "#testkit/data-dir-lock.ts";
import type { AskedPorts } from "#testkit/platform-ports.ts";
import { describePortOwner, PortTakenError } from "#testkit/ports.ts";
import { optionOfPort } from "./up-options.ts";

export interface Explanation {
  readonly code: string;
  readonly message: string;
}

interface Context {
  readonly dataDir: string;
  readonly ports: AskedPorts;
}

export async function explainError(error: unknown, context: Context): Promise<Explanation> {
  if (error instanceof PortTakenError) return explainPort(error, context);
  if (error instanceof DataInUseError) return explainUse(error, context);
  if (isDiskFull(error)) return diskFull(context.dataDir);
  if (!(error instanceof Error)) return { code: "defect", message: String(error) };
  const known = "code" in error && typeof error.code === "string" ? error.code : undefined;
  return { code: known ?? "defect", message: known === undefined ? (error.stack ?? error.message) : error.message };
}

async function explainPort({ port, code }: PortTakenError, { ports }: Context): Promise<Explanation> {
  const owner = (await describePortOwner(port)) ?? "another process";
  const option = optionOfPort(port, ports);
  const move = option === undefined ? "let us take free ones with --free-ports" : `move ours with ${option}`;
  return { code, message: `Port ${port} is taken by ${owner}: stop that one, or ${move}.` };
}

function explainUse({ pid, code }: DataInUseError, { dataDir }: Context): Explanation {
  const other = "start a second one beside it with --ephemeral --free-ports";
  return {
    code,
    message: `Godwit runs already on ${dataDir} (pid ${pid}): use that one, stop it with Ctrl-C, or ${other}.`,
  };
}

function isDiskFull(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOSPC";
}

function diskFull(dataDir: string): Explanation {
  return {
    code: "disk_full",
    message: `The disk of ${dataDir} is full: free some space, or choose another disk with --data.`,
  };
}
