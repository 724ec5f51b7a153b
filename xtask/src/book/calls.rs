//! What a program's instructions can give: the errors and events that are named by an instruction's accounts, its handler, and
//! all that the handler calls within the program.
//!
//! Calls are found by name. A method belongs to the type that its receiver is named after (`job.finish` to `Job`) or declared
//! as; where that says nothing, to the only type that has such a method. Every error and every event
//! of an IDL must be given by an instruction, else no page is written.

use std::collections::{BTreeMap, BTreeSet};

use super::tokens::{Token, behind, tokens};

/// A function of a program.
#[derive(Debug, Default)]
struct Function {
    /// The type whose method it is; empty for a free function.
    of: String,
    name: String,
    /// Words that stand in the type of a parameter, or begin the value of a variable; by its name.
    types: BTreeMap<String, Vec<String>>,
    body: Vec<Token>,
}

/// The functions and account structs of a program.
#[derive(Debug, Default)]
pub struct Source {
    functions: Vec<Function>,
    structs: BTreeMap<String, Vec<Token>>,
}

/// What an instruction can give.
#[derive(Debug, Default)]
pub struct Names {
    /// Errors of its program.
    pub errors: BTreeSet<String>,
    /// Events that it logs.
    pub events: BTreeSet<String>,
}

impl Names {
    /// Notes what some tokens name: `SomeError::Name`, `log!(Name {`.
    fn note(&mut self, tokens: &[Token]) {
        for (at, name) in tokens.iter().enumerate().filter_map(|(at, token)| Some((at, token.word()?))) {
            let before = |steps: usize| at.checked_sub(steps).and_then(|index| tokens.get(index));
            let follows = |steps: usize, mark: char| before(steps).is_some_and(|token| token.is(mark));
            let word = |steps: usize| before(steps).and_then(Token::word).unwrap_or_default();
            if follows(1, ':') && follows(2, ':') && word(3).ends_with("Error") {
                self.errors.insert(name.to_owned());
            }
            if follows(1, '(') && follows(2, '!') && word(3) == "log" {
                self.events.insert(name.to_owned());
            }
        }
    }
}

