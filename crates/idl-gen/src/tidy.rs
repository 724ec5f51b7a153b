//! Takes out of an IDL what generators of clients stumble over.

use anchor_lang_idl::types::{Idl, IdlInstructionAccountItem};

/// The bytes of an address.
const ADDRESS_BYTES: usize = 32;

/// Takes out addresses that are none, and types that nothing refers to.
///
/// Anchor writes the source of an `address` constraint, `config.pending_admin`, where an IDL has a constant address; and a
/// type for each byte-aligned number, which stands as a plain number wherever it is used.
pub fn tidy(idl: &mut Idl) {
    for instruction in &mut idl.instructions {
        keep_addresses(&mut instruction.accounts);
    }
    let mentions = mentions(idl);
    idl.types.retain(|type_| mentions.contains(&type_.name));
}

fn keep_addresses(items: &mut [IdlInstructionAccountItem]) {
    for item in items {
        match item {
            IdlInstructionAccountItem::Single(account) => {
                account.address = account.address.take().filter(|address| is_address(address));
            }
            IdlInstructionAccountItem::Composite(group) => keep_addresses(&mut group.accounts),
        }
    }
}

fn is_address(text: &str) -> bool {
    bs58::decode(text).into_vec().is_ok_and(|bytes| bytes.len() == ADDRESS_BYTES)
}

/// The names of all types that the IDL refers to, and of accounts and events, which are types of the same name.
fn mentions(idl: &Idl) -> Vec<String> {
    let named = idl.accounts.iter().map(|account| account.name.clone());
    let mut names: Vec<String> = named.chain(idl.events.iter().map(|event| event.name.clone())).collect();
    collect(&serde_json::to_value(idl).unwrap_or_default(), &mut names);
    names
}

fn collect(value: &serde_json::Value, names: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(fields) => {
            let defined = fields.get("defined").and_then(|defined| defined["name"].as_str());
            names.extend(defined.map(str::to_owned));
            fields.values().for_each(|value| collect(value, names));
        }
        serde_json::Value::Array(items) => items.iter().for_each(|value| collect(value, names)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_are_none_and_types_without_use_are_gone() {
        let clock = "SysvarC1ock11111111111111111111111111111111";
        let mut idl: Idl = serde_json::from_value(serde_json::json!({
            "address": "11111111111111111111111111111111",
            "metadata": { "name": "p", "version": "0.1.0", "spec": "0.1.0" },
            "instructions": [{
                "name": "pay",
                "discriminator": [1],
                "accounts": [
                    { "name": "clock", "address": clock },
                    { "name": "group", "accounts": [{ "name": "admin", "address": "config.pending_admin" }] },
                ],
                "args": [{ "name": "terms", "type": { "array": [{ "defined": { "name": "Terms" } }, 2] } }],
            }],
            "accounts": [{ "name": "Vault", "discriminator": [2] }],
            "events": [{ "name": "Paid", "discriminator": [3] }],
            "types": [
                { "name": "Paid", "type": { "kind": "struct" } },
                { "name": "PodU64", "type": { "kind": "type", "alias": "u64" } },
                { "name": "Terms", "type": { "kind": "struct" } },
                { "name": "Vault", "type": { "kind": "struct" } },
            ],
        }))
        .unwrap();
        tidy(&mut idl);
        let types: Vec<&str> = idl.types.iter().map(|type_| type_.name.as_str()).collect();
        assert_eq!(types, ["Paid", "Terms", "Vault"]);
        let text = serde_json::to_string(&idl.instructions).unwrap();
        assert!(text.contains(clock) && !text.contains("pending_admin"), "{text}");
    }
}
