/** Every type of link. A new protocol is a folder and a line in each of these three; a missing one does not compile. */
import { z } from "zod";
import type { Clock } from "#domain/clock.ts";
import type { Logger } from "#domain/log.ts";
import type { Random } from "#domain/random.ts";
import type { ConfigurableConnector, Connector, InboundHandlers } from "./connector.ts";
import { openHttpConnector } from "./http/http-connector.ts";
import { httpSettingsSchema } from "./http/settings.ts";
import { openLoopbackConnector } from "./loopback/loopback-connector.ts";
import { loopbackSettingsSchema } from "./loopback/settings.ts";
import { smppSettingsSchema } from "./smpp/settings.ts";
import { openSmppConnector } from "./smpp/smpp-connector.ts";

/** Not to be parsed twice: what comes out is not what goes in. */
export const linkSettingsSchema = z.discriminatedUnion(
  "type",
  [smppSettingsSchema, httpSettingsSchema, loopbackSettingsSchema],
  { error: 'must have a type: "smpp", "http" or "loopback"' },
);
export type LinkSettings = z.output<typeof linkSettingsSchema>;

/** What every connector is given by its composition root. */
export interface ConnectorDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly handlers: InboundHandlers;
  /** Where the provider counts sessions: none is opened before `Connector.binds` is told which. */
  readonly bindsAreLeased?: boolean;
}

export interface Link {
  readonly connector: Connector;
  /** False: that is a link of another type, which cannot become this one. */
  configure(settings: LinkSettings): boolean;
}

/** Starts linking and returns at once; links come and go for as long as it is open. */
export function openLink(settings: LinkSettings, deps: ConnectorDeps): Link {
  switch (settings.type) {
    case "smpp":
      return link(settings, openSmppConnector(settings, deps));
    case "http":
      return link(settings, openHttpConnector(settings, deps));
    case "loopback":
      return link(settings, openLoopbackConnector(settings, deps));
  }
}

function link<Settings extends LinkSettings>({ type }: Settings, connector: ConfigurableConnector<Settings>): Link {
  const isSame = (settings: LinkSettings): settings is Settings => settings.type === type;
  return {
    connector,
    configure(settings) {
      if (!isSame(settings)) return false;
      connector.configure(settings);
      return true;
    },
  };
}
