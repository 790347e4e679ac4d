/** What `godwit up` was asked for: options and environment → checked settings. Pure. */
import { join, resolve } from "node:path";
import { InvalidArgumentError } from "commander";
import type { AskedPorts } from "#testkit/platform-ports.ts";

type PortKey = keyof AskedPorts;

/** Fixed, so that the addresses of yesterday work today. */
export const portOptions: Readonly<
  Record<PortKey, { readonly flag: string; readonly port: number; readonly what: string }>
> = {
  edge: { flag: "--edge-port", port: 8080, what: "REST API" },
  reports: { flag: "--reports-port", port: 8081, what: "report server" },
  simulatorControl: { flag: "--control-port", port: 8082, what: "control of the simulated provider" },
  worker: { flag: "--worker-port", port: 8083, what: "health of the worker" },
  connectors: { flag: "--connectors-port", port: 8084, what: "health of the connectors" },
  projector: { flag: "--projector-port", port: 8085, what: "health of the projector" },
  smpp: { flag: "--smpp-port", port: 2776, what: "SMPP for customers" },
  smppHealth: { flag: "--smpp-health-port", port: 8086, what: "health of the SMPP edge" },
  simulator: { flag: "--simulator-port", port: 2775, what: "SMPP of the simulated provider" },
  postgres: { flag: "--postgres-port", port: 5433, what: "PostgreSQL" },
  mongo: { flag: "--mongo-port", port: 27_101, what: "first of the six MongoDB members" },
};

export const portKeys = Object.keys(portOptions) as readonly PortKey[];

/** Two sets, so that one can go away: near and far. */
export const SETS = [
  { set: "syd1", region: "syd" },
  { set: "fra1", region: "fra" },
] as const;
export const REGION = "syd";
const MEMBERS = 6;

/** As commander hands them over: `--edge-port` is `edgePort`. */
export interface UpFlags {
  readonly data?: string;
  readonly ephemeral?: boolean;
  readonly json?: boolean;
  readonly demo: boolean;
  readonly freePorts?: boolean;
  readonly edgeRuntime: "deno" | "bun";
  readonly [port: `${string}Port`]: number | undefined;
}

export interface UpSettings {
  readonly dataDir: string;
  readonly ephemeral: boolean;
  /** The command that removes the data; undefined where it goes by itself. */
  readonly reset: string | undefined;
  readonly json: boolean;
  readonly demo: boolean;
  readonly edgeRuntime: "deno" | "bun";
  readonly ports: AskedPorts;
}

/** The folder of the data: the option, else GODWIT_DATA, else `.godwit` in `home`. */
export function dataDirOf(
  data: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
  home: string,
): string {
  return resolve(data ?? (env.GODWIT_DATA || join(home, ".godwit")));
}

/** The ports given, and the fixed ones for the rest, or none for it where the system may choose. */
export function portsOf(flags: UpFlags): AskedPorts {
  const ports: AskedPorts = {};
  for (const key of portKeys) {
    const given = flags[flagName(key)] ?? (flags.freePorts ? undefined : portOptions[key].port);
    if (given !== undefined) ports[key] = given;
  }
  return ports;
}

function flagName(key: PortKey): `${string}Port` {
  const [first = "", ...rest] = portOptions[key].flag.slice(2).split("-");
  return `${first}${rest.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("")}` as `${string}Port`;
}

/** The option that moves a port; undefined for one that none of ours is. */
export function optionOfPort(port: number, ports: AskedPorts): string | undefined {
  const key = portKeys.find((candidate) => {
    const first = ports[candidate];
    return first !== undefined && port >= first && port < first + (candidate === "mongo" ? MEMBERS : 1);
  });
  return key === undefined ? undefined : portOptions[key].flag;
}

/** Port 0 would mean that nobody knows where to ask. */
export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw new InvalidArgumentError("It must be a whole number from 1 to 65535.");
  return port;
}
