/** How each role of a platform is started: its command, its environment, and where it answers. Pure. */
import { join } from "node:path";
import type { StoreRole } from "#core/store/mongo/store-roles.ts";
import { readDenoPermissions } from "../scripts/deno-permissions.ts";
import { reportsUris } from "./platform-database.ts";
import { DEMO_PROVIDER } from "./platform-directory.ts";
import type { PlatformPorts, PortName } from "./platform-ports.ts";
import { type PlatformSet, setConfig } from "./platform-sets.ts";
import type { PlatformSecrets } from "./platform-state.ts";

/** In the order in which they are stopped: what takes messages in goes first. */
export const roleNames = ["edge", "smpp", "worker", "connectors", "simulator", "projector", "reports"] as const;
export type RoleName = (typeof roleNames)[number];

/**
 * From the source (of this checkout, or of another one at `root`), as the files that `npm run build` left in `dist`, or
 * all as commands of one `godwit` executable.
 */
export type RoleSource =
  | { readonly type: "source"; readonly root?: string }
  | { readonly type: "built"; readonly dist: string }
  | { readonly type: "godwit"; readonly path: string };

const ROOT = join(import.meta.dir, "..");
const SMPP_SYSTEM_ID = "godwit";

/** Links come back at once when the simulator does; nobody minds an attempt a second. */
const RECONNECT_MS = { reconnectMinMs: 200, reconnectMaxMs: 1_000 };

/** What the simulated provider grants; real ones grant 10 to 500. */
const SIMULATED_WINDOW = 250;

const SOURCES: Readonly<Record<RoleName, string>> = {
  edge: "edge/main.bun.ts",
  smpp: "edge/smpp/main.ts",
  worker: "core/worker/main.ts",
  connectors: "connectors/main.ts",
  simulator: "connectors/simulator/main.ts",
  projector: "reporting/projector/main.ts",
  reports: "reporting/server/main.ts",
};

/** The user that a role is in every set; the others never see one. */
const STORE_USERS: Partial<Record<RoleName, StoreRole>> = {
  edge: "edge",
  smpp: "smpp",
  worker: "worker",
  connectors: "connector",
  projector: "projector",
};

export type Command = readonly [string, ...string[]];

/** The command line of a role, without arguments of its own. */
export function roleCommand(role: RoleName, source: RoleSource, edgeRuntime: "deno" | "bun"): Command {
  const onDeno = role === "edge" && edgeRuntime === "deno";
  if (source.type === "godwit") return [source.path, role];
  if (source.type === "built") return [onDeno ? join(source.dist, "edge-deno", "run") : join(source.dist, role)];
  const root = source.root ?? ROOT;
  if (!onDeno) return [process.execPath, join(root, SOURCES[role])];
  const manifest = join(root, "deno.json");
  const permissions = readDenoPermissions(root, "edge");
  return [
    join(denoFolder(), "deno"),
    "run",
    "--no-prompt",
    "--config",
    manifest,
    ...permissions,
    join(root, "edge/main.deno.ts"),
  ];
}

/** Where the program of the npm package lies. */
function denoFolder(): string {
  return join(ROOT, "node_modules", "deno");
}

export interface RoleSettings {
  readonly region: string;
  readonly ports: PlatformPorts;
  readonly secrets: PlatformSecrets;
  readonly sets: readonly PlatformSet[];
  readonly setUriOptions?: ((role: RoleName, set: string) => Readonly<Record<string, string>>) | undefined;
  readonly simulatorBehaviour?: object | undefined;
  readonly smppWindow?: number | undefined;
  readonly smppBinds?: number | undefined;
  readonly smppResponseTimeoutMs?: number | undefined;
  /** For every role, besides its own. */
  readonly roleVariables?: Readonly<Record<string, string>> | undefined;
}

/** All that the role is told. */
export function roleEnvironment(role: RoleName, settings: RoleSettings): Readonly<Record<string, string>> {
  return { ...ofTheMachine(), ...ownVariables(role, settings), ...settings.roleVariables };
}

