//! What the journal holds, as JSON of version 1. Nothing in it is secret: signed bytes are public the moment they are sent.

use base64::{Engine, engine::general_purpose::STANDARD};
use grid_client::{Expectation, Intent, Patience};
use serde::{Deserialize, Serialize};
use solana_address::Address;
use solana_instruction::{AccountMeta, Instruction};
use solana_signature::Signature;

/// Version of the records that are written.
const VERSION: u32 = 1;

/// A transaction of an intent: the one that can still land.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The bytes on the wire.
    pub bytes: Vec<u8>,
    /// What it is known by.
    pub signature: Signature,
    /// Height of the last block that takes it.
    pub last_valid_height: u64,
    /// Slot in which its blockhash was read.
    pub slot: u64,
    /// Priority fee, micro-lamports per compute unit.
    pub price: u64,
    /// Fee that it pays at most, lamports.
    pub fee_lamports: u64,
}

/// An open intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenRecord {
    /// Number in the journal.
    pub id: u64,
    /// The intent.
    pub intent: Intent,
    /// Who signs; the first pays the fee.
    pub signers: Vec<Address>,
    /// The newest slot that mattered when it was taken.
    pub since_slot: u64,
    /// Transactions that were signed for it, the current one included.
    pub attempts: u32,
    /// Whether somebody was told that it landed: should that be undone, it is signed again whatever its patience.
    pub promised: bool,
    /// Whether that somebody has taken note: then the same name is another intent, also after a restart.
    pub acknowledged: bool,
    /// The transaction that can still land; none before the first was signed.
    pub attempt: Option<Attempt>,
}

/// How an intent ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// It landed and succeeded.
    Landed,
    /// It landed and failed, and nobody wanted it tried again.
    Failed,
    /// It did not land in time, and nobody wanted it signed again.
    Expired,
    /// The chain does not ask for it any more.
    Unwanted,
}

