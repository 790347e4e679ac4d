/** Every fault that chaos knows: a new one is a file in this folder and a line here. */
import { changeSets } from "./change-sets.ts";
import { clockSkew } from "./clock-skew.ts";
import { diskFull } from "./disk-full.ts";
import type { Fault } from "./fault.ts";
import { killIdlePrimary } from "./kill-idle-primary.ts";
import { killPrimary } from "./kill-primary.ts";
import { killEdge, killRoleFaults } from "./kill-role.ts";
import { partitionFaults } from "./partition.ts";
import { pausePrimary } from "./pause-primary.ts";
import { pauseRoleFaults } from "./pause-role.ts";
import { postgresDown } from "./postgres-down.ts";
import { providerFaults } from "./provider-faults.ts";
import { slowLink } from "./slow-link.ts";
import { stepDown } from "./step-down.ts";

export const FAULTS: readonly Fault[] = [
  ...killRoleFaults,
  killEdge,
  killPrimary,
  killIdlePrimary,
  stepDown,
  ...pauseRoleFaults,
  pausePrimary,
  ...partitionFaults,
  slowLink,
  diskFull,
  clockSkew,
  postgresDown,
  ...providerFaults,
  changeSets,
];
