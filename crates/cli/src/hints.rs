//! What to do about an error of the chain.

use grid_client::ChainError;

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
        ChainError::Transaction { error, .. } => {
            let text = error.to_string();
            let is_poor =
                text.contains("debit an account") || text.contains("insufficient") || text.contains("rent");
            is_poor.then(|| {
                "the key needs SOL for fees and rent: `grid doctor` says how much it has; on a localnet start it with --airdrop"
                    .to_owned()
            })
        }
        ChainError::Rpc { .. } => {
            Some("is that the right endpoint? --url, or `grid localnet` for one on this machine".to_owned())
        }
        ChainError::Missing { .. } => Some("check the address, and --url".to_owned()),
        _ => None,
    }
}

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
}
