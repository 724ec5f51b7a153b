//! What the documentation shows: its commands are run as they stand there, and must print what it says they print; and every
//! `grid …` that it names is a command with these options.
//!
//! A block of commands says how it is run, in a comment before it:
//!
//! - `run: SCENARIO SHELL`: here, in this order, in a shell of that name. Programs that go on (`grid localnet`, `grid node
//!   start`) stay until the end of the scenario. With `; at "WORDS" kill SHELL` what runs in that shell is killed when these
//!   words are printed by the block's first command, and started again. With `; stop SHELL` what runs there is ended before, as
//!   Ctrl-C ends it. With `; numbers vary` a number stands for any of as many parts.
//! - `shows: SCENARIO SHELL`: what has been printed in that shell by then.
//! - `file: SCENARIO PATH`: the block is added to that file.
//!
//! In what a command prints, `…` stands for any words, a line of its own for any lines; an address or hash is cut to its ends, and
//! is the same in all places where it is cut the same.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Condvar, Mutex},
    time::{Duration, Instant},
};

/// Longest run of a command, and longest wait for what one that goes on prints.
const PATIENCE: Duration = Duration::from_secs(180);

/// A page, and the shells that are used of it.
type Part = (&'static str, &'static [&'static str]);

/// What each scenario is made of.
const SCENARIOS: [(&str, &[Part]); 2] = [
    ("newcomer", &[("README.md", &["first", "second", "third"])]),
    ("client", &[("README.md", &["first", "second"]), ("docs/guide-client.md", &["client"])]),
];

#[test]
fn the_newcomers_path_runs_as_the_readme_says() {
    Stage::new().play("newcomer");
}

#[test]
fn the_clients_guide_runs_as_it_says() {
    Stage::new().play("client");
}

/// No block claims to be run by a scenario that is not there.
#[test]
fn every_block_that_says_it_is_run_is_run() {
    let known: BTreeSet<(&str, String)> = SCENARIOS
        .iter()
        .flat_map(|(_, parts)| parts.iter())
        .flat_map(|(page, shells)| shells.iter().map(|shell| (*page, (*shell).to_owned())))
        .collect();
    let mut blocks_run = 0;
    for (page, text) in pages() {
        for block in blocks(&text) {
            if let Some(Marker::Run { scenario, shell, .. }) = block.marker() {
                assert!(
                    SCENARIOS.iter().any(|(name, _)| *name == scenario),
                    "{page}:{}: {scenario}",
                    block.line
                );
                assert!(
                    known.contains(&(page.as_str(), shell.clone())),
                    "{page}:{}: shell {shell}",
                    block.line
                );
                blocks_run += 1;
            }
        }
    }
    assert!(blocks_run >= 5, "only {blocks_run} blocks are run");
}

/// `grid …` in backticks and in blocks names commands and options that there are.
#[test]
fn every_command_that_is_named_exists() {
    let mut help = Help::default();
    let mut faults = Vec::new();
    let mut checked = 0;
    for (page, text) in pages() {
        for (line, command) in mentions(&text) {
            checked += 1;
            if let Some(fault) = help.fault(&command) {
                faults.push(format!("{page}:{line}: `{command}`: {fault}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(checked > 100, "only {checked} commands were found");
}

/// The checkout.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The pages, by their path from the top.
fn pages() -> BTreeMap<String, String> {
    let docs = fs::read_dir(root().join("docs"))
        .expect("the pages")
        .map(|entry| entry.expect("an entry").file_name());
    let names = docs.map(|name| format!("docs/{}", name.to_str().expect("a name in UTF-8")));
    let pages = names.filter(|name| name.ends_with(".md")).chain(["README.md".to_owned()]);
    pages.map(|name| (name.clone(), fs::read_to_string(root().join(&name)).expect("a page"))).collect()
}

/// A block of a page.
struct Block {
    line: usize,
    comment: String,
    lines: Vec<String>,
}

/// What the comment before a block says.
enum Marker {
    Run {
        scenario: String,
        shell: String,
        kill: Option<(String, String)>,
        stop: Option<String>,
        do_numbers_vary: bool,
    },
    Shows {
        scenario: String,
        shell: String,
    },
    File {
        scenario: String,
        path: String,
    },
}

/// The blocks of a page.
fn blocks(page: &str) -> Vec<Block> {
    let (mut blocks, mut open, mut comment) = (Vec::new(), None::<Block>, String::new());
    for (index, line) in page.lines().enumerate() {
        let trimmed = line.trim();
        match &mut open {
            Some(_) if trimmed == "```" => blocks.extend(open.take()),
            Some(block) => block.lines.push(line.to_owned()),
            None if trimmed.starts_with("```") => {
                open =
                    Some(Block { line: index + 1, comment: std::mem::take(&mut comment), lines: Vec::new() });
            }
            None if trimmed.starts_with("<!--") => {
                comment = trimmed.trim_start_matches("<!--").trim_end_matches("-->").trim().to_owned();
            }
            None if trimmed.is_empty() => {}
            None => comment.clear(),
        }
    }
    blocks
}

impl Block {
    fn marker(&self) -> Option<Marker> {
        let (word, rest) = self.comment.split_once(": ")?;
        let mut parts = rest.split("; ");
        let names = parts.next().unwrap_or_default();
        let (scenario, name) = names.split_once(' ').map(|(a, b)| (a.to_owned(), b.trim().to_owned()))?;
        match word {
            "run" => {
                let (mut kill, mut stop, mut do_numbers_vary) = (None, None, false);
                for part in parts {
                    match part.strip_prefix("at \"").and_then(|rest| rest.split_once("\" kill ")) {
                        Some((words, victim)) => kill = Some((words.to_owned(), victim.to_owned())),
                        None if part.starts_with("stop ") => stop = Some(part.replacen("stop ", "", 1)),
                        None if part == "numbers vary" => do_numbers_vary = true,
                        None => panic!("line {}: what is `{part}`?", self.line),
                    }
                }
                Some(Marker::Run { scenario, shell: name, kill, stop, do_numbers_vary })
            }
            "shows" => Some(Marker::Shows { scenario, shell: name }),
            "file" => Some(Marker::File { scenario, path: name }),
            _ => None,
        }
    }

    /// The commands, each with the lines that it prints.
    fn commands(&self) -> Vec<(String, Vec<String>)> {
        let mut commands: Vec<(String, Vec<String>)> = Vec::new();
        for line in &self.lines {
            match (line.strip_prefix("$ "), commands.last_mut()) {
                (Some(command), _) => commands.push((command.to_owned(), Vec::new())),
                (None, Some((_, printed))) => printed.push(line.clone()),
                (None, None) => panic!("line {}: `{line}` stands before the first command", self.line),
            }
        }
        commands
    }
}

/// A home, free ports, the shells, and what cut addresses stand for.
struct Stage {
    home: tempfile::TempDir,
    /// The ports of the pages, and those that are used for them here.
    ports: Vec<(String, String)>,
    exports: BTreeMap<String, String>,
    running: BTreeMap<String, Running>,
    /// Names of the page, and what they are here; both cut.
    names: BTreeMap<String, String>,
    /// Addresses and hashes that were printed, by their cut form.
    whole: BTreeMap<String, String>,
}

impl Stage {
    fn new() -> Self {
        let home = tempfile::tempdir().expect("a home");
        std::os::unix::fs::symlink(root().join("examples"), home.path().join("examples")).expect("a link");
        let free = || {
            TcpListener::bind("127.0.0.1:0")
                .and_then(|listener| listener.local_addr())
                .expect("a free port")
                .port()
        };
        // The websocket's port is the one behind RPC's.
        let rpc = loop {
            let port = free();
            if port < u16::MAX && TcpListener::bind(("127.0.0.1", port + 1)).is_ok() {
                break port;
            }
        };
        let ports = [(8899, rpc), (8900, rpc + 1), (8470, free()), (8471, free())];
        let ports = ports.map(|(page, here)| (page.to_string(), here.to_string())).to_vec();
        Self {
            home,
            ports,
            exports: BTreeMap::new(),
            running: BTreeMap::new(),
            names: BTreeMap::new(),
            whole: BTreeMap::new(),
        }
    }

    fn play(mut self, scenario: &str) {
        let (_, parts) = SCENARIOS.iter().find(|(name, _)| *name == scenario).expect("a scenario");
        let pages = pages();
        for (page, shells) in *parts {
            // The first part of a scenario may be another one's.
            let is_of = |name: &str| name == scenario || parts.len() > 1;
            for block in blocks(&pages[*page]) {
                let place = format!("{page}:{}", block.line);
                match block.marker() {
                    Some(Marker::Run { scenario, shell, mut kill, stop, do_numbers_vary })
                        if is_of(&scenario) && shells.contains(&shell.as_str()) =>
                    {
                        if let Some(shell) = stop {
                            self.running.remove(&shell).expect("something runs in that shell").end();
                        }
                        for (command, printed) in block.commands() {
                            self.run(&place, &shell, &command, &printed, do_numbers_vary, kill.take());
                        }
                    }
                    Some(Marker::Shows { scenario, shell })
                        if is_of(&scenario) && self.running.contains_key(&shell) && parts.len() == 1 =>
                    {
                        self.shows(&place, &shell, &block.lines);
                    }
                    Some(Marker::File { scenario, path }) if is_of(&scenario) => {
                        let path = self.home.path().join(path.trim_start_matches("~/"));
                        let mut file = fs::OpenOptions::new()
                            .append(true)
                            .create(true)
                            .open(&path)
                            .expect("the file opens");
                        writeln!(file, "\n{}", block.lines.join("\n")).expect("the file is written");
                    }
                    _ => {}
                }
            }
        }
        // As Ctrl-C in each shell would end them, those that came last first.
        for name in ["second", "first"] {
            if let Some(running) = self.running.remove(name) {
                running.end();
            }
        }
    }

    /// A command of the page as it is run here.
    fn here(&self, place: &str, command: &str) -> String {
        let mut here = command.to_owned();
        for (page, port) in &self.ports {
            here = here.replace(page.as_str(), port);
        }
        for cut in cuts(command) {
            let name = self
                .names
                .get(&cut)
                .unwrap_or_else(|| panic!("{place}: nothing printed {cut} before `{command}`"));
            let whole =
                self.whole.get(name).unwrap_or_else(|| panic!("{place}: {cut} was never printed whole"));
            here = here.replace(&cut, whole);
        }
        here
    }

    fn command(&self, command: &str) -> Command {
        let grid = Path::new(env!("CARGO_BIN_EXE_grid")).parent().expect("a folder");
        let programs =
            std::env::var_os("GRID_SBF_DIR").map_or_else(|| root().join("target/deploy"), PathBuf::from);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::iter::once(grid.to_owned()).chain(std::env::split_paths(&path));
        let rpc = format!("http://127.0.0.1:{}", self.ports[0].1);
        let mut bash = Command::new("bash");
        bash.args(["-c", &format!("exec 2>&1\n{command}")])
            .current_dir(self.home.path())
            .stdin(Stdio::null());
        bash.env_clear().env("HOME", self.home.path()).env("GRID_SBF_DIR", programs);
        bash.env("PATH", std::env::join_paths(path).expect("a PATH"));
        // What the page leaves at its defaults, on ports that are free here.
        bash.env("GRID_RPC_PORT", &self.ports[0].1).env("GRID_URL", rpc);
        bash.env("GRID_LISTEN", format!("0.0.0.0:{}", self.ports[2].1));
        bash.env("GRID_PRIVATE_LISTEN", format!("127.0.0.1:{}", self.ports[3].1));
        bash.envs(&self.exports).process_group(0).stdout(Stdio::piped());
        bash
    }

    fn run(
        &mut self,
        place: &str,
        shell: &str,
        command: &str,
        printed: &[String],
        do_numbers_vary: bool,
        kill: Option<(String, String)>,
    ) {
        let here = self.here(place, command);
        if let Some(export) = here.strip_prefix("export ") {
            let (name, value) = export.split_once('=').expect("NAME=VALUE");
            let value = value.split_whitespace().next().unwrap_or_default();
            self.exports.insert(name.to_owned(), value.to_owned());
            return;
        }
        let running = Running::start(self.command(&here), here.clone());
        if here.starts_with("grid localnet") || here.starts_with("grid node start") {
            self.running.insert(shell.to_owned(), running);
            self.shows(place, shell, printed);
            return;
        }
        if let Some((words, victim)) = kill {
            running.wait_for(place, |lines| lines.iter().any(|line| line.contains(words.as_str())));
            let killed = self.running.remove(&victim).expect("something runs in that shell");
            let again = killed.command.clone();
            killed.kill();
            let started = Running::start(self.command(&again), again);
            self.running.insert(victim, started);
        }
        let (code, lines) = running.finish(place);
        let lines = self.as_printed(&lines);
        let strip = |lines: &[String]| lines.iter().map(|line| without_numbers(line)).collect::<Vec<_>>();
        let is_as_shown = match do_numbers_vary {
            true => matches(&strip(printed), &strip(&lines), &mut self.names),
            false => matches(printed, &lines, &mut self.names),
        };
        assert!(is_as_shown, "{}", told(place, command, printed, &lines));
        let shows_a_fault = printed.iter().any(|line| line.starts_with("fail"));
        assert!(code == 0 || shows_a_fault, "{place}: `{command}` ended with {code}:\n{}", lines.join("\n"));
    }

    /// That what runs in a shell prints these lines, now or soon, in this order and among others.
    fn shows(&mut self, place: &str, shell: &str, printed: &[String]) {
        let any = || "…".to_owned();
        let printed: Vec<String> =
            printed.iter().flat_map(|line| [any(), line.clone()]).chain([any()]).collect();
        let began = Instant::now();
        loop {
            let lines = self.running[shell].lines();
            let lines = self.as_printed(&lines);
            if matches(&printed, &lines, &mut self.names.clone()) {
                matches(&printed, &lines, &mut self.names);
                return;
            }
            let has_ended = self.running.get_mut(shell).is_some_and(Running::has_ended);
            assert!(!has_ended && began.elapsed() < PATIENCE, "{}", told(place, shell, &printed, &lines));
            self.running[shell].wait_for_more(lines.len());
        }
    }

    /// Lines as a page shows them: without what is this run's own. Remembers what is cut.
    fn as_printed(&mut self, lines: &[String]) -> Vec<String> {
        let home = self.home.path().to_str().expect("a path in UTF-8").to_owned();
        let mut shown = Vec::new();
        for line in lines {
            let mut line = line.replace(&home, "~");
            for word in
                line.clone().split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| word.len() >= 32)
            {
                let cut = format!("{}…{}", &word[..4], &word[word.len() - 4..]);
                line = line.replace(word, &cut);
                self.whole.insert(cut, word.to_owned());
            }
            for (page, here) in &self.ports {
                line = line.replace(&format!(":{here}"), &format!(":{page}"));
            }
            shown.push(line);
        }
        shown
    }
}

fn told(place: &str, what: &str, printed: &[String], lines: &[String]) -> String {
    format!(
        "{place}: `{what}` should print\n{}\n--- and prints\n{}\n---",
        printed.join("\n"),
        lines.join("\n")
    )
}

/// A line with every number that stands by itself replaced: `12s` and `0.018000` by `#s` and `#.#`.
fn without_numbers(line: &str) -> String {
    let words = line.split_whitespace().map(|word| {
        match word.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit()) && cuts(word).is_empty()
        {
            true => {
                let marked: String = word.chars().map(|c| if c.is_ascii_digit() { '#' } else { c }).collect();
                let mut short: Vec<char> = marked.chars().collect();
                short.dedup_by(|a, b| *a == '#' && a == b);
                short.into_iter().collect()
            }
            false => word.to_owned(),
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Words that are cut: four characters, `…`, four characters.
fn cuts(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '…');
    words.filter(|word| is_cut(word)).map(str::to_owned).collect()
}

fn is_cut(word: &str) -> bool {
    word.split_once('…').is_some_and(|(begin, end)| {
        [begin, end].iter().all(|part| part.len() == 4 && part.chars().all(|c| c.is_ascii_alphanumeric()))
    })
}

/// Whether lines are as a page shows them; learns what its names are here.
fn matches(shown: &[String], lines: &[String], names: &mut BTreeMap<String, String>) -> bool {
    match (shown.split_first(), lines.split_first()) {
        (None, rest) => rest.is_none(),
        (Some((first, others)), _) if first.trim() == "…" => (0..=lines.len()).any(|skipped| {
            let mut tried = names.clone();
            let fits = matches(others, &lines[skipped..], &mut tried);
            if fits {
                *names = tried;
            }
            fits
        }),
        (Some(_), None) => false,
        (Some((first, others)), Some((line, rest))) => {
            let shown: Vec<&str> = first.split_whitespace().collect();
            let found: Vec<&str> = line.split_whitespace().collect();
            words_match(&shown, &found, names) && matches(others, rest, names)
        }
    }
}

fn words_match(shown: &[&str], found: &[&str], names: &mut BTreeMap<String, String>) -> bool {
    match (shown.split_first(), found.split_first()) {
        (None, rest) => rest.is_none(),
        (Some((&"…", others)), _) => {
            (0..=found.len()).any(|skipped| words_match(others, &found[skipped..], names))
        }
        (Some(_), None) => false,
        (Some((first, others)), Some((word, rest))) => {
            word_matches(first, word, names) && words_match(others, rest, names)
        }
    }
}

fn word_matches(shown: &str, found: &str, names: &mut BTreeMap<String, String>) -> bool {
    if let (Some(name), Some(cut)) = (cuts(shown).first(), cuts(found).first()) {
        let frame = |word: &str, cut: &str| word.replacen(cut, "", 1);
        let is_same = names.get(name).is_none_or(|known| known == cut);
        let is_free = names.get(name).is_some() || !names.values().any(|known| known == cut);
        if is_same && is_free && frame(shown, name) == frame(found, cut) {
            names.insert(name.clone(), cut.clone());
            return true;
        }
        return false;
    }
    match shown.split_once('…') {
        Some((begin, end)) => {
            found.starts_with(begin) && found.ends_with(end) && found.len() >= begin.len() + end.len()
        }
        None => shown == found,
    }
}

/// What a program has printed so far, and whether there will be more.
type Printed = Arc<(Mutex<(Vec<String>, bool)>, Condvar)>;

/// A program that runs; it and all that it started are killed when it is dropped.
struct Running {
    command: String,
    child: Child,
    printed: Printed,
}

impl Running {
    fn start(mut bash: Command, command: String) -> Self {
        let mut child = bash.spawn().expect("bash starts");
        let output = BufReader::new(child.stdout.take().expect("its output"));
        let printed = Printed::default();
        let reader = Arc::clone(&printed);
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                reader.0.lock().expect("no panic").0.push(line);
                reader.1.notify_all();
            }
            reader.0.lock().expect("no panic").1 = true;
            reader.1.notify_all();
        });
        Self { command, child, printed }
    }

    fn lines(&self) -> Vec<String> {
        self.printed.0.lock().expect("no panic").0.clone()
    }

    fn has_ended(&mut self) -> bool {
        self.printed.0.lock().expect("no panic").1
    }

    /// Waits until more than so many lines are printed, or for a while.
    fn wait_for_more(&self, lines: usize) {
        let guard = self.printed.0.lock().expect("no panic");
        let waits = |state: &mut (Vec<String>, bool)| state.0.len() <= lines && !state.1;
        drop(self.printed.1.wait_timeout_while(guard, Duration::from_secs(1), waits).expect("no panic"));
    }

    fn wait_for(&self, place: &str, is_so: impl Fn(&[String]) -> bool) {
        let guard = self.printed.0.lock().expect("no panic");
        let waits = |state: &mut (Vec<String>, bool)| !is_so(&state.0) && !state.1;
        let (guard, _) = self.printed.1.wait_timeout_while(guard, PATIENCE, waits).expect("no panic");
        assert!(is_so(&guard.0), "{place}: `{}` printed only\n{}", self.command, guard.0.join("\n"));
    }

    /// Waits for the end; the exit code and all that was printed.
    fn finish(mut self, place: &str) -> (i32, Vec<String>) {
        {
            let guard = self.printed.0.lock().expect("no panic");
            let (guard, _) =
                self.printed.1.wait_timeout_while(guard, PATIENCE, |state| !state.1).expect("no panic");
            assert!(guard.1, "{place}: `{}` does not end; so far\n{}", self.command, guard.0.join("\n"));
        }
        let code = self.child.wait().expect("it has ended").code().unwrap_or(-1);
        (code, self.lines())
    }

    fn signal(&self, name: &str) {
        // The whole group: the shell and what it started.
        let group = format!("-{}", self.child.id());
        Command::new("kill").args([name, "--", &group]).status().expect("kill runs");
    }

    /// As Ctrl-C ends it.
    fn end(self) {
        self.signal("-INT");
        let name = self.command.clone();
        let (code, lines) = self.finish("the end");
        assert!([0, 130].contains(&code), "`{name}` ended with {code} after Ctrl-C:\n{}", lines.join("\n"));
    }

    fn kill(mut self) {
        self.signal("-KILL");
        self.child.wait().expect("it has ended");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.signal("-KILL");
            let _ = self.child.wait();
        }
    }
}

/// `grid …` in backticks, and in the blocks of shells; with the numbers of their lines.
fn mentions(page: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut is_open = false;
    for (index, line) in page.lines().enumerate() {
        let line = line.trim();
        if line.starts_with("```") {
            is_open = !is_open;
        } else if is_open {
            found.extend(
                line.strip_prefix("$ ")
                    .or(Some(line))
                    .filter(|text| text.starts_with("grid "))
                    .map(|text| (index + 1, text.to_owned())),
            );
        } else {
            let spans = line.split('`').skip(1).step_by(2).filter(|span| span.starts_with("grid "));
            found.extend(spans.map(|span| (index + 1, span.to_owned())));
        }
    }
    // The first line of a text that is signed: docs/node-api.md.
    found.retain(|(_, command)| command != "grid request 1");
    found
}

/// What `grid … --help` says, by the words before `--help`.
#[derive(Default)]
struct Help {
    texts: BTreeMap<Vec<String>, String>,
}

impl Help {
    fn of(&mut self, words: &[String]) -> &str {
        self.texts.entry(words.to_vec()).or_insert_with(|| {
            let ran = Command::new(env!("CARGO_BIN_EXE_grid"))
                .args(words)
                .arg("--help")
                .output()
                .expect("grid runs");
            assert!(ran.status.success(), "grid {words:?} --help fails");
            String::from_utf8(ran.stdout).expect("text")
        })
    }

    /// Whether a help lists subcommands, and this one among them.
    fn lists(help: &str, command: &str) -> Option<bool> {
        let (_, list) = help.split_once("\nCommands:\n")?;
        let names = list
            .lines()
            .take_while(|line| !line.is_empty())
            .filter_map(|line| line.split_whitespace().next());
        Some(names.into_iter().any(|name| name == command))
    }

    /// Why a command line is none of grid's.
    fn fault(&mut self, command: &str) -> Option<String> {
        // Behind a pipe, a comment or the job's own command grid's part is over.
        let part = command.split(" -- ").next().unwrap_or_default();
        let part = part.split([';', '|', '>', '#', '&']).next().unwrap_or_default();
        let mut path: Vec<String> = Vec::new();
        let mut options = BTreeSet::new();
        let mut is_path = true;
        for word in part.split_whitespace().skip(1) {
            let word = word.trim_end_matches([',', '.', ']', ')']).trim_start_matches(['[', '(']);
            if word.starts_with('-') && word.len() > 1 {
                options.insert(word.split('=').next().unwrap_or(word).to_owned());
                continue;
            }
            if is_path && word != "…" {
                match Self::lists(self.of(&path), word) {
                    Some(true) => path.push(word.to_owned()),
                    // A word in capitals stands for any command.
                    Some(false) if word.chars().all(|c| c.is_ascii_uppercase()) => is_path = false,
                    Some(false) => return Some(format!("grid {} has no command {word}", path.join(" "))),
                    None => is_path = false,
                }
            }
        }
        let help = self.of(&path).to_owned();
        let has = |option: &String| help.split([' ', ',', '\n']).any(|word| word == option);
        options.into_iter().find(|option| !has(option)).map(|option| format!("there is no {option}"))
    }
}

#[test]
fn what_is_shown_is_compared() {
    let shown = |text: &str| -> Vec<String> { text.lines().map(str::to_owned).collect() };
    let mut names = BTreeMap::new();
    let lines = shown("key abcd…efgh is there\nslot 46 it is\nmore\nlast abcd…efgh: 3");
    assert!(matches(&shown("key 1111…2222 is there\nslot … is\n…\nlast 1111…2222: 3"), &lines, &mut names));
    assert_eq!(names["1111…2222"], "abcd…efgh");
    for wrong in [
        "key 1111…2222 is there\nslot … is\nlast 1111…2222: 3",
        "key 1111…2222 is there\n…\nlast 3333…4444: 3",
        "key 1111…2222 is there\n…\nlast 1111…2222: 4",
        "key 1111…2222 is\n…",
    ] {
        assert!(!matches(&shown(wrong), &lines, &mut BTreeMap::new()), "{wrong}");
    }
}
