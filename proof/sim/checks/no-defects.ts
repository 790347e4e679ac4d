/** No fault of the world is a defect of ours: nothing is logged as one, nothing is poison, no role ends. */
import type { History } from "../history.ts";

export function checkNoDefects({ defects }: History): readonly string[] {
  return [...new Set(defects)];
}
