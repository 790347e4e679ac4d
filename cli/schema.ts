/** `godwit schema`: brings a set up to what this version needs, before the programs of this version are started. */
import type { Command } from "commander";
import {
  type AdministratorFlags,
  type AdministratorHost,
  asAdministrator,
  withAdministratorOptions,
} from "./as-administrator.ts";

const HELP = `
Makes what is missing: collections with their rules, indexes, this month's events and the next two's, and the roles
godwit_edge, godwit_worker, godwit_connector, godwit_projector and godwit_operator, which you give to users of your own.
Run it on every set before the programs of a new version are started, and as often as you like: programs that are at
work go on, and nothing is removed but indexes that others replace. Until then programs that need it say so in their log
(schema.outdated), are not ready, and do nothing on that set.`;

export function addSchemaCommand(program: Command, host: AdministratorHost): void {
  const command = program
    .command("schema")
    .description("bring a set up to what this version needs; safe while programs run")
    .helpGroup("For operators:")
    .addHelpText("after", HELP);
  withAdministratorOptions(command).action((flags: AdministratorFlags) =>
    asAdministrator(host, flags, async (db, say) => {
      const [{ setupMongoSchema }, { setupMongoRoles }] = await Promise.all([
        import("#core/store/mongo/schema.ts"),
        import("#core/store/mongo/store-roles.ts"),
      ]);
      const { from, to, months } = await setupMongoSchema(db);
      await setupMongoRoles(db.client.db("admin"), db.databaseName);
      const change = from === to ? `is of version ${to}` : `was of version ${from} and is of version ${to} now`;
      say(`The schema of ${db.databaseName} ${change}. Months of events: ${months.join(", ")}. Roles: up to date.`);
      return true;
    }),
  );
}
