/**
 * Who may hold which bind of which provider. A provider counts sessions, so the binds of a link are slots that the
 * processes which serve it share: each holds its fair part under a lease, and one whose holder is gone is taken over.
 * This is the register's body and what one process makes of it. Pure; holding them is in hold-binds.ts.
 */
import { z } from "zod";

/** A slot is free (null) or somebody's until its lease ends, by the register's clock. */
const slotSchema = z.strictObject({ owner: z.string().min(1), until: z.number() }).nullable();
const providerSlotsSchema = z.strictObject({
  slots: z.array(slotSchema).max(64),
  /** Who would like a part, and until when that counts. */
  contenders: z.record(z.string(), z.number()),
});
export const bindSlotsSchema = z.record(z.string(), providerSlotsSchema);

export type ProviderSlots = z.output<typeof providerSlotsSchema>;

interface SlotsRequest {
  readonly owner: string;
  /** Of us in an earlier life: what it held is free, at once. */
  readonly isFormerSelf: (owner: string) => boolean;
  /** Binds that the provider allows. */
  readonly count: number;
  /** By the register's clock. */
  readonly now: number;
  readonly leaseMs: number;
  /** Slots that we use and keep. One that is ours in the register and not here is given back. */
  readonly holding: ReadonlySet<number>;
  /** Whether a free slot may be taken now. */
  readonly mayTakeFree: boolean;
  /** Whether this slot, whose lease has run out, may be taken from its holder. */
  readonly mayTakeOver: (slot: number) => boolean;
}

export interface SlotsAnswer {
  readonly next: ProviderSlots;
  readonly mine: readonly number[];
  /** As many as we should have: those beyond it are to be unbound and given back. */
  readonly fair: number;
}

export const NO_SLOTS: ProviderSlots = { slots: [], contenders: {} };

/** The register's next state for one provider, and our part of it. */
export function nextSlots(found: ProviderSlots, request: SlotsRequest): SlotsAnswer {
  const { owner, count, now, leaseMs, holding, isFormerSelf } = request;
  const held = withoutOwners(found, isFormerSelf);
  const until = now + leaseMs;
  const others = Object.entries(held.contenders).filter(([name, end]) => name !== owner && end > now);
  const contenders = Object.fromEntries([...others, [owner, until]]);
  const fair = fairShare(Object.keys(contenders), owner, count);
  const slots = Array.from({ length: count }, (_, slot) => {
    const entry = held.slots[slot] ?? null;
    if (entry !== null && entry.owner !== owner) return entry;
    return holding.has(slot) ? { owner, until } : null;
  });
  const isMine = (entry: ProviderSlots["slots"][number]): boolean => entry?.owner === owner;
  let missing = fair - slots.filter(isMine).length;
  for (const [slot, entry] of slots.entries()) {
    if (missing <= 0) break;
    const isLapsed = entry !== null && !isMine(entry) && entry.until <= now;
    const mayTake = entry === null ? request.mayTakeFree : isLapsed && request.mayTakeOver(slot);
    if (!mayTake) continue;
    slots[slot] = { owner, until };
    missing -= 1;
  }
  const mine = slots.flatMap((entry, slot) => (isMine(entry) ? [slot] : []));
  return { next: { slots, contenders }, mine, fair };
}

/** The same without some: on a clean stop our binds are free at once. */
export function withoutOwners({ slots, contenders }: ProviderSlots, isGone: (owner: string) => boolean): ProviderSlots {
  return {
    slots: slots.map((entry) => (entry !== null && isGone(entry.owner) ? null : entry)),
    contenders: Object.fromEntries(Object.entries(contenders).filter(([name]) => !isGone(name))),
  };
}

/** Whole slots, the first contenders by name one more than the last. */
function fairShare(contenders: readonly string[], owner: string, count: number): number {
  const place = contenders.toSorted().indexOf(owner);
  return Math.floor(count / contenders.length) + (place < count % contenders.length ? 1 : 0);
}
