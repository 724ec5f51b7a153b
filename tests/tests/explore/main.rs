//! Every state that a few jobs, devices and clients can bring a market into, by any order of instructions and any
//! passing of time that matters, on the model of `grid_tests::model`.
//!
//! In every state what must hold holds, no job is paid twice, and from every state strangers and time alone bring
//! everybody's deposits home. A shortest way to each kind of state, and random walks, are repeated on the shipped
//! binary. `broken` proves that the explorer finds what is wrong.

mod broken;
mod engine;
mod flow;
mod form;
mod graph;
mod replay;
mod space;
mod spaces;

use engine::{Fault, explore};
use graph::Graph;
use grid_tests::model::Op;
use replay::Stage;
use space::Space;
use std::time::Instant;

/// Random walks on the binary, for each space.
const WALKS: u64 = 100;

/// Explores a space, sees that nothing is wrong with it, walks through it on the binary and prints its size.
fn tour(space: &Space) {
    let begin = Instant::now();
    let (graph, exit) = survey(space).unwrap_or_else(|fault| panic!("{}: {fault}", space.name));
    println!(
        "{}: {} states, {} transitions, the farthest after {} steps; home from everywhere in at most {exit} steps that \
         anyone can take; {:.1} s",
        space.name,
        graph.states(),
        graph.transitions(),
        graph.depth(),
        begin.elapsed().as_secs_f64()
    );
    let begin = Instant::now();
    let (stage, ways) = (Stage::new(space), graph.ways(space, &Op::apply));
    let steps: usize = ways.iter().map(|way| stage.repeat(way)).sum();
    let strolled: usize = (0..WALKS).map(|seed| stage.stroll(seed)).sum();
    println!(
        "{}: on the binary the ways to {} kinds of states, {steps} steps, and {WALKS} random walks, {strolled} steps; \
         {:.1} s",
        space.name,
        ways.len(),
        begin.elapsed().as_secs_f64()
    );
}

/// All states, and how many steps the farthest is from home.
fn survey(space: &Space) -> Result<(Graph, u16), Fault> {
    let graph = explore(space, &Op::apply)?;
    let exit = graph.longest_exit(space, &Op::apply)?;
    graph.check_forms(space, &Op::apply)?;
    Ok((graph, exit))
}

#[test]
fn all_ways_of_three_jobs_and_three_devices() {
    tour(&spaces::three_by_three());
}

#[test]
fn a_queue_of_one() {
    tour(&spaces::queue_of_one());
}

#[test]
fn notices_and_payouts() {
    tour(&spaces::payouts());
}

#[test]
fn bonds_and_strikes() {
    tour(&spaces::bonds());
}

#[test]
fn changing_terms() {
    tour(&spaces::changes());
}

#[test]
fn poor_clients() {
    tour(&spaces::poverty());
}

#[test]
fn members_pauses_and_late_results() {
    tour(&spaces::members());
}
