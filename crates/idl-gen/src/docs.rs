//! A sentence for everything in an IDL.
//!
//! Rust has no doc comments on a function's parameters. The programs write a line for each at the end of the instruction's
//! own comment, as ``* `name`: sentence``, and here it becomes the argument's.

use anchor_lang_idl::types::{
    Idl, IdlDefinedFields, IdlInstruction, IdlInstructionAccount, IdlInstructionAccountItem, IdlTypeDefTy,
};

/// Gives each argument its sentence.
pub fn complete(idl: &mut Idl) {
    for instruction in &mut idl.instructions {
        move_arguments(instruction);
    }
}

/// The argument that a line of a comment is about, and what it says.
fn argument(line: &str) -> Option<(&str, &str)> {
    line.strip_prefix("* `")?.split_once("`: ")
}

fn move_arguments(instruction: &mut IdlInstruction) {
    let lines = std::mem::take(&mut instruction.docs);
    for line in lines {
        let place = argument(&line).and_then(|(name, sentence)| {
            Some((instruction.args.iter_mut().find(|arg| arg.name == name)?, sentence))
        });
        match place {
            Some((arg, sentence)) => arg.docs.push(capitalised(sentence)),
            None => instruction.docs.push(line),
        }
    }
    while instruction.docs.last().is_some_and(|line| line.trim().is_empty()) {
        instruction.docs.pop();
    }
}

fn capitalised(sentence: &str) -> String {
    let mut rest = sentence.chars();
    rest.next().map(|first| first.to_uppercase().chain(rest).collect()).unwrap_or_default()
}

/// What has no sentence, by its place.
pub fn missing(idl: &Idl) -> Vec<String> {
    let mut missing = Vec::new();
    let mut look = |place: String, docs: &[String]| {
        if docs.iter().all(|line| line.trim().is_empty()) {
            missing.push(place);
        }
    };
    for instruction in &idl.instructions {
        let name = &instruction.name;
        look(format!("instruction {name}"), &instruction.docs);
        for account in flat(&instruction.accounts) {
            look(format!("account {} of {name}", account.name), &account.docs);
        }
        for arg in &instruction.args {
            look(format!("argument {} of {name}", arg.name), &arg.docs);
        }
    }
    for type_ in &idl.types {
        look(format!("type {}", type_.name), &type_.docs);
        if let IdlTypeDefTy::Struct { fields: Some(IdlDefinedFields::Named(fields)) } = &type_.ty {
            for field in fields {
                look(format!("field {} of {}", field.name, type_.name), &field.docs);
            }
        }
    }
    for error in &idl.errors {
        look(format!("error {}", error.name), error.msg.as_slice());
    }
    missing
}

/// The accounts of an instruction, those in groups too.
fn flat<'a>(items: &'a [IdlInstructionAccountItem]) -> Vec<&'a IdlInstructionAccount> {
    let accounts = |item: &'a IdlInstructionAccountItem| match item {
        IdlInstructionAccountItem::Single(account) => vec![account],
        IdlInstructionAccountItem::Composite(group) => flat(&group.accounts),
    };
    items.iter().flat_map(accounts).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn idl() -> Idl {
        serde_json::from_value(serde_json::json!({
            "address": "11111111111111111111111111111111",
            "metadata": { "name": "p", "version": "0.1.0", "spec": "0.1.0" },
            "instructions": [{
                "name": "pay",
                "docs": ["Pays `amount`.", "", "* `amount`: what is paid, atoms.", "* `other`: no argument."],
                "discriminator": [1],
                "accounts": [{ "name": "group", "accounts": [{ "name": "payer" }] }],
                "args": [{ "name": "amount", "type": "u64" }, { "name": "memo", "type": "string" }],
            }],
            "types": [
                { "name": "Podium", "type": { "kind": "type", "alias": "i64" } },
                { "name": "S", "docs": ["A thing."],
                  "type": { "kind": "struct", "fields": [{ "name": "x", "type": "u8" }] } },
            ],
            "errors": [{ "code": 6000, "name": "Bad", "msg": "" }, { "code": 6001, "name": "Worse" }],
        }))
        .unwrap()
    }

    #[test]
    fn a_line_about_an_argument_becomes_its_own() {
        let mut idl = idl();
        complete(&mut idl);
        let [pay] = idl.instructions.as_slice() else { panic!("one instruction") };
        assert_eq!(pay.args[0].docs, ["What is paid, atoms."]);
        assert_eq!(pay.docs, ["Pays `amount`.", "", "* `other`: no argument."]);
    }

    #[test]
    fn what_has_no_sentence_is_named() {
        let mut idl = idl();
        complete(&mut idl);
        let expected = [
            "account payer of pay",
            "argument memo of pay",
            "type Podium",
            "field x of S",
            "error Bad",
            "error Worse",
        ];
        assert_eq!(missing(&idl), expected);
    }
}
