// A LiteSVM with the programs' real binaries behind Kit's own RPC client, and the actors of a small market.

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type GridEvent,
  type Send,
  TOKEN_PROGRAM,
  eventsIn,
  jobs,
  nodes,
  pools,
  rewards,
  sender,
  staking,
  tokenAccount,
} from "../src/index.js";
import { getCreateAccountInstruction } from "@solana-program/system";
import {
  getCreateAssociatedTokenInstructionAsync,
  getInitializeMint2Instruction,
  getMintSize,
  getMintToInstruction,
  getTokenDecoder,
} from "@solana-program/token";
import {
  type Address,
  type Instruction,
  type KeyPairSigner,
  type MaybeEncodedAccount,
  type ReadonlyUint8Array,
  type Rpc,
  type RpcTransport,
  type SolanaRpcApi,
  assertAccountExists,
  createKeyPairSignerFromPrivateKeyBytes,
  createSolanaRpcFromTransport,
  getAddressEncoder,
  getBase58Decoder,
  getBase58Encoder,
  getBase64Decoder,
  getBase64Encoder,
  getProgramDerivedAddress,
  getTransactionDecoder,
  lamports,
} from "@solana/kit";
import { FailedTransactionMetadata, LiteSVM } from "litesvm";

/** The checkout's root. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../../../..");
/** Where the network's clock begins, Unix seconds. */
export const GENESIS = 1_800_000_000n;
/** Decimals of the mint. */
export const DECIMALS = 6;

const PROGRAMS = [
  [jobs.GRID_JOBS_PROGRAM_ADDRESS, "grid_jobs"],
  [nodes.GRID_NODES_PROGRAM_ADDRESS, "grid_nodes"],
  [staking.GRID_STAKING_PROGRAM_ADDRESS, "grid_staking"],
  [rewards.GRID_REWARDS_PROGRAM_ADDRESS, "grid_rewards"],
  [pools.GRID_POOLS_PROGRAM_ADDRESS, "grid_pools"],
] as const;

/** Terms of the market that {@link World.open} opens. */
export const TERMS: jobs.MarketTermsArgs = {
  pricePerSecondAtoms: 1_500n,
  bondAtoms: 5_000n,
  expiryRewardAtoms: 1_000n,
  compensationAtoms: 3_000n,
  feeBps: 250,
  stakersBps: 0,
  burnBps: 0,
  maxAttempts: 3,
  maxStrikes: 10,
  minTimeoutSeconds: 1,
  maxTimeoutSeconds: 86_400,
  startWindowSeconds: 60,
  heartbeatLimitSeconds: 86_400,
  finishGraceSeconds: 604_800,
  retentionSeconds: 86_400,
};

export class World {
  readonly svm = new LiteSVM();
  readonly rpc: Rpc<SolanaRpcApi> = createSolanaRpcFromTransport(transport(this));
  /** Log lines of the transactions that landed, by signature. */
  readonly logs = new Map<string, readonly string[]>();
  readonly statuses = new Map<string, unknown>();
  /** What endpoints of other tests do with a transaction instead of landing it. */
  intercept: ((bytes: Uint8Array) => void) | undefined;
  blockHeight = 0;
  private constructor(
    readonly authority: KeyPairSigner,
    readonly client: KeyPairSigner,
    readonly node: KeyPairSigner,
    readonly mint: Address,
  ) {}
  market = "" as Address;
  project = "" as Address;
  readonly send: Send = (instructions, options) =>
    sender(this.rpc, this.authority, { pollMilliseconds: 1, pause: async () => undefined })(instructions, options);

  /** Programs, actors with lamports, and a mint of which client and node have tokens. */
  static async bare(): Promise<World> {
    const mint = await keyOf("mint");
    const world = new World(await keyOf("authority"), await keyOf("client"), await keyOf("node"), mint.address);
    const { svm, authority, client, node } = world;
    const folder = process.env["GRID_SBF_DIR"] ?? join(ROOT, "target/deploy");
    for (const [program, name] of PROGRAMS) {
      svm.addProgram(program, readFileSync(join(folder, `${name}.so`)));
      await world.setUpgradeAuthority(program);
    }
    for (const { address } of [authority, client, node]) svm.airdrop(address, lamports(1_000_000_000_000n));
    world.setTime(GENESIS);
    const space = BigInt(getMintSize());
    await world.send([
      getCreateAccountInstruction({
        payer: authority,
        newAccount: mint,
        lamports: svm.minimumBalanceForRentExemption(space),
        space,
        programAddress: TOKEN_PROGRAM,
      }),
      getInitializeMint2Instruction({ mint: mint.address, decimals: DECIMALS, mintAuthority: authority.address }),
    ]);
    for (const { address } of [authority, client, node]) await world.giveTokens(address, 1_000_000_000_000_000n);
    return world;
  }