/** What programs expect of any machine, and nothing else of ours. */
function ofTheMachine(): Readonly<Record<string, string>> {
  const kept = ["HOME", "TMPDIR", "TZ", "LANG", "XDG_CACHE_HOME", "DENO_DIR"].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  // The built edge looks for `deno` on PATH.
  const path = `${denoFolder()}:${process.env.PATH ?? "/usr/bin:/bin"}`;
  return { ...Object.fromEntries(kept), PATH: path, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" };
}

function ownVariables(role: RoleName, settings: RoleSettings): Readonly<Record<string, string>> {
  const { ports, region, secrets } = settings;
  const reports = reportsUris(ports, secrets);
  const user = STORE_USERS[role];
  const sets = user === undefined ? {} : { GODWIT_SETS: JSON.stringify(setsAs(user, role, settings)) };
  switch (role) {
    case "edge":
      return { ...sets, GODWIT_REGION: region, GODWIT_EDGE_PORT: `${ports.single.edge}` };
    case "smpp":
      return {
        ...sets,
        GODWIT_REGION: region,
        GODWIT_SMPP_PORT: `${ports.single.smpp}`,
        GODWIT_SMPP_HEALTH_PORT: `${ports.single.smppHealth}`,
      };
    case "worker":
      return { ...sets, GODWIT_WORKER_PORT: `${ports.single.worker}` };
    case "connectors":
      return {
        ...sets,
        GODWIT_REGION: region,
        GODWIT_CONNECTORS_PORT: `${ports.single.connectors}`,
        GODWIT_CONNECTORS_LINKS: JSON.stringify([smppLink(settings)]),
      };
    case "projector":
      return {
        ...sets,
        GODWIT_POSTGRES_URL: reports.projector,
        GODWIT_PROJECTOR_PORT: `${ports.single.projector}`,
      };
    case "reports":
      return {
        GODWIT_POSTGRES_URL: reports.reports,
        GODWIT_REPORTS_PORT: `${ports.single.reports}`,
        GODWIT_REPORTS_TOKEN: secrets.reportsToken,
      };
    case "simulator":
      return {
        GODWIT_SIMULATOR_PORT: `${ports.single.simulator}`,
        GODWIT_SIMULATOR_CONTROL_PORT: `${ports.single.simulatorControl}`,
        GODWIT_SIMULATOR_SYSTEM_ID: SMPP_SYSTEM_ID,
        GODWIT_SIMULATOR_PASSWORD: secrets.providerSmpp,
        GODWIT_SIMULATOR_BEHAVIOUR: JSON.stringify(settings.simulatorBehaviour ?? {}),
      };
  }
}

/** What `godwit sets` and other commands for operators are told. */
export function operatorEnvironment({ sets, ports, secrets }: RoleSettings): Readonly<Record<string, string>> {
  return {
    GODWIT_SETS: JSON.stringify(sets.map((set) => setConfig(set, "operator", { ports, secrets }))),
    GODWIT_POSTGRES_URL: reportsUris(ports, secrets).projector,
  };
}

function setsAs(user: StoreRole, role: RoleName, { sets, setUriOptions, ...settings }: RoleSettings) {
  return sets.map((set) => setConfig(set, user, settings, setUriOptions?.(role, set.set)));
}

function smppLink({ ports, secrets, smppWindow, smppBinds = 1, smppResponseTimeoutMs }: RoleSettings): object {
  return {
    type: "smpp",
    provider: DEMO_PROVIDER,
    host: "127.0.0.1",
    port: ports.single.simulator,
    systemId: SMPP_SYSTEM_ID,
    password: secrets.providerSmpp,
    ...RECONNECT_MS,
    window: smppWindow ?? SIMULATED_WINDOW,
    binds: smppBinds,
    ...(smppResponseTimeoutMs === undefined ? {} : { responseTimeoutMs: smppResponseTimeoutMs }),
  };
}

const HTTP_PORTS: Readonly<Record<RoleName, PortName>> = {
  edge: "edge",
  smpp: "smppHealth",
  worker: "worker",
  connectors: "connectors",
  simulator: "simulatorControl",
  projector: "projector",
  reports: "reports",
};

/** Where the role answers over HTTP. */
export function roleUrl(role: RoleName, ports: PlatformPorts): string {
  return `http://127.0.0.1:${ports.single[HTTP_PORTS[role]]}`;
}
