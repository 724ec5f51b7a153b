// What a job costs, computed as the program does it. Amounts are atoms of the market's mint.

import { type Atoms, atoms } from "./amount.js";

const BPS = 10_000n;

/** What a job pays by: those of its market when it was listed. */
export type Price = {
  /** Atoms per second. */
  readonly pricePerSecondAtoms: bigint;
  /** Fee on what the device is paid, basis points; the client pays it on top. */
  readonly feeBps: number;
};

/** Where a job's escrow goes when its run ends; the three amounts add up to the escrow. */
export type Settlement = {
  /** Seconds paid for. */
  readonly seconds: number;
  /** To the device. */
  readonly paidAtoms: Atoms;
  /** To the market. */
  readonly feeAtoms: Atoms;
  /** Back to the project. */
  readonly refundAtoms: Atoms;
};

/** The fee on an amount paid to a device, rounded up to whole atoms. */
export function feeOn(amountAtoms: bigint, feeBps: number): Atoms {
  return atoms((amountAtoms * BigInt(feeBps) + BPS - 1n) / BPS);
}

/** What `list` takes from the project into escrow, the most that a job costs: price × timeout, and the fee on it. */
export function escrowFor({ pricePerSecondAtoms, feeBps }: Price, timeoutSeconds: number): Atoms {
  const most = pricePerSecondAtoms * BigInt(timeoutSeconds);
  return atoms(most + feeOn(most, feeBps));
}

/**
 * Splits the escrow of a run that began and ended at these Unix seconds. Seconds are whole seconds passed, at most the
 * timeout; none when the clock went backwards.
 */
export function settle(price: Price, timeoutSeconds: number, startedAt: bigint, endedAt: bigint): Settlement {
  const passed = endedAt > startedAt ? endedAt - startedAt : 0n;
  const seconds = passed < BigInt(timeoutSeconds) ? Number(passed) : timeoutSeconds;
  const paidAtoms = atoms(price.pricePerSecondAtoms * BigInt(seconds));
  const feeAtoms = feeOn(paidAtoms, price.feeBps);
  const refundAtoms = atoms(escrowFor(price, timeoutSeconds) - paidAtoms - feeAtoms);
  return { seconds, paidAtoms, feeAtoms, refundAtoms };
}
