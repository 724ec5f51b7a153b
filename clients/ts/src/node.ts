// A node's HTTP side, see docs/node-api.md: bytes are named by their SHA-256, requests are signed with a Solana key.

import {
  type Address,
  type MessagePartialSigner,
  type ReadonlyUint8Array,
  createSignableMessage,
  getBase16Decoder,
  getBase58Decoder,
} from "@solana/kit";
import { sha256 } from "./job.js";

/** A node: its key, and where it listens (`software.endpoint` in its record). */
export type NodeAddress = { readonly key: Address; readonly endpoint: string };

/** The headers of a signed request. */
export type SignedHeaders = Readonly<Record<"grid-key" | "grid-time" | "grid-nonce" | "grid-signature", string>>;

/** A request, as far as it is signed. */
export type RequestToSign = {
  /** In capitals. */
  readonly method: string;
  /** Path and query, as in the request line. */
  readonly target: string;
  /** The node that it is meant for; no other accepts it. */
  readonly node: Address;
  readonly body?: ReadonlyUint8Array;
};

/** Signs a request. Time (Unix seconds) and nonce (16 bytes) are now and random if not given. */
export async function signRequest(
  signer: MessagePartialSigner,
  { method, target, node, body }: RequestToSign,
  { time = Math.floor(Date.now() / 1_000), nonce = crypto.getRandomValues(new Uint8Array(16)) } = {},
): Promise<SignedHeaders> {
  const digest = body ? hex(await sha256(body)) : "-";
  const lines = ["grid request 1", method, target, node, time, hex(nonce), digest];
  const message = createSignableMessage(lines.map((line) => `${line}\n`).join(""));
  const [signatures] = await signer.signMessages([message]);
  const signature = signatures?.[signer.address];
  if (!signature) throw new Error(`${signer.address} did not sign the request`);
  return {
    "grid-key": signer.address,
    "grid-time": `${time}`,
    "grid-nonce": hex(nonce),
    "grid-signature": getBase58Decoder().decode(signature),
  };
}

/**
 * Hands a definition or an input of a job to the node that is matched with it. `signer` is the project's owner or a
 * member. Pushing again what the node holds is no error.
 */
export async function pushContent(
  node: NodeAddress,
  signer: MessagePartialSigner,
  job: Address,
  body: ReadonlyUint8Array,
  options: { signal?: AbortSignal } = {},
): Promise<void> {
  const target = `/content/${hex(await sha256(body))}?job=${job}`;
  const headers = await signRequest(signer, { method: "PUT", target, node: node.key, body });
  const response = await fetch(at(node, target), { method: "PUT", headers, body: body as Uint8Array<ArrayBuffer>, ...options });
  if (!response.ok) throw await refusal(response, target);
}

/** Fetches content that a node holds, such as the result document that `job.result` names, and hashes it again. */
export async function fetchContent(
  node: NodeAddress,
  digest: ReadonlyUint8Array,
  options: { signal?: AbortSignal } = {},
): Promise<Uint8Array> {
  const target = `/content/${hex(digest)}`;
  const response = await fetch(at(node, target), options);
  if (!response.ok) throw await refusal(response, target);
  const bytes = new Uint8Array(await response.arrayBuffer());
  const got = hex(await sha256(bytes));
  if (got !== hex(digest)) throw new Error(`${at(node, target)} sent other bytes: their SHA-256 is ${got}`);
  return bytes;
}

/** What a node knows of a job of the signer's project, as JSON. */
export async function fetchJobStatus(
  node: NodeAddress,
  signer: MessagePartialSigner,
  job: Address,
  options: { signal?: AbortSignal } = {},
): Promise<unknown> {
  const target = `/jobs/${job}`;
  const headers = await signRequest(signer, { method: "GET", target, node: node.key });
  const response = await fetch(at(node, target), { headers, ...options });
  if (!response.ok) throw await refusal(response, target);
  return response.json();
}

const hex = (bytes: ReadonlyUint8Array) => getBase16Decoder().decode(bytes);
const at = ({ endpoint }: NodeAddress, target: string) => endpoint.replace(/\/+$/, "") + target;

async function refusal(response: Response, target: string): Promise<Error> {
  return new Error(`${target}: ${response.status} ${(await response.text()).trim()}`);
}
