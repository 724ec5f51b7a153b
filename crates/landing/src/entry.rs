//! An open intent in memory.

use crate::record::{ClosedIntent, Ending, OpenRecord};
use grid_client::{ChainError, Intent, Landed};
use solana_address::Address;
use solana_keypair::Keypair;
use solana_signature::Signature;
use solana_transaction_error::TransactionError;
use std::{sync::Arc, time::Duration};
use tokio::sync::oneshot;

/// Where an open intent is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IntentStage {
    /// Nothing of it can land: it is to be signed, for the first time or again.
    Unsigned,
    /// Its transaction is sent again and again.
    Sent,
    /// Its transaction has landed in this slot, and that could still be undone.
    Landed {
        /// The slot.
        slot: u64,
    },
    /// It fails each time and is still wanted: it is tried again, and a person should look at it.
    Review {
        /// Why it fails.
        reason: String,
    },
}

/// An open intent, for showing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntentStatus {
    /// The account that it is about.
    pub subject: Address,
    /// What it does there.
    pub kind: String,
    /// Where it is.
    pub stage: IntentStage,
    /// Transactions that were signed for it.
    pub attempts: u32,
    /// Its last transaction, if there is one.
    pub signature: Option<Signature>,
    /// Height of the last block that takes that transaction.
    pub last_valid_height: Option<u64>,
}

/// What a caller is told.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    Landed(Landed),
    Failed { error: TransactionError, logs: Vec<String> },
    Expired(Signature),
    Unwanted,
    NoFeeMoney(Address),
    Journal(String),
    Rpc { endpoint: String, reason: String },
    Signing(String),
}

impl Answer {
    /// What the caller of this intent sees.
    pub fn into_result(self, intent: &Intent) -> Result<Landed, ChainError> {
        Err(match self {
            Self::Landed(landed) => return Ok(landed),
            Self::Failed { error, logs } => {
                let programs: Vec<Address> = intent.instructions.iter().map(|i| i.program_id).collect();
                ChainError::from_transaction(error, &programs, logs)
            }
            Self::Expired(signature) => ChainError::Expired { signature: signature.to_string() },
            Self::Unwanted => ChainError::Unwanted { subject: intent.subject, kind: intent.kind.clone() },
            Self::NoFeeMoney(payer) => ChainError::NoFeeMoney { payer },
            Self::Journal(reason) => ChainError::Journal(reason),
            Self::Rpc { endpoint, reason } => ChainError::Rpc { endpoint, reason },
            Self::Signing(reason) => ChainError::Signing(reason),
        })
    }
}

/// Who waits for an intent.
pub(crate) type Caller = oneshot::Sender<Answer>;

/// An open intent.
pub(crate) struct Entry {
    pub record: OpenRecord,
    /// The keys that are there of those who sign.
    pub signers: Vec<Arc<Keypair>>,
    /// Whether it is in the journal. What is not is forgotten with the process, and needs no finality.
    pub durable: bool,
    pub callers: Vec<Caller>,
    /// Whether the current transaction can't land any more, or none was signed yet.
    pub unsigned: bool,
    /// Whether a task has it in hand: nobody else decides anything about it.
    pub busy: bool,
    /// When it may be signed; at once where there is none.
    pub not_before: Option<Duration>,
    /// Pause after the next failure.
    pub backoff: Duration,
    /// Why it fails each time.
    pub review: Option<String>,
    /// Whether it may have been wanted long ago only: the accounts are read before it is signed.
    pub look_first: bool,
    /// The slot that the current transaction landed in, undone or not.
    pub landed: Option<u64>,
    /// Whether somebody was told that it landed. For callers it is over then, and the same name is another intent.
    pub told: bool,
    pub signed_at: Duration,
    pub sent_at: Option<Duration>,
    /// Whether every endpoint answered the first send with an error.
    pub refused: bool,
}

impl Entry {
    pub fn new(
        record: OpenRecord,
        signers: Vec<Arc<Keypair>>,
        durable: bool,
        backoff: Duration,
        now: Duration,
    ) -> Self {
        let unsigned = record.attempt.is_none();
        let told = record.acknowledged;
        Self {
            record,
            signers,
            durable,
            callers: Vec::new(),
            unsigned,
            busy: false,
            not_before: None,
            backoff,
            review: None,
            look_first: false,
            landed: None,
            told,
            signed_at: now,
            sent_at: None,
            refused: false,
        }
    }

    /// Whether it has this intent's name.
    pub fn is_named(&self, intent: &Intent) -> bool {
        let own = &self.record.intent;
        self.durable && own.subject == intent.subject && own.kind == intent.kind
    }

    pub fn answer(&mut self, answer: &Answer) {
        for caller in self.callers.drain(..) {
            // Who does not wait any more needs no answer.
            let _ = caller.send(answer.clone());
        }
    }

    /// Lets it rest, longer each time.
    pub fn rest(&mut self, now: Duration, most: Duration) {
        self.not_before = Some(now + self.backoff);
        self.backoff = (self.backoff * 2).min(most);
    }

    pub fn closed(&self, ending: Ending) -> ClosedIntent {
        ClosedIntent {
            subject: self.record.intent.subject,
            kind: self.record.intent.kind.clone(),
            ending,
            signature: self.record.attempt.as_ref().map(|attempt| attempt.signature),
            slot: self.landed,
        }
    }

    pub fn status(&self) -> IntentStatus {
        let stage = match (&self.review, self.landed) {
            (_, Some(slot)) => IntentStage::Landed { slot },
            (Some(reason), None) => IntentStage::Review { reason: reason.clone() },
            (None, None) if self.unsigned => IntentStage::Unsigned,
            (None, None) => IntentStage::Sent,
        };
        IntentStatus {
            subject: self.record.intent.subject,
            kind: self.record.intent.kind.clone(),
            stage,
            attempts: self.record.attempts,
            signature: self.record.attempt.as_ref().map(|attempt| attempt.signature),
            last_valid_height: self.record.attempt.as_ref().map(|attempt| attempt.last_valid_height),
        }
    }
}
