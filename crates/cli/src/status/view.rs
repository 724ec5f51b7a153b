//! A node's status, as a frame of a terminal and as text: pure functions of it.

use crate::{
    facts::{Fact, Facts, printable, sol, table},
    mint::MintInfo,
    time::show_duration,
};
use ratatui::{
    Frame,
    layout::{Constraint, Layout},
    style::{Color, Modifier, Style},
    text::Line,
    widgets::{Block, Paragraph, Row, Table},
};
use serde_json::{Value, json};
use solana_address::Address;
use std::sync::Arc;

/// A node, as its operator sees it.
#[derive(Debug, Clone)]
pub struct Status {
    /// Its key.
    pub node: Address,
    /// What pays for transactions, lamports.
    pub balance_lamports: u64,
    /// What the worker tells; `None` when it does not answer.
    pub worker: Option<Worker>,
    /// Its devices, by the chain.
    pub devices: Vec<DeviceLine>,
    /// What could not be read.
    pub trouble: Option<String>,
}

/// What the worker tells of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Worker {
    /// Its version.
    pub version: String,
    /// For how long it has run, seconds.
    pub uptime_seconds: u64,
    /// Whether it is about to end.
    pub is_stopping: bool,
    /// What has not landed: what, about what, since how many seconds.
    pub open_intents: Vec<(String, String, u64)>,
    /// RPC endpoints: name, whether it answers, slots behind.
    pub endpoints: Vec<(String, bool, Option<u64>)>,
    /// What somebody should look at.
    pub problems: Vec<String>,
}

/// A device.
#[derive(Debug, Clone)]
pub struct DeviceLine {
    /// Its account.
    pub device: Address,
    /// Its market.
    pub market: Address,
    /// What it does.
    pub state: String,
    /// The job that it has.
    pub job: Option<Address>,
    /// Its place in the queue, 1 for the next.
    pub place: Option<u64>,
    /// Earned and not withdrawn, atoms.
    pub earnings_atoms: u64,
    /// Its bond, atoms.
    pub bond_atoms: u64,
    /// Jobs finished.
    pub jobs: u64,
    /// Strikes.
    pub strikes: u64,
    /// The mint.
    pub mint: Arc<MintInfo>,
    /// What the worker says of the hardware, in words.
    pub hardware: String,
}

impl DeviceLine {
    fn facts(&self) -> Facts {
        Facts::new()
            .address("device", self.device)
            .text("state", &self.state)
            .with("place", self.place.map_or(Fact::None, Fact::Number))
            .address("job", self.job.unwrap_or_default())
            .atoms("earnings", self.earnings_atoms, &self.mint)
            .atoms("bond", self.bond_atoms, &self.mint)
            .number("jobs", self.jobs)
            .number("strikes", self.strikes)
            .with(
                "hardware",
                if self.hardware.is_empty() { Fact::None } else { Fact::Text(self.hardware.clone()) },
            )
            .address("market", self.market)
    }

    fn cells(&self) -> Vec<String> {
        let place = self.place.map_or(String::new(), |place| format!(" {place}."));
        vec![
            crate::mint::short(&self.device),
            format!("{}{place}", self.state),
            self.job.as_ref().map_or_else(|| "-".to_owned(), crate::mint::short),
            self.mint.show(self.earnings_atoms),
            self.mint.show(self.bond_atoms),
            self.jobs.to_string(),
            self.strikes.to_string(),
            printable(&self.hardware),
            crate::mint::short(&self.market),
        ]
    }
}

impl Status {
    /// As JSON.
    pub fn to_json(&self) -> Value {
        let worker = self.worker.as_ref().map(|worker| {
            json!({
                "version": worker.version,
                "uptime_seconds": worker.uptime_seconds,
                "is_stopping": worker.is_stopping,
                "open_intents": worker.open_intents.iter()
                    .map(|(kind, subject, age)| json!({ "kind": kind, "subject": subject, "age_seconds": age }))
                    .collect::<Vec<_>>(),
                "endpoints": worker.endpoints.iter()
                    .map(|(name, answers, lag)| json!({ "name": name, "answers": answers, "lag_slots": lag }))
                    .collect::<Vec<_>>(),
                "problems": worker.problems,
            })
        });
        json!({
            "node": self.node.to_string(),
            "balance_lamports": self.balance_lamports,
            "worker": worker,
            "devices": self.devices.iter().map(|device| device.facts().to_json()).collect::<Vec<_>>(),
            "trouble": self.trouble,
        })
    }

    /// The lines above the devices.
    fn head(&self) -> Vec<String> {
        let mut lines = vec![format!("node {}, {} for fees", self.node, sol(self.balance_lamports))];
        match &self.worker {
            None => lines.push("the worker does not answer".to_owned()),
            Some(worker) => {
                let stopping = if worker.is_stopping { ", stopping" } else { "" };
                lines.push(format!(
                    "worker {} for {}{stopping}, {} open transactions",
                    printable(&worker.version),
                    show_duration(worker.uptime_seconds),
                    worker.open_intents.len()
                ));
            }
        }
        if let Some(trouble) = &self.trouble {
            lines.push(format!("! {}", printable(trouble)));
        }
        lines
    }

    /// The lines below the devices.
    fn foot(&self) -> Vec<String> {
        let Some(worker) = &self.worker else { return Vec::new() };
        let mut lines = Vec::new();
        for problem in &worker.problems {
            lines.push(format!("! {}", printable(problem)));
        }
        for (name, answers, lag) in &worker.endpoints {
            let state = match (answers, lag) {
                (false, _) => "does not answer".to_owned(),
                (true, Some(lag)) if *lag > 0 => format!("{lag} slots behind"),
                (true, _) => "answers".to_owned(),
            };
            lines.push(format!("RPC {} {state}", printable(name)));
        }
        for (kind, subject, age) in &worker.open_intents {
            lines.push(format!(
                "open {} {} for {}",
                printable(kind),
                printable(subject),
                show_duration(*age)
            ));
        }
        lines
    }
}