impl Source {
    /// Reads the files of a program.
    pub fn read<'a>(files: impl IntoIterator<Item = &'a str>) -> Self {
        let mut source = Self::default();
        for file in files {
            source.add(&tokens(file));
        }
        source
    }

    /// Reads the items among some tokens.
    fn add(&mut self, tokens: &[Token]) {
        let mut at = 0;
        while at < tokens.len() {
            at = match tokens[at].word() {
                Some("impl") => self.add_impl(tokens, at),
                Some("fn") => self.add_function(tokens, at, ""),
                Some("struct") => self.add_struct(tokens, at),
                _ => at + 1,
            };
        }
    }

    fn add_struct(&mut self, tokens: &[Token], at: usize) -> usize {
        let name = tokens.get(at + 1).and_then(Token::word).unwrap_or_default().to_owned();
        let Some(open) =
            (at..tokens.len()).find(|index| matches!(tokens[*index], Token::Mark('{' | '(' | ';')))
        else {
            return tokens.len();
        };
        let end = behind(tokens, open);
        self.structs.insert(name, tokens[open..end].to_vec());
        end
    }

    fn add_impl(&mut self, tokens: &[Token], at: usize) -> usize {
        let Some(open) = (at..tokens.len()).find(|index| tokens[*index].is('{')) else {
            return tokens.len();
        };
        let head = &tokens[at + 1..open];
        let of_trait = head.iter().position(|token| token.word() == Some("for")).map_or(0, |index| index + 1);
        // `impl<'a> Type<'a>`: behind the parameters.
        let of =
            head[of_trait..].iter().filter_map(Token::word).find(|word| word.len() > 1).unwrap_or_default();
        let end = behind(tokens, open);
        let mut inside = open + 1;
        while inside < end {
            inside = match tokens[inside].word() {
                Some("fn") => self.add_function(&tokens[..end], inside, of),
                _ => inside + 1,
            };
        }
        end
    }

    fn add_function(&mut self, tokens: &[Token], at: usize, of: &str) -> usize {
        let name = tokens.get(at + 1).and_then(Token::word).unwrap_or_default().to_owned();
        let mut open = at;
        while open < tokens.len() && !matches!(tokens[open], Token::Mark('{' | ';')) {
            open = if tokens[open].is('(') || tokens[open].is('[') { behind(tokens, open) } else { open + 1 };
        }
        if tokens.get(open).is_none_or(|token| !token.is('{')) {
            return open;
        }
        let end = behind(tokens, open);
        let mut types = parameters(&tokens[at..open]);
        types.extend(variables(&tokens[open..end]));
        self.functions.push(Function { of: of.to_owned(), name, types, body: tokens[open..end].to_vec() });
        end
    }

    /// All that the instruction names: in its function in `lib.rs`, in its accounts, and in what these lead to.
    pub fn of_instruction(&self, name: &str) -> Names {
        let mut names = Names::default();
        let mut seen = BTreeSet::new();
        let entry = |function: &&Function| {
            function.of.is_empty() && function.name == name && function.types.contains_key("ctx")
        };
        for function in self.functions.iter().filter(entry) {
            for accounts in function.types.get("ctx").into_iter().flatten() {
                self.names_of_accounts(accounts, &mut names);
            }
            self.follow(function, &mut names, &mut seen);
        }
        names
    }

    fn names_of_accounts(&self, accounts: &str, names: &mut Names) {
        let Some(tokens) = self.structs.get(accounts) else { return };
        names.note(tokens);
        // `Nested<Type>` has the accounts of another struct.
        for at in (0..tokens.len()).filter(|at| tokens[*at].word() == Some("Nested")) {
            if let Some(nested) = tokens.get(at + 2).and_then(Token::word) {
                self.names_of_accounts(nested, names);
            }
        }
    }

    fn follow<'a>(
        &'a self,
        function: &'a Function,
        names: &mut Names,
        seen: &mut BTreeSet<(&'a str, &'a str)>,
    ) {
        if !seen.insert((&function.of, &function.name)) {
            return;
        }
        let body = &function.body;
        names.note(body);
        for (at, token) in body.iter().enumerate() {
            let Some(name) = token.word() else { continue };
            if body.get(at + 1).is_some_and(|next| next.is('(')) {
                for called in self.called(function, at, name) {
                    self.follow(called, names, seen);
                }
            }
        }
    }

    /// The functions that `name(` at `at` can mean.
    fn called<'a>(&'a self, from: &Function, at: usize, name: &str) -> Vec<&'a Function> {
        let before = |steps: usize| at.checked_sub(steps).and_then(|index| from.body.get(index));
        let named: Vec<&Function> = self.functions.iter().filter(|function| function.name == name).collect();
        let of = |kind: &str| -> Vec<&Function> {
            named.iter().copied().filter(|function| function.of == kind).collect()
        };
        if before(1).is_some_and(|token| token.is('.')) {
            // Behind a bracket the receiver has no name.
            let receiver = before(2).and_then(Token::word);
            let declared = receiver.and_then(|name| from.types.get(name)).into_iter().flatten().cloned();
            let kinds: Vec<String> = match receiver {
                Some("self") => vec![from.of.clone()],
                _ => receiver.map(camel).into_iter().chain(declared).collect(),
            };
            let found: Vec<&Function> = kinds.iter().flat_map(|kind| of(kind)).collect();
            if !found.is_empty() {
                return found;
            }
            let methods: Vec<&Function> =
                named.iter().copied().filter(|function| !function.of.is_empty()).collect();
            return if methods.len() == 1 { methods } else { Vec::new() };
        }
        if before(1).is_some_and(|token| token.is(':')) && before(2).is_some_and(|token| token.is(':')) {
            let kind = before(3).and_then(Token::word).unwrap_or_default();
            let is_type = kind.starts_with(char::is_uppercase);
            return of(match kind {
                "Self" => &from.of,
                _ if is_type => kind,
                _ => "",
            });
        }
        of("")
    }
}

