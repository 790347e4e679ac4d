/**
 * The tenants' canary (invariant I10): every route that is there, with every key that is wrong for it. A route that is
 * new fails here until it says what of a tenant it would give away.
 */
import { createApiKey } from "#core/directory/api-key.ts";
import { systemRandom } from "#domain/random.ts";
import { createApp } from "../app.ts";
import type { Harness } from "./harness.ts";
import { createWorld, VALID, type World } from "./world.ts";

/** What is asked, where somebody else's `id` is known; undefined: the route says nothing of any tenant. */
type Ask = ((id: string) => readonly [path: string, init: RequestInit]) | undefined;

const ROUTES: Readonly<Record<string, Ask>> = {
  "POST /v1/messages": () => [
    "/v1/messages",
    { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(VALID) },
  ],
  "GET /v1/messages/:id": (id) => [`/v1/messages/${id}`, {}],
  "POST /v1/messages/:id/cancel": (id) => [`/v1/messages/${id}/cancel`, { method: "POST" }],
  "GET /livez": undefined,
  "GET /readyz": undefined,
  "GET /metrics": undefined,
  "GET /version": undefined,
};
const NEVER = "syd1-01mcc5rpxvz0k13d7jfej58m67";

interface Answer {
  readonly status: number;
  readonly code: string;
  readonly text: string;
}

async function ask(
  world: World,
  [path, init]: readonly [string, RequestInit],
  key: string | undefined,
): Promise<Answer> {
  const headers = new Headers(init.headers);
  headers.set("x-request-id", "canary");
  if (key !== undefined) headers.set("authorization", `Bearer ${key}`);
  const response = await world.fetch(path, { ...init, headers });
  const text = await response.text();
  const { code = "" } = text.startsWith("{") ? (JSON.parse(text) as { readonly code?: string }) : {};
  return { status: response.status, code, text };
}

/** Of `acme`, which is below `seller`, which is below `whole`; `shop` is below `acme`, and `other` beside it. */
async function openTenants(world: World) {
  const names = ["whole", "seller", "shop", "closed"] as const;
  const made = await Promise.all(names.map((name) => createApiKey(`${name}1`, systemRandom)));
  const textOf = (name: (typeof names)[number]): string => made[names.indexOf(name)]?.text ?? "";
  await world.change(({ accounts: [acme, other], ...rest }) => {
    const account = (id: (typeof names)[number], parent?: string) => {
      const { id: keyId = "", secretSha256 = "" } = made[names.indexOf(id)] ?? {};
      return { ...acme, id, keys: [{ id: keyId, secretSha256 }], ...(parent !== undefined && { parent }) };
    };
    const late = { ...acme.keys[0], id: "late1", secretSha256: made[0]?.secretSha256 ?? "", expiresAt: 1 };
    return {
      ...rest,
      accounts: [
        account("whole"),
        account("seller", "whole"),
        { ...acme, parent: "seller", keys: [...acme.keys, late] },
        account("shop", "acme"),
        { ...account("closed"), status: "closed" as const },
        other,
      ],
    };
  });
  return {
    /** No account, or none that counts: 401. */
    nobody: [
      undefined,
      "x",
      world.key.replace(/.$/, (last) => (last === "0" ? "1" : "0")),
      textOf("closed"),
      textOf("whole").replace("whole1", "late1"),
    ],
    /** Accounts that have nothing to do with what is `acme`'s. */
    strangers: [world.otherKey, textOf("shop")],
    above: [textOf("seller"), textOf("whole")],
  };
}

export function canaryCases({ test, assert }: Harness): void {
  test("every route is known to the canary", async () => {
    await using world = await createWorld();
    const { routes } = createApp(world.deps);
    assert.deepEqual(routes.map(({ method, path }) => `${method} ${path}`).toSorted(), Object.keys(ROUTES).toSorted());
  });

  test("no route tells or changes anything for a wrong key; what is another's looks like what never was", async () => {
    await using world = await createWorld();
    const keys = await openTenants(world);
    const { id } = (await (await world.send({ ...VALID, text: "canary" })).json()) as { readonly id: string };
    const steps = world.steps();
    for (const [route, asked] of Object.entries(ROUTES)) {
      if (asked === undefined) {
        const { text } = await ask(world, [route.split(" ")[1] ?? "", {}], undefined);
        assert.ok(!text.includes("canary") && !text.includes("acme"), `${route} tells of a tenant`);
        continue;
      }
      for (const key of keys.nobody) {
        const { status, text } = await ask(world, asked(id), key);
        assert.equal(status, 401, `${route} with ${key}`);
        assert.ok(!text.includes("acme"), `${route} tells of a tenant`);
      }
      if (!route.includes(":id")) continue;
      for (const key of keys.strangers) {
        const [foreign, never] = [await ask(world, asked(id), key), await ask(world, asked(NEVER), key)];
        assert.deepEqual([foreign.status, foreign.code], [404, "not_found"], `${route} with ${key}`);
        assert.equal(foreign.text, never.text);
      }
    }
    assert.equal(world.steps(), steps);
    for (const key of [world.key, ...keys.above]) {
      const { status, text } = await ask(world, [`/v1/messages/${id}`, {}], key);
      assert.equal(status, 200);
      assert.ok(text.includes('"account":"acme"'));
    }
  });
}