/// An intent that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedIntent {
    /// The account that it was about.
    pub subject: Address,
    /// What it did there.
    pub kind: String,
    /// How it ended.
    pub ending: Ending,
    /// Its last transaction, if there was one.
    pub signature: Option<Signature>,
    /// The slot in which that landed, if it did.
    pub slot: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct Versioned {
    version: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OpenJson {
    version: u32,
    subject: String,
    kind: String,
    patience: PatienceJson,
    instructions: Vec<InstructionJson>,
    wanted_while: Vec<ExpectationJson>,
    signers: Vec<String>,
    since_slot: u64,
    attempts: u32,
    promised: bool,
    #[serde(default)]
    acknowledged: bool,
    attempt: Option<AttemptJson>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum PatienceJson {
    Forever,
    OneSignature,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct InstructionJson {
    program: String,
    accounts: Vec<(String, bool, bool)>,
    data: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectationJson {
    account: String,
    offset: usize,
    bytes: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AttemptJson {
    transaction: String,
    signature: String,
    last_valid_height: u64,
    slot: u64,
    price_micro_lamports: u64,
    fee_lamports: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClosedJson {
    version: u32,
    subject: String,
    kind: String,
    ending: Ending,
    signature: Option<String>,
    slot: Option<u64>,
}

impl OpenRecord {
    /// Bytes that every encoded record holds.
    pub(crate) const TRACE: &'static [u8] = b"\"wanted_while\":";

    pub(crate) fn encode(&self) -> Vec<u8> {
        let instruction = |instruction: &Instruction| InstructionJson {
            program: instruction.program_id.to_string(),
            accounts: instruction
                .accounts
                .iter()
                .map(|meta| (meta.pubkey.to_string(), meta.is_signer, meta.is_writable))
                .collect(),
            data: STANDARD.encode(&instruction.data),
        };
        let expectation = |expectation: &Expectation| ExpectationJson {
            account: expectation.account.to_string(),
            offset: expectation.offset,
            bytes: STANDARD.encode(&expectation.bytes),
        };
        let attempt = |attempt: &Attempt| AttemptJson {
            transaction: STANDARD.encode(&attempt.bytes),
            signature: attempt.signature.to_string(),
            last_valid_height: attempt.last_valid_height,
            slot: attempt.slot,
            price_micro_lamports: attempt.price,
            fee_lamports: attempt.fee_lamports,
        };
        let json = OpenJson {
            version: VERSION,
            subject: self.intent.subject.to_string(),
            kind: self.intent.kind.clone(),
            patience: match self.intent.patience {
                Patience::Forever => PatienceJson::Forever,
                Patience::OneSignature => PatienceJson::OneSignature,
            },
            instructions: self.intent.instructions.iter().map(instruction).collect(),
            wanted_while: self.intent.wanted_while.iter().map(expectation).collect(),
            signers: self.signers.iter().map(Address::to_string).collect(),
            since_slot: self.since_slot,
            attempts: self.attempts,
            promised: self.promised,
            acknowledged: self.acknowledged,
            attempt: self.attempt.as_ref().map(attempt),
        };
        serde_json::to_vec(&json).expect("strings, numbers and lists make JSON")
    }

    /// Decodes a record; a sentence when it is none.
    pub(crate) fn decode(id: u64, bytes: &[u8]) -> Result<Self, String> {
        let json: OpenJson = of_version(bytes)?;
        let instruction = |json: InstructionJson| -> Result<Instruction, String> {
            let meta = |(key, is_signer, is_writable): (String, bool, bool)| {
                Ok::<_, String>(AccountMeta { pubkey: parse(&key)?, is_signer, is_writable })
            };
            Ok(Instruction {
                program_id: parse(&json.program)?,
                accounts: json.accounts.into_iter().map(meta).collect::<Result<_, _>>()?,
                data: unbase64(&json.data)?,
            })
        };
        let expectation = |json: ExpectationJson| -> Result<Expectation, String> {
            Ok(Expectation {
                account: parse(&json.account)?,
                offset: json.offset,
                bytes: unbase64(&json.bytes)?,
            })
        };
        let attempt = |json: AttemptJson| -> Result<Attempt, String> {
            Ok(Attempt {
                bytes: unbase64(&json.transaction)?,
                signature: parse(&json.signature)?,
                last_valid_height: json.last_valid_height,
                slot: json.slot,
                price: json.price_micro_lamports,
                fee_lamports: json.fee_lamports,
            })
        };
        let intent = Intent {
            subject: parse(&json.subject)?,
            kind: json.kind,
            instructions: json.instructions.into_iter().map(instruction).collect::<Result<_, _>>()?,
            wanted_while: json.wanted_while.into_iter().map(expectation).collect::<Result<_, _>>()?,
            patience: match json.patience {
                PatienceJson::Forever => Patience::Forever,
                PatienceJson::OneSignature => Patience::OneSignature,
            },
        };
        Ok(Self {
            id,
            intent,
            signers: json.signers.iter().map(|key| parse(key)).collect::<Result<_, _>>()?,
            since_slot: json.since_slot,
            attempts: json.attempts,
            promised: json.promised,
            acknowledged: json.acknowledged,
            attempt: json.attempt.map(attempt).transpose()?,
        })
    }
}

impl ClosedIntent {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let json = ClosedJson {
            version: VERSION,
            subject: self.subject.to_string(),
            kind: self.kind.clone(),
            ending: self.ending,
            signature: self.signature.map(|signature| signature.to_string()),
            slot: self.slot,
        };
        serde_json::to_vec(&json).expect("strings and numbers make JSON")
    }

    /// Decodes a record; a sentence when it is none.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, String> {
        let json: ClosedJson = of_version(bytes)?;
        Ok(Self {
            subject: parse(&json.subject)?,
            kind: json.kind,
            ending: json.ending,
            signature: json.signature.as_deref().map(parse).transpose()?,
            slot: json.slot,
        })
    }
}

/// Looks at the version before anything else, so that a newer record is called newer and not broken.
fn of_version<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, String> {
    let broken = |error: serde_json::Error| format!("it is not readable: {error}");
    let Versioned { version } = serde_json::from_slice(bytes).map_err(broken)?;
    if version != VERSION {
        return Err(format!("it is of version {version}, this program knows {VERSION}: use a newer one"));
    }
    serde_json::from_slice(bytes).map_err(broken)
}

fn parse<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{text:?} is no {}", std::any::type_name::<T>()))
}

fn unbase64(text: &str) -> Result<Vec<u8>, String> {
    STANDARD.decode(text).map_err(|error| format!("bytes that are no base64: {error}"))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// An open record with something in each field.
    pub(crate) fn open_record(id: u64) -> OpenRecord {
        let key = |byte| Address::new_from_array([byte; 32]);
        let instruction =
            Instruction::new_with_bytes(key(1), &[1, 2, 3], vec![AccountMeta::new_readonly(key(2), true)]);
        let intent = Intent {
            subject: key(3),
            kind: "finish".into(),
            instructions: vec![instruction],
            wanted_while: vec![Expectation { account: key(4), offset: 9, bytes: vec![2] }],
            patience: Patience::Forever,
        };
        let attempt = Attempt {
            bytes: vec![9; 300],
            signature: Signature::from([8; 64]),
            last_valid_height: 250,
            slot: 100,
            price: 1_000,
            fee_lamports: 5_017,
        };
        let signers = vec![key(2)];
        OpenRecord {
            id,
            intent,
            signers,
            since_slot: 99,
            attempts: 1,
            promised: true,
            acknowledged: true,
            attempt: Some(attempt),
        }
    }

    #[test]
    fn records_decode_back() {
        let full = open_record(7);
        assert!(full.encode().windows(OpenRecord::TRACE.len()).any(|window| window == OpenRecord::TRACE));
        assert_eq!(OpenRecord::decode(7, &full.encode()).unwrap(), full);
        let mut bare = open_record(8);
        bare.attempt = None;
        bare.intent.patience = Patience::OneSignature;
        assert_eq!(OpenRecord::decode(8, &bare.encode()).unwrap(), bare);
        for (signature, slot) in [(None, None), (Some(Signature::from([8; 64])), Some(5))] {
            let (subject, kind) = (Address::new_from_array([3; 32]), "deposit".to_owned());
            let closed = ClosedIntent { subject, kind, ending: Ending::Landed, signature, slot };
            assert_eq!(ClosedIntent::decode(&closed.encode()).unwrap(), closed);
        }
    }

    #[test]
    fn what_is_no_record_is_refused_with_a_reason() {
        let newer =
            String::from_utf8(open_record(1).encode()).unwrap().replace("\"version\":1", "\"version\":2");
        let refused = OpenRecord::decode(1, newer.as_bytes()).unwrap_err();
        assert!(refused.contains("version 2"), "{refused}");
        let cut = &open_record(1).encode()[..100];
        assert!(OpenRecord::decode(1, cut).unwrap_err().contains("not readable"));
        let other = String::from_utf8(open_record(1).encode()).unwrap().replace("AQID", "!!!!");
        assert!(OpenRecord::decode(1, other.as_bytes()).unwrap_err().contains("base64"));
    }
}