/// The parameters of a signature, with the words of their types.
fn parameters(signature: &[Token]) -> BTreeMap<String, Vec<String>> {
    let mut parameters = BTreeMap::new();
    let mut current: Option<String> = None;
    for (at, token) in signature.iter().enumerate() {
        let is_name = signature.get(at + 1).is_some_and(|next| next.is(':'))
            && signature.get(at + 2).is_some_and(|next| !next.is(':'))
            && at.checked_sub(1).is_none_or(|before| !signature[before].is(':'));
        match token.word() {
            Some(word) if is_name => current = Some(word.to_owned()),
            Some(word) => {
                if let Some(name) = &current {
                    parameters.entry(name.clone()).or_insert_with(Vec::new).push(word.to_owned());
                }
            }
            None => {}
        }
    }
    parameters
}

/// The variables of a body, with what begins their values: of `let new = Job {`, `Job`.
fn variables(body: &[Token]) -> BTreeMap<String, Vec<String>> {
    let mut variables = BTreeMap::new();
    for at in (0..body.len()).filter(|at| body[*at].word() == Some("let")) {
        let words: Vec<&Token> =
            body[at + 1..].iter().filter(|token| token.word() != Some("mut")).take(3).collect();
        if let [Token::Word(name), Token::Mark('='), Token::Word(value)] = words[..] {
            variables.insert(name.clone(), vec![value.clone()]);
        }
    }
    variables
}

/// `stake_pool` as a type: `StakePool`.
fn camel(name: &str) -> String {
    let capital = |part: &str| {
        let mut letters = part.chars();
        letters
            .next()
            .map(|first| first.to_uppercase().chain(letters).collect::<String>())
            .unwrap_or_default()
    };
    name.split('_').map(capital).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "
        pub fn take(ctx: &mut Context<Take>, terms: &Terms) -> Result<()> { handle_take(ctx, terms) }
        pub struct Take { #[account(address = a @ AnError::WrongA)] pub a: Signer, pub more: Nested<More> }
        pub struct More { #[account(mut, address = b @ AnError::WrongB)] pub b: Signer }
        pub fn handle_take(ctx: &mut Context<Take>, terms: &Terms) -> Result<()> {
            terms.check()?;
            accounts.job.end()?;
            Offer { job }.make()?;
            let new = Fresh { job };
            new.open()
        }
        impl Fresh { fn open(&self) { AnError::NotFresh } }
        impl Pool { fn open(&self) { AnError::NoPool } }
        impl Terms { fn check(&self) { require!(x, AnError::BadTerms) } }
        impl Other { fn check(&self) { AnError::NotThis } fn end(&self) { AnError::NorThis } }
        impl Job { fn end(&self) { self.inner() } fn inner(&self) { AnError::Ended } }
        impl<'a> Offer<'a> { fn make(self) { log!(Made { a }) } }
        fn make() { AnError::FreeFunction }
        pub fn leave(ctx: &mut Context<Leave>) -> Result<()> { Ok(()) }
    ";

    #[test]
    fn an_instruction_names_what_it_and_its_calls_name() {
        let names = Source::read([SOURCE]).of_instruction("take");
        assert!(names.events.contains("Made"), "{names:?}");
        for name in ["WrongA", "WrongB", "BadTerms", "Ended", "NotFresh"] {
            assert!(names.errors.contains(name), "{name}");
        }
        for name in ["NotThis", "NorThis", "FreeFunction", "NoPool"] {
            assert!(!names.errors.contains(name), "{name}");
        }
    }

    #[test]
    fn an_instruction_that_calls_nothing_gives_nothing() {
        let names = Source::read([SOURCE]).of_instruction("leave");
        assert!(names.errors.is_empty() && names.events.is_empty(), "{names:?}");
    }
}
