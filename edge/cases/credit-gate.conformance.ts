/** Credit as a client meets it at the edge, on two sets in memory. */
import { allotmentId } from "#core/store/charge.ts";
import type { AccountId } from "#domain/ids.ts";
import type { Micros } from "#domain/money.ts";
import type { Harness } from "./harness.ts";
import { settled } from "./manual-clock.ts";
import { createWorld, VALID } from "./world.ts";

const TWO_SETS = [
  ["syd1", "syd"],
  ["fra1", "fra"],
] as const;

export function creditGateCases({ test, assert }: Harness): void {
  async function problemOf(response: Response, status: number, code: string): Promise<void> {
    const problem = (await response.json()) as { readonly code: string };
    assert.equal(response.status, status, JSON.stringify(problem));
    assert.equal(problem.code, code);
  }

  test("who certainly cannot pay is told so, and is taken again when money has come", async () => {
    await using world = await createWorld({ sets: TWO_SETS });
    await world.change(({ accounts: [acme, ...others], ...rest }) => {
      const parent = { ...acme, id: "reseller", keys: [], credit: "limited" as const };
      return { ...rest, accounts: [parent, { ...acme, parent: "reseller" }, ...others] };
    });
    // Of what is not known nobody is refused.
    assert.equal((await world.send(VALID)).status, 202);
    await settled();
    await problemOf(await world.send(VALID), 402, "insufficient_credit");
    assert.equal((await world.send(VALID, { "idempotency-key": "order-1" })).status, 202);
    assert.equal((await world.send(VALID, { authorization: `Bearer ${world.otherKey}` })).status, 202);

    const slot = allotmentId("reseller" as AccountId, 0);
    await world.sets[1]?.store.commit({ charges: [{ allotment: slot, micros: -45_000n as Micros }] });
    await world.clock.advance(1_100);
    await problemOf(await world.send(VALID), 402, "insufficient_credit");
    await settled();
    assert.equal((await world.send(VALID)).status, 202);
    await problemOf(await world.send({ ...VALID, text: "x".repeat(200) }), 402, "insufficient_credit");

    const [set] = world.sets;
    if (set !== undefined) set.reads = "fail";
    await world.clock.advance(4_000);
    assert.equal((await world.send({ ...VALID, text: "x".repeat(200) })).status, 202);
  });
}
