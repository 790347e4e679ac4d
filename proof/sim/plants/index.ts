/** Every planted bug and the checks that see it. A new one is a file and a line here. */
import type { Plant } from "../plant.ts";
import { acknowledgeEarly } from "./acknowledge-early.ts";
import { acknowledgeReceiptEarly } from "./acknowledge-receipt-early.ts";
import { carryUnreplicated } from "./carry-unreplicated.ts";
import { chargeTwice } from "./charge-twice.ts";
import { claimUnreplicated } from "./claim-unreplicated.ts";
import { dropMessages } from "./drop-messages.ts";
import { endlessLease, renewUnasked } from "./end-no-lease.ts";
import { forgetCharges } from "./forget-charges.ts";
import { forgetOptOuts, forgetOptOutsAtRoute, forgetOptOutsAtSubmit } from "./forget-opt-outs.ts";
import { forgetRefunds } from "./forget-refunds.ts";
import { ignoreExpiry } from "./ignore-expiry.ts";
import { ignoreFingerprints } from "./ignore-fingerprints.ts";
import { inventRefusals } from "./invent-refusals.ts";
import { keepOptOutsAtHome } from "./keep-opt-outs-at-home.ts";
import { landTwice } from "./land-twice.ts";
import { believeOldSubmits, findOldSubmits } from "./misplace-receipts.ts";
import { doubleReplies, misplaceReplies } from "./misplace-replies.ts";
import { passUnwritten } from "./pass-unwritten.ts";
import { readBeyondGap } from "./read-beyond-gap.ts";
import { sayInDoubtAgain } from "./say-in-doubt-again.ts";
import { sendAgainUnasked, sendKeptAgain } from "./send-again.ts";
import { skipNumber } from "./skip-number.ts";
import { skipToken } from "./skip-token.ts";
import { slowClock } from "./slow-clock.ts";
import { stopConnectorsWithASet, stopWorkersWithASet } from "./stop-with-a-set.ts";
import { submitBeyondMark } from "./submit-beyond-mark.ts";
import { takeLostForSent } from "./take-lost-for-sent.ts";

export interface PlantedBug {
  readonly plant: Plant;
  /** Every check that turns red, over all seeds, and no other. */
  readonly seenBy: readonly string[];
  /** But for these, which follow from it in one run of a hundred. */
  readonly rarely?: readonly string[];
  /** Where it takes more to be seen than the usual number. */
  readonly seeds?: number;
}

export const plants: readonly PlantedBug[] = [
  { plant: dropMessages, seenBy: ["nothing-lost"] },
  // What is rolled back takes its key and its batch with it, and reporting stops before the gap. Until it is on a
  // majority, no reply finds it.
  {
    plant: acknowledgeEarly,
    seenBy: ["nothing-lost", "one-key-one-message", "append-only", "reports-equal-fold"],
    rarely: ["replies-find-their-message"],
    seeds: 60,
  },
  // Two workers' steps on one chunk: all that the step does is done twice. In one run of sixty the chunk was rolled
  // back with the acceptance of its message, which then has an end and no beginning.
  {
    plant: skipToken,
    seenBy: ["billed-once", "no-silent-double", "step-atomicity"],
    rarely: ["outcomes-have-causes", "reports-equal-fold", "one-holder"],
    seeds: 60,
  },
  { plant: ignoreFingerprints, seenBy: ["one-key-one-message"] },
  { plant: chargeTwice, seenBy: ["billed-once"] },
  { plant: forgetRefunds, seenBy: ["billed-once"] },
  { plant: forgetCharges, seenBy: ["billed-once"] },
  { plant: landTwice, seenBy: ["billed-once"] },
  // It takes a primary that is cut off together with a worker, while money leaves its set.
  { plant: carryUnreplicated, seenBy: ["billed-once"], seeds: 230 },
  // Reporting stops before a gap, as it must never read past one. Each run waits for it until time is up.
  { plant: skipNumber, seenBy: ["append-only", "reports-equal-fold"], seeds: 3 },
  // The checkpoint is past what was never written: the guard cannot know.
  { plant: passUnwritten, seenBy: ["append-only", "reports-equal-fold"] },
  // The guard does know: nothing after the gap is written, and it is said.
  { plant: readBeyondGap, seenBy: ["no-defects"], seeds: 5 },
  // What was beyond it when a STOP was acknowledged goes out after the STOP.
  { plant: submitBeyondMark, seenBy: ["no-silent-double", "opt-out-wins"] },
  // By the first segment of nearly every run.
  { plant: claimUnreplicated, seenBy: ["no-silent-double", "one-holder"], seeds: 5 },
  { plant: sayInDoubtAgain, seenBy: ["outcomes-have-causes"], seeds: 60 },
  { plant: sendAgainUnasked, seenBy: ["no-silent-double"] },
  { plant: sendKeptAgain, seenBy: ["doubts-have-causes"] },
  // What is written so late is another's by then, sent already, or expired.
  { plant: endlessLease, seenBy: ["no-silent-double", "one-holder", "expired-stays-unsent"], seeds: 120 },
  { plant: renewUnasked, seenBy: ["no-silent-double", "one-holder", "expired-stays-unsent"], seeds: 240 },
  // What waits for such a process to give up waits longer by as much as its clock is slow.
  {
    plant: slowClock,
    seenBy: ["no-silent-double", "one-holder"],
    rarely: ["expired-stays-unsent", "nobody-needs-another"],
    seeds: 60,
  },
  { plant: inventRefusals, seenBy: ["outcomes-have-causes"] },
  // That it is not there is seen where the link has lost it, and no other segment of its message.
  { plant: takeLostForSent, seenBy: ["nothing-lost", "outcomes-have-causes"], seeds: 60 },
  { plant: forgetOptOuts, seenBy: ["opt-out-wins"] },
  { plant: forgetOptOutsAtSubmit, seenBy: ["opt-out-wins"] },
  { plant: forgetOptOutsAtRoute, seenBy: ["opt-out-wins"] },
  { plant: keepOptOutsAtHome, seenBy: ["opt-out-wins"] },
  // Most are durable a moment later; those of a process that dies in between never come to be.
  { plant: acknowledgeReceiptEarly, seenBy: ["inbound-durable"], rarely: ["receipts-kept"], seeds: 10 },
  { plant: findOldSubmits, seenBy: ["receipts-kept"] },
  { plant: believeOldSubmits, seenBy: ["receipts-kept"] },
  { plant: misplaceReplies, seenBy: ["replies-find-their-message"], seeds: 5 },
  { plant: doubleReplies, seenBy: ["replies-find-their-message"], seeds: 5 },
  { plant: ignoreExpiry, seenBy: ["expired-stays-unsent"], seeds: 60 },
  { plant: stopWorkersWithASet, seenBy: ["nobody-needs-another"], seeds: 60 },
  { plant: stopConnectorsWithASet, seenBy: ["nobody-needs-another"], seeds: 60 },
];
