//! What to do about an error of the chain.

use grid_client::ChainError;
use solana_transaction_error::TransactionError;

/// What a user can do about a program's error, by its name.
const BY_NAME: [(&str, &str); 25] = [
    ("InsufficientBalance", "add tokens with `grid project deposit`, or ask for a shorter --timeout"),
    ("QueueFull", "anyone may add room: `grid market grow`"),
    ("PriceAboveMaximum", "the market is dearer: look at `grid market show` and raise --max-price"),
    ("NotProjectOwner", "sign with the project's owner: --keypair"),
    ("NotDeviceNode", "sign with the node's key: --keypair"),
    ("NotMarketAuthority", "sign with the market's authority: --keypair"),
    ("NotUpgradeAuthority", "sign with the program's upgrade authority: --keypair"),
    ("NotAdmin", "sign with the admin that `grid protocol show` names: --keypair"),
    ("NotPauser", "sign with the pauser that `grid protocol show` names: --keypair"),
    ("DeviceNotIdle", "take it off the queue with `grid device leave`, or let its job end"),
    ("DeviceNotEmpty", "pay out first: `grid device withdraw` and `grid device bond withdraw`"),
    ("DeviceAdmitted", "first end what the access NFT did: `grid device dismiss`"),
    ("ProjectNotEmpty", "first `grid project withdraw PROJECT all`"),
    ("ProjectHasJobs", "first close its jobs: `grid job close`, or `grid reclaim` for all"),
    ("ProjectHasMembers", "first end the memberships: `grid project member remove`"),
    ("MarketNotEmpty", "let its jobs end, and pay out its fees with `grid market collect-fees`"),
    ("InsufficientBond", "add to it with `grid device bond fund`"),
    ("TooManyStrikes", "each finished job takes one off; or open another device"),
    ("DeviceNotAdmitted", "admit the device with its node's access NFT: `grid device admit`"),
    ("StakeTooLight", "stake more or for longer: `grid stake top-up`, `grid stake extend`"),
    ("NothingReleased", "tokens come free evenly over the stake's duration: see `grid stake show`"),
    ("NotUnstaking", "begin the release with `grid stake unstake`"),
    ("DepositsPaused", "see until when with `grid protocol show`; what goes out is never paused"),
    ("MarketPaused", "see until when with `grid market show`; what goes out is never paused"),
    ("JobNotOver", "take it off the queue with `grid job delist`, or end it with `grid job end`"),
];

/// What to do next, if there is something to say beyond the error itself.
pub fn hint(error: &ChainError) -> Option<String> {
    match error {
        ChainError::Program { error, .. } => by_name(&error.name).map(str::to_owned),
        ChainError::Transaction { error, logs } => of_transaction(error, logs).map(str::to_owned),
        ChainError::Rpc { .. } => {
            Some("is that the right endpoint? --url, or `grid localnet` for one on this machine".to_owned())
        }
        ChainError::Missing { .. } => Some("check the address, and --url".to_owned()),
        _ => None,
    }
}

/// What is missing when a transaction fails outside the programs.
fn of_transaction(error: &TransactionError, logs: &[String]) -> Option<&'static str> {
    use TransactionError::{AccountNotFound, InsufficientFundsForFee, InsufficientFundsForRent};
    let says = |words: &str| logs.iter().any(|line| line.to_lowercase().contains(words));
    match error {
        AccountNotFound | InsufficientFundsForFee | InsufficientFundsForRent { .. } => Some(NO_SOL),
        _ if says("insufficient lamports") => Some(NO_SOL),
        _ if says("insufficient funds") => Some(NO_TOKENS),
        _ if says("already in use") => {
            Some("it exists already: look at it with the command's `show` or `list`")
        }
        _ => None,
    }
}

const NO_SOL: &str = "the key needs SOL for fees and rent: `grid token balance` says how much it has; a localnet gives it with --airdrop";
const NO_TOKENS: &str = "the key's token account holds too little: `grid token balance --mint ADDRESS`";

fn by_name(name: &str) -> Option<&'static str> {
    BY_NAME.iter().find(|(found, _)| *found == name).map(|(_, hint)| *hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_one_of_a_program() {
        let idls = [
            include_str!("../../../idl/grid_jobs.json"),
            include_str!("../../../idl/grid_nodes.json"),
            include_str!("../../../idl/grid_staking.json"),
            include_str!("../../../idl/grid_rewards.json"),
            include_str!("../../../idl/grid_pools.json"),
        ];
        for (name, _) in BY_NAME {
            let is_there = idls.iter().any(|idl| idl.contains(&format!("\"name\": \"{name}\"")));
            assert!(is_there, "no program has an error {name}");
        }
    }
    #[test]
    fn who_lacks_sol_or_tokens_is_told_so() {
        let hint_of = |error, log: &str| {
            hint(&ChainError::Transaction { error, logs: vec![log.to_owned()] }).unwrap_or_default()
        };
        let custom = || TransactionError::ClusterMaintenance;
        assert_eq!(hint_of(TransactionError::AccountNotFound, ""), NO_SOL);
        assert_eq!(hint_of(custom(), "Transfer: insufficient lamports 5, need 9"), NO_SOL);
        assert_eq!(hint_of(custom(), "Program log: Error: insufficient funds"), NO_TOKENS);
        assert_eq!(hint_of(custom(), "whatever"), "");
    }
}
