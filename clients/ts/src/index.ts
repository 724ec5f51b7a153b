/**
 * Client of Grid for `@solana/kit`. `jobs`, `nodes`, `staking`, `rewards` and `pools` are generated from the programs'
 * IDLs: instructions, accounts, addresses, errors. The rest is what an IDL can't say.
 */
export * as jobs from "./generated/jobs/index.js";
export * as nodes from "./generated/nodes/index.js";
export * as pools from "./generated/pools/index.js";
export * as rewards from "./generated/rewards/index.js";
export * as staking from "./generated/staking/index.js";
export { TOKEN_PROGRAM, tokenAccount } from "./address.js";
export { type Atoms, atoms, formatTokens, parseTokens } from "./amount.js";
export { GridError, gridErrorOf } from "./error.js";
export { type GridEvent, eventsIn } from "./event.js";
export { nodeOf } from "./find.js";
export { type JobOrder, type JobSighting, type PostedJob, type WatchOptions, postJob, sha256, watchJob } from "./job.js";
export { type MarketView, type QueueKind, decodeMarket } from "./market.js";
export { type Price, type Settlement, escrowFor, feeOn, settle } from "./money.js";
export {
  type NodeAddress,
  type RequestToSign,
  type SignedHeaders,
  fetchContent,
  fetchJobStatus,
  pushContent,
  signRequest,
} from "./node.js";
export type { Pause } from "./pause.js";
export { type DevicePhase, DeviceState, type JobPhase, JobState, devicePhase, jobPhase } from "./phase.js";
export { type Send, type SenderOptions, sender } from "./send.js";
