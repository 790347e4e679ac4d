/** A reports database of its own on a server that is there; dropped with what is returned. */
import { createDatabase, dropDatabase } from "#testkit/postgres-statements.ts";
import { migrate } from "../../../reporting/migrate.ts";
import { openReportsDatabase, type ReportsDatabase } from "../../../reporting/reports-database.ts";

export interface SampleReports extends AsyncDisposable {
  readonly url: string;
  readonly database: ReportsDatabase;
}

export async function openSampleReports(adminUrl: string, name: string): Promise<SampleReports> {
  await using opening = new AsyncDisposableStack();
  await createDatabase(adminUrl, name);
  opening.defer(() => dropDatabase(adminUrl, name));
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  const database = opening.use(openReportsDatabase({ url: url.href, connections: 2, name: "sample-reports" }));
  await migrate(database);
  const held = opening.move();
  return { url: url.href, database, [Symbol.asyncDispose]: () => held.disposeAsync() };
}
