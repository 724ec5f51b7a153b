// Anchor's idea of a provider, with a LiteSVM behind it.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import anchor from "@coral-xyz/anchor";
import { getTransactionDecoder, lamports } from "@solana/kit";
import { FailedTransactionMetadata, LiteSVM } from "litesvm";

const { web3 } = anchor;
const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The IDL of a program, as it stands in the repository. */
export function idlOf(program) {
  const folder = process.env.GRID_IDL_DIR ?? join(ROOT, "idl");
  return JSON.parse(readFileSync(join(folder, `${program}.json`), "utf8"));
}

export class Provider {
  svm = new LiteSVM();
  logs = [];
  /** What Anchor asks a connection for. */
  connection = {
    commitment: "confirmed",
    getAccountInfo: async (address) => this.#account(address),
    getAccountInfoAndContext: async (address) => ({ context: { slot: 1 }, value: this.#account(address) }),
    getMultipleAccountsInfoAndContext: async (addresses) => ({
      context: { slot: 1 },
      value: addresses.map((address) => this.#account(address)),
    }),
  };

  constructor(payer) {
    this.payer = payer;
    this.publicKey = payer.publicKey;
    this.fund(payer.publicKey);
  }

  /** Loads a program's binary, upgradable by the payer. */
  load(idl) {
    const folder = process.env.GRID_SBF_DIR ?? join(ROOT, "target/deploy");
    this.svm.addProgram(idl.address, readFileSync(join(folder, `${idl.metadata.name}.so`)));
    const loader = new web3.PublicKey("BPFLoaderUpgradeab1e11111111111111111111111");
    const [data] = web3.PublicKey.findProgramAddressSync([new web3.PublicKey(idl.address).toBytes()], loader);
    const account = this.svm.getAccount(data.toBase58());
    const bytes = Uint8Array.from(account.data);
    bytes[12] = 1;
    bytes.set(this.publicKey.toBytes(), 13);
    this.svm.setAccount({ ...account, data: bytes });
    return data;
  }

  fund(address) {
    this.svm.airdrop(address.toBase58(), lamports(1_000_000_000_000n));
  }

  async sendAndConfirm(transaction, signers = []) {
    transaction.feePayer = this.publicKey;
    transaction.recentBlockhash = this.svm.latestBlockhash();
    transaction.sign(this.payer, ...signers);
    const outcome = this.svm.sendTransaction(getTransactionDecoder().decode(transaction.serialize()));
    this.svm.expireBlockhash();
    if (outcome instanceof FailedTransactionMetadata) {
      this.logs = outcome.meta().logs();
      const parts = { action: "simulate", signature: "", transactionMessage: outcome.toString(), logs: this.logs };
      throw new web3.SendTransactionError(parts);
    }
    this.logs = outcome.logs();
    return anchor.utils.bytes.bs58.encode(outcome.signature());
  }

  advance(seconds) {
    const clock = this.svm.getClock();
    clock.unixTimestamp += BigInt(seconds);
    this.svm.setClock(clock);
  }

  #account(address) {
    const found = this.svm.getAccount(address.toBase58());
    if (!found.exists || found.lamports === 0n) return null;
    const owner = new web3.PublicKey(found.programAddress);
    return { data: Buffer.from(found.data), executable: found.executable, lamports: Number(found.lamports), owner };
  }
}
