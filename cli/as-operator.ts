/** What commands with an operator's rights share: the sets of GODWIT_SETS, opened for as long as it takes. */
import { join } from "node:path";
import type { OperatorStores } from "./operator-stores.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** What is used of the process; the main file hands it in. */
export interface OperatorHost {
  readonly env: Environment;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  exit(code: number): void;
}

export interface OperatorFlags {
  /** The data folder of a platform on this machine, whose operator's variables are used. */
  readonly data?: string;
  /** Only this set. */
  readonly set?: string;
}

export interface OperatorContext extends OperatorStores {
  readonly env: Environment;
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
  /** It is closed when the command has ended. */
  readonly stack: AsyncDisposableStack;
}

/** Runs `act`, and ends the process with 1 where it answers false or fails. */
export async function asOperator(
  host: OperatorHost,
  flags: OperatorFlags,
  act: (context: OperatorContext) => Promise<boolean>,
): Promise<void> {
  const [out, err] = [host.stdout, host.stderr].map((to) => (line: string) => void to.write(`${line}\n`)) as [
    OperatorContext["out"],
    OperatorContext["err"],
  ];
  let isDone = false;
  try {
    const env = flags.data === undefined ? host.env : await environmentOf(flags.data);
    const { openOperatorStores } = await import("./operator-stores.ts");
    await using stack = new AsyncDisposableStack();
    const opened = stack.use(await openOperatorStores(env, flags.set));
    isDone = await act({ ...opened, env, out, err, stack });
  } catch (error) {
    const isKnown = error instanceof Error && "code" in error;
    err(error instanceof Error ? (isKnown ? error.message : (error.stack ?? error.message)) : String(error));
  }
  if (!isDone) host.exit(1);
}

/** The variables that a platform on this machine keeps for its operator. */
async function environmentOf(dataDir: string): Promise<Environment> {
  const { commandFile, readCommandEnvironment } = await import("#testkit/role-process.ts");
  return readCommandEnvironment(commandFile(join(dataDir, "roles"), "operator"));
}
