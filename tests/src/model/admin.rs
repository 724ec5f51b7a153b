//! The config and who holds which role.

use super::{Model, Party, Refusal, pause::pause_until, require};
use grid_jobs::GridError;

/// Who administers, and the pause of deposits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The admin.
    pub admin: Party,
    /// Whom it offered its role to.
    pub pending_admin: Option<Party>,
    /// Who may pause.
    pub pauser: Party,
    /// Who gets the fees.
    pub treasury: Party,
    /// When the last pause of deposits ends or ended, Unix seconds; zero when there was none.
    pub deposits_paused_until: i64,
}

impl Default for Config {
    fn default() -> Self {
        let first = Party::Authority(0);
        Self { admin: first, pending_admin: None, pauser: first, treasury: first, deposits_paused_until: 0 }
    }
}

impl Model {
    /// `update_config`
    pub fn update_config(&mut self, by: Party, pauser: Party, treasury: Party) -> Result<(), Refusal> {
        require(by == self.config.admin, GridError::NotAdmin)?;
        (self.config.pauser, self.config.treasury) = (pauser, treasury);
        Ok(())
    }

    /// `propose_admin`
    pub fn propose_admin(&mut self, by: Party, to: Party) -> Result<(), Refusal> {
        require(by == self.config.admin, GridError::NotAdmin)?;
        self.config.pending_admin = Some(to);
        Ok(())
    }

    /// `accept_admin`
    pub fn accept_admin(&mut self, by: Party) -> Result<(), Refusal> {
        require(self.config.pending_admin == Some(by), GridError::NotPendingAdmin)?;
        (self.config.admin, self.config.pending_admin) = (by, None);
        Ok(())
    }

    /// `pause_deposits`
    pub fn pause_deposits(&mut self, by: Party, seconds: u32) -> Result<(), Refusal> {
        require(by == self.config.pauser, GridError::NotPauser)?;
        self.config.deposits_paused_until =
            pause_until(self.config.deposits_paused_until, self.now, seconds)?;
        Ok(())
    }

    pub(super) fn require_deposits_open(&self) -> Result<(), Refusal> {
        require(self.now >= self.config.deposits_paused_until, GridError::DepositsPaused)
    }
}
