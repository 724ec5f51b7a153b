// A job's life by a client that has the IDL and nothing else of this repository. Needs: the binaries (GRID_SBF_DIR).

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import anchor from "@coral-xyz/anchor";
import * as spl from "@solana/spl-token";
import { Provider, idlOf } from "./provider.mjs";

const { BN, web3 } = anchor;
const { Keypair, PublicKey } = web3;
const u32 = (value) => new BN(value).toArrayLike(Buffer, "le", 4);
const u64 = (value) => new BN(value).toArrayLike(Buffer, "le", 8);
const sha256 = (text) => [...createHash("sha256").update(text).digest()];

const TERMS = {
  pricePerSecondAtoms: new BN(100),
  bondAtoms: new BN(5_000),
  expiryRewardAtoms: new BN(1_000),
  compensationAtoms: new BN(3_000),
  feeBps: 250,
  stakersBps: 0,
  burnBps: 0,
  maxAttempts: 3,
  maxStrikes: 10,
  minTimeoutSeconds: 10,
  maxTimeoutSeconds: 7_200,
  startWindowSeconds: 60,
  heartbeatLimitSeconds: 120,
  finishGraceSeconds: 3_600,
  retentionSeconds: 86_400,
};

test("list, work, start, finish, by the IDL alone", async () => {
  const idl = idlOf("grid_jobs");
  const provider = new Provider(Keypair.generate());
  const programData = provider.load(idl);
  const program = new anchor.Program(idl, provider);
  const me = provider.publicKey;
  const [client, node, mint] = [Keypair.generate(), Keypair.generate(), Keypair.generate()];
  provider.fund(client.publicKey);
  provider.fund(node.publicKey);
  const pda = (...seeds) =>
    PublicKey.findProgramAddressSync(
      seeds.map((seed) => (typeof seed === "string" ? Buffer.from(seed) : seed)),
      program.programId,
    );

  // A mint, and tokens for both.
  const tokensOf = (owner) => spl.getAssociatedTokenAddressSync(mint.publicKey, owner);
  const space = spl.MINT_SIZE;
  const lamports = Number(provider.svm.minimumBalanceForRentExemption(BigInt(space)));
  const setup = new web3.Transaction().add(
    web3.SystemProgram.createAccount({
      fromPubkey: me,
      newAccountPubkey: mint.publicKey,
      lamports,
      space,
      programId: spl.TOKEN_PROGRAM_ID,
    }),
    spl.createInitializeMint2Instruction(mint.publicKey, 6, me, null),
    ...[client.publicKey, node.publicKey].flatMap((owner) => [
      spl.createAssociatedTokenAccountInstruction(me, tokensOf(owner), owner, mint.publicKey),
      spl.createMintToInstruction(mint.publicKey, tokensOf(owner), me, 1_000_000_000n),
    ]),
  );
  await provider.sendAndConfirm(setup, [mint]);

  // A market.
  const tokenProgram = spl.TOKEN_PROGRAM_ID;
  const [vault] = pda("vault", mint.publicKey.toBytes());
  const [market] = pda("market", me.toBytes(), u64(0));
  const [config] = pda("config");
  await program.methods.initializeConfig(me).accountsPartial({ authority: me, config, programData }).rpc();
  await program.methods.openVault().accountsPartial({ payer: me, mint: mint.publicKey, vault, tokenProgram }).rpc();
  await program.methods
    .openMarket(new BN(0), TERMS)
    .accountsPartial({ authority: me, config, mint: mint.publicKey, market })
    .rpc();

  // A client with a balance.
  const [project] = pda("project", mint.publicKey.toBytes(), client.publicKey.toBytes());
  await program.methods
    .openProject()
    .accountsPartial({ owner: client.publicKey, mint: mint.publicKey, project })
    .signers([client])
    .rpc();
  await program.methods
    .deposit(new BN(500_000))
    .accountsPartial({
      depositor: client.publicKey,
      config,
      project,
      mint: mint.publicKey,
      source: tokensOf(client.publicKey),
      vault,
      tokenProgram,
    })
    .signers([client])
    .rpc();

  // A device with its bond.
  const [device] = pda("device", market.toBytes(), node.publicKey.toBytes(), u32(0));
  await program.methods
    .openDevice(0, node.publicKey)
    .accountsPartial({ node: node.publicKey, market, device })
    .signers([node])
    .rpc();
  await program.methods
    .fundBond(new BN(5_000))
    .accountsPartial({
      funder: node.publicKey,
      config,
      device,
      mint: mint.publicKey,
      source: tokensOf(node.publicKey),
      vault,
      tokenProgram,
    })
    .signers([node])
    .rpc();

  // The job's life.
  const id = new BN(7);
  const [job, bump] = pda("job", project.toBytes(), u64(7));
  const definition = sha256("what is to be run");
  const list = (price) =>
    program.methods
      .list(id, bump, { batch: {} }, definition, 600, new BN(price))
      .accountsPartial({ owner: client.publicKey, project, market, job })
      .signers([client])
      .rpc();
  // Anchor's client translates errors by a log line that these programs do not pay for: the number has to be looked up.
  await assert.rejects(list(99), (error) => {
    const code = Number(/custom program error: (0x[0-9a-f]+)/.exec(error.logs.join("\n"))?.[1]);
    assert.equal(idl.errors.find((entry) => entry.code === code)?.name, "PriceAboveMaximum");
    return true;
  });
  await list(100);
  const queued = events(program, provider.logs);
  assert.deepEqual(
    queued.map(({ name }) => name),
    ["jobQueued"],
  );
  assert.equal(queued[0].data.escrowAtoms.toNumber(), 61_500);
  assert.ok(queued[0].data.job.equals(job));

  await program.methods.work(new BN(0)).accountsPartial({ node: node.publicKey, device, market }).signers([node]).rpc();
  await program.methods.start().accountsPartial({ node: node.publicKey, device, job }).signers([node]).rpc();
  provider.advance(42);
  const result = sha256("what came of it");
  await program.methods
    .finish(result)
    .accountsPartial({ node: node.publicKey, device, job, market, project })
    .signers([node])
    .rpc();

  // The accounts, decoded by the IDL.
  const done = await program.account.job.fetch(job);
  assert.deepEqual([done.state, done.kind, done.attempts, done.timeoutSeconds, done.feeBps], [4, 0, 0, 600, 250]);
  assert.deepEqual(done.result, result);
  assert.deepEqual(done.definition, definition);
  assert.equal(done.endedAt.sub(done.startedAt).toNumber(), 42);
  assert.ok(done.device.equals(device) && done.project.equals(project) && done.market.equals(market));
  const header = await program.account.market.fetch(market);
  assert.equal(header.feesOwedAtoms.toNumber(), 105);
  assert.deepEqual([header.activeJobs, header.queue.waiting, header.queue.head], [0, 0, 65_535]);
  assert.equal((await program.account.device.fetch(device)).earningsAtoms.toNumber(), 4_200);
  assert.equal((await program.account.project.fetch(project)).balance.toNumber(), 500_000 - 4_200 - 105);
});

test("the IDL of each program makes an Anchor client", () => {
  for (const name of ["grid_jobs", "grid_nodes", "grid_staking", "grid_rewards", "grid_pools"]) {
    const idl = idlOf(name);
    const program = new anchor.Program(idl, new Provider(Keypair.generate()));
    assert.equal(Object.keys(program.methods).length, idl.instructions.length, name);
    assert.equal(program.idl.errors.length, idl.errors.length, name);
  }
});

function events(program, logs) {
  return [...new anchor.EventParser(program.programId, program.coder).parseLogs(logs)];
}
