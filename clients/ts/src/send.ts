// Sending a transaction and knowing what became of it.

import {
  type Base64EncodedWireTransaction,
  type Commitment,
  type GetBlockHeightApi,
  type GetLatestBlockhashApi,
  type GetSignatureStatusesApi,
  type Instruction,
  type Rpc,
  type SendTransactionApi,
  type Signature,
  type TransactionSigner,
  appendTransactionMessageInstructions,
  createTransactionMessage,
  getBase64EncodedWireTransaction,
  getSignatureFromTransaction,
  getSolanaErrorFromTransactionError,
  pipe,
  setTransactionMessageFeePayerSigner,
  setTransactionMessageLifetimeUsingBlockhash,
  signTransactionMessageWithSigners,
} from "@solana/kit";
import { gridErrorOf } from "./error.js";
import { type Pause, pauseFor } from "./pause.js";

/** Sends instructions in one transaction and waits until it is confirmed. Instructions carry their signers. */
export type Send = (instructions: readonly Instruction[], options?: { signal?: AbortSignal }) => Promise<Signature>;

type SendRpc = Rpc<GetLatestBlockhashApi & SendTransactionApi & GetSignatureStatusesApi & GetBlockHeightApi>;

/** How a {@link sender} works. */
export type SenderOptions = {
  /** What counts as landed; `confirmed` if not given. */
  readonly commitment?: Extract<Commitment, "confirmed" | "finalized">;
  /** Milliseconds between two looks, after each of which the transaction is sent again. */
  readonly pollMilliseconds?: number;
  /** Waits; for tests. */
  readonly pause?: Pause;
};

/**
 * Sends through an endpoint. The same signed bytes are sent until the chain shows them or their blockhash is too old, so
 * nothing happens twice. Throws a {@link GridError} when a program of Grid's refused, and says when nothing landed.
 */
export function sender(rpc: SendRpc, payer: TransactionSigner, options: SenderOptions = {}): Send {
  const { commitment = "confirmed", pollMilliseconds = 1_000, pause = pauseFor } = options;
  return async (instructions, { signal } = {}) => {
    const call = signal ? { abortSignal: signal } : {};
    const { value: lifetime } = await rpc.getLatestBlockhash({ commitment }).send(call);
    const transaction = await pipe(
      createTransactionMessage({ version: 0 }),
      (message) => setTransactionMessageFeePayerSigner(payer, message),
      (message) => setTransactionMessageLifetimeUsingBlockhash(lifetime, message),
      (message) => appendTransactionMessageInstructions(instructions, message),
      (message) => signTransactionMessageWithSigners(message, call),
    );
    const signature = getSignatureFromTransaction(transaction);
    const bytes = getBase64EncodedWireTransaction(transaction);
    const failed = (error: unknown) => gridErrorOf(error, instructions) ?? error;
    await submit(rpc, bytes, false, commitment, call).catch((error: unknown) => Promise.reject(failed(error)));
    for (;;) {
      // The height is asked for first: a transaction that landed in time is seen by the look behind it.
      const height = await rpc.getBlockHeight({ commitment }).send(call);
      const status = (await rpc.getSignatureStatuses([signature]).send(call)).value[0];
      if (status?.err) throw failed(getSolanaErrorFromTransactionError(status.err));
      const reached = status?.confirmationStatus;
      if (reached === "finalized" || (reached && reached === commitment)) return signature;
      if (!status && height > lifetime.lastValidBlockHeight) {
        throw new Error(`transaction ${signature} did not land before its blockhash expired; nothing was changed, send it again`);
      }
      await pause(pollMilliseconds, signal);
      // It passed the first time; an endpoint that fails now has had its say.
      if (!status) await submit(rpc, bytes, true, commitment, call).catch(() => undefined);
    }
  };
}

function submit(
  rpc: SendRpc,
  bytes: Base64EncodedWireTransaction,
  skipPreflight: boolean,
  preflightCommitment: Commitment,
  call: { abortSignal?: AbortSignal },
) {
  return rpc.sendTransaction(bytes, { encoding: "base64", maxRetries: 0n, preflightCommitment, skipPreflight }).send(call);
}
