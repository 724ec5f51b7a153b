import { type Address, type KeyPairSigner, type Rpc, type SolanaRpcApi } from "@solana/kit";
import { type NodeAddress, fetchContent, formatTokens, nodeOf, postJob, pushContent, sender, watchJob } from "@grid-market/client";

/** Posts a job, hands its definition to the node that takes it, and returns the result document. */
export async function post(rpc: Rpc<SolanaRpcApi>, owner: KeyPairSigner, market: Address, definition: string) {
  // Keep the id: with the same one, asking again after an error finds the job or lists it, and never lists it twice.
  const id = BigInt(Date.now());
  const posted = await postJob(rpc, sender(rpc, owner), { owner, market, definition, timeoutSeconds: 600, id });
  console.log(`${posted.job} costs at most ${formatTokens(posted.escrowAtoms, 6)} tokens`);

  let node: NodeAddress | undefined;
  for await (const { phase, job } of watchJob(rpc, posted.job, { signal: AbortSignal.timeout(3_600_000) })) {
    console.log(phase);
    if (phase === "matched") {
      node = await nodeOf(rpc, posted.job, job);
      if (node) await pushContent(node, owner, posted.job, posted.definition);
    }
    if (phase === "done") {
      node = await nodeOf(rpc, posted.job, job);
      return node && fetchContent(node, job.result);
    }
  }
  return undefined; // Delisted, or stopped and refunded.
}
