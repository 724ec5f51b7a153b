// Every address that the client derives, against an account that the program has put there.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { Address, Instruction } from "@solana/kit";
import { jobs, nodes, pools, rewards, staking, tokenAccount } from "../src/index.js";
import { GENESIS, World } from "./world.js";

const DAY = 86_400;
const METADATA_PROGRAM = "metaqbxxUerdq28cj1RbAWkYQm3ybzjb6a8bt518x1s" as Address;
const METADATA_SO = process.env["GRID_METADATA_SO"];

test("jobs: config, vault, market, project, member, job, device, program data", async () => {
  const world = await World.open();
  const { authority, client, node, mint, project, market, rpc } = world;
  const member = node.address;
  await world.send([
    await jobs.getSetMemberInstructionAsync({ owner: client, project, key: member, limitAtoms: 9n ** 9n, periodSeconds: DAY }),
  ]);
  const device = await world.openDevice(3);
  const job = await world.list(77n);
  assert.equal((await jobs.fetchConfigFromSeeds(rpc)).data.admin, authority.address);
  assert.equal((await jobs.fetchMarketFromSeeds(rpc, { authority: authority.address, id: 0n })).data.mint, mint);
  assert.equal((await jobs.fetchProjectFromSeeds(rpc, { mint, owner: client.address })).data.openJobs, 1);
  assert.equal((await jobs.fetchMemberFromSeeds(rpc, { project, key: member })).data.limitAtoms, 9n ** 9n);
  assert.deepEqual((await jobs.fetchJobFromSeeds(rpc, { project, id: 77n })).address, job);
  assert.deepEqual((await jobs.fetchDeviceFromSeeds(rpc, { market, node: node.address, index: 3 })).address, device);
  const [vault] = await jobs.findVaultPda({ mint });
  assert.equal(world.tokensIn(vault), 900_000_000_000_000n + 5_000n);
  assert.ok(world.exists((await jobs.findProgramDataPda())[0]));
});

test("jobs: a member lists several at once, their accounts behind the named ones", async () => {
  const world = await World.open();
  const { client, node: member, project, market, rpc } = world;
  await world.send([
    await jobs.getSetMemberInstructionAsync({
      owner: client,
      project,
      key: member.address,
      limitAtoms: 10n ** 9n,
      periodSeconds: DAY,
    }),
  ]);
  const ids = [5n, 6n, 7n];
  const found = await Promise.all(ids.map((id) => jobs.findJobPda({ project, id })));
  const [membership] = await jobs.findMemberPda({ project, key: member.address });
  const request = { kind: jobs.JobKind.Service, timeoutSeconds: 60, definition: new Uint8Array(32).fill(1) };
  const instruction = jobs.getListManyInstruction({
    client: member,
    project,
    market,
    member: membership,
    firstId: 5n,
    maxPricePerSecondAtoms: 1_500n,
    jobs: found.map(([, bump]) => ({ ...request, bump })),
    jobAccounts: found.map(([address]) => address),
  });
  await world.send([instruction]);
  for (const [at, [address]] of found.entries()) {
    const { data } = await jobs.fetchJob(rpc, address);
    assert.deepEqual([data.id, data.kind, data.rentPayer], [ids[at], jobs.JobKind.Service, member.address]);
  }
});

test("staking, rewards and pools: settings, stake, pool, position, emission and their vaults", async () => {
  const world = await World.open();
  const { authority, client, mint, rpc } = world;
  const slashDestination = await tokenAccount(authority.address, mint);
  const source = await tokenAccount(client.address, mint);
  await world.send([
    await staking.getOpenSettingsInstructionAsync({
      authority,
      mint,
      slashDestination,
      slashCapBps: 2_500,
      slashEpochSeconds: DAY,
    }),
  ]);
  await world.send([
    await staking.getStakeInstructionAsync({
      owner: client,
      mint,
      source,
      id: 4n,
      amountAtoms: 1_000n,
      durationSeconds: 14 * DAY,
    }),
  ]);
  const [settings] = await staking.findSettingsPda({ mint });
  const [stake] = await staking.findStakePda({ mint, owner: client.address, id: 4n });
  assert.equal((await staking.fetchSettings(rpc, settings)).data.mint, mint);
  const staked = (await staking.fetchStake(rpc, stake)).data;
  assert.deepEqual([staked.owner, staked.id], [client.address, 4n]);
  assert.equal(world.tokensIn((await staking.findVaultPda({ mint }))[0]), 1_000n);

  const [pool] = await rewards.findPoolPda({ stakeMint: mint, rewardMint: mint });
  await world.send([await rewards.getOpenPoolInstructionAsync({ payer: authority, settings, mint, pool })]);
  await world.send([await rewards.getEnterInstructionAsync({ owner: client, stake, pool })]);
  assert.equal((await rewards.fetchPositionFromSeeds(rpc, { pool, stake })).data.pool, pool);
  assert.equal((await rewards.fetchPool(rpc, pool)).data.rewardMint, mint);
  await world.send([await rewards.getAddInstructionAsync({ payer: client, pool, mint, source, amountAtoms: 7n })]);
  assert.equal(world.tokensIn((await rewards.findVaultPda({ pool }))[0]), 7n);

  const terms = {
    ratePerSecondAtoms: 5n,
    startsAt: GENESIS,
    endsAt: 0n,
    isCloseable: true,
    beneficiaryAuthority: authority.address,
  };
  await world.send([await pools.getOpenInstructionAsync({ authority, mint, id: 9n, beneficiary: source, terms })]);
  const [emission] = await pools.findEmissionPda({ authority: authority.address, id: 9n });
  await world.send([await pools.getTopUpInstructionAsync({ payer: client, emission, mint, source, amountAtoms: 50n })]);
  assert.equal((await pools.fetchEmission(rpc, emission)).data.ratePerSecondAtoms, 5n);
  assert.equal(world.tokensIn((await pools.findVaultPda({ emission }))[0]), 50n);
});

