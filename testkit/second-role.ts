/** A second process of a role that the platform starts once: the same command, a port and a name of its own. */
import { dirname } from "node:path";
import type { PlatformOptions } from "#testkit/platform.ts";
import { roleCommand, roleEnvironment, roleUrl } from "#testkit/platform-roles.ts";
import type { PlatformSet } from "#testkit/platform-sets.ts";
import { openSecrets, readState } from "#testkit/platform-state.ts";
import { freePorts } from "#testkit/ports.ts";
import { createRoleProcess, type RoleProcess } from "#testkit/role-process.ts";

export interface SecondRole {
  readonly role: RoleProcess;
  /** Its next start knows these sets. */
  reconfigure(sets: readonly PlatformSet[]): void;
}

/** A role that is down; restart() starts it. `first` is the process that the platform runs. */
export async function createSecondRole(
  name: "worker" | "connectors",
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
