//! What the demo prints, as text or as one JSON object a line.

use crate::{amount, describe};
use grid_client::{Landed, event::events_in, ledger::Ledger};
use serde_json::{Value, json};
use solana_address::Address;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Instant,
};

/// Decimals of the demo's token.
pub const DECIMALS: u8 = 6;
/// Symbol of the demo's token.
pub const SYMBOL: &str = "GRID";
/// Width of the column that says what a line is about: the longest instruction's name.
const WIDTH: usize = "propose_collection_role".len();

/// Prints what happens, as it happens, and adds up what it cost.
pub struct Report {
    json: bool,
    began: Instant,
    names: Mutex<HashMap<Address, String>>,
    costs: Mutex<Costs>,
}

/// What all transactions cost together.
#[derive(Debug, Clone, Copy, Default)]
pub struct Costs {
    /// How many there were.
    pub transactions: u64,
    /// Compute units.
    pub compute_units: u64,
    /// Fees, lamports.
    pub fee_lamports: u64,
}

/// Where the tokens of the demo are at one moment, atoms.
#[derive(Debug, Clone, Copy, Default)]
pub struct Balances {
    /// In the client's token account.
    pub client: u64,
    /// In the node's token account.
    pub node: u64,
    /// In the staker's token account.
    pub staker: u64,
    /// In the treasury's token account.
    pub treasury: u64,
    /// In the vault of the jobs program.
    pub vault: u64,
    /// In the vault of the stakes.
    pub stakes: u64,
    /// In the vault of the reward pool.
    pub rewards: u64,
    /// What the accounts say the vault owes.
    pub ledger: Ledger,
}

impl Balances {
    /// All of it, atoms.
    pub fn sum(&self) -> u128 {
        let accounts = [self.client, self.node, self.staker, self.treasury];
        let vaults = [self.vault, self.stakes, self.rewards];
        accounts.into_iter().chain(vaults).map(u128::from).sum()
    }
}

impl Report {
    /// A report that begins now.
    pub fn new(json: bool) -> Self {
        Self { json, began: Instant::now(), names: Mutex::default(), costs: Mutex::default() }
    }

    /// Calls an address by a name from now on.
    pub fn call(&self, address: Address, name: impl Into<String>) {
        self.names.lock().unwrap_or_else(PoisonError::into_inner).insert(address, name.into());
    }

    /// The name of an address, or the address.
    pub fn name_of(&self, address: &Address) -> String {
        let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        names.get(address).cloned().unwrap_or_else(|| address.to_string())
    }

    /// What all transactions so far cost.
    pub fn costs(&self) -> Costs {
        *self.costs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A headline.
    pub fn phase(&self, title: &str) {
        match self.json {
            true => self.line(json!({ "type": "phase", "title": title })),
            false => println!("\n{title}"),
        }
    }

    /// A transaction that landed, with the transitions that its events tell.
    pub fn landed(&self, step: &str, landed: &Landed) {
        let mut costs = self.costs.lock().unwrap_or_else(PoisonError::into_inner);
        costs.transactions += 1;
        costs.compute_units += landed.compute_units;
        costs.fee_lamports += landed.fee_lamports;
        drop(costs);
        let events = events_in(&landed.logs);
        let transitions: Vec<String> = events.iter().map(|event| describe::event(event, self)).collect();
        if self.json {
            self.line(json!({
                "type": "transaction",
                "step": step,
                "signature": landed.signature.to_string(),
                "slot": landed.slot,
                "compute_units": landed.compute_units,
                "fee_lamports": landed.fee_lamports,
                "events": events.iter().map(|event| event.name()).collect::<Vec<_>>(),
                "transitions": transitions,
            }));
            return;
        }
        let what = if transitions.is_empty() { step.to_owned() } else { transitions.join("; ") };
        println!(
            "{:>7.2}s  {:<WIDTH$} {:>7} CU {:>6} lamports  {what}",
            self.began.elapsed().as_secs_f64(),
            step,
            landed.compute_units,
            landed.fee_lamports,
        );
    }

    /// Anything else worth knowing.
    pub fn note(&self, subject: &str, text: &str) {
        match self.json {
            true => self.line(json!({ "type": "note", "subject": subject, "text": text })),
            false => println!("{:>7.2}s  {subject:<WIDTH$} {text}", self.began.elapsed().as_secs_f64()),
        }
    }

    /// A line that a running job wrote.
    pub fn output(&self, job: &str, stream: &str, text: &str) {
        match self.json {
            true => self.line(json!({ "type": "output", "job": job, "stream": stream, "text": text })),
            false => println!("{:>8}  {job:<WIDTH$} | {text}", ""),
        }
    }

    /// The last word: balances at the beginning, when funded, and at the end.
    pub fn table(&self, columns: &[(&str, Balances)]) {
        let costs = self.costs();
        if self.json {
            let balances: Vec<Value> = columns
                .iter()
                .map(|(title, at)| {
                    json!({
                        "at": title,
                        "client": at.client,
                        "node": at.node,
                        "staker": at.staker,
                        "treasury": at.treasury,
                        "vault": at.vault,
                        "stakes_vault": at.stakes,
                        "rewards_vault": at.rewards,
                        "owed": {
                            "project_balances": at.ledger.balances,
                            "job_escrows": at.ledger.escrows,
                            "device_bonds": at.ledger.bonds,
                            "device_earnings": at.ledger.earnings,
                            "market_fees": at.ledger.fees,
                            "total": at.ledger.total(),
                        },
                        "supply": at.sum(),
                    })
                })
                .collect();
            self.line(json!({
                "type": "balances",
                "unit": "atoms",
                "decimals": DECIMALS,
                "columns": balances,
                "transactions": costs.transactions,
                "compute_units": costs.compute_units,
                "fee_lamports": costs.fee_lamports,
            }));
            return;
        }
        print!("\n{:<28}", format!("{SYMBOL}, in tokens"));
        columns.iter().for_each(|(title, _)| print!("{title:>18}"));
        println!();
        let row = |name: &str, value: &dyn Fn(&Balances) -> u128| {
            print!("{name:<28}");
            columns.iter().for_each(|(_, at)| print!("{:>18}", amount::show(value(at), DECIMALS)));
            println!();
        };
        row("client's token account", &|at| at.client.into());
        row("node's token account", &|at| at.node.into());
        row("staker's token account", &|at| at.staker.into());
        row("treasury's token account", &|at| at.treasury.into());
        row("vault of the stakes", &|at| at.stakes.into());
        row("vault of the reward pool", &|at| at.rewards.into());
        row("vault of jobs", &|at| at.vault.into());
        row("  owed: project balances", &|at| at.ledger.balances);
        row("  owed: job escrows", &|at| at.ledger.escrows);
        row("  owed: device bonds", &|at| at.ledger.bonds);
        row("  owed: device earnings", &|at| at.ledger.earnings);
        row("  owed: market fees", &|at| at.ledger.fees);
        row("  owed, all", &|at| at.ledger.total());
        row("supply", &|at| at.sum());
        println!(
            "\n{} transactions, {} CU, {} lamports of fees",
            costs.transactions, costs.compute_units, costs.fee_lamports
        );
    }

    fn line(&self, mut value: Value) {
        value["at_ms"] = json!(u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX));
        println!("{value}");
    }
}

impl describe::Words for Report {
    fn name(&self, address: &Address) -> String {
        self.name_of(address)
    }

    fn tokens(&self, atoms: u64) -> String {
        format!("{} {SYMBOL}", amount::show(atoms.into(), DECIMALS))
    }
}
