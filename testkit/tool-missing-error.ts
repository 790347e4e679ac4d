/**
 * The error for a server or tool that is not on this machine and cannot be fetched, with what to get for this platform.
 */

export type ToolName = "mongod" | "postgres" | "k6";

/** A tool is missing, too old or broken; the message says what to install and which variable to set. */
export class ToolMissingError extends Error {
  override readonly name = "ToolMissingError";
  readonly code = "tool_missing";
  readonly retryable = false;
  readonly tool: ToolName;

  constructor(tool: ToolName, why: string, platform: string, options?: ErrorOptions) {
    super(`${why}\n${advice(tool, platform)}`, options);
    this.tool = tool;
  }
}

interface ToolAdvice {
  readonly product: string;
  readonly download: string;
  readonly variable: string;
  readonly macos: string;
  /** What the variable holds. */
  readonly value: string;
}

export const TOOL_ADVICE: Readonly<Record<ToolName, ToolAdvice>> = {
  mongod: {
    product: "MongoDB Community Server 6.0 or newer",
    download: "https://www.mongodb.com/try/download/community",
    variable: "GODWIT_MONGOD",
    macos: "brew tap mongodb/brew && brew install mongodb-community",
    value: "the path of its mongod",
  },
  postgres: {
    product: "PostgreSQL 15 or newer",
    download: "https://www.postgresql.org/download/",
    variable: "GODWIT_POSTGRES",
    macos: "brew install postgresql@17",
    value: "the folder that holds its postgres and initdb",
  },
  k6: {
    product: "Grafana k6 1.0 or newer",
    download: "https://grafana.com/docs/k6/latest/set-up/install-k6/",
    variable: "GODWIT_K6",
    macos: "brew install k6",
    value: "the path of its k6",
  },
};

/** One paragraph for a person: what to get for `platform` ("linux-x64", "darwin-arm64") and how to point us at it. */
function advice(tool: ToolName, platform: string): string {
  const { product, download, variable, macos, value } = TOOL_ADVICE[tool];
  const brew = platform.startsWith("darwin-") ? ` (or: ${macos})` : "";
  const then = `either put it on PATH or set ${variable} to ${value}`;
  return `Get ${product} for ${platform} from ${download}${brew}, and ${then}.`;
}
