import { type Address, type Rpc, type SolanaRpcApi, assertAccountExists, fetchEncodedAccount } from "@solana/kit";
import { decodeMarket, escrowFor, formatTokens } from "@grid-market/client";

/** What a market asks for, and who waits in it. */
export async function describe(rpc: Rpc<SolanaRpcApi>, address: Address, decimals: number): Promise<string> {
  const account = await fetchEncodedAccount(rpc, address);
  assertAccountExists(account);
  const { header, kind, waiting, capacity } = decodeMarket(account);
  const hour = formatTokens(escrowFor(header, 3_600), decimals);
  return `an hour costs ${hour}; ${waiting.length} of ${capacity} wait (${kind})`;
}
