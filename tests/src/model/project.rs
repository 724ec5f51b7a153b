//! Projects.

use super::{Atoms, Deposit, Model, Party, Refusal, require};
use grid_jobs::GridError;

/// A client's prepaid balance.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Project {
    /// Its balance, atoms.
    pub balance: Atoms,
    /// Its open jobs.
    pub open_jobs: u32,
    /// Its members.
    pub members: u32,
}

impl Model {
    pub(super) fn project(&self, project: usize) -> Result<&Project, Refusal> {
        self.projects[project].as_ref().ok_or(Refusal::Other)
    }

    /// A project that is open.
    pub(super) fn project_mut(&mut self, project: usize) -> &mut Project {
        self.projects[project].as_mut().expect("the project is open")
    }

    /// `open_project`
    pub fn open_project(&mut self, project: usize) -> Result<(), Refusal> {
        if self.projects[project].is_some() {
            return Err(Refusal::Other);
        }
        self.projects[project] = Some(Project::default());
        self.pay_rent(Party::Client(project), Deposit::Project);
        Ok(())
    }

    /// `close_project`
    pub fn close_project(&mut self, project: usize) -> Result<(), Refusal> {
        let found = self.project(project)?;
        require(found.balance == 0, GridError::ProjectNotEmpty)?;
        require(found.open_jobs == 0, GridError::ProjectHasJobs)?;
        require(found.members == 0, GridError::ProjectHasMembers)?;
        self.projects[project] = None;
        self.return_rent(Party::Client(project), Deposit::Project);
        Ok(())
    }

    /// `deposit`, by the owner
    pub fn deposit(&mut self, project: usize, amount: Atoms) -> Result<(), Refusal> {
        let after = self.project(project)?.balance + amount;
        require(amount > 0, GridError::ZeroAmount)?;
        self.require_deposits_open()?;
        require(after <= Atoms::from(u64::MAX), GridError::Overflow)?;
        self.pay_in(Party::Client(project), amount)?;
        self.project_mut(project).balance = after;
        Ok(())
    }

    /// `withdraw`, to the owner
    pub fn withdraw(&mut self, project: usize, amount: Atoms) -> Result<(), Refusal> {
        let found = self.project(project)?;
        require(amount > 0, GridError::ZeroAmount)?;
        let left = found.balance.checked_sub(amount).ok_or(GridError::InsufficientBalance)?;
        self.project_mut(project).balance = left;
        self.pay_out(Party::Client(project), amount);
        Ok(())
    }
}
