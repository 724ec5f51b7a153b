//! The rules of a definition that span several ops.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    time::Duration,
};

use super::{Action, Definition, DefinitionError, Literal, Op, args_path, literal};

type Result<T> = std::result::Result<T, DefinitionError>;

pub(super) fn validate(definition: &Definition) -> Result<()> {
    let ops = &definition.ops;
    let index_of = unique_ids(ops)?;
    check_dependencies(ops, &index_of)?;
    let earlier = finished_before(definition, &index_of)?;
    check_volumes(definition)?;
    check_benchmarks(definition)?;
    for (index, before) in earlier.iter().enumerate() {
        check_literals(definition, index, &index_of, before)?;
    }
    Ok(())
}

fn unique_ids(ops: &[Op]) -> Result<HashMap<&str, usize>> {
    let mut index_of = HashMap::new();
    for (index, op) in ops.iter().enumerate() {
        if let Some(first) = index_of.insert(op.id.as_str(), index) {
            let problem = format_args!("\"{}\" is the id of ops[{first}] already", op.id);
            return Err(DefinitionError::at(&format!("ops[{index}].id"), problem));
        }
    }
    Ok(index_of)
}

fn check_dependencies(ops: &[Op], index_of: &HashMap<&str, usize>) -> Result<()> {
    for (index, op) in ops.iter().enumerate() {
        let mut seen = HashSet::new();
        for (nth, id) in op.execution.depends_on.iter().enumerate() {
            let error = |problem: &str| {
                let path = format!("ops[{index}].execution.depends_on[{nth}]");
                Err(DefinitionError::at(&path, format_args!("\"{id}\" {problem}")))
            };
            let Some(&other) = index_of.get(id.as_str()) else {
                return error("is no op of this definition");
            };
            if other == index {
                return error("is the op itself");
            }
            if !seen.insert(id) {
                return error("is given twice");
            }
            // Groups are compared as written: two ops without one are groups of their own that run one by one,
            // and may say so.
            if ops[other].execution.group != op.execution.group {
                return error(
                    "is in another group; groups run one after the other, depends_on orders ops of one group",
                );
            }
            if op.execution.group.is_none() && other > index {
                return error("comes later; ops without a group run in order of appearance");
            }
        }
    }
    Ok(())
}

/// For each op, those that come before it: all of earlier groups, and those it depends on, directly or not. A circle
/// is an error.
fn finished_before(definition: &Definition, index_of: &HashMap<&str, usize>) -> Result<Vec<BTreeSet<usize>>> {
    let ops = &definition.ops;
    let mut before = vec![BTreeSet::new(); ops.len()];
    let mut settled = BTreeSet::new();
    for (_, members) in definition.groups() {
        let earlier = settled.clone();
        let mut waiting = members;
        while let Some(&first) = waiting.first() {
            let count = waiting.len();
            waiting.retain(|&index| {
                let dependencies: Vec<usize> =
                    ops[index].execution.depends_on.iter().map(|id| index_of[id.as_str()]).collect();
                let ready = dependencies.iter().all(|other| settled.contains(other));
                if ready {
                    let mut all = earlier.clone();
                    for other in dependencies {
                        all.insert(other);
                        all.extend(before[other].iter().copied());
                    }
                    before[index] = all;
                    settled.insert(index);
                }
                !ready
            });
            if waiting.len() == count {
                let circle: Vec<&str> = waiting.iter().map(|&index| ops[index].id.as_str()).collect();
                return Err(DefinitionError::at(
                    &format!("ops[{first}].execution.depends_on"),
                    format_args!("depends on itself in a circle; look at {}", circle.join(", ")),
                ));
            }
        }
    }
    Ok(before)
}

fn check_volumes(definition: &Definition) -> Result<()> {
    // A group's volumes are made before its commands start, so the same group is early enough.
    let mut volumes = HashSet::new();
    for (_, members) in definition.groups() {
        for &index in &members {
            if let Action::CreateVolume { name } = &definition.ops[index].action
                && !volumes.insert(name.as_str())
            {
                let path = format!("{}.name", args_path(index));
                return Err(DefinitionError::at(&path, format_args!("the volume \"{name}\" is made twice")));
            }
        }
        for &index in &members {
            let Action::Run(run) = &definition.ops[index].action else {
                continue;
            };
            for (nth, mount) in run.volumes.iter().enumerate() {
                // A name with a literal in it is known at run time only.
                if !volumes.contains(mount.name.as_str()) && !mount.name.contains("%%") {
                    return Err(DefinitionError::at(
                        &format!("{}.volumes[{nth}].name", args_path(index)),
                        format_args!(
                            "no container/create-volume op of this group or an earlier one makes \"{}\"",
                            mount.name
                        ),
                    ));
                }
            }
        }
    }
    Ok(())
}

fn check_benchmarks(definition: &Definition) -> Result<()> {
    let Some(limit_seconds) = definition.limits.wall_seconds else {
        return Ok(());
    };
    for (index, op) in definition.ops.iter().enumerate() {
        if let Action::BenchCpu { duration } | Action::BenchGpu { duration } = op.action
            && duration > Duration::from_secs(limit_seconds)
        {
            let path = format!("{}.seconds", args_path(index));
            return Err(DefinitionError::at(
                &path,
                format_args!("is more than limits.wall_seconds, {limit_seconds}"),
            ));
        }
    }
    Ok(())
}

fn check_literals(
    definition: &Definition,
    index: usize,
    index_of: &HashMap<&str, usize>,
    before: &BTreeSet<usize>,
) -> Result<()> {
    for (path, found) in literal::literals(&args_path(index), &definition.ops[index].args) {
        let literal = found.map_err(|name| {
            DefinitionError::at(
                &path,
                format_args!("%%{name}%% stands for nothing; see the list of literals"),
            )
        })?;
        let error = |problem: &str| Err(DefinitionError::at(&path, format_args!("{literal}: {problem}")));
        let op = match &literal {
            Literal::Job | Literal::Host | Literal::Project => continue,
            Literal::Variable(name) if definition.variables.contains_key(name) => continue,
            Literal::Variable(_) => return error("global.variables has no such name"),
            Literal::OpResult { op, .. } | Literal::OpHost(op) | Literal::OpEndpoint { op, .. } => op,
        };
        let Some(&other) = index_of.get(op.as_str()) else {
            return error("there is no op of that id");
        };
        if let Literal::OpResult { key, .. } = &literal {
            let target = &definition.ops[other];
            if !before.contains(&other) {
                return error(
                    "that op does not end before this one; name it in depends_on or put it in an earlier group",
                );
            }
            if matches!(target.action, Action::Run(_) | Action::Inference(_))
                && !target.results.contains_key(key)
            {
                return error("that op's results have no such key");
            }
        }
    }
    Ok(())
}
