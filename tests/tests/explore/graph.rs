//! All states of a space and what leads from which to which.

use crate::{
    engine::{Fault, Rules, Step, each_step},
    form::{self, Form},
    space::Space,
};
use grid_tests::model::{Model, Op, Party, Refusal};
use std::collections::{BTreeMap, HashMap};

/// Number of a state.
type State = u32;

/// Marks a transition that anyone can take.
const ANYONE: u32 = 1 << 31;
/// Of so many states reached once more, one is kept to compare its future.
const TWIN_EVERY: usize = 499;

/// All states, in the order in which they were found, and their transitions.
pub struct Graph {
    forms: HashMap<Form, State>,
    /// From where each state was found; the first from itself.
    parents: Vec<State>,
    /// Where the transitions of each state end; they begin where those of the one before end.
    ends: Vec<usize>,
    /// Where the transitions lead, marked with [`ANYONE`].
    targets: Vec<u32>,
    /// The states in which everything is home.
    homes: Vec<State>,
    /// The first state of each kind.
    firsts: BTreeMap<Form, State>,
    /// States reached once more, by another way.
    twins: Vec<(State, Model)>,
}

impl Graph {
    /// A graph of one state without transitions.
    pub fn new(space: &Space, start: &Model) -> Self {
        Self {
            forms: HashMap::from([(space.form(start), 0)]),
            parents: vec![0],
            ends: Vec::new(),
            targets: Vec::new(),
            homes: Vec::new(),
            firsts: BTreeMap::new(),
            twins: Vec::new(),
        }
    }

    /// Notes a transition; returns the state that it leads to, if it is new.
    pub fn add(&mut self, space: &Space, from: State, step: Step) -> Option<(State, Model)> {
        let fresh = self.parents.len() as State;
        let to = *self.forms.entry(space.form(&step.model)).or_insert(fresh);
        if to != from {
            self.targets.push(marked(to, &step));
        }
        if to == fresh {
            self.parents.push(from);
            self.firsts.entry(form::kind(&step.model)).or_insert(to);
            return Some((to, step.model));
        }
        if self.targets.len().is_multiple_of(TWIN_EVERY) {
            self.twins.push((to, step.model));
        }
        None
    }

    /// Notes that all transitions of the next state have been added.
    pub fn close(&mut self, model: &Model) {
        if is_home(model) {
            self.homes.push(self.ends.len() as State);
        }
        self.ends.push(self.targets.len());
    }

    /// How many states there are.
    pub fn states(&self) -> usize {
        self.parents.len()
    }

    /// How many transitions there are.
    pub fn transitions(&self) -> usize {
        self.targets.len()
    }

    /// Steps to the state that is farthest from the start.
    pub fn depth(&self) -> usize {
        self.way_to(self.states() as State - 1).len()
    }

    fn targets(&self, state: State) -> &[u32] {
        let state = state as usize;
        let begin = if state == 0 { 0 } else { self.ends[state - 1] };
        &self.targets[begin..self.ends[state]]
    }

    /// The states on a shortest way to a state, without the first.
    fn way_to(&self, state: State) -> Vec<State> {
        let parent = |state: &State| Some(self.parents[*state as usize]);
        let mut way: Vec<State> =
            std::iter::successors(Some(state), parent).take_while(|state| *state != 0).collect();
        way.reverse();
        way
    }

    /// The operations on a shortest way to a state.
    fn trace(&self, space: &Space, rules: Rules, state: State) -> Vec<Op> {
        let (mut model, mut trace) = (space.start(), Vec::new());
        for state in self.way_to(state) {
            let mut found = None;
            let _ = each_step(space, rules, &model, |step| {
                let leads_on = self.forms.get(&space.form(&step.model)) == Some(&state);
                found = found.take().or(leads_on.then_some(step));
            });
            let step = found.expect("the way was found");
            trace.extend(step.ops);
            model = step.model;
        }
        trace
    }

    /// A shortest way to each kind of state.
    pub fn ways(&self, space: &Space, rules: Rules) -> Vec<Vec<Op>> {
        self.firsts.values().map(|state| self.trace(space, rules, *state)).collect()
    }

    /// A fault that shows after these operations, done in a state.
    pub fn fault(&self, space: &Space, rules: Rules, state: State, what: String, ops: Vec<Op>) -> Fault {
        let mut trace = self.trace(space, rules, state);
        trace.extend(ops);
        Fault { what, trace }
    }

    /// From how far strangers and time alone bring everything home: the most steps that they need.
    ///
    /// # Errors
    /// A state from which they can't.
    pub fn longest_exit(&self, space: &Space, rules: Rules) -> Result<u16, Fault> {
        const FAR: u16 = u16::MAX;
        let mut distances = vec![FAR; self.states()];
        self.homes.iter().for_each(|home| distances[*home as usize] = 0);
        let mut longest = 0;
        loop {
            let leads_there = |to: &u32| to & ANYONE != 0 && distances[(to & !ANYONE) as usize] == longest;
            let next: Vec<State> = (0..self.states() as State)
                .filter(|state| distances[*state as usize] == FAR)
                .filter(|state| self.targets(*state).iter().any(leads_there))
                .collect();
            if next.is_empty() {
                break;
            }
            longest += 1;
            next.into_iter().for_each(|state| distances[state as usize] = longest);
        }
        match distances.iter().position(|distance| *distance == FAR) {
            None => Ok(longest),
            Some(state) => {
                let what = "strangers can't bring everything home".into();
                Err(self.fault(space, rules, state as State, what, Vec::new()))
            }
        }
    }

    /// Compares the futures of states that have the same form but another past.
    ///
    /// # Errors
    /// A state whose form leaves out what matters.
    pub fn check_forms(&self, space: &Space, rules: Rules) -> Result<(), Fault> {
        for (state, twin) in &self.twins {
            let mut expected = self.targets(*state).to_vec();
            let mut found = Vec::new();
            each_step(space, rules, twin, |step| {
                let to = self.forms.get(&space.form(&step.model)).copied().unwrap_or(State::MAX);
                found.extend((to != *state).then_some(marked(to, &step)));
            })
            .map_err(|(what, ops)| self.fault(space, rules, *state, what, ops))?;
            for targets in [&mut expected, &mut found] {
                targets.sort_unstable();
                targets.dedup();
            }
            if expected != found {
                let what = format!("two states of one form differ: {twin:?}");
                return Err(self.fault(space, rules, *state, what, Vec::new()));
            }
        }
        Ok(())
    }
}

fn marked(to: State, step: &Step) -> u32 {
    to | if step.is_anyones { ANYONE } else { 0 }
}

/// Whether all jobs and devices are closed and the fees collected, so that the owners of the rest can leave as well.
fn is_home(model: &Model) -> bool {
    model.jobs.is_empty() && model.devices.iter().all(Option::is_none) && owners_leave(model.clone()).is_ok()
}

fn owners_leave(mut rest: Model) -> Result<(), Refusal> {
    for (project, member) in rest.members.clone().into_keys() {
        rest.close_member(Party::Client(project), project, member)?;
    }
    for project in 0..rest.projects.len() {
        let balance = rest.projects[project].as_ref().map_or(0, |project| project.balance);
        if balance > 0 {
            rest.withdraw(project, balance)?;
        }
        rest.close_project(project)?;
    }
    rest.close_market(Party::Authority(0), 0)
}
