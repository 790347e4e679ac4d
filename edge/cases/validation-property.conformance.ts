/** Whatever is posted: no 5xx while the sets are well, a named field for each 422, no write on a 4xx. */
import fc from "fast-check";
import type { Harness } from "./harness.ts";
import { createWorld, VALID } from "./world.ts";

const sometimes = (valid: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 4, arbitrary: valid }, { weight: 1, arbitrary: fc.jsonValue() });

const number = fc.constantFrom("+61491570006", "+12025550123", "+4915112345678");
const body = fc.record(
  {
    to: sometimes(fc.oneof(number, fc.array(fc.oneof(number, fc.string()), { minLength: 1, maxLength: 5 }))),
    from: sometimes(fc.constantFrom("Godwit", "12345", "+61480000001", "+61480000002")),
    text: sometimes(
      fc.oneof(fc.string({ minLength: 1, maxLength: 200 }), fc.string({ unit: "binary", maxLength: 50 })),
    ),
    class: sometimes(fc.constantFrom("alert", "transactional", "bulk")),
    client_reference: sometimes(fc.string({ minLength: 1, maxLength: 260 })),
    metadata: sometimes(fc.dictionary(fc.string({ maxLength: 45 }), fc.string(), { maxKeys: 18 })),
    expire_at: sometimes(fc.date({ noInvalidDate: true }).map((date) => date.toISOString())),
  },
  { requiredKeys: [] },
);
const posted = fc.oneof(
  { weight: 6, arbitrary: body.map((value) => JSON.stringify({ ...VALID, ...value })) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(body, fc.dictionary(fc.string(), fc.jsonValue()))
      .map(([a, b]) => JSON.stringify({ ...a, ...b })),
  },
  { weight: 1, arbitrary: fc.json() },
  { weight: 1, arbitrary: fc.string({ unit: "binary" }) },
);

export function validationPropertyCases({ test, assert }: Harness): void {
  test("validation never answers 5xx, names what is wrong, and writes only what it accepts", async () => {
    await using world = await createWorld();
    const seen = new Set<number>();
    await fc.assert(
      fc.asyncProperty(posted, async (text) => {
        const before = world.steps();
        const response = await world.send(text);
        seen.add(response.status);
        const answer = (await response.json()) as { code?: string; errors?: readonly { pointer: string }[] };
        if (response.status === 202) {
          assert.equal(world.steps(), before + 1);
          return;
        }
        assert.equal(world.steps(), before);
        assert.ok([400, 422].includes(response.status), `${response.status}`);
        if (response.status === 422) assert.ok((answer.errors ?? []).length > 0);
        for (const { pointer } of answer.errors ?? []) assert.ok(pointer === "" || pointer.startsWith("/"));
      }),
      { numRuns: 1_000 },
    );
    assert.deepEqual([...seen].sort(), [202, 400, 422]);
  });
}
