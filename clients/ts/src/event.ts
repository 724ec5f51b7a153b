// Events, from the log lines of a transaction.

import { type Address, getBase16Decoder, getBase64Encoder } from "@solana/kit";
import { type GridJobsEvent, gridJobsEvents } from "./generated/jobs/facts.js";
import { GRID_JOBS_PROGRAM_ADDRESS } from "./generated/jobs/programs/gridJobs.js";
import { type GridNodesEvent, gridNodesEvents } from "./generated/nodes/facts.js";
import { GRID_NODES_PROGRAM_ADDRESS } from "./generated/nodes/programs/gridNodes.js";
import { type GridPoolsEvent, gridPoolsEvents } from "./generated/pools/facts.js";
import { GRID_POOLS_PROGRAM_ADDRESS } from "./generated/pools/programs/gridPools.js";
import { type GridRewardsEvent, gridRewardsEvents } from "./generated/rewards/facts.js";
import { GRID_REWARDS_PROGRAM_ADDRESS } from "./generated/rewards/programs/gridRewards.js";
import { type GridStakingEvent, gridStakingEvents } from "./generated/staking/facts.js";
import { GRID_STAKING_PROGRAM_ADDRESS } from "./generated/staking/programs/gridStaking.js";

/** An event, and the program that logged it. */
export type GridEvent = { readonly program: Address } & (
  GridJobsEvent | GridNodesEvent | GridPoolsEvent | GridRewardsEvent | GridStakingEvent
);

const EVENTS = new Map<string, ReadonlyMap<string, (typeof gridJobsEvents)[number] | OtherEvent>>(
  (
    [
      [GRID_JOBS_PROGRAM_ADDRESS, gridJobsEvents],
      [GRID_NODES_PROGRAM_ADDRESS, gridNodesEvents],
      [GRID_POOLS_PROGRAM_ADDRESS, gridPoolsEvents],
      [GRID_REWARDS_PROGRAM_ADDRESS, gridRewardsEvents],
      [GRID_STAKING_PROGRAM_ADDRESS, gridStakingEvents],
    ] as const
  ).map(([program, events]) => [program, new Map(events.map((event) => [event.discriminator, event]))]),
);
type OtherEvent =
  | (typeof gridNodesEvents)[number]
  | (typeof gridPoolsEvents)[number]
  | (typeof gridRewardsEvents)[number]
  | (typeof gridStakingEvents)[number];

/**
 * The events of Grid's programs among a transaction's log lines, in order. What another program logs is none, whatever
 * its bytes; nor is an event that this client does not know. Logs are cut by validators where they are long: money is
 * counted from accounts, not from events.
 */
export function eventsIn(logs: readonly string[]): GridEvent[] {
  const events: GridEvent[] = [];
  const running: string[] = [];
  for (const line of logs) {
    const [, program, what] = /^Program (\S+) (invoke \[\d+\]|success|failed: .*)$/.exec(line) ?? [];
    const data = /^Program data: (\S+)$/.exec(line)?.[1];
    if (program && what?.startsWith("invoke")) running.push(program);
    else if (program) running.pop();
    else if (data) events.push(...decodeEvent(running.at(-1), data));
  }
  return events;
}

function decodeEvent(program: string | undefined, data: string): GridEvent[] {
  const bytes = getBase64Encoder().encode(data);
  const event = EVENTS.get(program ?? "")?.get(getBase16Decoder().decode(bytes.slice(0, 8)));
  if (!event || bytes.length !== 8 + event.decoder.fixedSize) return [];
  return [{ program, name: event.name, data: event.decoder.decode(bytes, 8) } as GridEvent];
}
