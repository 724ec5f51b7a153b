import assert from "node:assert/strict";
import { test } from "node:test";
import { eventsIn, jobs } from "../src/index.js";
import { World } from "./world.js";

const GRID = jobs.GRID_JOBS_PROGRAM_ADDRESS;
const OTHER = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA";

/** The line with which the program logged that a job joined the queue. */
async function line(): Promise<string> {
  const world = await World.open();
  await world.list(1n);
  const found = [...world.logs.values()].at(-1)?.find((text) => text.startsWith("Program data: "));
  assert.ok(found);
  return found;
}

test("only what a program of ours logs while it runs is its event", async () => {
  const data = await line();
  const [begin, end] = [
    (program: string, depth: number) => `Program ${program} invoke [${depth}]`,
    (program: string) => `Program ${program} success`,
  ];
  const names = (...logs: string[]) => eventsIn(logs).map(({ name }) => name);
  assert.deepEqual(names(begin(GRID, 1), data, end(GRID)), ["JobQueued"]);
  assert.deepEqual(names(begin(GRID, 1), begin(OTHER, 2), end(OTHER), data, end(GRID)), ["JobQueued"]);
  assert.deepEqual(names(begin(OTHER, 1), begin(GRID, 2), data, data, end(GRID), end(OTHER)), ["JobQueued", "JobQueued"]);
  assert.deepEqual(names(begin(OTHER, 1), data, end(OTHER)), []);
  assert.deepEqual(names(begin(GRID, 1), begin(OTHER, 2), data, end(OTHER), end(GRID)), []);
  assert.deepEqual(names(begin(GRID, 1), begin(OTHER, 2), `Program ${OTHER} failed: custom program error: 0x1`, data), [
    "JobQueued",
  ]);
  assert.deepEqual(names(data), []);
});

test("bytes that are no event, or another version's, are passed over", async () => {
  const bytes = Buffer.from((await line()).slice("Program data: ".length), "base64");
  const names = (data: Uint8Array) =>
    eventsIn([`Program ${GRID} invoke [1]`, `Program data: ${Buffer.from(data).toString("base64")}`]).length;
  assert.equal(names(bytes), 1);
  assert.equal(names(bytes.subarray(0, -1)), 0);
  assert.equal(names(Buffer.concat([bytes, Buffer.of(0)])), 0);
  assert.equal(names(Buffer.of(1, 2, 3)), 0);
  assert.equal(names(Buffer.from(bytes).fill(0, 0, 8)), 0);
});
