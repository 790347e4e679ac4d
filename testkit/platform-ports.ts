/** The ports of a platform: those asked for, else those of the last time while they are free, else free ones. */
import { join } from "node:path";
import { stopLeftoverMember } from "./member.ts";
import { assertPortFree, freePorts, isFree } from "./ports.ts";

/** One port each. */
export const portNames = [
  "edge",
  "reports",
  "worker",
  "connectors",
  "projector",
  "simulator",
  "simulatorControl",
  "smpp",
  "smppHealth",
  "postgres",
] as const;
export type PortName = (typeof portNames)[number];

const memberIndexes = [0, 1, 2];

/** `mongo` is the first of the ports of all members, set by set. */
export type AskedPorts = Partial<Record<PortName | "mongo", number>>;

export interface PlatformPorts {
  readonly single: Readonly<Record<PortName, number>>;
  /** The ports of each set's members, by set. */
  readonly members: Readonly<Record<string, readonly number[]>>;
  /** Where the members of a set are found, when that is not where they listen. */
  readonly advertised?: Readonly<Record<string, readonly number[]>>;
}

/**
 * Chooses the ports and sees to it that they are free before anything is started: PortTakenError names the first that
 * is not. Members that a dead run left on the data folder are stopped first; PostgreSQL looks after its own port.
 */
export async function takePorts(
  dataDir: string,
  sets: readonly string[],
  asked: AskedPorts,
  last: PlatformPorts | undefined,
): Promise<PlatformPorts> {
  const dirs = sets.flatMap((set) => memberIndexes.map((index) => join(dataDir, set, `member-${index}`)));
  await Promise.all(dirs.map(stopLeftoverMember));
  const ports = await choosePorts(sets, asked, last);
  const { postgres: _, ...others } = ports.single;
  for (const port of [...Object.values(others), ...Object.values(ports.members).flat()]) await assertPortFree(port);
  return ports;
}

/** The same without asking whether the ports asked for are free. */
export async function choosePorts(
  sets: readonly string[],
  asked: AskedPorts,
  last: PlatformPorts | undefined,
): Promise<PlatformPorts> {
  const free = [...(await freePorts(portNames.length + sets.length * memberIndexes.length))];
  const choose = async (wanted: number | undefined, before: number | undefined): Promise<number> => {
    const spare = free.pop() ?? 0;
    if (wanted !== undefined) return wanted;
    return before !== undefined && (await isFree(before)) ? before : spare;
  };
  const single = {} as Record<PortName, number>;
  for (const name of portNames) single[name] = await choose(asked[name], last?.single[name]);
  const members: Record<string, readonly number[]> = {};
  for (const [index, set] of sets.entries()) {
    const ports: number[] = [];
    for (const member of memberIndexes) {
      const wanted = asked.mongo === undefined ? undefined : asked.mongo + index * memberIndexes.length + member;
      ports.push(await choose(wanted, last?.members[set]?.[member]));
    }
    members[set] = ports;
  }
  return { single, members };
}
