/** A bug planted into a run, to see that a check turns red: by wrapping seams, never by a switch in the code itself. */
import type { MongoClient } from "mongodb";
import type { Store } from "#core/store/store.ts";
import type { Connector, InboundHandlers } from "../../connectors/connector.ts";
import type { Committer } from "../../edge/committer.ts";
import type { Reports } from "../../reporting/projector/project-set.ts";
import type { SimProcess } from "./sim-process.ts";

export interface PlantedAt {
  readonly process: SimProcess;
  /** The name of its host: `edge-1`. */
  readonly role: string;
}

export interface Plant {
  readonly name: string;
  /** Below the store. */
  readonly wrapClient?: (client: MongoClient, at: PlantedAt) => MongoClient;
  readonly wrapStore?: (store: Store, at: PlantedAt) => Store;
  readonly wrapCommitter?: (committer: Committer, at: PlantedAt) => Committer;
  readonly wrapConnector?: (connector: Connector, at: PlantedAt) => Connector;
  readonly wrapReports?: (reports: Reports, at: PlantedAt) => Reports;
  readonly wrapInbound?: (handlers: InboundHandlers, at: PlantedAt) => InboundHandlers;
  /** How fast this host's clocks run; undefined: as good ones do. */
  readonly clockRate?: (role: string) => number | undefined;
  /** Whether the sets acknowledge this host's writes before a majority has them. */
  readonly acknowledgesEarly?: (role: string) => boolean;
}
