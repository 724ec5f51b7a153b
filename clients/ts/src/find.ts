// Finding the node that has a job.

import {
  type Address,
  type Base58EncodedBytes,
  type GetAccountInfoApi,
  type GetProgramAccountsApi,
  type ReadonlyUint8Array,
  type Rpc,
  getBase58Decoder,
  getBase64Encoder,
} from "@solana/kit";
import { type Device, fetchDevice, getDeviceDecoder, getDeviceDiscriminatorBytes } from "./generated/jobs/accounts/device.js";
import type { Job } from "./generated/jobs/accounts/job.js";
import { GRID_JOBS_PROGRAM_ADDRESS } from "./generated/jobs/programs/gridJobs.js";
import { fetchNodeFromSeeds } from "./generated/nodes/accounts/node.js";
import type { NodeAddress } from "./node.js";

type FindRpc = Rpc<GetAccountInfoApi & GetProgramAccountsApi>;

const NOBODY = "11111111111111111111111111111111";
/** Where `job` stands in a device's account, see docs/accounts.md. */
const JOB_OFFSET = 152n;

/**
 * The node that is matched with a job, runs it or ran it, from its record in the registry. `undefined` while the job
 * waits, and for a job that was stopped.
 */
export async function nodeOf(
  rpc: FindRpc,
  address: Address,
  job: Job,
  options: { signal?: AbortSignal } = {},
): Promise<NodeAddress | undefined> {
  const call = { commitment: "confirmed", ...(options.signal ? { abortSignal: options.signal } : {}) } as const;
  const device =
    job.device === NOBODY ? await deviceThatTook(rpc, address, options) : (await fetchDevice(rpc, job.device, call)).data;
  if (!device) return undefined;
  const { data } = await fetchNodeFromSeeds(rpc, { node: device.node }, call);
  return { key: device.node, endpoint: text(data.endpoint) };
}

/** The device that took a waiting job: its account names the job, the job's does not name it. */
async function deviceThatTook(rpc: FindRpc, job: Address, { signal }: { signal?: AbortSignal }): Promise<Device | undefined> {
  const is = (offset: bigint, bytes: ReadonlyUint8Array | string) => {
    const text = typeof bytes === "string" ? bytes : getBase58Decoder().decode(bytes);
    return { memcmp: { offset, bytes: text as Base58EncodedBytes, encoding: "base58" } } as const;
  };
  // In whatever state: the job may have been started meanwhile.
  const filters = [is(0n, getDeviceDiscriminatorBytes()), is(JOB_OFFSET, job)];
  const question = rpc.getProgramAccounts(GRID_JOBS_PROGRAM_ADDRESS, { commitment: "confirmed", encoding: "base64", filters });
  const [found] = await question.send(signal ? { abortSignal: signal } : {});
  return found && getDeviceDecoder().decode(getBase64Encoder().encode(found.account.data[0]));
}

/** A text in a field of fixed size: the first zero ends it. */
function text(bytes: ReadonlyUint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(Uint8Array.from(end < 0 ? bytes : bytes.slice(0, end)));
}
