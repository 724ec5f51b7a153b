//! IDLs on the chain: where `anchor idl init` puts them, with the Program Metadata program, and what they say.

use anyhow::{Context as _, Result, bail, ensure};
use flate2::read::{GzDecoder, ZlibDecoder};
use serde_json::Value;
use solana_account::Account;
use solana_address::Address;
use std::io::Read;

/// The Program Metadata program.
pub const PROGRAM: Address = Address::from_str_const("ProgM6JCCvbYkfKqJYHePx4xxSUSqJp7rh8Lyv7nk7S");
/// What tells an IDL from other metadata, 16 bytes.
const SEED: &[u8; 16] = b"idl\0\0\0\0\0\0\0\0\0\0\0\0\0";
/// The first byte of a metadata account.
const METADATA: u8 = 2;
/// Bytes in front of the data: kind (1), program (32), authority (32), mutable (1), canonical (1), seed (16), encoding (1),
/// compression (1), format (1), source (1), length (`u32`), padding (5).
const HEADER_BYTES: usize = 96;
/// Largest IDL that is unpacked, bytes.
const MAX_BYTES: u64 = 4 << 20;

/// Where the IDL of a program is, put there by its upgrade authority.
pub fn address(program: &Address) -> Address {
    Address::find_program_address(&[program.as_ref(), SEED], &PROGRAM).0
}

/// Reads an IDL.
///
/// # Errors
/// The account is none of the Program Metadata program for this program, or its data can't be read.
pub fn read(program: &Address, account: &Account) -> Result<Value> {
    ensure!(account.owner == PROGRAM, "it belongs to {}, not to the Program Metadata program", account.owner);
    let header = account.data.get(..HEADER_BYTES).context("it is too short for metadata")?;
    ensure!(header[0] == METADATA, "it is a buffer that was not written into place");
    ensure!(header[1..33] == *program.as_ref(), "it is of another program");
    ensure!(header[66] == 1, "the program's upgrade authority did not write it");
    let [encoding, compression, _format, source] = header[83..87] else {
        bail!("it is too short for metadata")
    };
    ensure!(source == 0, "its data is elsewhere (source {source}): put it into the account");
    let length = u32::from_le_bytes([header[87], header[88], header[89], header[90]]) as usize;
    let data = account.data[HEADER_BYTES..].get(..length).context("it is shorter than it says")?;
    ensure!(matches!(encoding, 0 | 1), "its encoding {encoding} is not known here");
    let mut text = Vec::new();
    match compression {
        0 => data.take(MAX_BYTES).read_to_end(&mut text),
        1 => GzDecoder::new(data).take(MAX_BYTES).read_to_end(&mut text),
        2 => ZlibDecoder::new(data).take(MAX_BYTES).read_to_end(&mut text),
        other => bail!("its compression {other} is not known here"),
    }
    .context("its data can't be unpacked")?;
    serde_json::from_slice(&text).context("its data is no JSON")
}

/// Where two IDLs differ first, as a path; `None` when they say the same.
pub fn difference(found: &Value, expected: &Value) -> Option<String> {
    fn walk(path: &str, found: &Value, expected: &Value) -> Option<String> {
        match (found, expected) {
            (Value::Object(a), Value::Object(b)) => {
                let keys = a.keys().chain(b.keys());
                let mut differing = keys.filter_map(|key| {
                    walk(
                        &format!("{path}.{key}"),
                        a.get(key).unwrap_or(&Value::Null),
                        b.get(key).unwrap_or(&Value::Null),
                    )
                });
                differing.next()
            }
            (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
                let mut pairs = a.iter().zip(b).enumerate();
                pairs.find_map(|(at, (a, b))| walk(&format!("{path}[{at}]"), a, b))
            }
            _ => (found != expected).then(|| path.trim_start_matches('.').to_owned()),
        }
    }
    walk("", found, expected)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::ZlibEncoder};
    use serde_json::json;
    use std::io::Write as _;

    fn account(program: &Address, canonical: u8, compression: u8, data: &[u8]) -> Account {
        let length = u32::try_from(data.len()).unwrap().to_le_bytes();
        let bytes = [
            &[METADATA][..],
            program.as_ref(),
            &[0; 32],
            &[1, canonical],
            SEED,
            &[1, compression, 1, 0],
            &length,
            &[0; 5],
            data,
        ]
        .concat();
        Account { owner: PROGRAM, data: bytes, ..Account::default() }
    }

    #[test]
    fn an_idl_is_read_packed_or_plain() {
        let (program, other) = (Address::new_from_array([1; 32]), Address::new_from_array([2; 32]));
        let idl = json!({ "address": "x", "instructions": [1, 2] });
        let plain = serde_json::to_vec(&idl).unwrap();
        let mut packer = ZlibEncoder::new(Vec::new(), Compression::default());
        packer.write_all(&plain).unwrap();
        let packed = packer.finish().unwrap();
        assert_eq!(read(&program, &account(&program, 1, 0, &plain)).unwrap(), idl);
        assert_eq!(read(&program, &account(&program, 1, 2, &packed)).unwrap(), idl);
        let error = |account: Account| read(&program, &account).unwrap_err().to_string();
        assert!(error(account(&other, 1, 0, &plain)).contains("another program"));
        assert!(error(account(&program, 0, 0, &plain)).contains("upgrade authority did not"));
        assert!(error(account(&program, 1, 2, &plain)).contains("can't be unpacked"));
        assert!(error(account(&program, 1, 0, b"{")).contains("no JSON"));
        assert!(error(Account { owner: other, ..account(&program, 1, 0, &plain) }).contains("belongs to"));
        let mut short = account(&program, 1, 0, &plain);
        short.data.pop();
        assert!(error(short).contains("shorter than it says"));
        assert!(error(Account { owner: PROGRAM, ..Account::default() }).contains("too short"));
    }

    #[test]
    fn the_first_difference_is_named_by_its_path() {
        let one = json!({ "a": { "b": [1, { "c": 2 }] }, "d": 1 });
        assert_eq!(difference(&one, &one), None);
        assert_eq!(difference(&one, &json!({ "a": { "b": [1, { "c": 3 }] }, "d": 1 })).unwrap(), "a.b[1].c");
        assert_eq!(difference(&one, &json!({ "a": { "b": [1] }, "d": 1 })).unwrap(), "a.b");
        assert_eq!(difference(&one, &json!({ "a": { "b": [1, { "c": 2 }] } })).unwrap(), "d");
    }
}
