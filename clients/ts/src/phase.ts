// Where a job or a device is. A match is written into the account of whoever came second, so that of whoever came first
// still reads "queued"; that it is matched shows in the market, whose slot does not hold it any more.

import type { Address } from "@solana/kit";
import type { Device } from "./generated/jobs/accounts/device.js";
import type { Job } from "./generated/jobs/accounts/job.js";
import type { MarketView } from "./market.js";

/** `state` of a job's account. */
export const JobState = { Queued: 1, Assigned: 2, Running: 3, Done: 4, Stopped: 5 } as const;
/** `state` of a device's account. */
export const DeviceState = { Idle: 1, Queued: 2, Assigned: 3, Running: 4 } as const;

/** Where a job is: waiting, with a device that prepares it, running, over and paid, over and refunded. */
export type JobPhase = "queued" | "matched" | "running" | "done" | "stopped";

/** Where a job is, seen together with its market, both as of one slot. */
export function jobPhase(address: Address, job: Job, market: Pick<MarketView, "holds">): JobPhase {
  switch (job.state) {
    case JobState.Queued:
      return market.holds(job.slot, address) ? "queued" : "matched";
    case JobState.Assigned:
      return "matched";
    case JobState.Running:
      return "running";
    case JobState.Done:
      return "done";
    case JobState.Stopped:
      return "stopped";
    default:
      throw new Error(`job ${address} is in state ${job.state}, which this client does not know: use a newer one`);
  }
}

/** Where a device is: `taken` by a job whose account names it, `assigned` to the job that its own account names. */
export type DevicePhase = "idle" | "queued" | "taken" | "assigned" | "running";

/** Where a device is, seen together with its market, both as of one slot. */
export function devicePhase(address: Address, device: Device, market: Pick<MarketView, "holds">): DevicePhase {
  switch (device.state) {
    case DeviceState.Idle:
      return "idle";
    case DeviceState.Queued:
      return market.holds(device.slot, address) ? "queued" : "taken";
    case DeviceState.Assigned:
      return "assigned";
    case DeviceState.Running:
      return "running";
    default:
      throw new Error(`device ${address} is in state ${device.state}, which this client does not know: use a newer one`);
  }
}
