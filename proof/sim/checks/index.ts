/** Every check of a run's history, by its invariant. A new one is a file and a line here. */
import type { History } from "../history.ts";
import { checkAppendOnly } from "./append-only.ts";
import { checkBilledOnce } from "./billed-once.ts";
import { checkDirectoryAgrees } from "./directory-agrees.ts";
import { checkDoubtsHaveCauses } from "./doubts-have-causes.ts";
import { checkExpiredStaysUnsent } from "./expired-stays-unsent.ts";
import { checkInboundDurable } from "./inbound-durable.ts";
import { checkNoDefects } from "./no-defects.ts";
import { checkNoSilentDouble } from "./no-silent-double.ts";
import { checkNobodyNeedsAnother } from "./nobody-needs-another.ts";
import { checkNothingLost } from "./nothing-lost.ts";
import { checkOneHolder } from "./one-holder.ts";
import { checkOneKeyOneMessage } from "./one-key-one-message.ts";
import { checkOptOutWins } from "./opt-out-wins.ts";
import { checkOrderFreeFold } from "./order-free-fold.ts";
import { checkOutcomesHaveCauses } from "./outcomes-have-causes.ts";
import { checkReceiptsKept } from "./receipts-kept.ts";
import { checkRepliesFindTheirMessage } from "./replies-find-their-message.ts";
import { checkReportsEqualFold } from "./reports-equal-fold.ts";
import { checkStepAtomicity } from "./step-atomicity.ts";

/** Says what is wrong, a line each; none: it holds. */
export type Check = (history: History) => readonly string[];

export interface Finding {
  readonly check: string;
  readonly what: string;
}

export const checks: readonly { readonly name: string; readonly invariant: string; readonly check: Check }[] = [
  { name: "nothing-lost", invariant: "I1", check: checkNothingLost },
  { name: "outcomes-have-causes", invariant: "I1", check: checkOutcomesHaveCauses },
  { name: "step-atomicity", invariant: "I2", check: checkStepAtomicity },
  { name: "billed-once", invariant: "I3", check: checkBilledOnce },
  { name: "append-only", invariant: "I4", check: checkAppendOnly },
  { name: "order-free-fold", invariant: "I5", check: (history) => checkOrderFreeFold(history) },
  { name: "reports-equal-fold", invariant: "I6", check: checkReportsEqualFold },
  { name: "no-silent-double", invariant: "I7", check: checkNoSilentDouble },
  { name: "one-holder", invariant: "I7", check: checkOneHolder },
  { name: "doubts-have-causes", invariant: "I7", check: checkDoubtsHaveCauses },
  { name: "inbound-durable", invariant: "I8", check: checkInboundDurable },
  { name: "nobody-needs-another", invariant: "I9", check: checkNobodyNeedsAnother },
  { name: "one-key-one-message", invariant: "I11", check: checkOneKeyOneMessage },
  { name: "opt-out-wins", invariant: "I12", check: checkOptOutWins },
  { name: "receipts-kept", invariant: "I13", check: checkReceiptsKept },
  { name: "replies-find-their-message", invariant: "two-way", check: checkRepliesFindTheirMessage },
  { name: "expired-stays-unsent", invariant: "none: a message's expiry", check: checkExpiredStaysUnsent },
  { name: "directory-agrees", invariant: "none: the directory is one", check: checkDirectoryAgrees },
  { name: "no-defects", invariant: "none: nothing is our fault", check: checkNoDefects },
];
