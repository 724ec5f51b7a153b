//! Members of projects.

use super::{Atoms, Deposit, Model, Party, Refusal, require};
use grid_jobs::GridError;

/// A key that may list jobs within a limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Most that its jobs may reserve within a period, atoms.
    pub limit: Atoms,
    /// What they reserved in the running one, atoms.
    pub spent: Atoms,
    /// Length of a period, seconds.
    pub period: u32,
    /// When the running one began, Unix seconds; zero before the first job.
    pub since: i64,
}

impl Model {
    /// `set_member`
    pub fn set_member(
        &mut self,
        project: usize,
        member: usize,
        limit: Atoms,
        period: u32,
    ) -> Result<(), Refusal> {
        self.project(project)?;
        require((1..=366 * 86_400).contains(&period), GridError::MemberPeriodOutOfRange)?;
        if let Some(found) = self.members.get_mut(&(project, member)) {
            (found.limit, found.period) = (limit, period);
            return Ok(());
        }
        self.members.insert((project, member), Member { limit, spent: 0, period, since: 0 });
        self.project_mut(project).members += 1;
        self.pay_rent(Party::Client(project), Deposit::Member);
        Ok(())
    }

    /// `close_member`
    pub fn close_member(&mut self, by: Party, project: usize, member: usize) -> Result<(), Refusal> {
        self.member(project, member)?;
        require(by == Party::Client(project) || by == Party::Member(member), GridError::NotMember)?;
        self.members.remove(&(project, member));
        self.project_mut(project).members -= 1;
        self.return_rent(Party::Client(project), Deposit::Member);
        Ok(())
    }

    fn member(&self, project: usize, member: usize) -> Result<&Member, Refusal> {
        self.members.get(&(project, member)).ok_or(Refusal::Other)
    }

    /// A member shows its account, which must exist.
    pub(super) fn require_member_account(&self, by: Party, project: usize) -> Result<(), Refusal> {
        match by {
            Party::Member(member) => self.member(project, member).map(drop),
            _ => Ok(()),
        }
    }

    /// Lets the owner spend without limit and a member within its own.
    pub(super) fn spend(&mut self, by: Party, project: usize, amount: Atoms) -> Result<(), Refusal> {
        match by {
            Party::Client(owner) if owner == project => Ok(()),
            Party::Member(member) => {
                let spent = self.member(project, member)?.spend(amount, self.now)?;
                self.members.insert((project, member), spent);
                Ok(())
            }
            _ => Err(GridError::NotMember.into()),
        }
    }
}

impl Member {
    /// The member when it has spent so much more.
    fn spend(&self, amount: Atoms, now: i64) -> Result<Self, Refusal> {
        let is_new_period = now >= self.since + i64::from(self.period);
        let (since, before) = if is_new_period { (now, 0) } else { (self.since, self.spent) };
        let spent = before + amount;
        require(spent <= self.limit, GridError::MemberLimitExceeded)?;
        Ok(Self { spent, since, ..*self })
    }
}
