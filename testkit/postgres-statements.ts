/**
 * The few statements that set up databases and roles, each on a connection of its own and safe to repeat. Names and
 * passwords are quoted here, as SQL takes no parameters in such statements.
 */
import sql from "postgres";

const CONNECT_BOUND_SECONDS = 5;
const DUPLICATE_DATABASE = "42P04";
const DUPLICATE_OBJECT = "42710";

export interface DatabaseOptions {
  /** The database that is copied; nobody may be connected to it meanwhile. */
  readonly template?: string;
  readonly owner?: string;
}

export interface RoleOptions {
  readonly password: string;
  /** Roles whose rights it gets. */
  readonly memberOf?: readonly string[];
}

/** Creates a database; one that exists stays as it is. */
export async function createDatabase(adminUri: string, name: string, options: DatabaseOptions = {}): Promise<void> {
  const template = options.template === undefined ? "" : ` template ${quoteName(options.template)}`;
  const owner = options.owner === undefined ? "" : ` owner ${quoteName(options.owner)}`;
  await runStatement(adminUri, `create database ${quoteName(name)}${template}${owner}`, DUPLICATE_DATABASE);
}

/** Drops a database and whoever is connected to it; no effect when there is none. */
export async function dropDatabase(adminUri: string, name: string): Promise<void> {
  await runStatement(adminUri, `drop database if exists ${quoteName(name)} with (force)`);
}

/** Creates a role that can log in, or gives it this password. */
export async function createRole(adminUri: string, name: string, options: RoleOptions): Promise<void> {
  const role = quoteName(name);
  await runStatement(adminUri, `create role ${role} login`, DUPLICATE_OBJECT);
  await runStatement(adminUri, `alter role ${role} login password ${quoteText(options.password)}`);
  for (const group of options.memberOf ?? []) await runStatement(adminUri, `grant ${quoteName(group)} to ${role}`);
}

/** Runs one statement; an error of SQLSTATE `allowed` is as good as success. */
export async function runStatement(uri: string, statement: string, allowed?: string): Promise<void> {
  const client = sql(uri, { max: 1, connect_timeout: CONNECT_BOUND_SECONDS, onnotice: () => undefined });
  try {
    await client.unsafe(statement);
  } catch (error) {
    if (allowed === undefined || (error as { readonly code?: string }).code !== allowed) throw error;
  } finally {
    await client.end();
  }
}

function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** `E` with doubled backslashes reads the same whatever standard_conforming_strings says. */
function quoteText(text: string): string {
  return `E'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}