  /** Config, vault, a market, and the client's project with a balance. */
  static async open(terms: Partial<jobs.MarketTermsArgs> = {}): Promise<World> {
    const world = await World.bare();
    const { authority, client, mint } = world;
    await world.send([
      await jobs.getInitializeConfigInstructionAsync({ authority, admin: authority.address }),
      await jobs.getOpenVaultInstructionAsync({ payer: authority, mint }),
    ]);
    await world.openMarket(0n, terms);
    [world.project] = await jobs.findProjectPda({ mint, owner: client.address });
    await world.send([
      await jobs.getOpenProjectInstructionAsync({ owner: client, mint }),
      await jobs.getDepositInstructionAsync({
        depositor: client,
        project: world.project,
        mint,
        source: await tokenAccount(client.address, mint),
        amountAtoms: 900_000_000_000_000n,
      }),
    ]);
    return world;
  }

  async openMarket(id: bigint, terms: Partial<jobs.MarketTermsArgs> = {}): Promise<void> {
    const { authority, mint } = this;
    await this.send([await jobs.getOpenMarketInstructionAsync({ authority, mint, id, terms: { ...TERMS, ...terms } })]);
    [this.market] = await jobs.findMarketPda({ authority: authority.address, id });
  }

  /** A bonded device of the node in the market. */
  async openDevice(index: number): Promise<Address> {
    const { node, market, mint } = this;
    const [device] = await jobs.findDevicePda({ market, node: node.address, index });
    await this.send([
      await jobs.getOpenDeviceInstructionAsync({ node, market, index, payee: node.address }),
      await jobs.getFundBondInstructionAsync({
        funder: node,
        device,
        mint,
        source: await tokenAccount(node.address, mint),
        amountAtoms: TERMS.bondAtoms,
      }),
    ]);
    return device;
  }

  /** Lists a job by the generated instruction alone. */
  async list(id: bigint, timeoutSeconds = 600): Promise<Address> {
    const { client: owner, project, market } = this;
    const definition = new Uint8Array(32).fill(7);
    const order = { id, kind: jobs.JobKind.Batch, definition, timeoutSeconds, maxPricePerSecondAtoms: 10n ** 12n };
    await this.send([await jobs.getListInstructionAsync({ owner, project, market, ...order })]);
    return (await jobs.findJobPda({ project, id }))[0];
  }

  async work(device: Address): Promise<void> {
    await this.send([jobs.getWorkInstruction({ node: this.node, device, market: this.market, minPricePerSecondAtoms: 0n })]);
  }

  async start(device: Address, job: Address): Promise<void> {
    await this.send([jobs.getStartInstruction({ node: this.node, device, job })]);
  }

  async finish(device: Address, job: Address): Promise<GridEvent[]> {
    const { node, market, project } = this;
    const result = new Uint8Array(32).fill(9);
    const signature = await this.send([jobs.getFinishInstruction({ node, device, job, market, project, result })]);
    return this.events(signature);
  }

  events(signature: string): GridEvent[] {
    return eventsIn(this.logs.get(signature) ?? []);
  }

  account(address: Address): MaybeEncodedAccount {
    return this.svm.getAccount(address);
  }

  exists(address: Address): boolean {
    const account = this.account(address);
    return account.exists && account.lamports > 0n;
  }

  tokensIn(address: Address): bigint {
    const account = this.account(address);
    return account.exists ? getTokenDecoder().decode(account.data).amount : 0n;
  }

  setTime(unixSeconds: bigint): void {
    const clock = this.svm.getClock();
    clock.unixTimestamp = unixSeconds;
    this.svm.setClock(clock);
  }

  advance(seconds: bigint): void {
    this.setTime(this.svm.getClock().unixTimestamp + seconds);
  }

  async giveTokens(owner: Address, amount: bigint): Promise<void> {
    const { authority: payer, mint } = this;
    const create = await getCreateAssociatedTokenInstructionAsync({ payer, owner, mint });
    const token = await tokenAccount(owner, mint);
    await this.send([create, getMintToInstruction({ mint, token, mintAuthority: payer, amount })]);
  }

  /** Has the endpoint say that a transaction landed and failed so. */
  fail(outcome: FailedTransactionMetadata): void {
    const signature = getBase58Decoder().decode(outcome.meta().signature());
    this.statuses.set(signature, { slot: 1n, confirmations: 1n, err: jsonOf(outcome.err()), confirmationStatus: "confirmed" });
  }

  /** Writes who may upgrade a program: bytes 12 to 45 of its program data account. */
  private async setUpgradeAuthority(program: Address): Promise<void> {
    const loader = "BPFLoaderUpgradeab1e11111111111111111111111" as Address;
    const seeds = [getAddressEncoder().encode(program)];
    const [address] = await getProgramDerivedAddress({ programAddress: loader, seeds });
    const account = this.account(address);
    assertAccountExists(account);
    const bytes = Uint8Array.from(account.data);
    bytes[12] = 1;
    bytes.set(getAddressEncoder().encode(this.authority.address), 13);
    this.svm.setAccount({ ...account, data: bytes });
  }
}

