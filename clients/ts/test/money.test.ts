import assert from "node:assert/strict";
import { test } from "node:test";
import { escrowFor, jobs, settle } from "../src/index.js";
import { World } from "./world.js";

/** Markets in which roundings differ: odd prices, odd fees, the dearest, the cheapest. */
const MARKETS: readonly (readonly [price: bigint, feeBps: number])[] = [
  [1n, 1],
  [1n, 2_999],
  [7n, 333],
  [1_500n, 250],
  [9_999n, 1],
  [1_000_003n, 3_000],
  [123_456_789n, 0],
];
const RUNS: readonly (readonly [timeout: number, seconds: number])[] = [
  [1, 0],
  [1, 1],
  [60, 59],
  [3_600, 3_601],
  [86_399, 12_345],
];

test("escrow, pay, fee and refund are what the program makes of them, to the atom", async () => {
  const world = await World.open();
  for (const [turn, [pricePerSecondAtoms, feeBps]] of MARKETS.entries()) {
    await world.openMarket(BigInt(turn + 1), { pricePerSecondAtoms, feeBps });
    const device = await world.openDevice(0);
    for (const [round, [timeout, seconds]] of RUNS.entries()) {
      const where = `price ${pricePerSecondAtoms}, fee ${feeBps}, ${seconds} of ${timeout} s`;
      const before = await money(world, device);
      const job = await world.list(BigInt(turn * RUNS.length + round), timeout);
      const listed = (await jobs.fetchJob(world.rpc, job)).data;
      assert.equal(listed.escrowAtoms, escrowFor(listed, timeout), where);
      assert.equal(before.balance - (await money(world, device)).balance, listed.escrowAtoms, where);
      await world.work(device);
      await world.start(device, job);
      world.advance(BigInt(seconds));
      const [event] = await world.finish(device, job);
      const after = await money(world, device);
      const done = (await jobs.fetchJob(world.rpc, job)).data;
      const expected = settle(done, timeout, done.startedAt, done.endedAt);
      assert.equal(after.earnings - before.earnings, expected.paidAtoms, where);
      assert.equal(after.fees - before.fees, expected.feeAtoms, where);
      assert.equal(before.balance - after.balance, expected.paidAtoms + expected.feeAtoms, where);
      assert.equal(expected.paidAtoms + expected.feeAtoms + expected.refundAtoms, listed.escrowAtoms, where);
      assert.ok(event?.name === "JobFinished" && event.data.paidAtoms === expected.paidAtoms, where);
    }
  }
});

test("a clock that went backwards counts as no time", () => {
  const price = { pricePerSecondAtoms: 7n, feeBps: 250 };
  assert.deepEqual(settle(price, 60, 100n, 99n), { seconds: 0, paidAtoms: 0n, feeAtoms: 0n, refundAtoms: 431n });
});

async function money(world: World, device: Awaited<ReturnType<World["openDevice"]>>) {
  const [market, project, own] = [
    await jobs.fetchMarket(world.rpc, world.market),
    await jobs.fetchProject(world.rpc, world.project),
    await jobs.fetchDevice(world.rpc, device),
  ];
  return { balance: project.data.balance, earnings: own.data.earningsAtoms, fees: market.data.feesOwedAtoms };
}
