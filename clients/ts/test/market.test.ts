import assert from "node:assert/strict";
import { test } from "node:test";
import { type Address, type EncodedAccount, assertAccountExists } from "@solana/kit";
import { decodeMarket, devicePhase, jobPhase, jobs } from "../src/index.js";
import { World } from "./world.js";

test("the queue: joined at the tail, left at the head and in the middle, slots used again", async () => {
  const world = await World.open();
  assert.deepEqual([view(world).kind, view(world).waiting, view(world).capacity], ["empty", [], 273]);
  const devices: Address[] = [];
  for (let index = 0; index < 4; index++) devices.push(await world.openDevice(index));
  let waiting: Address[] = [];
  for (let id = 0n; id < 6n; id++) waiting.push(await world.list(id));
  assert.deepEqual([view(world).kind, view(world).waiting], ["jobs", waiting]);
  // Two leave at the head, one in the middle, one at the tail.
  for (const device of devices.slice(0, 2)) await world.work(device);
  await delist(world, waiting[3]!);
  await delist(world, waiting[5]!);
  waiting = [waiting[2]!, waiting[4]!];
  assert.deepEqual(view(world).waiting, waiting);
  // New ones take the slots that were left last, so that the order of slots is none.
  for (let id = 6n; id < 10n; id++) waiting.push(await world.list(id));
  assert.deepEqual(view(world).waiting, waiting);
  const slots = await Promise.all(waiting.map(async (job) => (await jobs.fetchJob(world.rpc, job)).data.slot));
  assert.notDeepEqual(
    slots,
    slots.toSorted((left, right) => left - right),
  );
  // Devices get them in this order.
  for (const device of devices.slice(2)) {
    await world.work(device);
    assert.equal((await jobs.fetchDevice(world.rpc, device)).data.job, waiting.shift());
    assert.deepEqual(view(world).waiting, waiting);
  }
});

test("devices wait in it too, and a queue that grew is read whole", async () => {
  const world = await World.open();
  await world.send([jobs.getGrowMarketInstruction({ payer: world.authority, market: world.market })]);
  assert.equal(view(world).capacity, 558);
  const devices = [await world.openDevice(0), await world.openDevice(1)];
  for (const device of devices) await world.work(device);
  assert.deepEqual([view(world).kind, view(world).waiting], ["devices", devices]);
});

test("phases: who came first reads queued, and the market tells that it is matched", async () => {
  const world = await World.open();
  const device = await world.openDevice(0);
  const phases = async (job: Address) => {
    const [its, own] = [await jobs.fetchJob(world.rpc, job), await jobs.fetchDevice(world.rpc, device)];
    return [jobPhase(job, its.data, view(world)), devicePhase(device, own.data, view(world)), its.data.state, own.data.state];
  };
  const first = await world.list(1n);
  assert.deepEqual(await phases(first), ["queued", "idle", 1, 1]);
  await world.work(device);
  assert.deepEqual(await phases(first), ["matched", "assigned", 1, 3]);
  await world.start(device, first);
  assert.deepEqual(await phases(first), ["running", "running", 3, 4]);
  await world.finish(device, first);
  assert.deepEqual(await phases(first), ["done", "idle", 4, 1]);
  await world.work(device);
  assert.deepEqual(await phases(first), ["done", "queued", 4, 2]);
  const second = await world.list(2n);
  assert.deepEqual(await phases(second), ["matched", "taken", 2, 2]);
});

test("bytes that are no market, or contradict themselves, are refused", async () => {
  const world = await World.open();
  await world.list(1n);
  await world.list(2n);
  const market = account(world);
  const change = (at: number, byte: number): EncodedAccount => {
    const data = Uint8Array.from(market.data);
    data[at] = byte;
    return { ...market, data };
  };
  decodeMarket(market);
  assert.throws(() => decodeMarket({ ...market, programAddress: world.mint }), /belongs to/);
  assert.throws(() => decodeMarket({ ...market, data: market.data.slice(0, 500) }), /no market/);
  assert.throws(() => decodeMarket({ ...market, data: market.data.slice(0, 3) }), /no market/);
  assert.throws(() => decodeMarket(change(0, 0)), /no market/);
  // Ends, count and links: the head, the tail, how many wait, the second slot's way back, the first one's way on.
  for (const [at, byte] of [
    [14, 1],
    [16, 0],
    [20, 3],
    [388 + 36 + 32, 9],
    [388 + 34, 0],
    [388 + 34, 200],
    [388 + 35, 2],
  ] as const) {
    assert.throws(() => decodeMarket(change(at, byte)), /contradicts itself/, `byte ${at}`);
  }
  const nobody = Uint8Array.from(market.data).fill(0, 388, 388 + 32);
  assert.throws(() => decodeMarket({ ...market, data: nobody }), /contradicts itself/);
});

function account(world: World): EncodedAccount {
  const found = world.account(world.market);
  assertAccountExists(found);
  return found;
}

function view(world: World) {
  return decodeMarket(account(world));
}

async function delist(world: World, job: Address) {
  const { client: closer, project, market } = world;
  await world.send([jobs.getDelistInstruction({ closer, project, market, job, rentPayer: closer.address })]);
}
