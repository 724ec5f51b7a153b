//! The pages that are made from the IDLs and the programs' sources: instructions, errors, events.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};

use super::{
    calls::{Names, Source},
    handler::{Handler, plain},
    idl::{Field, Idl, Kind, Shape},
};

/// The programs, in the order of the pages.
const PROGRAMS: [&str; 5] = ["jobs", "nodes", "staking", "rewards", "pools"];

const MADE: &str = "<!-- Made by `cargo xtask book` from idl/ and programs/: do not edit. -->\n";

/// A program: its IDL, what its instructions can give, and what their files say.
struct Program {
    idl: Idl,
    gives: BTreeMap<String, Names>,
    handlers: BTreeMap<String, Handler>,
}

/// A page: its file below `docs`, and its text.
pub type Page = (&'static str, String);

/// Makes the pages.
pub fn pages(root: &Path, hints: &BTreeMap<String, String>) -> Result<Vec<Page>> {
    let programs: Vec<Program> =
        PROGRAMS.into_iter().map(|name| Program::read(root, name)).collect::<Result<_>>()?;
    for program in &programs {
        program.check()?;
    }
    Ok(vec![
        ("instructions.md", instructions(&programs)),
        ("errors.md", errors(&programs, hints)),
        ("events.md", events(&programs)),
    ])
}

/// The files of Rust below a folder, in order.
fn sources(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    paths.sort();
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            files.extend(sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(files)
}

impl Program {
    fn read(root: &Path, name: &str) -> Result<Self> {
        let idl = Idl::read(&root.join(format!("idl/grid_{name}.json")))?;
        let folder = root.join("programs").join(name).join("src");
        let mut texts = BTreeMap::new();
        for path in sources(&folder)? {
            let text =
                fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            texts.insert(path, text);
        }
        let source = Source::read(texts.values().map(String::as_str));
        let handler = |instruction: &str| {
            let path = folder.join(format!("instructions/{instruction}.rs"));
            let text = texts
                .get(&path)
                .with_context(|| format!("instruction {instruction} has no {}", path.display()))?;
            Ok::<_, anyhow::Error>(Handler::read(text))
        };
        let mut gives = BTreeMap::new();
        let mut handlers = BTreeMap::new();
        for instruction in &idl.instructions {
            gives.insert(instruction.name.clone(), source.of_instruction(&instruction.name));
            handlers.insert(instruction.name.clone(), handler(&instruction.name)?);
        }
        Ok(Self { idl, gives, handlers })
    }

    /// That each error and event is given by an instruction: else the search for them is wrong, or they are dead.
    fn check(&self) -> Result<()> {
        let errors =
            self.idl.errors.iter().map(|error| &error.name).filter(|name| self.givers(name).is_empty());
        let events =
            self.idl.events.iter().map(|event| &event.name).filter(|name| self.loggers(name).is_empty());
        let lost: Vec<&String> = errors.chain(events).collect();
        ensure!(lost.is_empty(), "no instruction of {} gives {lost:?}", self.idl.short());
        Ok(())
    }

    /// The instructions that can fail with an error.
    fn givers(&self, error: &str) -> Vec<&str> {
        let gives = self.gives.iter().filter(|(_, names)| names.errors.contains(error));
        gives.map(|(instruction, _)| instruction.as_str()).collect()
    }

    /// The instructions that can log an event.
    fn loggers(&self, event: &str) -> Vec<&str> {
        let gives = self.gives.iter().filter(|(_, names)| names.events.contains(event));
        gives.map(|(instruction, _)| instruction.as_str()).collect()
    }

    /// Links to instructions.
    fn links(&self, instructions: &[&str]) -> String {
        let program = self.idl.short();
        let link = |name: &&str| format!("[{name}](instructions.md#{program}-{name})");
        instructions.iter().map(link).collect::<Vec<_>>().join(", ")
    }
}

fn sentence(docs: &[String]) -> String {
    plain(&docs.join(" "))
}

/// What a field is; a field that points to another one is what that is.
fn about(idl: &Idl, docs: &[String]) -> String {
    let text = sentence(docs);
    let pointed = text.strip_prefix("See `").and_then(|rest| rest.split_once('`'));
    let Some((path, rest)) = pointed else { return text };
    let field = path.split_once('.').and_then(|(name, field)| {
        let Shape::Struct { fields } = &idl.find(name)?.shape else { return None };
        fields.iter().find(|found| found.name == field)
    });
    match field {
        Some(field) => {
            let more = rest.trim_start_matches(['.', ':']).trim();
            format!("{} {more}", sentence(&field.docs)).trim().to_owned()
        }
        None => text,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

/// A type as the page writes it; one of the IDL's own as a link to its table.
fn kind(program: &str, of: &Kind) -> String {
    match of {
        Kind::Plain(name) if name == "pubkey" => "address".to_owned(),
        Kind::Plain(name) => name.clone(),
        Kind::Defined { name } => format!("[{name}](#{program}-type-{})", name.to_lowercase()),
        Kind::Array(of, count) => format!("{}[{count}]", kind(program, of)),
        Kind::Vec(of) => format!("list of {}", kind(program, of)),
    }
}

fn instructions(programs: &[Program]) -> String {
    let mut page = format!("{MADE}# Instructions\n\n{INSTRUCTIONS}\n");
    for program in programs {
        let (idl, short) = (&program.idl, program.idl.short());
        let _ = writeln!(
            page,
            "## The {short} program\n\n`{}`, {} instructions.\n",
            idl.address,
            idl.instructions.len()
        );
        for instruction in &idl.instructions {
            let (name, names) = (&instruction.name, &program.gives[&instruction.name]);
            let handler = &program.handlers[name];
            let _ = writeln!(page, "### {short}: {name}\n\n{}\n", sentence(&instruction.docs));
            let parts = [
                ("Signs", &handler.signs),
                ("Money", &handler.money),
                ("Accounts behind the declared ones", &handler.remaining),
                ("Fails when", &handler.fails),
            ];
            for (label, text) in parts {
                if let Some(text) = text {
                    let _ = writeln!(page, "- **{label}**: {text}");
                }
            }
            let _ = writeln!(page, "- **Data begins with**: `{}`", hex(&instruction.discriminator));
            let events: Vec<String> = names
                .events
                .iter()
                .map(|event| format!("[{event}](events.md#{short}-{})", event.to_lowercase()))
                .collect();
            if !events.is_empty() {
                let _ = writeln!(page, "- **Logs**: {}", events.join(", "));
            }
            if !names.errors.is_empty() {
                let known = idl.errors.iter().filter(|error| names.errors.contains(&error.name));
                let links: Vec<String> =
                    known.map(|error| format!("`{}` {}", error.name, error.code)).collect();
                let _ = writeln!(
                    page,
                    "- **[Errors](errors.md#the-{short}-program) of its own**: {}",
                    links.join(", ")
                );
            }
            page.push('\n');
            if !instruction.args.is_empty() {
                page.push_str("| argument | type |\n| --- | --- |\n");
                for argument in &instruction.args {
                    let _ = writeln!(page, "| `{}` | {} |", argument.name, kind(short, &argument.kind));
                }
                page.push('\n');
            }
            page.push_str("| account | must be | what |\n| --- | --- | --- |\n");
            for account in &instruction.accounts {
                let flags = [
                    (account.signer, "signer"),
                    (account.writable, "writable"),
                    (account.optional, "or left out"),
                ];
                let flags: Vec<&str> =
                    flags.into_iter().filter_map(|(is, flag)| is.then_some(flag)).collect();
                let mut what = sentence(&account.docs);
                if let Some(address) = &account.address {
                    let _ = write!(what, " `{address}`");
                }
                let _ = writeln!(page, "| `{}` | {} | {what} |", account.name, flags.join(", "));
            }
            page.push('\n');
        }
        types(&mut page, program);
    }
    page.truncate(page.trim_end().len());
    page + "\n"
}

/// The types of arguments, and those they are made of.
fn types(page: &mut String, program: &Program) {
    let (idl, short) = (&program.idl, program.idl.short());
    let mut names: Vec<&str> = Vec::new();
    let arguments = idl.instructions.iter().flat_map(|instruction| &instruction.args);
    for argument in arguments {
        collect(idl, &argument.kind, &mut names);
    }
    for name in names {
        let Some(found) = idl.find(name) else { continue };
        let _ = writeln!(page, "### {short} type: {name}\n\n{}\n", sentence(&found.docs));
        match &found.shape {
            Shape::Struct { fields } => {
                page.push_str("| field | type | what |\n| --- | --- | --- |\n");
                for field in fields {
                    let what = about(idl, &field.docs);
                    let _ = writeln!(page, "| `{}` | {} | {what} |", field.name, kind(short, &field.kind));
                }
            }
            Shape::Enum { variants } => {
                page.push_str("| number | name |\n| ---: | --- |\n");
                for (number, variant) in variants.iter().enumerate() {
                    let _ = writeln!(page, "| {number} | `{}` |", variant.name);
                }
            }
            Shape::Type {} => {}
        }
        page.push('\n');
    }
}

fn collect<'a>(idl: &'a Idl, of: &'a Kind, names: &mut Vec<&'a str>) {
    match of {
        Kind::Plain(_) => {}
        Kind::Array(of, _) | Kind::Vec(of) => collect(idl, of, names),
        Kind::Defined { name } => {
            if names.contains(&name.as_str()) {
                return;
            }
            names.push(name);
            if let Some(Shape::Struct { fields }) = idl.find(name).map(|found| &found.shape) {
                for field in fields {
                    collect(idl, &field.kind, names);
                }
            }
        }
    }
}

fn errors(programs: &[Program], hints: &BTreeMap<String, String>) -> String {
    let mut page = format!("{MADE}# Errors\n\n{ERRORS}\n");
    for program in programs {
        let _ = writeln!(page, "## The {} program\n", program.idl.short());
        page.push_str("| number | name | message | given by |\n| ---: | --- | --- | --- |\n");
        for error in &program.idl.errors {
            let hint = hints.get(&error.name).map(|hint| format!(". *{}*", plain(hint))).unwrap_or_default();
            let given = program.links(&program.givers(&error.name));
            let message = plain(&error.msg);
            let _ = writeln!(page, "| {} | `{}` | {message}{hint} | {given} |", error.code, error.name);
        }
        page.push('\n');
    }
    page.truncate(page.trim_end().len());
    page + "\n"
}

fn events(programs: &[Program]) -> String {
    let mut page = format!("{MADE}# Events\n\n{EVENTS}\n");
    for program in programs {
        let (idl, short) = (&program.idl, program.idl.short());
        let _ = writeln!(page, "## The {short} program\n");
        for event in &idl.events {
            let Some(found) = idl.find(&event.name) else { continue };
            let _ = writeln!(page, "### {short}: {}\n\n{}\n", event.name, sentence(&found.docs));
            let loggers = program.links(&program.loggers(&event.name));
            let _ = writeln!(page, "Logged by {loggers}.\n");
            page.push_str("| offset | size | type | field | what |\n| ---: | ---: | --- | --- | --- |\n");
            let _ = writeln!(page, "| 0 | 8 | u8[8] | | `{}` |", hex(&event.discriminator));
            if let Shape::Struct { fields } = &found.shape {
                event_fields(&mut page, idl, fields, "", 8);
            }
            page.push('\n');
        }
    }
    page.truncate(page.trim_end().len());
    page + "\n"
}

/// Rows for fields, those of their parts one by one; returns where the next begins.
fn event_fields(page: &mut String, idl: &Idl, fields: &[Field], prefix: &str, mut offset: usize) -> usize {
    for field in fields {
        let name = format!("{prefix}{}", field.name);
        if let Kind::Defined { name: part } = &field.kind
            && let Some(Shape::Struct { fields }) = idl.find(part).map(|found| &found.shape)
        {
            offset = event_fields(page, idl, fields, &format!("{name}."), offset);
            continue;
        }
        let size = idl.size(&field.kind).unwrap_or_default();
        let (what, kind) = (about(idl, &field.docs), kind(idl.short(), &field.kind));
        let _ = writeln!(page, "| {offset} | {size} | {kind} | `{name}` | {what} |");
        offset += size;
    }
    offset
}

const INSTRUCTIONS: &str = "\
Every instruction of the five programs: what it does, who signs, which amounts move, when it fails, its arguments and its accounts in
their order. The sentences are the programs' own; signers, writables and types are those of the IDLs in `idl/`. How arguments become bytes,
and how an account is left out: [what an IDL can't say](accounts.md#what-else-an-idl-cant-say). The names of errors are found in the source of the
instruction and of all that it calls within its program, so that a few stand there which a check before keeps from happening; besides them every instruction can fail with [those of Anchor, the system
and the token programs](errors.md).
";

const ERRORS: &str = "\
A failed instruction returns a number. The programs' own begin at 6000, in each program anew: **which program it was, the transaction
says** (the log line `Program ID failed: custom program error: 0x…`, in hex). A failed transaction changes nothing but the fee payer's SOL. What
`grid` suggests stands in italics.

Numbers below 6000, and errors without a number, are not Grid's own:

| error | from | usually |
| --- | --- | --- |
| `MissingRequiredSignature` | Anchor | the account must sign |
| 2000 | Anchor | the account must be writable |
| 2003, 2012 | Anchor | the account is not the one that another account names |
| 2020, 2040 | Anchor | an account that may be left out was, and is needed; one account stands in two writable places |
| `InvalidSeeds` | Anchor, the system program | the address was derived from other seeds, or with another bump |
| `IllegalOwner`, `InvalidAccountData`, `UninitializedAccount` | Anchor | the account is another program's, or of another type, or not there |
| `NotEnoughAccountKeys` | Anchor | accounts are missing; what is left out is [still named](accounts.md#what-else-an-idl-cant-say) |
| `InvalidInstructionData` | Anchor | the data begins like no instruction, or is too short |
| 1, 3, 4, 17 in a call of a token program | SPL Token, Token-2022 | too few tokens; another mint; another owner; frozen |
| 0, 1 in a call of the system program | the system program | the account exists already; too little SOL |
";

const EVENTS: &str = "\
What the programs log, one event per change of state: a log line `Program data: <base64>` with 8 bytes that say which event it is, and the fields,
little-endian and unpadded. How to read them safely: [accounts](accounts.md#what-else-an-idl-cant-say). Amounts are atoms of the market's, the stake's or the
pool's mint; fields that end in `_after` or `_after_atoms` are the totals that result.
";
