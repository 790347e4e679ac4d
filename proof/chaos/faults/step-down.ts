/** A set's primary hands over in good order, as in maintenance. */
import type { Fault } from "./fault.ts";
import { pickSet, proveElection, reignOf } from "./primaries.ts";

export const stepDown: Fault = {
  name: "step-down",
  available: () => undefined,
  async cause(context) {
    const set = pickSet(context);
    const reign = await reignOf(set);
    context.detail({ set: set.name, member: reign.member.index });
    await set.stepDown();
    return await proveElection(set, reign);
  },
};
