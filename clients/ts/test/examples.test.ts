// The examples of the README run, and are what the README shows.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { type Address, getBase16Encoder } from "@solana/kit";
import { describe } from "../examples/market.js";
import { post } from "../examples/post.js";
import { jobs, nodeOf, nodes } from "../src/index.js";
import { bodyOf, serve } from "./serve.js";
import { World } from "./world.js";

const PACKAGE = join(dirname(fileURLToPath(import.meta.url)), "../..");
const RESULT = '{"status": "succeeded"}';
const hash = (text: string) => createHash("sha256").update(text).digest("hex");

test("the README shows the examples as they run here", () => {
  const readme = readFileSync(join(PACKAGE, "README.md"), "utf8");
  const examples = readdirSync(join(PACKAGE, "examples"));
  assert.equal(examples.length, 2);
  for (const name of examples) {
    const text = readFileSync(join(PACKAGE, "examples", name), "utf8");
    assert.ok(readme.includes("```ts\n" + text + "```"), `README.md does not show examples/${name}`);
  }
});

/** A node that does what it is asked as soon as it holds the definition. */
async function running(world: World, device: Address) {
  const server = await serve(async (request) => {
    if (request.method === "GET") return request.url === `/content/${hash(RESULT)}` ? [200, RESULT] : [404, ""];
    const [, digest, job] = /^\/content\/([0-9a-f]{64})\?job=(.*)$/.exec(request.url ?? "") ?? [];
    assert.equal(digest, hash(await bodyOf(request)));
    await world.start(device, job as Address);
    world.advance(5n);
    const { node, market, project } = world;
    const result = getBase16Encoder().encode(hash(RESULT));
    await world.send([jobs.getFinishInstruction({ node, device, job: job as Address, market, project, result })]);
    return [201, ""];
  });
  const { node } = world;
  const hardware = {
    gpuModel: "",
    gpuCount: 0,
    vramMib: 0,
    computeMajor: 0,
    computeMinor: 0,
    cpuModel: "EPYC",
    cpuCores: 16,
    ramMib: 65_536,
    diskGib: 900,
  };
  const software = { driver: [0, 0, 0], cuda: [0, 0], version: [0, 1, 0], country: 756, endpoint: server.endpoint };
  await world.send([await nodes.getRegisterNodeInstructionAsync({ node, hardware, software })]);
  return server;
}

test("post: a device waits, gets the definition, and its result comes back", async () => {
  const world = await World.open();
  const device = await world.openDevice(0);
  await using _ = await running(world, device);
  await world.work(device);
  const result = await post(world.rpc, world.client, world.market, "{}");
  assert.equal(new TextDecoder().decode(result), RESULT);
});

test("a job's node is found, whoever of both came first", async () => {
  const world = await World.open();
  const [first, second] = [await world.openDevice(0), await world.openDevice(1)];
  await using server = await running(world, first);
  const node = async (job: Address) => nodeOf(world.rpc, job, (await jobs.fetchJob(world.rpc, job)).data);
  const waited = await world.list(1n);
  assert.equal(await node(waited), undefined);
  await world.work(first);
  assert.deepEqual(await node(waited), { key: world.node.address, endpoint: server.endpoint });
  await world.work(second);
  assert.deepEqual(await node(await world.list(2n)), { key: world.node.address, endpoint: server.endpoint });
});

test("market: price and queue in a sentence", async () => {
  const world = await World.open();
  await world.list(1n);
  assert.equal(await describe(world.rpc, world.market, 6), "an hour costs 5.535000; 1 of 273 wait (jobs)");
});
