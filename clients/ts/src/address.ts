import { type Address, getAddressEncoder, getProgramDerivedAddress } from "@solana/kit";

/** SPL Token. Mints of Token-2022 have another program: give it where a function or an instruction takes one. */
export const TOKEN_PROGRAM =
  "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA" as Address<"TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA">;
const ASSOCIATED_TOKEN_PROGRAM = "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL" as Address;

/** The associated token account of a wallet: where payouts go. All other addresses: `find…Pda` of each program. */
export async function tokenAccount(wallet: Address, mint: Address, tokenProgram: Address = TOKEN_PROGRAM): Promise<Address> {
  const seeds = [wallet, tokenProgram, mint].map((key) => getAddressEncoder().encode(key));
  const [address] = await getProgramDerivedAddress({ programAddress: ASSOCIATED_TOKEN_PROGRAM, seeds });
  return address;
}
