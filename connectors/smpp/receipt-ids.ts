/**
 * Which submit a receipt's id means, when the provider writes it another way than in its answer: in decimal where the
 * answer was in hex, padded with zeros, in other case. Learnt from samples: an id that fits no recent submit as it
 * stands, but one to the same number once it is read the other way. Ids are kept as the answers wrote them, so what is
 * learnt late still fits what was submitted early. Pure; not used where the settings say the forms.
 */

import { createRecentMap, type RecentMap } from "../recent-map.ts";

/** How receipts write what answers wrote. */
export interface LearntForm {
  /** The answer's base and the receipt's. */
  readonly answer: (typeof BASES)[number];
  readonly receipt: (typeof BASES)[number];
  /** Of the answer's digits: padded with zeros to this many; 0: not at all. */
  readonly width: number;
  readonly isUpper: boolean;
}

export interface ReceiptIds {
  /** An answer gave `id` to a segment to the number `to`. */
  submitted(id: string, to: string): void;
  /** The id as the answer to its submit wrote it, as far as that is known. `numbers`: the receipt's two addresses. */
  resolve(id: string, numbers: readonly string[]): string;
  /** Undefined while receipts write ids as answers do, or too few have come. */
  readonly learnt: LearntForm | undefined;
}

/** Submits that receipts are compared with: most receipts come within seconds. ~5 MB. */
const RECENT_MAX = 20_000;
/** One sample may be chance. */
const SAMPLES_MIN = 3;
const BASES = ["decimal", "hex", "folded"] as const;
const DECIMAL = /^[0-9]{1,40}$/;
const HEX = /^[0-9a-f]{1,40}$/i;

type Reading = readonly [answer: LearntForm["answer"], receipt: LearntForm["receipt"]];
/** In the order of how common they are. */
const READINGS: readonly Reading[] = [
  ["hex", "decimal"],
  ["decimal", "decimal"],
  ["decimal", "hex"],
  ["hex", "hex"],
  ["folded", "folded"],
];

export function createReceiptIds(onLearnt: (form: LearntForm) => void = () => undefined): ReceiptIds {
  const recent = createRecentMap<string, string>(RECENT_MAX);
  /** By base and value; filled when the first receipt fits nothing as it stands, and from then on. */
  let byValue: RecentMap<string, string> | undefined;
  let learnt: LearntForm | undefined;
  let candidate: { readonly form: LearntForm; readonly samples: number } | undefined;

  function indexByValue(): RecentMap<string, string> {
    const index = createRecentMap<string, string>(RECENT_MAX * BASES.length);
    for (const id of recent.keys()) for (const key of keysOf(id)) index.set(key, id);
    return index;
  }

  function find(
    id: string,
    numbers: readonly string[],
  ): { readonly id: string; readonly reading: Reading } | undefined {
    byValue ??= indexByValue();
    for (const reading of READINGS) {
      const [answer, receipt] = reading;
      const value = readAs(id, receipt);
      const found = value === undefined ? undefined : byValue.get(`${answer} ${value}`);
      if (found !== undefined && numbers.includes(recent.get(found) ?? "")) return { id: found, reading };
    }
    return undefined;
  }

  function learn(found: string, [answer, receipt]: Reading): void {
    const form: LearntForm = {
      ...{ answer, receipt },
      width: found.startsWith("0") ? found.length : 0,
      isUpper: found !== found.toLowerCase(),
    };
    const isAgain = candidate?.form.answer === answer && candidate.form.receipt === receipt;
    // A letter says which case it is, a leading zero how long ids are; most samples have neither.
    const width = Math.max(form.width, isAgain ? (candidate?.form.width ?? 0) : 0);
    const isUpper = form.isUpper || (isAgain && candidate?.form.isUpper === true);
    candidate = { form: { ...form, width, isUpper }, samples: isAgain ? (candidate?.samples ?? 0) + 1 : 1 };
    if (candidate.samples < SAMPLES_MIN) return;
    const isNews = learnt === undefined;
    learnt = candidate.form;
    if (isNews) onLearnt(learnt);
  }

  return {
    get learnt() {
      return learnt;
    },
    submitted(id, to) {
      if (id === "") return;
      recent.set(id, to);
      if (byValue !== undefined) for (const key of keysOf(id)) byValue.set(key, id);
    },
    resolve(id, numbers) {
      if (id === "" || numbers.includes(recent.get(id) ?? "")) return id;
      const found = find(id, numbers);
      if (found !== undefined) {
        learn(found.id, found.reading);
        return found.id;
      }
      // As it stands it is another number's: providers also write numbers in their own way.
      if (learnt === undefined || recent.get(id) !== undefined) return id;
      return asAnswered(id, learnt);
    },
  };
}

function keysOf(id: string): readonly string[] {
  return BASES.flatMap((base) => {
    const value = readAs(id, base);
    return value === undefined ? [] : [`${base} ${value}`];
  });
}

/** Without padding and case; undefined for what is no number of this base. */
function readAs(id: string, base: LearntForm["answer"]): string | undefined {
  if (base === "folded") return id.toLowerCase();
  if (base === "decimal") return DECIMAL.test(id) ? BigInt(id).toString() : undefined;
  const digits = id.replace(/^0x/i, "");
  return HEX.test(digits) ? BigInt(`0x${digits}`).toString() : undefined;
}

/** What cannot be read in the form that was learnt stays as it is. */
function asAnswered(id: string, { answer, receipt, width, isUpper }: LearntForm): string {
  const value = readAs(id, receipt);
  if (value === undefined) return id;
  const text = answer === "hex" ? BigInt(value).toString(16) : value;
  return (isUpper ? text.toUpperCase() : text).padStart(width, "0");
}