/** The key pair of a name, the same in every run. */
export async function keyOf(name: string): Promise<KeyPairSigner> {
  const seed = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(name));
  return createKeyPairSignerFromPrivateKeyBytes(new Uint8Array(seed));
}

/** Sends instructions that must fail; what was thrown. */
export async function refusal(send: Send, instructions: readonly Instruction[]): Promise<unknown> {
  try {
    await send(instructions);
  } catch (error) {
    return error;
  }
  throw new Error("the instructions were accepted");
}

type Filter = { readonly memcmp: { readonly offset: bigint | number; readonly bytes: string } };

/** Whether an account's bytes pass a filter. */
function holds(data: ReadonlyUint8Array, { offset, bytes }: Filter["memcmp"]): boolean {
  return getBase58Encoder()
    .encode(bytes)
    .every((byte, at) => data[Number(offset) + at] === byte);
}

type Call = { readonly method: string; readonly params: readonly unknown[]; readonly id: unknown };

/** JSON-RPC answered by the LiteSVM. */
function transport(world: World): RpcTransport {
  const context = { slot: 1 };
  const encoded = (account: MaybeEncodedAccount) =>
    account.exists && account.lamports > 0n
      ? {
          data: [getBase64Decoder().decode(account.data), "base64"],
          executable: account.executable,
          lamports: account.lamports,
          owner: account.programAddress,
          rentEpoch: 0n,
          space: BigInt(account.data.length),
        }
      : null;
  const answers: Record<string, (params: readonly any[]) => unknown> = {
    getLatestBlockhash: () => ({
      context,
      value: { blockhash: world.svm.latestBlockhash(), lastValidBlockHeight: BigInt(world.blockHeight + 150) },
    }),
    getBlockHeight: () => BigInt(world.blockHeight),
    getAccountInfo: ([address]) => ({ context, value: encoded(world.account(address as Address)) }),
    getMultipleAccounts: ([addresses]) => ({
      context,
      value: (addresses as Address[]).map((address) => encoded(world.account(address))),
    }),
    getProgramAccounts: ([program, { filters }]) =>
      world.svm
        .getProgramAccounts(program as Address)
        .filter(({ data }) => (filters as Filter[]).every(({ memcmp }) => holds(data, memcmp)))
        .map((account) => ({ pubkey: account.address, account: encoded(world.account(account.address)) })),
    getSignatureStatuses: ([signatures]) => ({
      context,
      value: (signatures as string[]).map((signature) => world.statuses.get(signature) ?? null),
    }),
    sendTransaction: ([text]) => {
      const bytes = getBase64Encoder().encode(text as string) as Uint8Array;
      if (world.intercept) return (world.intercept(bytes), getBase58Decoder().decode(bytes.slice(1, 65)));
      const outcome = world.svm.sendTransaction(getTransactionDecoder().decode(bytes));
      if (outcome instanceof FailedTransactionMetadata) throw new Refused(outcome);
      world.svm.expireBlockhash();
      const signature = getBase58Decoder().decode(outcome.signature());
      world.logs.set(signature, outcome.logs());
      world.statuses.set(signature, { slot: 1n, confirmations: 1n, err: null, confirmationStatus: "confirmed" });
      return signature;
    },
  };
  return async <TResponse>({ payload }: { payload: unknown }) => {
    const { method, params, id } = payload as Call;
    const answer = answers[method];
    if (!answer) throw new Error(`the test's endpoint has no ${method}`);
    try {
      return { jsonrpc: "2.0", id, result: answer(params) } as TResponse;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return { jsonrpc: "2.0", id, error: error.toJson() } as TResponse;
    }
  };
}

/** A transaction that the preflight refused, as an endpoint says it. */
class Refused extends Error {
  constructor(readonly outcome: FailedTransactionMetadata) {
    super(outcome.toString());
  }

  toJson() {
    const error = this.outcome.err();
    const data = { err: jsonOf(error), logs: this.outcome.meta().logs(), unitsConsumed: 0n, accounts: null, returnData: null };
    return { code: -32_002, message: `Transaction simulation failed: ${this.outcome.toString()}`, data };
  }
}

function jsonOf(error: ReturnType<FailedTransactionMetadata["err"]>): unknown {
  if (typeof error === "object" && "index" in error && "err" in error) {
    const inner = error.err();
    if (typeof inner === "object" && "code" in inner) return { InstructionError: [error.index, { Custom: inner.code }] };
    return { InstructionError: [error.index, "InvalidArgument"] };
  }
  return "SanitizeFailure";
}
