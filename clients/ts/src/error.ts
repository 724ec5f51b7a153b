// What went wrong, in sentences.

import { type Address, type Instruction, SOLANA_ERROR__INSTRUCTION_ERROR__CUSTOM, isSolanaError } from "@solana/kit";
import { gridJobsErrors } from "./generated/jobs/facts.js";
import { GRID_JOBS_PROGRAM_ADDRESS } from "./generated/jobs/programs/gridJobs.js";
import { gridNodesErrors } from "./generated/nodes/facts.js";
import { GRID_NODES_PROGRAM_ADDRESS } from "./generated/nodes/programs/gridNodes.js";
import { gridPoolsErrors } from "./generated/pools/facts.js";
import { GRID_POOLS_PROGRAM_ADDRESS } from "./generated/pools/programs/gridPools.js";
import { gridRewardsErrors } from "./generated/rewards/facts.js";
import { GRID_REWARDS_PROGRAM_ADDRESS } from "./generated/rewards/programs/gridRewards.js";
import { gridStakingErrors } from "./generated/staking/facts.js";
import { GRID_STAKING_PROGRAM_ADDRESS } from "./generated/staking/programs/gridStaking.js";

const ERRORS: Readonly<Record<string, typeof gridJobsErrors>> = {
  [GRID_JOBS_PROGRAM_ADDRESS]: gridJobsErrors,
  [GRID_NODES_PROGRAM_ADDRESS]: gridNodesErrors,
  [GRID_POOLS_PROGRAM_ADDRESS]: gridPoolsErrors,
  [GRID_REWARDS_PROGRAM_ADDRESS]: gridRewardsErrors,
  [GRID_STAKING_PROGRAM_ADDRESS]: gridStakingErrors,
};

/** An error of one of the programs. */
export class GridError extends Error {
  override readonly name = "GridError";
  constructor(
    /** The program. */
    readonly program: Address,
    /** The error's number, from 6000. */
    readonly code: number,
    /** The error's name, as in the IDL. */
    readonly error: string,
    /** Which instruction of the transaction failed, from zero. */
    readonly instruction: number,
    sentence: string,
    options: ErrorOptions,
  ) {
    super(`instruction ${instruction}: ${error} (${code}): ${sentence}`, options);
  }
}

/**
 * The error of Grid's programs that made a transaction of these instructions fail, or `undefined` when it failed
 * otherwise. `thrown` is what Kit threw, or made of a transaction's `err`.
 */
export function gridErrorOf(
  thrown: unknown,
  instructions: readonly Pick<Instruction, "programAddress">[],
): GridError | undefined {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    if (!isSolanaError(error, SOLANA_ERROR__INSTRUCTION_ERROR__CUSTOM)) continue;
    const { code, index } = error.context;
    const program = instructions[index]?.programAddress;
    const [name, sentence] = ERRORS[program ?? ""]?.[code] ?? [];
    if (!program || !name || !sentence) return undefined;
    return new GridError(program, code, name, index, sentence, { cause: thrown });
  }
  return undefined;
}
