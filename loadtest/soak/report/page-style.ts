/**
 * How the pages look: warm paper, dark ink, and the rust of a godwit in summer for what is this run's. Every colour is
 * a variable with a light and a dark value; print takes the light ones. Tones never stand alone: a symbol and a word
 * are beside each.
 */

const LIGHT = `
  --paper: #fcfbf8; --panel: #ffffff; --ink: #23241f; --quiet: #66675f; --rule: #dedcd3; --grid: #e8e6de;
  --rust: #a3451f; --good: #2b6a3c; --bad: #b3261e; --doubt: #7d5700;
  --good-wash: #e8f2e9; --bad-wash: #fbe9e7; --doubt-wash: #f8efd9; --plain-wash: #efeee8;
  --phase-a: #00000007; --phase-b: #00000000; --hatch: #b3261e70; --fault-wash: #b3261e12;
  --s0: #a3451f; --s1: #1f5f99; --s2: #2f7a4d; --s3: #7a4c9c; --s4: #8a6a00; --s5: #43484a;`;

const DARK = `
  --paper: #191a18; --panel: #20211f; --ink: #e9e7e0; --quiet: #a3a299; --rule: #3b3c38; --grid: #30312e;
  --rust: #e88a5d; --good: #7fc792; --bad: #ff9a90; --doubt: #e6bd5c;
  --good-wash: #1f3325; --bad-wash: #43211e; --doubt-wash: #3a3018; --plain-wash: #2c2d2a;
  --phase-a: #ffffff0b; --phase-b: #ffffff00; --hatch: #ff9a9070; --fault-wash: #ff9a9014;
  --s0: #e88a5d; --s1: #7ab5ea; --s2: #7fc792; --s3: #c6a0e4; --s4: #dcbf54; --s5: #bfc4c6;`;

const TEXT = `
  * { box-sizing: border-box; }
  body {
    margin: 0 auto; max-width: 1120px; padding: 2.5rem 1.75rem 4rem; background: var(--paper); color: var(--ink);
    font: 15px/1.5 ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
  }
  h1 {
    font-size: 1.65rem; line-height: 1.3; font-weight: 600; margin: 0; letter-spacing: -0.01em; text-wrap: pretty;
    overflow-wrap: anywhere;
  }
  h2 {
    font-size: 1.1rem; font-weight: 600; margin: 2.75rem 0 0.75rem; padding-top: 0.75rem;
    border-top: 1px solid var(--rule);
  }
  h3 { font-size: 0.95rem; font-weight: 600; margin: 1.5rem 0 0.5rem; }
  p { margin: 0.5rem 0; max-width: 75ch; text-wrap: pretty; }
  code { font: 0.92em ui-monospace, "Cascadia Mono", Menlo, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
  .quiet, .unit, caption, footer { color: var(--quiet); }
  .over { color: var(--quiet); font-size: 0.87rem; letter-spacing: 0.02em; margin: 0 0 0.6rem; }
  header.good { --tone: var(--good); --wash: var(--good-wash); }
  header.bad { --tone: var(--bad); --wash: var(--bad-wash); }
  header.doubt { --tone: var(--doubt); --wash: var(--doubt-wash); }
  header {
    background: var(--wash, var(--plain-wash)); border-left: 5px solid var(--tone, var(--rule));
    padding: 1.25rem 1.5rem 1.1rem;
  }
  header h1 .word { color: var(--tone); }
  header .over { margin-bottom: 0.35rem; }
  dl.facts { display: flex; flex-wrap: wrap; gap: 0.3rem 2rem; margin: 0.9rem 0 0; }
  dl.facts div { display: flex; flex-direction: column; }
  dt { color: var(--quiet); font-size: 0.8rem; }
  dd { margin: 0; overflow-wrap: anywhere; }
  .beside dl {
    display: grid; grid-template-columns: max-content 1fr; gap: 0.3rem 1.25rem; margin: 0; align-items: baseline;
  }
  .beside { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1.15fr); gap: 2.5rem; align-items: start; }
  .beside > table { margin: 0; }
  ul.notes { padding-left: 1.2rem; margin: 0; }
  ul.notes li { margin: 0.3rem 0; max-width: 80ch; overflow-wrap: anywhere; }
  footer { margin-top: 3rem; padding-top: 0.75rem; border-top: 1px solid var(--rule); font-size: 0.87rem; }`;

