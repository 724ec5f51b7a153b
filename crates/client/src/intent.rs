//! What is to happen on the chain, once.

use solana_account::Account;
use solana_address::Address;
use solana_instruction::Instruction;

/// A transaction that must land, and never twice.
///
/// [`subject`](Self::subject) and [`kind`](Self::kind) name it: a chain that remembers has at most one open intent of a
/// name, and who asks for it again waits for the same one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// The account that it is about: a job, else a device or a project.
    pub subject: Address,
    /// What it does there, by the instruction's name.
    pub kind: String,
    /// What it does, in order.
    pub instructions: Vec<Instruction>,
    /// What the chain holds as long as it still asks for this. Empty where only the signature tells whether it happened, as
    /// with a deposit.
    pub wanted_while: Vec<Expectation>,
    /// What follows when its transaction can't land any more.
    pub patience: Patience,
}

/// What follows when a transaction can't land any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// Signed again, with a higher fee, until it landed or the chain does not ask for it any more: what pays somebody.
    Forever,
    /// The caller looks at the chain and decides anew: what another look may not want any more.
    OneSignature,
}

/// Bytes that an account holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// The account.
    pub account: Address,
    /// Where in its bytes, the discriminator included.
    pub offset: usize,
    /// What stands there.
    pub bytes: Vec<u8>,
}

impl Expectation {
    /// Whether the account, `None` when it does not exist, holds the bytes.
    pub fn is_met(&self, account: Option<&Account>) -> bool {
        let end = self.offset.checked_add(self.bytes.len());
        let found = account.zip(end).and_then(|(account, end)| account.data.get(self.offset..end));
        found == Some(&self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expectation_holds_where_the_bytes_stand_and_nowhere_else() {
        let account = Account { data: vec![1, 2, 3, 4], ..Account::default() };
        let holds = |offset, bytes: &[u8]| {
            Expectation { account: Address::default(), offset, bytes: bytes.to_vec() }.is_met(Some(&account))
        };
        assert!(holds(1, &[2, 3]) && holds(4, &[]));
        assert!(!holds(0, &[2, 3]) && !holds(3, &[4, 5]) && !holds(5, &[]) && !holds(usize::MAX, &[1]));
        let of_nothing = Expectation { account: Address::default(), offset: 0, bytes: vec![] };
        assert!(!of_nothing.is_met(None), "an account that is gone asks for nothing");
    }
}
