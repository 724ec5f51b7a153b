// A market's account: the header, which the IDL describes, and behind it the queue, which it can't.

import { type Address, type EncodedAccount, type ReadonlyUint8Array, getAddressDecoder } from "@solana/kit";
import { type Market, getMarketDecoder, getMarketDiscriminatorBytes, getMarketSize } from "./generated/jobs/accounts/market.js";
import { GRID_JOBS_PROGRAM_ADDRESS } from "./generated/jobs/programs/gridJobs.js";

/** Marks the end of a list of slots. */
const NO_SLOT = 0xffff;
/** Bytes of a market's account in front of the number of slots: discriminator and header. */
const HEADER_BYTES = getMarketSize();
/** Where the first slot begins in a market's account, bytes. */
const SLOTS_OFFSET = HEADER_BYTES + 4;
/** Bytes of a slot: address, previous slot, next slot. */
const SLOT_BYTES = 36;

/** Address of a free slot. */
const NOBODY = "11111111111111111111111111111111";

/** What waits in a market's queue. */
export type QueueKind = "empty" | "jobs" | "devices";

/** A market with its queue. */
export type MarketView = {
  /** Terms, counters and ends of the queue. */
  readonly header: Market;
  /** How many can wait. */
  readonly capacity: number;
  /** What waits. */
  readonly kind: QueueKind;
  /** Who waits, first to last. */
  readonly waiting: readonly Address[];
  /** Whether this address waits in this slot; a job and a device remember their slot. */
  holds(slot: number, address: Address): boolean;
};

/** Decodes a market's account with its queue. Throws when the bytes are no market's, or its queue's links disagree. */
export function decodeMarket({ address, data, programAddress }: EncodedAccount): MarketView {
  if (programAddress !== GRID_JOBS_PROGRAM_ADDRESS) throw new Error(`${address} belongs to ${programAddress}, not to grid-jobs`);
  const slots = slotsOf(data);
  if (!slots) throw new Error(`${address} is no market: its ${data.length} bytes do not begin like one or are too few`);
  const header = getMarketDecoder().decode(data);
  const waiting = walk(header, slots);
  if (!waiting) throw new Error(`the queue of market ${address} contradicts itself`);
  const kind = header.queue.head === NO_SLOT ? "empty" : header.queue.kind === 2 ? "devices" : "jobs";
  const holds = (slot: number, wanted: Address) => slot < slots.count && slots.at(slot).address === wanted;
  return { header, capacity: slots.count, kind, waiting, holds };
}

type Slot = { readonly address: Address; readonly previous: number; readonly next: number };
type Slots = { readonly count: number; at(index: number): Slot };

function slotsOf(data: ReadonlyUint8Array): Slots | undefined {
  const isMarket = data.length >= SLOTS_OFFSET && getMarketDiscriminatorBytes().every((byte, at) => data[at] === byte);
  if (!isMarket) return undefined;
  const view = new DataView(data.buffer as ArrayBuffer, data.byteOffset, data.length);
  const count = view.getUint32(HEADER_BYTES, true);
  if (SLOTS_OFFSET + count * SLOT_BYTES > data.length) return undefined;
  const decoder = getAddressDecoder();
  const at = (index: number) => {
    const offset = SLOTS_OFFSET + index * SLOT_BYTES;
    const address = decoder.decode(data, offset);
    return { address, previous: view.getUint16(offset + 32, true), next: view.getUint16(offset + 34, true) };
  };
  return { count, at };
}

/** Follows the links from the head; nothing when they lead astray. */
function walk({ queue }: Market, slots: Slots): Address[] | undefined {
  const waiting: Address[] = [];
  let previous = NO_SLOT;
  for (let index = queue.head; index !== NO_SLOT;) {
    if (index >= slots.count || waiting.length >= slots.count) return undefined;
    const slot = slots.at(index);
    if (slot.previous !== previous || slot.address === NOBODY) return undefined;
    waiting.push(slot.address);
    [previous, index] = [index, slot.next];
  }
  return queue.tail === previous && queue.waiting === waiting.length ? waiting : undefined;
}
