/** What came of something, for eyes that see colour and for those that do not: a symbol, a word, a tone. */
import type { SoakVerdict, SoakVerdictName } from "../soak-record.ts";
import { type Html, html } from "./html.ts";
import type { FaultBand, GateResult, InvariantResult, Slope } from "./soak-report.ts";

export interface Mark {
  readonly symbol: string;
  readonly word: string;
  readonly tone: "good" | "bad" | "doubt" | "plain";
}

export const verdictMarks: Readonly<Record<SoakVerdictName, Mark>> = {
  ok: { symbol: "✓", word: "OK", tone: "good" },
  regressed: { symbol: "▲", word: "Regressed", tone: "bad" },
  invalid: { symbol: "✗", word: "Invalid", tone: "bad" },
  noisy: { symbol: "≈", word: "Noisy", tone: "doubt" },
};

/** The verdict in one line; "ok (no baseline)" begins with its own word. */
export function verdictWords({ name, because }: SoakVerdict): readonly [word: string, sentence: string] {
  const { symbol, word } = verdictMarks[name];
  const [own] = /^ok \(.*?\)(?=: )/.exec(because) ?? [];
  return own === undefined
    ? [`${symbol} ${word}:`, because]
    : [`${symbol} ${own.replace("ok", word)}:`, because.slice(own.length + ": ".length)];
}

export const gateMarks: Readonly<Record<GateResult["outcome"], Mark>> = {
  ok: { symbol: "✓", word: "ok", tone: "good" },
  regressed: { symbol: "▲", word: "regressed", tone: "bad" },
  no_baseline: { symbol: "○", word: "no baseline", tone: "plain" },
};

export const invariantMarks: Readonly<Record<InvariantResult["verdict"], Mark>> = {
  valid: { symbol: "✓", word: "holds", tone: "good" },
  invalid: { symbol: "✗", word: "broken", tone: "bad" },
  unknown: { symbol: "?", word: "unknown", tone: "doubt" },
};

export const slopeMarks: Readonly<Record<Slope["verdict"], Mark>> = {
  flat: { symbol: "✓", word: "flat", tone: "good" },
  lazy: { symbol: "≈", word: "lazy", tone: "doubt" },
  leak: { symbol: "▲", word: "leak", tone: "bad" },
};

export function faultMark({ happened }: FaultBand): Mark {
  return happened
    ? { symbol: "✓", word: "happened", tone: "good" }
    : { symbol: "?", word: "did not happen", tone: "doubt" };
}

export function renderMark({ symbol, word, tone }: Mark): Html {
  return html`<span class="mark ${tone}"><span aria-hidden="true">${symbol}</span> ${word}</span>`;
}