/// The status as text.
pub fn to_text(status: &Status) -> String {
    let rows: Vec<Facts> = status.devices.iter().map(DeviceLine::facts).collect();
    let lines = |lines: Vec<String>| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    let devices = if rows.is_empty() { "no devices\n".to_owned() } else { table(&rows) };
    format!("{}{devices}{}", lines(status.head()), lines(status.foot()))
}

const HEADS: [&str; 9] =
    ["DEVICE", "STATE", "JOB", "EARNINGS", "BOND", "JOBS", "STRIKES", "HARDWARE", "MARKET"];

/// Draws the status.
pub fn draw(frame: &mut Frame<'_>, status: &Status) {
    let (head, foot) = (status.head(), status.foot());
    let areas = Layout::vertical([
        Constraint::Length(head.len() as u16 + 1),
        Constraint::Min(4),
        Constraint::Length((foot.len() as u16).min(12)),
        Constraint::Length(1),
    ])
    .split(frame.area());
    let alarm = Style::default().fg(Color::Red);
    let lines = |lines: Vec<String>| -> Vec<Line<'static>> {
        let style = |line: String| match line.starts_with('!') {
            true => Line::styled(line, alarm),
            false => Line::raw(line),
        };
        lines.into_iter().map(style).collect()
    };
    frame.render_widget(Paragraph::new(lines(head)), areas[0]);
    let rows = status.devices.iter().map(|device| Row::new(device.cells()).style(colour(&device.state)));
    let widths = [10, 14, 10, 18, 18, 6, 8, 24, 10].map(Constraint::Length);
    let heads = Row::new(HEADS).style(Style::default().add_modifier(Modifier::BOLD));
    let table = Table::new(rows, widths).header(heads).block(Block::bordered().title("devices"));
    frame.render_widget(table, areas[1]);
    frame.render_widget(Paragraph::new(lines(foot)), areas[2]);
    frame.render_widget(Paragraph::new("q leaves; the node goes on"), areas[3]);
}

fn colour(state: &str) -> Style {
    match state {
        "running" => Style::default().fg(Color::Green),
        "assigned" => Style::default().fg(Color::Yellow),
        "failed" => Style::default().fg(Color::Red),
        _ => Style::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::{Terminal, backend::TestBackend};

    fn status() -> Status {
        let mint = Arc::new(MintInfo::named(Address::default(), 6, "GRID"));
        let device = DeviceLine {
            device: Address::new_from_array([2; 32]),
            market: Address::new_from_array([3; 32]),
            state: "running".into(),
            job: Some(Address::new_from_array([4; 32])),
            place: None,
            earnings_atoms: 1_500_000,
            bond_atoms: 2_000_000,
            jobs: 12,
            strikes: 1,
            mint,
            hardware: "61 °C, 250 W".into(),
        };
        let queued = DeviceLine { state: "queued".into(), job: None, place: Some(3), ..device.clone() };
        Status {
            node: Address::new_from_array([1; 32]),
            balance_lamports: 5_000_000_000,
            worker: Some(Worker {
                version: "0.1.0".into(),
                uptime_seconds: 3_700,
                is_stopping: false,
                open_intents: vec![("finish".into(), "JOB".into(), 9)],
                endpoints: vec![("http://a".into(), true, Some(0)), ("http://b".into(), false, None)],
                problems: vec!["low-disk: make room\u{1b}[2J".into()],
            }),
            devices: vec![device, queued],
            trouble: None,
        }
    }

    fn screen(status: &Status) -> String {
        let mut terminal = Terminal::new(TestBackend::new(130, 20)).unwrap();
        terminal.draw(|frame| draw(frame, status)).unwrap();
        let buffer = terminal.backend().buffer();
        let row = |y| (0..130).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
        (0..20).map(row).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_screen_shows_devices_worker_and_what_is_wrong() {
        let screen = screen(&status());
        for part in [
            "5.000000000 SOL for fees",
            "worker 0.1.0 for 1h1m, 1 open transactions",
            "running",
            "queued 3.",
            "1.500000 GRID",
            "61 °C, 250 W",
            "! low-disk: make room\u{fffd}[2J",
            "RPC http://a answers",
            "RPC http://b does not answer",
            "open finish JOB for 9s",
            "q leaves",
        ] {
            assert!(screen.contains(part), "`{part}` is not in\n{screen}");
        }
    }

    #[test]
    fn a_worker_that_is_silent_is_said_so_and_the_chain_still_shown() {
        let silent = Status { worker: None, trouble: Some("no answer".into()), ..status() };
        let screen = screen(&silent);
        assert!(screen.contains("the worker does not answer") && screen.contains("! no answer"), "{screen}");
        assert!(screen.contains("1.500000 GRID"), "{screen}");
        assert_eq!(silent.to_json()["worker"], Value::Null);
    }

    #[test]
    fn the_smallest_screen_does_not_panic() {
        let mut terminal = Terminal::new(TestBackend::new(1, 1)).unwrap();
        terminal.draw(|frame| draw(frame, &status())).unwrap();
    }

    #[test]
    fn text_and_json_say_the_same() {
        let (text, json) = (to_text(&status()), status().to_json());
        assert!(text.contains("DEVICE") && text.contains("queued") && text.contains("low-disk"), "{text}");
        assert_eq!(json["devices"][0]["earnings_atoms"], 1_500_000);
        assert_eq!(json["devices"][1]["place"], 3);
        assert_eq!(json["worker"]["endpoints"][1]["answers"], false);
    }
}
