/**
 * What a platform's data folder remembers: its ports and where PostgreSQL lies in one file, its passwords and keys in
 * another that only we may read. Both are whole or absent, whenever we die.
 */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { createApiKey } from "#core/directory/api-key.ts";
import { systemRandom } from "#domain/random.ts";
import type { PlatformPorts } from "./platform-ports.ts";

const STATE_FILE = "platform.json";
const SECRETS_FILE = "secrets.json";
/** In the order in which they may vanish: without the last one the folder is not ours any more. */
export const STATE_FILES = [STATE_FILE, SECRETS_FILE] as const;
const PASSWORD_BYTES = 24;

export interface PlatformState {
  readonly ports: PlatformPorts;
  /** Undefined before PostgreSQL has been started. */
  readonly postgresDataDir?: string | undefined;
}

/** Undefined when no platform has been started in the folder. */
export function readState(dataDir: string): PlatformState | undefined {
  const path = join(dataDir, STATE_FILE);
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as PlatformState) : undefined;
}

/** True when a platform has been started in the folder, be it that it never came up. */
export function isPlatformDir(dataDir: string): boolean {
  return existsSync(join(dataDir, SECRETS_FILE));
}

export function writeState(dataDir: string, state: PlatformState): void {
  writeWhole(join(dataDir, STATE_FILE), `${JSON.stringify(state, undefined, 2)}\n`, 0o644);
}

const secretsSchema = z.strictObject({
  /** Of the roles' users in every set. */
  edge: z.string(),
  smpp: z.string(),
  worker: z.string(),
  connector: z.string(),
  projector: z.string(),
  operator: z.string(),
  /** Of the roles in PostgreSQL. */
  projectorSql: z.string(),
  reportsSql: z.string(),
  analystSql: z.string(),
  /** Bearer token of the report server. */
  reportsToken: z.string(),
  /** Ours at the simulated provider: SMPP allows eight characters. */
  providerSmpp: z.string().max(8),
  /** The demo account's at our SMPP edge. */
  customerSmpp: z.string().max(8),
  /** The demo account's, in full. */
  apiKey: z.string(),
});
export type PlatformSecrets = z.output<typeof secretsSchema>;

/** Reads the secrets of the folder, and makes those that are not there. Throws when the file is not ours. */
export async function openSecrets(dataDir: string): Promise<PlatformSecrets> {
  const path = join(dataDir, SECRETS_FILE);
  const held = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as object) : {};
  const whole = secretsSchema.safeParse(held);
  if (whole.success) return whole.data;
  const password = (): string => randomBytes(PASSWORD_BYTES).toString("hex");
  const made: PlatformSecrets = {
    edge: password(),
    smpp: password(),
    worker: password(),
    connector: password(),
    projector: password(),
    operator: password(),
    projectorSql: password(),
    reportsSql: password(),
    analystSql: password(),
    reportsToken: password(),
    providerSmpp: password().slice(0, 8),
    customerSmpp: password().slice(0, 8),
    apiKey: (await createApiKey("demo", systemRandom)).text,
  };
  const secrets = secretsSchema.parse({ ...made, ...held });
  writeWhole(path, `${JSON.stringify(secrets, undefined, 2)}\n`, 0o600);
  return secrets;
}

function writeWhole(path: string, text: string, mode: number): void {
  writeFileSync(`${path}.new`, text, { mode });
  renameSync(`${path}.new`, path);
}
