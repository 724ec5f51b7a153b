import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { createKeyPairSignerFromPrivateKeyBytes, getAddressDecoder, getBase16Encoder } from "@solana/kit";
import { fetchContent, fetchJobStatus, pushContent, sha256, signRequest } from "../src/index.js";
import { bodyOf, serve } from "./serve.js";
import { ROOT } from "./world.js";

const PAGE = readFileSync(join(process.env["GRID_DOCS_DIR"] ?? join(ROOT, "docs"), "node-api.md"), "utf8");
const NODE = getAddressDecoder().decode(new Uint8Array(32).fill(9));
const key = () => createKeyPairSignerFromPrivateKeyBytes(Uint8Array.from({ length: 32 }, (_, at) => at));
const cell = (name: RegExp) => PAGE.match(new RegExp(`\\| ${name.source} \\| \`([^\`]+)\``, "g")) ?? [];

test("requests are signed as the page's test vectors say", async () => {
  const signer = await key();
  assert.ok(PAGE.includes(`| \`grid-key\` | \`${signer.address}\` |`));
  assert.ok(PAGE.includes(`| node | \`${NODE}\` |`));
  const nonce = getBase16Encoder().encode("000102030405060708090a0b0c0d0e0f") as Uint8Array<ArrayBuffer>;
  const requests = cell(/(?:first|second) request/).map((row) => /`([A-Z]+) ([^`]+)`/.exec(row));
  const signatures = cell(/`grid-signature`/).map((row) => /`([^`]{60,})`/.exec(row)?.[1]);
  assert.deepEqual([requests.length, signatures.length], [2, 2], "the page has two vectors");
  for (const [at, request] of requests.entries()) {
    const [, method = "", target = ""] = request ?? [];
    const body = method === "PUT" ? { body: new TextEncoder().encode("abc") } : {};
    const headers = await signRequest(signer, { method, target, node: NODE, ...body }, { time: 1_700_000_000, nonce });
    assert.equal(headers["grid-signature"], signatures[at], method);
    assert.deepEqual([headers["grid-time"], headers["grid-nonce"]], ["1700000000", "000102030405060708090a0b0c0d0e0f"]);
  }
});

test("content is pushed signed and fetched by its hash, and other bytes are refused", async () => {
  const signer = await key();
  const job = signer.address;
  const asked: { line: string; headers: IncomingMessage["headers"]; body: string }[] = [];
  const result = new TextEncoder().encode("result");
  await using server = await serve(async (request) => {
    asked.push({ line: `${request.method} ${request.url}`, headers: request.headers, body: await bodyOf(request) });
    if (request.method === "PUT") return [201, ""];
    if (request.url === `/jobs/${job}`) return [200, '{"state": "running"}'];
    return request.url?.endsWith(hash("gone")) ? [404, "this node does not hold it"] : [200, "result"];
  });
  const node = { key: NODE, endpoint: server.endpoint };
  await pushContent(node, signer, job, new TextEncoder().encode("definition"));
  assert.deepEqual([asked[0]?.line, asked[0]?.body], [`PUT /content/${hash("definition")}?job=${job}`, "definition"]);
  assert.equal(asked[0]?.headers["grid-key"], signer.address);
  assert.equal(asked[0]?.headers["content-length"], "10");
  assert.deepEqual(await fetchContent(node, await sha256(result)), result);
  await assert.rejects(fetchContent(node, new Uint8Array(32)), /sent other bytes/);
  await assert.rejects(fetchContent(node, await sha256(new TextEncoder().encode("gone"))), /404 this node does not hold it/);
  assert.deepEqual(await fetchJobStatus(node, signer, job), { state: "running" });
  assert.ok(asked.at(-1)?.headers["grid-signature"]);
});

const hash = (text: string) => createHash("sha256").update(text).digest("hex");
