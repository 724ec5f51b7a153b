//! Who is on the stage, and who belongs together.

use crate::keypair_for;
use grid_client::{instruction::Run, token::Mint};
use solana_address::Address;
use solana_signer::Signer;

/// The wallets, by what they are to the stage. All have lamports.
#[derive(Debug, Clone, Copy)]
pub struct Cast {
    /// May upgrade the program; authority of the world's markets and of all mints.
    pub authority: Address,
    /// Owns the world's project, and one in each other mint.
    pub client: Address,
    /// Node of most devices.
    pub node: Address,
    /// Has tokens, and nothing to do with anybody.
    pub stranger: Address,
    /// Another client; authority of the other markets.
    pub second_client: Address,
    /// Another node.
    pub second_node: Address,
    /// Payee of the node's devices.
    pub payee: Address,
    /// Payee of the second node's devices.
    pub second_payee: Address,
    /// Member of all projects with jobs but the second client's.
    pub member: Address,
    /// Member of the second client's project and of the client's.
    pub second_member: Address,
    /// Admin of the config.
    pub admin: Address,
    /// Whom the admin role is offered to.
    pub next_admin: Address,
    /// Pauser of the config.
    pub pauser: Address,
    /// Treasury of the config.
    pub treasury: Address,
    /// Whom the authority offers its markets to.
    pub heir: Address,
    /// Whom the second client offers its markets to.
    pub second_heir: Address,
}

impl Cast {
    /// The keys.
    pub fn new() -> Self {
        let key = |name: &str| keypair_for(name).pubkey();
        Self {
            authority: key("upgrade authority"),
            client: key("client"),
            node: key("node"),
            stranger: key("stranger"),
            second_client: key("second client"),
            second_node: key("second node"),
            payee: key("payee"),
            second_payee: key("second payee"),
            member: key("member"),
            second_member: key("second member"),
            admin: key("admin"),
            next_admin: key("next admin"),
            pauser: key("pauser"),
            treasury: key("treasury"),
            heir: key("heir"),
            second_heir: key("second heir"),
        }
    }

    /// All of them.
    pub fn all(&self) -> [Address; 16] {
        [
            self.authority,
            self.client,
            self.node,
            self.stranger,
            self.second_client,
            self.second_node,
            self.payee,
            self.second_payee,
            self.member,
            self.second_member,
            self.admin,
            self.next_admin,
            self.pauser,
            self.treasury,
            self.heir,
            self.second_heir,
        ]
    }

    /// The payee of a node's devices.
    pub fn payee_of(&self, node: Address) -> Address {
        if node == self.node { self.payee } else { self.second_payee }
    }

    /// The member that lists jobs of an owner's projects.
    pub fn member_of(&self, owner: Address) -> Address {
        if owner == self.client { self.member } else { self.second_member }
    }
}

impl Default for Cast {
    fn default() -> Self {
        Self::new()
    }
}

/// A device and the job it is matched with.
#[derive(Debug, Clone, Copy, Default)]
pub struct Pair {
    /// The device.
    pub device: Address,
    /// The job.
    pub job: Address,
}

impl Pair {
    /// With the job's market and project.
    pub fn run(self, market: Address, project: Address) -> Run {
        Run { device: self.device, job: self.job, market, project }
    }
}

/// A node's devices in a market and a project's jobs there, one in each state. Where jobs wait.
#[derive(Debug, Clone, Copy)]
pub struct Set {
    /// The node of the devices.
    pub node: Address,
    /// Their payee.
    pub payee: Address,
    /// The market.
    pub market: Address,
    /// The market's authority.
    pub authority: Address,
    /// The project of the jobs.
    pub project: Address,
    /// That project's owner.
    pub owner: Address,
    /// A member of the project.
    pub member: Address,
    /// The mint of all of them.
    pub mint: Mint,
    /// Matched: the job waited.
    pub took: Pair,
    /// Matched: the device waited.
    pub met: Pair,
    /// Running, for a result; listed by the owner.
    pub running: Pair,
    /// Running, for time, with a heartbeat; listed by the member.
    pub service: Pair,
    /// Over, with a result; the device is idle, with bond and earnings.
    pub done: Pair,
    /// Over, ended by the client, without a result.
    pub ended: Pair,
    /// Waits for a device; listed by the owner.
    pub waiting_job: Address,
    /// Waits for a device; listed by the member.
    pub members_job: Address,
    /// Waits for a device; has notice.
    pub noticed_job: Address,
    /// Idle, with a bond; has notice.
    pub noticed_idle: Address,
    /// Idle, without bond and earnings; has notice.
    pub noticed_empty: Address,
}

impl Set {
    /// A pair of the set, with market and project.
    pub fn run(&self, pair: Pair) -> Run {
        pair.run(self.market, self.project)
    }
}

/// The sets besides the client's and the node's in the world's market.
#[derive(Debug, Clone)]
pub struct Others {
    /// Another client's jobs on another node's devices, in the same market.
    pub second_parties: Set,
    /// In the market of another authority.
    pub another_market: Set,
    /// In a market of the second mint.
    pub second_mint: Set,
    /// In a market of a mint of Token-2022.
    pub token_2022: Set,
    /// The same parties in the same market, once more.
    pub again: Set,
}

impl Others {
    /// All of them.
    pub fn all(&self) -> [Set; 5] {
        [self.second_parties, self.another_market, self.second_mint, self.token_2022, self.again]
    }
}

/// A node's devices and a project's jobs in a market where devices wait.
#[derive(Debug, Clone, Copy)]
pub struct Waiters {
    /// The node of the devices.
    pub node: Address,
    /// The market.
    pub market: Address,
    /// The project of the jobs.
    pub project: Address,
    /// That project's owner.
    pub owner: Address,
    /// A member of the project.
    pub member: Address,
    /// Matched.
    pub met: Pair,
    /// Running.
    pub running: Pair,
    /// Idle, with a bond.
    pub idle: Address,
    /// Waits for a job.
    pub device: Address,
    /// Waits for a job; has notice.
    pub noticed: Address,
}

impl Waiters {
    /// A pair of these, with market and project.
    pub fn run(&self, pair: Pair) -> Run {
        pair.run(self.market, self.project)
    }
}
