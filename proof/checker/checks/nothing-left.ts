/** Work that is still on a lane after the drain. Lane `dead` is for people; on `receipts` some are parked for days. */
import type { Check } from "./check.ts";

export const nothingLeft: Check = {
  name: "nothing-left",
  invariant: "I2",
  holds: "After the drain nothing waits but on lanes dead and receipts",
  needs: ["drain"],
  query: `
SELECT set_id || ' ' || lane AS key, NULL AS message, format('%s chunks with %s items are left', chunks, items) AS words
FROM proof.depth WHERE chunks > 0 AND lane NOT IN ('dead', 'receipts')`,
};
