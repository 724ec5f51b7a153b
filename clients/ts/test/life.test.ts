import assert from "node:assert/strict";
import { test } from "node:test";
import { jobs, tokenAccount } from "../src/index.js";
import { GENESIS, World } from "./world.js";

test("a job from the deposit to the payout, with each account read back", async () => {
  const world = await World.open();
  const { client, node, mint, market, project } = world;
  const device = await world.openDevice(0);
  const job = await world.list(1n, 600);
  const listed = await jobs.fetchJob(world.rpc, job);
  assert.equal(listed.data.escrowAtoms, 922_500n, "600 s at 1,500 atoms, and 2.5 % on it");
  assert.deepEqual([listed.data.project, listed.data.market, listed.data.timeoutSeconds], [project, market, 600]);
  await world.work(device);
  await world.start(device, job);
  assert.equal((await jobs.fetchJob(world.rpc, job)).data.startedAt, GENESIS);
  world.advance(37n);
  const events = await world.finish(device, job);
  assert.deepEqual(
    events.map(({ name }) => name),
    ["JobFinished"],
  );
  const done = (await jobs.fetchJob(world.rpc, job)).data;
  assert.deepEqual([done.state, done.endedAt, done.result[0], done.device], [4, GENESIS + 37n, 9, device]);
  assert.equal((await jobs.fetchDevice(world.rpc, device)).data.earningsAtoms, 37n * 1_500n);
  const payout = await tokenAccount(node.address, mint);
  const before = world.tokensIn(payout);
  await world.send([await jobs.getWithdrawEarningsInstructionAsync({ device, mint, destination: payout })]);
  assert.equal(world.tokensIn(payout) - before, 55_500n);
  const { balance } = (await jobs.fetchProject(world.rpc, project)).data;
  const purse = await tokenAccount(client.address, mint);
  const had = world.tokensIn(purse);
  await world.send([
    await jobs.getWithdrawInstructionAsync({ owner: client, project, mint, destination: purse, amountAtoms: balance }),
  ]);
  assert.equal(world.tokensIn(purse) - had, 900_000_000_000_000n - 55_500n - 1_388n, "the fee is rounded up");
});
