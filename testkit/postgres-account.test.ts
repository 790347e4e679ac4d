import { expect, test } from "bun:test";
import { findAccount } from "./postgres-account.ts";

const ROOT = "root:x:0:0:root:/root:/bin/bash";
const NOBODY = "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin";

test("findAccount() prefers postgres to nobody", () => {
  const passwd = [ROOT, NOBODY, "postgres:x:101:104:PostgreSQL:/var/lib/postgresql:/bin/bash"].join("\n");
  expect(findAccount(passwd)).toEqual({ name: "postgres", uid: 101, gid: 104 });
  expect(findAccount([ROOT, NOBODY].join("\n"))).toEqual({ name: "nobody", uid: 65534, gid: 65534 });
});

test("findAccount() never answers root, and says what to do when there is no one", () => {
  expect(() => findAccount(`${ROOT}\npostgres:x:0:0::/:`)).toThrow("start Godwit as another user");
});
