/** Every connector type. A new protocol is a folder and one line here; a missing one does not compile. */
import type { z } from "zod";
import type { Clock } from "#domain/clock.ts";
import type { Logger } from "#domain/log.ts";
import type { Random } from "#domain/random.ts";
import type { Connector, InboundHandlers } from "./connector.ts";
import { smppSettingsSchema } from "./smpp/settings.ts";
import { openSmppConnector } from "./smpp/smpp-connector.ts";

export type ConnectorType = "smpp";

/** What every connector is given by its composition root. */
export interface ConnectorDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly handlers: InboundHandlers;
  /** Where the provider counts sessions: none is opened before `Connector.binds` is told which. */
  readonly bindsAreLeased?: boolean;
}

interface ConnectorDefinition<Schema extends z.ZodType> {
  readonly settings: Schema;
  /** Starts linking and returns at once; links come and go for as long as it is open. */
  open(settings: z.output<Schema>, deps: ConnectorDeps): Connector;
}

/** Ties a schema to the `open` that takes its output. */
function define<Schema extends z.ZodType>(definition: ConnectorDefinition<Schema>) {
  return {
    parse: (settings: unknown) => definition.settings.safeParse(settings),
    /** Throws ZodError on wrong settings: the directory parses them before it stores them. */
    open: (settings: unknown, deps: ConnectorDeps): Connector =>
      definition.open(definition.settings.parse(settings), deps),
  };
}

export const connectorTypes = {
  smpp: define({ settings: smppSettingsSchema, open: openSmppConnector }),
} as const satisfies Record<ConnectorType, ReturnType<typeof define>>;
