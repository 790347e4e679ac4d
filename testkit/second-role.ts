/** A second process of a role that the platform starts once: the same command, a port and a name of its own. */
import { dirname } from "node:path";
import type { PlatformOptions } from "./platform.ts";
import { roleCommand, roleEnvironment, roleUrl } from "./platform-roles.ts";
import type { PlatformSet } from "./platform-sets.ts";
import { openSecrets, readState } from "./platform-state.ts";
import { freePorts } from "./ports.ts";
import { createRoleProcess, type RoleProcess } from "./role-process.ts";

export type SecondRoleName = "edge" | "worker" | "connectors";

export interface SecondRole {
  readonly role: RoleProcess;
  /** Its next start knows these sets. */
  reconfigure(sets: readonly PlatformSet[]): void;
}

/**
 * A role that is down; restart() starts it. `first` is the process that the platform runs; `options` those of the
 * platform, but for an edge that is to run on the other runtime.
 */
export async function createSecondRole(
  name: SecondRoleName,
  first: RoleProcess,
  options: PlatformOptions,
): Promise<SecondRole> {
  const [port = 0] = await freePorts(1);
  const secrets = await openSecrets(options.dataDir);

  function settings(sets: readonly PlatformSet[]) {
    const state = readState(options.dataDir);
    if (state === undefined) throw new Error(`No platform has been started in ${options.dataDir}`);
    const ports = { ...state.ports, single: { ...state.ports.single, [name]: port } };
    return { ...options, secrets, sets, ports };
  }
  const held = settings(options.sets);
  const role = createRoleProcess({
    name: `${name}-2`,
    command: roleCommand(name, options.roles, options.edgeRuntime),
    env: roleEnvironment(name, held),
    dir: dirname(first.logFile),
    url: roleUrl(name, held.ports),
  });
  return {
    role,
    reconfigure: (sets) => role.reconfigure(roleEnvironment(name, settings(sets))),
  };
}
