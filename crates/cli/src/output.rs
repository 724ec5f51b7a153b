//! What a command prints: text, or JSON.

use crate::{
    describe::{self, Words},
    facts::{self, Facts},
    mint::{MintInfo, short},
};
use grid_client::{Landed, event::events_in};
use serde_json::{Map, Value, json};
use solana_address::Address;
use std::{
    collections::HashMap,
    io::{self, Write},
    sync::Arc,
};

/// Writes to standard output. Who closed it, like `head`, has read enough: that is no error.
pub fn say(text: &str) {
    let _ = io::stdout().lock().write_all(text.as_bytes());
}

/// Where the results of a command go.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// Whether JSON is printed.
    pub json: bool,
}

impl Output {
    /// Prints one thing's facts.
    pub fn facts(&self, facts: &Facts) {
        self.print(&facts.to_json().into(), &facts.to_text());
    }

    /// Prints a list under a name; `empty` is said where there is nothing.
    pub fn list(&self, name: &str, rows: &[Facts], empty: &str) {
        let json: Vec<Value> = rows.iter().map(|row| row.to_json().into()).collect();
        let text = if rows.is_empty() { format!("{empty}\n") } else { facts::table(rows) };
        self.print(&json!({ name: json }), &text);
    }

    /// Prints JSON, or text that ends with a newline.
    pub fn print(&self, json: &Value, text: &str) {
        if self.json { say(&format!("{json}\n")) } else { say(text) }
    }

    /// Says something beside the result; not with JSON.
    pub fn note(&self, text: &str) {
        if !self.json {
            eprintln!("{}", facts::printable_lines(text));
        }
    }

    /// Prints what transactions did, with the facts that name their accounts. Amounts are of `mint`.
    pub fn landed(&self, facts: &Facts, landed: &[Landed], mint: Option<&Arc<MintInfo>>) {
        let words = Sentences { names: names(facts), mint: mint.cloned() };
        let mut json: Map<String, Value> = facts.to_json();
        json.insert("transactions".into(), landed.iter().map(|landed| transaction(landed, &words)).collect());
        let mut text = String::new();
        for landed in landed {
            for event in events_in(&landed.logs) {
                text.push_str(&format!("{}\n", describe::event(&event, &words)));
            }
        }
        text.push_str(&facts.to_text());
        for landed in landed {
            text.push_str(&format!("signature {}\n", landed.signature));
        }
        self.print(&json.into(), &text);
    }
}

fn transaction(landed: &Landed, words: &Sentences) -> Value {
    let events = events_in(&landed.logs);
    let events: Vec<Value> = events
        .iter()
        .map(|event| json!({ "name": event.name(), "text": describe::event(event, words) }))
        .collect();
    json!({
        "signature": landed.signature.to_string(),
        "slot": landed.slot,
        "fee_lamports": landed.fee_lamports,
        "compute_units": landed.compute_units,
        "events": events,
    })
}

/// The addresses among facts, by their keys.
fn names(facts: &Facts) -> HashMap<Address, String> {
    let named = |(key, address): (&str, Address)| (address, key.replace('_', " "));
    // Backwards, so that the first of two keys for an address wins.
    facts.addresses().rev().map(named).collect()
}

struct Sentences {
    names: HashMap<Address, String>,
    mint: Option<Arc<MintInfo>>,
}

impl Words for Sentences {
    fn name(&self, address: &Address) -> String {
        match self.names.get(address) {
            Some(name) => format!("{name} {}", short(address)),
            None => short(address),
        }
    }

    fn tokens(&self, atoms: u64) -> String {
        self.mint.as_ref().map_or_else(|| format!("{atoms} atoms"), |mint| mint.show(atoms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_call_addresses_by_their_facts() {
        let (market, other) = (Address::new_from_array([1; 32]), Address::new_from_array([2; 32]));
        let facts = Facts::new().address("new_market", market).address("again", market);
        let words = Sentences { names: names(&facts), mint: None };
        assert_eq!(words.name(&market), format!("new market {}", short(&market)));
        assert_eq!(words.name(&other), short(&other));
        assert_eq!(words.tokens(5), "5 atoms");
    }
}