test(
  "nodes: record, collection, access NFT, attestation; jobs: admission",
  { skip: !METADATA_SO && "GRID_METADATA_SO is not set" },
  async () => {
    const world = await World.open();
    world.svm.addProgram(METADATA_PROGRAM, readFileSync(METADATA_SO ?? ""));
    const { authority, node, market, rpc } = world;
    const label = { name: "Access", symbol: "GRID", uri: "https://example.org/access.json" };
    const [collectionMint] = await nodes.findCollectionMintPda({ authority: authority.address, id: 2n });
    const [collection] = await nodes.findCollectionPda({ mint: collectionMint });
    const create = { authority, id: 2n, ...label, token: await tokenAccount(collection, collectionMint) };
    await world.send([computeUnits(400_000), await nodes.getCreateCollectionInstructionAsync(create)]);
    assert.equal((await nodes.fetchCollection(rpc, collection)).data.mint, collectionMint);

    const hardware = {
      gpuModel: "RTX 4090",
      gpuCount: 1,
      vramMib: 24_564,
      computeMajor: 8,
      computeMinor: 9,
      cpuModel: "EPYC",
      cpuCores: 16,
      ramMib: 65_536,
      diskGib: 900,
    };
    const software = {
      driver: [550, 54, 14],
      cuda: [12, 4],
      version: [0, 1, 0],
      country: 756,
      endpoint: "https://node.example.org",
    };
    await world.send([await nodes.getRegisterNodeInstructionAsync({ node, hardware, software })]);
    const record = await nodes.fetchNodeFromSeeds(rpc, { node: node.address });
    assert.deepEqual([record.data.node, record.data.country], [node.address, 756]);

    const [mint] = await nodes.findAccessMintPda({ collectionMint, index: 1n });
    const accessToken = await tokenAccount(node.address, mint);
    const issue = { authority, collectionMint, wallet: node.address, index: 1n, ...label, token: accessToken };
    await world.send([computeUnits(400_000), await nodes.getIssueAccessInstructionAsync(issue)]);
    const [access] = await nodes.findAccessPda({ mint });
    assert.deepEqual((await nodes.fetchAccess(rpc, access)).data.node, node.address);

    const [attestation] = await nodes.findAttestationPda({ collectionMint, node: node.address, class: 7 });
    const measured = {
      class: 7,
      score: 1_000n,
      result: new Uint8Array(32).fill(3),
      expiresAt: GENESIS + 100n,
      hardwareSlot: record.data.hardwareSlot,
    };
    await world.send([
      nodes.getAttestInstruction({ attestor: authority, collection, node: record.address, attestation, ...measured }),
    ]);
    assert.equal((await nodes.fetchAttestation(rpc, attestation)).data.score, 1_000n);

    const NOBODY = "11111111111111111111111111111111" as Address;
    const terms = {
      access: jobs.AccessRule.Issued,
      collection: collectionMint,
      benchmarkClass: 0,
      minScore: 0n,
      stakeMint: NOBODY,
      minStakeWeight: 0n,
    };
    await world.send([jobs.getSetAdmissionInstruction({ authority, market, terms })]);
    const device = await world.openDevice(0);
    const [admission] = await jobs.findAdmissionPda({ market, mint });
    const [[accessMetadata], [accessEdition]] = [await nodes.findMetadataPda({ mint }), await nodes.findEditionPda({ mint })];
    const shown = { accessToken, accessMetadata, accessEdition, access, admission };
    await world.send([jobs.getAdmitDeviceInstruction({ node, device, market, ...shown })]);
    assert.deepEqual((await jobs.fetchAdmission(rpc, admission)).data.node, node.address);
    // Optional accounts: those that are not shown are the program's own address.
    await world.send([
      jobs.getWorkGatedInstruction({ node, device, market, accessToken, accessMetadata, minPricePerSecondAtoms: 0n }),
    ]);
    assert.equal((await jobs.fetchDevice(rpc, device)).data.isGated, 1);
  },
);

/** The limit of compute units of a transaction. */
function computeUnits(units: number): Instruction {
  const data = new Uint8Array(5);
  data[0] = 2;
  new DataView(data.buffer).setUint32(1, units, true);
  return { programAddress: "ComputeBudget111111111111111111111111111111" as Address, data };
}
