/** Every check, in the order of the invariants. A new one is a file and a line here. */

import { asAsked } from "./as-asked.ts";
import { billedOnce } from "./billed-once.ts";
import type { Check } from "./check.ts";
import { gapless } from "./gapless.ts";
import { goesOn } from "./goes-on.ts";
import { lost } from "./lost.ts";
import { moneyAddsUp } from "./money-adds-up.ts";
import { nothingLeft } from "./nothing-left.ts";
import { oneKey } from "./one-key.ts";
import { optOut } from "./opt-out.ts";
import { orderFree } from "./order-free.ts";
import { outOfNothing } from "./out-of-nothing.ts";
import { ownSet } from "./own-set.ts";
import { ownTenant } from "./own-tenant.ts";
import { receiptsKept } from "./receipts-kept.ts";
import { repliesKept } from "./replies-kept.ts";
import { reportsComplete } from "./reports-complete.ts";
import { reportsEqual } from "./reports-equal.ts";
import { silentDouble } from "./silent-double.ts";
import { submittedAsWritten } from "./submitted-as-written.ts";
import { submittedFromNothing } from "./submitted-from-nothing.ts";
import { submittedSeen } from "./submitted-seen.ts";
import { unchanged } from "./unchanged.ts";
import { unfinished } from "./unfinished.ts";
import { wholeSteps } from "./whole-steps.ts";

export const checks: readonly Check[] = [
  lost,
  unfinished,
  outOfNothing,
  asAsked,
  submittedFromNothing,
  wholeSteps,
  nothingLeft,
  billedOnce,
  moneyAddsUp,
  gapless,
  ownSet,
  unchanged,
  orderFree,
  reportsEqual,
  reportsComplete,
  silentDouble,
  submittedAsWritten,
  submittedSeen,
  repliesKept,
  goesOn,
  ownTenant,
  oneKey,
  optOut,
  receiptsKept,
];
