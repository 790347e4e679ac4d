/** What commands with an administrator's rights on a set share: how they are told of it, and how they end. */
import { type Command, Option } from "commander";
import type { Db } from "mongodb";

/** What is used of the process; the main file hands it in. */
export interface AdministratorHost {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  exit(code: number): void;
}

export interface AdministratorFlags {
  readonly uri: string;
  readonly database: string;
}

/** A server that does not answer in this time is not there: a person waits. */
const SELECTION_MS = 5_000;

/** Adds the options of AdministratorFlags. Passwords in arguments are seen by everybody on the machine. */
export function withAdministratorOptions(command: Command): Command {
  const uri = "connection string of the set, with an administrator's rights";
  return command
    .addOption(new Option("--uri <uri>", uri).env("GODWIT_ADMIN_URI").makeOptionMandatory())
    .option("--database <name>", "the database of the set", "godwit");
}

/** Runs `act` on the database, and ends the process with 1 where it answers false or fails. */
export async function asAdministrator(
  host: AdministratorHost,
  flags: AdministratorFlags,
  act: (db: Db, say: (line: string) => void) => Promise<boolean>,
): Promise<void> {
  const { MongoClient, MongoError } = await import("mongodb");
  let isDone = false;
  try {
    await using client = new MongoClient(flags.uri, {
      appName: "godwit",
      serverSelectionTimeoutMS: SELECTION_MS,
      writeConcern: { w: "majority", journal: true },
    });
    isDone = await act(client.db(flags.database), (line) => void host.stdout.write(`${line}\n`));
  } catch (error) {
    const isOurs = error instanceof Error && "code" in error && typeof error.code === "string";
    const isKnown = isOurs || error instanceof MongoError;
    const text = error instanceof Error ? (isKnown ? error.message : (error.stack ?? error.message)) : String(error);
    host.stderr.write(`${text}\n`);
  }
  if (!isDone) host.exit(1);
}
