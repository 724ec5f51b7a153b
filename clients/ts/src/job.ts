// Posting a job and watching it.

import {
  type Address,
  type GetAccountInfoApi,
  type GetMultipleAccountsApi,
  type ReadonlyUint8Array,
  type Rpc,
  type Signature,
  type TransactionSigner,
  assertAccountExists,
  fetchEncodedAccount,
  fetchEncodedAccounts,
} from "@solana/kit";
import { type Atoms, atoms } from "./amount.js";
import { type Job, decodeJob, fetchMaybeJob } from "./generated/jobs/accounts/job.js";
import { getListInstructionAsync } from "./generated/jobs/instructions/list.js";
import { findJobPda } from "./generated/jobs/pdas/job.js";
import { findProjectPda } from "./generated/jobs/pdas/project.js";
import { JobKind } from "./generated/jobs/types/jobKind.js";
import { decodeMarket } from "./market.js";
import { escrowFor } from "./money.js";
import { type Pause, pauseFor } from "./pause.js";
import { type JobPhase, JobState, jobPhase } from "./phase.js";
import type { Send } from "./send.js";

type ReadRpc = Rpc<GetAccountInfoApi & GetMultipleAccountsApi>;

/** What a client asks for. */
export type JobOrder = {
  /** Owns the project that pays, in the market's mint; signs. */
  readonly owner: TransactionSigner;
  /** Where the job is listed. */
  readonly market: Address;
  /** The definition's text or bytes, see docs/job-format.md; the chain holds their SHA-256. */
  readonly definition: string | ReadonlyUint8Array;
  /** Longest paid run, seconds. */
  readonly timeoutSeconds: number;
  /** Paid for its result (the default) or for time. */
  readonly kind?: JobKind;
  /** Highest acceptable price, atoms per second; the market's present one if not given. */
  readonly maxPricePerSecondAtoms?: Atoms;
  /** Number of the job in its project; the same number never posts twice. Microseconds since 1970 if not given. */
  readonly id?: bigint;
};

/** A job that was posted. */
export type PostedJob = {
  /** The job. */
  readonly job: Address;
  /** The project that pays. */
  readonly project: Address;
  /** Its number in the project. */
  readonly id: bigint;
  /** The bytes that the node will ask for, by their hash. */
  readonly definition: ReadonlyUint8Array;
  /** What was taken from the project's balance, the most that the job costs. */
  readonly escrowAtoms: Atoms;
  /** The transaction; `undefined` when the job was on the chain before. */
  readonly signature: Signature | undefined;
};

/**
 * Lists a job. The project must exist and hold the escrow (`open_project`, `deposit`). With an `id`, calling again after
 * an error is safe: the job is found or listed, never listed twice.
 */
export async function postJob(
  rpc: ReadRpc,
  send: Send,
  order: JobOrder,
  options: { signal?: AbortSignal } = {},
): Promise<PostedJob> {
  const call = { commitment: "confirmed", ...(options.signal ? { abortSignal: options.signal } : {}) } as const;
  const definition = typeof order.definition === "string" ? new TextEncoder().encode(order.definition) : order.definition;
  const market = await fetchEncodedAccount(rpc, order.market, call);
  assertAccountExists(market);
  const { header } = decodeMarket(market);
  const [project] = await findProjectPda({ mint: header.mint, owner: order.owner.address });
  const id = order.id ?? BigInt(Date.now()) * 1_000n;
  const [job] = await findJobPda({ project, id });
  const hash = await sha256(definition);
  const found = await fetchMaybeJob(rpc, job, call);
  if (found.exists) {
    if (!sameBytes(found.data.definition, hash))
      throw new Error(`the project has another job with the number ${id}: choose another one`);
    return { job, project, id, definition, escrowAtoms: atoms(found.data.escrowAtoms), signature: undefined };
  }
  const instruction = await getListInstructionAsync({
    owner: order.owner,
    project,
    market: order.market,
    id,
    kind: order.kind ?? JobKind.Batch,
    definition: hash,
    timeoutSeconds: order.timeoutSeconds,
    maxPricePerSecondAtoms: order.maxPricePerSecondAtoms ?? header.pricePerSecondAtoms,
  });
  const signature = await send([instruction], options);
  return { job, project, id, definition, escrowAtoms: escrowFor(header, order.timeoutSeconds), signature };
}

/** What is seen of a job. */
export type JobSighting =
  | { readonly phase: JobPhase; readonly job: Job }
  /** Its account was closed: it was delisted, or is over and was cleared away. */
  | { readonly phase: "closed"; readonly job: undefined };

/** How {@link watchJob} looks. */
export type WatchOptions = {
  /** Ends the watch with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Milliseconds between two looks. */
  readonly pollMilliseconds?: number;
  /** `confirmed` if not given. */
  readonly commitment?: "confirmed" | "finalized";
  /** Waits; for tests. */
  readonly pause?: Pause;
};

/**
 * Yields where a job is, now and whenever that has changed, until it is over or closed. It looks at intervals: a phase
 * that begins and ends between two looks is not seen. Throws when the job does not exist at the first look.
 */
export async function* watchJob(rpc: ReadRpc, address: Address, options: WatchOptions = {}): AsyncGenerator<JobSighting, void> {
  const { signal, pollMilliseconds = 1_000, pause = pauseFor } = options;
  let last: JobSighting | undefined;
  for (;;) {
    const seen = await lookAt(rpc, address, options);
    if (!last && seen.phase === "closed") throw new Error(`job ${address} does not exist`);
    if (!last || seen.phase !== last.phase || seen.job?.attempts !== last.job?.attempts) yield seen;
    if (["done", "stopped", "closed"].includes(seen.phase)) return;
    last = seen;
    await pause(pollMilliseconds, signal);
  }
}

async function lookAt(rpc: ReadRpc, address: Address, { signal, commitment = "confirmed" }: WatchOptions): Promise<JobSighting> {
  const call = { commitment, ...(signal ? { abortSignal: signal } : {}) };
  const alone = await fetchMaybeJob(rpc, address, call);
  if (!alone.exists) return { phase: "closed", job: undefined };
  // Only a queue tells whether a job that reads "queued" is matched, and a market can have megabytes.
  if (alone.data.state !== JobState.Queued)
    return { phase: jobPhase(address, alone.data, { holds: () => false }), job: alone.data };
  const [job, market] = await fetchEncodedAccounts(rpc, [address, alone.data.market], call);
  if (!job?.exists) return { phase: "closed", job: undefined };
  if (!market?.exists) throw new Error(`job ${address} waits in market ${alone.data.market}, which does not exist`);
  const { data } = decodeJob(job);
  return { phase: jobPhase(address, data, decodeMarket(market)), job: data };
}

/** The SHA-256 of bytes: how definitions, inputs and results are named. */
export async function sha256(bytes: ReadonlyUint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
}

function sameBytes(left: ReadonlyUint8Array, right: ReadonlyUint8Array): boolean {
  return left.length === right.length && left.every((byte, at) => byte === right[at]);
}
