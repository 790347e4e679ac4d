/** Why a run proves nothing, although no check found anything wrong: what was to happen did not. */
import type { Workbench } from "./workbench.ts";

export interface RunFacts {
  readonly drained: boolean;
  readonly acknowledgedMin: number;
  /** That are proven to have happened. */
  readonly faultsMin: number;
}

export async function whyUnknown(
  workbench: Workbench,
  { drained, acknowledgedMin, faultsMin }: RunFacts,
): Promise<readonly string[]> {
  const [counts] = await workbench.rows(COUNTS);
  const acknowledged = Number(counts?.acknowledged);
  const unproven = await workbench.rows(UNPROVEN);
  const reasons = unproven.map(({ words }) => String(words));
  if (!drained) reasons.push("the run was not drained: what is unfinished may be on its way");
  if (acknowledged < acknowledgedMin) {
    reasons.push(`only ${acknowledged} messages were acknowledged: at least ${acknowledgedMin} are needed`);
  }
  const faults = Number(counts?.faults);
  if (faults < faultsMin) {
    reasons.push(`${faults === 0 ? "no fault is" : `only ${faults} faults are`} proven to have happened`);
  }
  if (Number(counts?.edge_kills) > 0 && Number(counts?.infos) === 0) {
    reasons.push("the edge was killed, yet no client was ever left without an answer");
  }
  return reasons;
}

/** Only the edge talks to clients: no other kill leaves one of them without an answer. */
const COUNTS = `
SELECT (SELECT count(*) FROM proof.request WHERE outcome = 'ok')::text AS acknowledged,
       (SELECT count(*) FROM proof.operation WHERE outcome = 'info')::text AS infos,
       (SELECT count(*) FROM proof.nemesis WHERE type = 'proof' AND happened)::text AS faults,
       (SELECT count(*) FROM proof.nemesis
        WHERE type = 'proof' AND happened AND fault = 'kill-edge')::text AS edge_kills`;

const UNPROVEN = `
SELECT CASE WHEN type = 'failed' THEN format('%s, round %s, could not be caused: %s', fault, round, evidence)
            ELSE format('%s, round %s, did not happen: %s', fault, round, evidence) END AS words
FROM proof.nemesis WHERE type = 'failed' OR (type = 'proof' AND NOT happened)
UNION ALL
SELECT DISTINCT format('%s, round %s, was never proven to have happened', s.fault, s.round)
FROM proof.nemesis s WHERE s.type = 'start' AND NOT EXISTS (
  SELECT FROM proof.nemesis p WHERE p.fault = s.fault AND p.round = s.round AND p.type IN ('proof', 'failed'))
ORDER BY words LIMIT 20`;
