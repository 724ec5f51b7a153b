import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { type Address, SOLANA_ERROR__INSTRUCTION_ERROR__CUSTOM, SolanaError, getTransactionDecoder } from "@solana/kit";
import { GridError, atoms, gridErrorOf, jobs, postJob, sender, watchJob } from "../src/index.js";
import { FailedTransactionMetadata } from "litesvm";
import { World, refusal } from "./world.js";

const DEFINITION = '{"version": "0.1", "type": "container", "ops": []}';

test("a job is posted once, under the hash of its definition", async () => {
  const world = await World.open();
  const { rpc, send, client: owner, market } = world;
  const order = { owner, market, definition: DEFINITION, timeoutSeconds: 600, id: 5n };
  const posted = await postJob(rpc, send, order);
  const { data } = await jobs.fetchJob(rpc, posted.job);
  assert.equal(Buffer.from(data.definition).toString("hex"), createHash("sha256").update(DEFINITION).digest("hex"));
  assert.deepEqual(
    [data.escrowAtoms, data.project, data.id, data.kind],
    [posted.escrowAtoms, world.project, 5n, jobs.JobKind.Batch],
  );
  assert.ok(posted.signature);
  const [event] = world.events(posted.signature);
  assert.ok(event?.name === "JobQueued" && event.data.job === posted.job);
  const again = await postJob(rpc, send, order);
  assert.deepEqual([again.job, again.signature, again.escrowAtoms], [posted.job, undefined, posted.escrowAtoms]);
  await assert.rejects(postJob(rpc, send, { ...order, definition: "another" }), /another job with the number 5/);
});

test("a refusal is told by the program's name and sentence", async () => {
  const { rpc, send, client: owner, market } = await World.open();
  const order = { owner, market, definition: DEFINITION, timeoutSeconds: 600 };
  await assert.rejects(postJob(rpc, send, { ...order, maxPricePerSecondAtoms: atoms(1_499n) }), (error) => {
    assert.ok(error instanceof GridError);
    assert.deepEqual([error.error, error.instruction, error.program], ["PriceAboveMaximum", 0, jobs.GRID_JOBS_PROGRAM_ADDRESS]);
    assert.match(error.message, /^instruction 0: PriceAboveMaximum \(60\d\d\): The market's price is above/);
    return true;
  });
  await assert.rejects(postJob(rpc, send, { ...order, timeoutSeconds: 86_401 }), { error: "TimeoutOutOfRange" });
});

test("only errors of the program that failed are taken for its own", () => {
  const thrown = new Error("outer", {
    cause: new SolanaError(SOLANA_ERROR__INSTRUCTION_ERROR__CUSTOM, { index: 1, code: 6_000 }),
  });
  const [ours, other] = [
    { programAddress: jobs.GRID_JOBS_PROGRAM_ADDRESS },
    { programAddress: "11111111111111111111111111111111" as Address },
  ];
  assert.equal(gridErrorOf(thrown, [other, ours])?.error, "NotUpgradeAuthority");
  assert.equal(gridErrorOf(thrown, [ours, other]), undefined);
  assert.equal(gridErrorOf(thrown, [ours]), undefined);
  assert.equal(gridErrorOf(new Error("else"), [ours]), undefined);
});

test("a watch sees each phase until the job is over", async () => {
  const world = await World.open();
  const device = await world.openDevice(0);
  const job = await world.list(1n);
  const steps = [
    () => world.work(device),
    async () => undefined,
    () => world.start(device, job),
    async () => (world.advance(9n), await world.finish(device, job)),
  ];
  const pause = async () => void (await steps.shift()?.());
  const seen: string[] = [];
  for await (const { phase } of watchJob(world.rpc, job, { pause })) seen.push(phase);
  assert.deepEqual(seen, ["queued", "matched", "running", "done"]);
});

test("a watch ends when the account is closed, and does not begin without one", async () => {
  const world = await World.open();
  const job = await world.list(1n);
  const { client: closer, project, market } = world;
  const delist = jobs.getDelistInstruction({ closer, project, market, job, rentPayer: closer.address });
  const seen: string[] = [];
  for await (const { phase } of watchJob(world.rpc, job, { pause: async () => void (await world.send([delist])) }))
    seen.push(phase);
  assert.deepEqual(seen, ["queued", "closed"]);
  await assert.rejects(watchJob(world.rpc, job).next(), /does not exist/);
});

test("a watch is ended by its signal, also while it waits", async () => {
  const world = await World.open();
  const job = await world.list(1n);
  const controller = new AbortController();
  const watch = watchJob(world.rpc, job, { signal: controller.signal, pollMilliseconds: 3_600_000 });
  assert.equal((await watch.next()).value?.phase, "queued");
  const next = watch.next();
  controller.abort(new Error("enough"));
  await assert.rejects(next, /enough/);
});

test("what was lost is sent again, the same bytes; what is too old is told, and changed nothing", async () => {
  const world = await World.open();
  const open = await jobs.getOpenVaultInstructionAsync({ payer: world.authority, mint: world.mint });
  const grow = jobs.getGrowMarketInstruction({ payer: world.authority, market: world.market });
  const copies: string[] = [];
  world.intercept = (bytes) => {
    copies.push(Buffer.from(bytes).toString("hex"));
    // The third copy gets through.
    if (copies.length === 3) world.intercept = undefined;
  };
  await sender(world.rpc, world.authority, { pause: async () => undefined })([grow]);
  assert.equal(copies.length, 3);
  assert.equal(new Set(copies).size, 1);
  world.intercept = () => undefined;
  const impatient = sender(world.rpc, world.authority, { pause: async () => void (world.blockHeight += 100) });
  assert.match(String(await refusal(impatient, [grow])), /did not land before its blockhash expired/);
  world.intercept = undefined;
  assert.ok((await refusal(world.send, [open])) instanceof Error, "the vault is there already");
});

test("a transaction that lands and fails is told by the program's error", async () => {
  const world = await World.open();
  const { client: owner, project, market } = world;
  // The endpoint takes it unseen, as it does without a preflight.
  world.intercept = (bytes) => {
    const outcome = world.svm.sendTransaction(getTransactionDecoder().decode(bytes));
    assert.ok(outcome instanceof FailedTransactionMetadata);
    world.fail(outcome);
  };
  const order = { id: 1n, kind: jobs.JobKind.Batch, definition: new Uint8Array(32).fill(7), timeoutSeconds: 600 };
  const list = await jobs.getListInstructionAsync({ owner, project, market, ...order, maxPricePerSecondAtoms: 1n });
  const error = await refusal(world.send, [list]);
  assert.ok(error instanceof GridError && error.error === "PriceAboveMaximum");
});