const TABLES = `
  .wide { overflow-x: auto; }
  table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 0.93rem; }
  caption { text-align: left; font-size: 0.87rem; padding-bottom: 0.35rem; }
  th, td {
    text-align: left; padding: 0.42rem 0.75rem 0.42rem 0; vertical-align: middle;
    border-bottom: 1px solid var(--rule);
  }
  thead th { font-weight: 500; font-size: 0.8rem; color: var(--quiet); vertical-align: bottom; white-space: nowrap; }
  tbody th { font-weight: 500; }
  tbody th .unit { font-weight: 400; font-size: 0.85em; margin-left: 0.45em; }
  th.figure, td.figure { text-align: right; white-space: nowrap; }
  .strong { font-weight: 650; }
  th.figure + :not(.figure), td.figure + :not(.figure) { padding-left: 0.9rem; }
  tr > :first-child { padding-left: 0.5rem; }
  tr > :last-child { padding-right: 0.5rem; }
  table.runs { font-size: 0.87rem; }
  .runs th, .runs code { white-space: nowrap; }
  .runs th, .runs td { padding-right: 0.6rem; }
  .runs tr:has(+ .because) > * { border-bottom: none; padding-bottom: 0; }
  td.prose { overflow-wrap: anywhere; min-width: 14rem; color: var(--quiet); }
  td.whole { white-space: nowrap; }
  tr.regressed, tr.invalid { background: var(--bad-wash); }
  tr.unknown { background: var(--doubt-wash); }
  .mark {
    display: inline-block; white-space: nowrap; padding: 0.05rem 0.55rem; border-radius: 999px; font-size: 0.87rem;
    background: var(--plain-wash);
  }
  .mark.good { color: var(--good); background: var(--good-wash); }
  .mark.bad { color: var(--bad); background: var(--bad-wash); }
  .mark.doubt { color: var(--doubt); background: var(--doubt-wash); }
  .mark.bad { font-weight: 650; box-shadow: inset 0 0 0 1px var(--bad); }`;

const DRAWINGS = `
  svg { display: block; }
  svg text { font-family: inherit; font-size: 11px; fill: var(--quiet); }
  svg.timeline { width: 100%; min-width: 720px; height: auto; }
  svg .middle { text-anchor: middle; }
  svg .end { text-anchor: end; }
  .timeline .grid { stroke: var(--grid); }
  .timeline .tick { stroke: var(--quiet); }
  .timeline .unit { fill: var(--ink); font-weight: 600; }
  .timeline .key { fill: var(--ink); }
  .timeline .unit, .timeline .key, .timeline .faultname {
    stroke: var(--paper); stroke-width: 3; paint-order: stroke;
  }
  .timeline .phasename { fill: var(--quiet); }
  .timeline .faultname { fill: var(--bad); }
  .phase.p0 { fill: var(--phase-a); }
  .phase.p1 { fill: var(--phase-b); }
  .hatch { stroke: var(--hatch); stroke-width: 2.2; }
  rect.fault { stroke: var(--hatch); stroke-width: 0.6; }
  .line { fill: none; stroke-width: 1.5; stroke-linejoin: round; stroke-linecap: round; }
  .s0 { stroke: var(--s0); }
  .s1 { stroke: var(--s1); stroke-dasharray: 5 3.5; }
  .s2 { stroke: var(--s2); stroke-dasharray: 1 3.2; }
  .s3 { stroke: var(--s3); stroke-dasharray: 9 3.5; }
  .s4 { stroke: var(--s4); stroke-dasharray: 7 3 1 3; }
  .s5 { stroke: var(--s5); stroke-dasharray: 2 2; }
  .past { fill: none; stroke: var(--quiet); stroke-width: 1.4; stroke-linejoin: round; }
  .present { fill: var(--rust); stroke: var(--paper); stroke-width: 1; }
  .median { stroke: var(--quiet); stroke-dasharray: 3 3; stroke-width: 0.8; }
  .limit { stroke: var(--bad); stroke-width: 0.8; }
  .zero { stroke: var(--quiet); stroke-width: 0.8; }
  .span { stroke: var(--ink); stroke-width: 2; stroke-linecap: round; }`;

const PAPER = `
  @media (max-width: 760px) { body { padding: 1rem 1rem 3rem; } .beside { grid-template-columns: 1fr; } }
  @page { margin: 14mm; }
  @media print {
    :root { --paper: #ffffff; font-size: 11.5px; }
    body { max-width: none; padding: 0; font-size: 10pt; }
    body, .mark, tr { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
    h2, h3, caption, thead { break-after: avoid; } tr, svg, header, .beside { break-inside: avoid; }
    .wide { overflow: visible; } svg.timeline { min-width: 0; } table { font-size: 8.5pt; }
  }`;

export const pageStyle = `
  :root { color-scheme: light dark;${LIGHT} }
  @media screen and (prefers-color-scheme: dark) { :root {${DARK} } }
${TEXT}${TABLES}${DRAWINGS}${PAPER}
`;
