//! Breadth first through all states.

use crate::{
    flow,
    graph::Graph,
    space::{Space, is_anyones},
};
use grid_tests::model::{Model, Op, Refusal};
use std::fmt;

/// The rules by which operations change a state.
pub type Rules<'a> = &'a dyn Fn(&Op, &mut Model) -> Result<(), Refusal>;

/// Something that should not be.
#[derive(Debug)]
pub struct Fault {
    /// What.
    pub what: String,
    /// A shortest way there.
    pub trace: Vec<Op>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}, after", self.what)?;
        self.trace.iter().try_for_each(|op| writeln!(f, "    {op:?}"))
    }
}

/// A transition: an operation, and those that tidy up behind it.
pub struct Step {
    /// The operations.
    pub ops: Vec<Op>,
    /// The state that they lead to.
    pub model: Model,
    /// Whether anyone can take it.
    pub is_anyones: bool,
}

/// Finds all states of a space.
///
/// # Errors
/// The first transition after which something does not hold that must.
pub fn explore(space: &Space, rules: Rules) -> Result<Graph, Fault> {
    let start = space.start();
    let mut graph = Graph::new(space, &start);
    let mut frontier = vec![(0, start)];
    while !frontier.is_empty() {
        let mut next = Vec::new();
        for (state, model) in frontier {
            let looked = each_step(space, rules, &model, |step| {
                next.extend(graph.add(space, state, step));
            });
            graph.close(&model);
            looked.map_err(|(what, ops)| graph.fault(space, rules, state, what, ops))?;
        }
        frontier = next;
    }
    Ok(graph)
}

/// Calls `take` with every transition from a state.
///
/// # Errors
/// What does not hold after one of them, and its operations.
pub fn each_step(
    space: &Space,
    rules: Rules,
    from: &Model,
    mut take: impl FnMut(Step),
) -> Result<(), (String, Vec<Op>)> {
    let mut copy = from.clone();
    for op in space.ops(from) {
        if rules(&op, &mut copy).is_err() {
            continue;
        }
        let mut model = std::mem::replace(&mut copy, from.clone());
        let is_anyones = is_anyones(&op);
        let mut right = check(&op, from, &model);
        let mut ops = vec![op];
        while let Some(op) = space.tidy(&model) {
            let before = model.clone();
            rules(&op, &mut model).expect("what is there can be paid out");
            right = right.and_then(|()| check(&op, &before, &model));
            ops.push(op);
        }
        match right {
            Ok(()) => take(Step { ops, model, is_anyones }),
            Err(what) => return Err((what, ops)),
        }
    }
    Ok(())
}

fn check(op: &Op, before: &Model, after: &Model) -> Result<(), String> {
    after.check()?;
    flow::check(op, before, after)
}
