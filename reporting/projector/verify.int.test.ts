import { afterAll, beforeAll, expect, test } from "bun:test";
import { openTestServers } from "#testkit/servers.ts";
import {
  commitAll,
  openTestReports,
  openTestStore,
  projectAll,
  type TestReports,
} from "../testing/open-test-reports.ts";
import { deliveredLife, START, sampleId } from "../testing/sample-events.ts";
import { verify } from "./verify.ts";

let reports: TestReports;
beforeAll(async () => {
  reports = await openTestReports(await openTestServers({ sets: 0, postgres: true }));
}, 120_000);
afterAll(() => reports[Symbol.asyncDispose]());

/** More rows than a page, of every table but the replies. */
const MESSAGES = 1_200;

test("verify() compares each set with its own rows, page after page, and says which one is wrong", async () => {
  // Names of which one begins with the other's.
  const stores = [openTestStore("syd1"), openTestStore("syd10")];
  for (const store of stores) {
    const lives = Array.from({ length: MESSAGES }, (_, i) => deliveredLife(sampleId(store.set, i), START + i * 700));
    await commitAll([store], [lives.slice(0, 500).flat(), lives.slice(500).flat()]);
  }
  await projectAll(reports.database, stores);
  expect(await verify({ ...reports, stores })).toEqual([]);

  const [wrong, gone, added] = [sampleId("syd10", 3), sampleId("syd10", 700), "syd10-zzz"];
  await reports.database.run("UPDATE godwit.message SET status = 'queued' WHERE id = $1", [wrong]);
  await reports.database.run("DELETE FROM godwit.segment WHERE message_id = $1", [gone]);
  await reports.database.run("INSERT INTO godwit.segment (message_id, segment, doubts) VALUES ($1, 0, 0)", [added]);
  await reports.database.run("UPDATE godwit.rollup_minute SET messages = 0 WHERE set_id = 'syd10'");
  expect(await verify({ ...reports, stores: stores.slice(0, 1) })).toEqual([]);
  const found = await verify({ ...reports, stores });
  const ofMessages = found.filter(({ message }) => message !== undefined);
  expect(ofMessages.map(({ table, key }) => `${table} ${key}`)).toEqual([
    `godwit.message ${wrong}`,
    `godwit.segment ${gone} 0`,
    `godwit.segment ${added} 0`,
  ]);
  expect(ofMessages.map(({ expected, found: row }) => [expected !== undefined, row !== undefined])).toEqual([
    [true, true],
    [true, false],
    [false, true],
  ]);
  expect(found.length).toBeGreaterThan(ofMessages.length);
}, 60_000);

test("verify() takes the same event for the same, in whatever order its fields stand", async () => {
  await using other = openTestStore("lon1");
  await commitAll([other], [deliveredLife(sampleId("lon1", 1), START)]);
  await projectAll(reports.database, [other]);
  const { rows } = await reports.database.run(
    "SELECT data::text AS data FROM godwit.event WHERE type = 'billed' AND message_id LIKE 'lon1-%'",
  );
  const turned = JSON.stringify(
    Object.fromEntries(Object.entries(JSON.parse(String(rows[0]?.data)) as object).reverse()),
  );
  expect(turned).not.toBe(String(rows[0]?.data));
  const change = "UPDATE godwit.event SET data = $1::text::json WHERE type = 'billed' AND message_id LIKE 'lon1-%'";
  await reports.database.run(change, [turned]);
  expect(await verify({ ...reports, stores: [other] })).toEqual([]);
  await reports.database.run(change, [turned.replace("{", '{"more":1,')]);
  expect(await verify({ ...reports, stores: [other] })).toHaveLength(1);
  await reports.database.run(change, ['"{}"']);
  expect(await verify({ ...reports, stores: [other] })).toHaveLength(1);
});
