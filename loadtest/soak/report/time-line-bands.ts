/** The bands behind a time line: phases tinted in turn, faults hatched; their names above the panels. */
import { type Html, html } from "./html.ts";
import { LETTER_WIDTH, PLOT, type PlaceInTime, type TimeLine } from "./plot.ts";
import type { Band, FaultBand } from "./soak-report.ts";

export interface Bands {
  readonly drawing: Html;
  /** Where the first panel may begin. */
  readonly top: number;
}

/** Of each kind; the rest are in the table of faults and in the JSON. */
const BANDS_DRAWN_MAX = 200;
/** Faults follow one another closely: their names take turns on so many lines. */
const NAME_LANES_MAX = 4;
const LANE_HEIGHT = 15;
const PHASE_LANE_HEIGHT = 20;
/** A fault of a second in a run of hours is still to be seen. */
const BAND_WIDTH_MIN = 2;
const NAME_GAP = 8;

interface Name {
  readonly x: number;
  readonly lane: number;
  readonly text: string;
}

export function renderBands(line: TimeLine, x: PlaceInTime, bottomFrom: (top: number) => number): Bands {
  const { id, from, to } = line;
  const shown = <B extends Band>(bands: readonly B[]): readonly (B & { readonly number: number })[] =>
    bands
      .map((band, i) => ({ ...band, number: i + 1 }))
      .filter((band) => band.to >= from && band.from <= to)
      .slice(0, BANDS_DRAWN_MAX);
  const [phases, faults] = [shown(line.phases), shown(line.faults)];
  const names = placeNames(faults, x);
  const lanes = Math.max(0, ...names.map(({ lane }) => lane + 1));
  const top = PHASE_LANE_HEIGHT + lanes * LANE_HEIGHT + 4;
  const bottom = bottomFrom(top);
  const phaseBands = phases.map((phase, i) => {
    const [left, width] = extent(phase, x);
    const room = phase.name.length * LETTER_WIDTH < width;
    return html`<rect class="phase p${i % 2}" x="${left}" y="0" width="${width}"
      height="${bottom}"><title>${phase.name}</title></rect>
      ${room ? html`<text class="phasename middle" x="${left + width / 2}" y="14">${phase.name}</text>` : ""}`;
  });
  const faultBands = faults.map((fault) => {
    const [left, width] = extent(fault, x);
    const y = PHASE_LANE_HEIGHT + lanes * LANE_HEIGHT;
    return html`<rect class="fault" fill="url(#${id}-hatch)" x="${left}" y="${y}" width="${width}"
      height="${bottom - y}"><title>${titleOf(fault)}</title></rect>`;
  });
  const texts = names.map(({ x: left, lane, text }) => {
    return html`<text class="faultname" x="${left}" y="${PHASE_LANE_HEIGHT + lane * LANE_HEIGHT + 11}">${text}</text>`;
  });
  const hatch = html`<defs><pattern id="${id}-hatch" width="6" height="6" patternUnits="userSpaceOnUse"
    patternTransform="rotate(45)"><line class="hatch" x1="0" y1="0" x2="0" y2="6"/></pattern></defs>`;
  return { drawing: html`${hatch}${phaseBands}${faultBands}${texts}`, top };
}

function extent({ from, to }: Band, x: PlaceInTime): readonly [left: number, width: number] {
  const left = x(from);
  return [left, Math.max(BAND_WIDTH_MIN, x(to) - left)];
}

/** Names where all have room, else numbers where each has: the table below has all. */
function placeNames(faults: readonly (FaultBand & { readonly number: number })[], x: PlaceInTime): readonly Name[] {
  const place = (textOf: (fault: (typeof faults)[number]) => string): readonly Name[] => {
    const ends: number[] = [];
    return faults.flatMap((fault) => {
      const text = textOf(fault);
      const width = text.length * LETTER_WIDTH;
      const left = Math.max(PLOT.left, Math.min(x(fault.from), PLOT.right - width));
      const lane = Array.from({ length: NAME_LANES_MAX }, (_, i) => ends[i] ?? 0).findIndex((end) => end <= left);
      if (lane < 0) return [];
      ends[lane] = left + width + NAME_GAP;
      return [{ x: left, lane, text }];
    });
  };
  const names = place(({ number, name, happened }) => `${number} ${name}${happened ? "" : " ?"}`);
  return names.length === faults.length ? names : place(({ number }) => String(number));
}

function titleOf({ number, name, happened, evidence }: FaultBand & { readonly number: number }): string {
  return `${number} ${name}: ${happened ? "" : "did not happen; "}${evidence}`;
}
