//! Alerts: problems that begin or end are posted to a webhook.
//!
//! What is posted follows from the difference between the problems there are and those that were told. So nothing has to be
//! queued: a post that fails is made up for by the next one, which tells how things are then.

use crate::{metrics::Metrics, view::Overview};
use grid_executor::CancellationToken;
use grid_node_api::report::{Problem, ProblemKind};
use reqwest::{Client, StatusCode, header, redirect};
use serde::{Deserialize, Serialize};
use solana_address::Address;
use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};
use tokio::time::Instant;

/// Alerts in one post; what is more follows in the next.
const MAX_ALERTS: usize = 50;
/// Longest wait after the first post that failed; it doubles.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
/// Longest wait after a post that failed.
const MAX_PAUSE: Duration = Duration::from_secs(600);
/// How long the webhook may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// Where alerts go.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertConfig {
    /// Where they are posted, `http` or `https`. It may hold a secret, so it is not shown.
    pub url: String,
    /// Value of the header `Authorization`.
    #[serde(default)]
    pub authorization: Option<String>,
    /// Time between two looks at the worker, milliseconds.
    #[serde(default = "default_look_milliseconds")]
    pub look_milliseconds: u64,
    /// Least time between two posts, milliseconds.
    #[serde(default = "default_pause_milliseconds")]
    pub pause_milliseconds: u64,
    /// For how long a problem must be gone to count as over, milliseconds: one that comes and goes is told once.
    #[serde(default = "default_settle_milliseconds")]
    pub settle_milliseconds: u64,
    /// Time after which a problem that lasts is told again, milliseconds.
    #[serde(default = "default_repeat_milliseconds")]
    pub repeat_milliseconds: u64,
}

fn default_look_milliseconds() -> u64 {
    10_000
}

fn default_pause_milliseconds() -> u64 {
    60_000
}

fn default_settle_milliseconds() -> u64 {
    300_000
}

fn default_repeat_milliseconds() -> u64 {
    21_600_000
}

impl fmt::Debug for AlertConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AlertConfig")
            .field("repeat_milliseconds", &self.repeat_milliseconds)
            .finish_non_exhaustive()
    }
}

/// The address of the webhook can't be used.
#[derive(Debug, thiserror::Error)]
#[error("the address for alerts can't be used: {problem}")]
pub struct AlertError {
    problem: String,
}

/// What is posted.
#[derive(Debug, Serialize)]
struct Post<'a> {
    /// All of it in words, where chats look for it.
    text: String,
    node: String,
    time: u64,
    alerts: Vec<Alert<'a>>,
}

#[derive(Debug, Serialize)]
struct Alert<'a> {
    state: State,
    #[serde(flatten)]
    problem: &'a Problem,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    Begun,
    Lasting,
    Over,
}

/// Posts what is wrong with a worker until it is stopped.
#[derive(Debug)]
pub struct Alerts {
    config: AlertConfig,
    client: Client,
    overview: Overview,
    metrics: Arc<Metrics>,
    told: Told,
}

impl Alerts {
    /// For the worker that `overview` looks at.
    pub fn new(config: AlertConfig, overview: Overview, metrics: Arc<Metrics>) -> Result<Self, AlertError> {
        let unusable = |problem: String| AlertError { problem };
        let url = reqwest::Url::parse(&config.url).map_err(|error| unusable(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(unusable("it must start with http:// or https://".to_owned()));
        }
        let client = Client::builder()
            .timeout(ANSWER_TIMEOUT)
            .redirect(redirect::Policy::none())
            .build()
            .map_err(|error| unusable(error.to_string()))?;
        Ok(Self { config, client, overview, metrics, told: Told::default() })
    }

    /// Looks at the worker and posts what there is to tell, until `stop`.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut failures = 0_u32;
        let mut next_post = Instant::now();
        loop {
            let report = self.overview.report();
            let now = Instant::now();
            let changes = self.told.changes(&report.problems, now, &self.config);
            let mut wait = Duration::from_millis(self.config.look_milliseconds.max(1));
            if !changes.is_empty() && now >= next_post {
                let posted = tokio::select! {
                    posted = self.post(&changes, report.node, report.now) => posted,
                    () = stop.cancelled() => return,
                };
                let least = Duration::from_millis(self.config.pause_milliseconds);
                let pause = match posted {
                    Ok(()) => {
                        failures = 0;
                        self.told.note(changes, Instant::now());
                        self.metrics.alert_post("accepted");
                        least
                    }
                    Err(problem) => {
                        failures = failures.saturating_add(1);
                        self.metrics.alert_post("failed");
                        tracing::warn!(problem, failures, "an alert could not be posted; it is tried again");
                        let first = least.clamp(Duration::from_millis(1), FIRST_PAUSE);
                        first.saturating_mul(2_u32.saturating_pow(failures - 1)).min(MAX_PAUSE)
                    }
                };
                next_post = Instant::now() + pause;
            }
            // A post that waits is made when its time comes.
            if next_post > Instant::now() {
                wait = wait.min(next_post - Instant::now());
            }
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    async fn post(&self, changes: &[(State, Problem)], node: Address, time: u64) -> Result<(), String> {
        let alerts: Vec<_> =
            changes.iter().map(|(state, problem)| Alert { state: *state, problem }).collect();
        let post = Post { text: in_words(changes, &node), node: node.to_string(), time, alerts };
        let body = serde_json::to_vec(&post).map_err(|error| error.to_string())?;
        let mut request = self.client.post(&self.config.url).header(header::CONTENT_TYPE, "application/json");
        if let Some(authorization) = &self.config.authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        // The address is left out of what is logged.
        let response = request.body(body).send().await.map_err(|error| error.without_url().to_string())?;
        match response.status() {
            status if status.is_success() => Ok(()),
            StatusCode::NOT_FOUND | StatusCode::GONE => {
                Err("there is no such webhook: check its address".into())
            }
            status => Err(format!("the webhook answered {status}")),
        }
    }
}

fn in_words(changes: &[(State, Problem)], node: &Address) -> String {
    let lines = changes.iter().map(|(state, Problem { kind, subject, message })| match state {
        State::Begun => format!("{kind} ({subject}): {message}"),
        State::Lasting => format!("still {kind} ({subject}): {message}"),
        State::Over => format!("over: {kind} ({subject})"),
    });
    format!("Grid node {node}\n{}", lines.collect::<Vec<_>>().join("\n"))
}

/// What the webhook was told, by kind and subject.
#[derive(Debug, Default)]
struct Told(BTreeMap<(ProblemKind, String), Entry>);

#[derive(Debug)]
struct Entry {
    problem: Problem,
    at: Instant,
    gone_since: Option<Instant>,
}

impl Told {
    /// What there is to tell now.
    fn changes(&mut self, problems: &[Problem], now: Instant, config: &AlertConfig) -> Vec<(State, Problem)> {
        let mut changes = Vec::new();
        for problem in problems {
            match self.0.get_mut(&name(problem)) {
                None if changes.iter().any(|(_, other)| name(other) == name(problem)) => {}
                None => changes.push((State::Begun, problem.clone())),
                Some(entry) => {
                    entry.gone_since = None;
                    if now - entry.at >= Duration::from_millis(config.repeat_milliseconds) {
                        changes.push((State::Lasting, problem.clone()));
                    }
                }
            }
        }
        for (told, entry) in &mut self.0 {
            if problems.iter().any(|problem| name(problem) == *told) {
                continue;
            }
            let gone_since = *entry.gone_since.get_or_insert(now);
            if now - gone_since >= Duration::from_millis(config.settle_milliseconds) {
                changes.push((State::Over, entry.problem.clone()));
            }
        }
        changes.truncate(MAX_ALERTS);
        changes
    }

    /// Notes that changes were told.
    fn note(&mut self, changes: Vec<(State, Problem)>, now: Instant) {
        for (state, problem) in changes {
            match state {
                State::Over => {
                    self.0.remove(&name(&problem));
                }
                State::Begun | State::Lasting => {
                    let entry = Entry { problem: problem.clone(), at: now, gone_since: None };
                    self.0.insert(name(&problem), entry);
                }
            }
        }
    }
}

fn name(problem: &Problem) -> (ProblemKind, String) {
    (problem.kind, problem.subject.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> AlertConfig {
        AlertConfig {
            url: "https://hooks.example/secret".into(),
            authorization: Some("secret".into()),
            look_milliseconds: 10,
            pause_milliseconds: 10,
            settle_milliseconds: 300_000,
            repeat_milliseconds: 3_600_000,
        }
    }

    fn problem(subject: &str) -> Problem {
        Problem { kind: ProblemKind::Stuck, subject: subject.into(), message: "look".into() }
    }

    /// The states that are told at a time, seconds, and noted.
    fn at(told: &mut Told, begun: Instant, seconds: u64, problems: &[Problem]) -> Vec<State> {
        let now = begun + Duration::from_secs(seconds);
        let changes = told.changes(problems, now, &config());
        let states = changes.iter().map(|(state, _)| *state).collect();
        told.note(changes, now);
        states
    }

    #[test]
    fn a_problem_is_told_when_it_begins_now_and_then_and_when_it_is_over() {
        let (mut told, begun) = (Told::default(), Instant::now());
        let lasts = [problem("a")];
        assert_eq!(at(&mut told, begun, 0, &lasts), [State::Begun]);
        assert_eq!(at(&mut told, begun, 3_599, &lasts), []);
        assert_eq!(at(&mut told, begun, 3_600, &lasts), [State::Lasting]);
        assert_eq!(at(&mut told, begun, 3_700, &[]), []);
        assert_eq!(at(&mut told, begun, 3_999, &[]), []);
        assert_eq!(at(&mut told, begun, 4_000, &[]), [State::Over]);
        assert_eq!(at(&mut told, begun, 5_000, &[]), []);
        assert_eq!(at(&mut told, begun, 5_001, &lasts), [State::Begun], "another one");
    }

    #[test]
    fn one_that_comes_and_goes_is_told_once() {
        let (mut told, begun) = (Told::default(), Instant::now());
        let mut states = Vec::new();
        for minute in 0..50 {
            let problems: &[Problem] = if minute % 2 == 0 { &[problem("a")] } else { &[] };
            states.extend(at(&mut told, begun, minute * 60, problems));
        }
        assert_eq!(states, [State::Begun]);
    }

    #[test]
    fn the_same_twice_is_one_and_many_are_told_in_turn() {
        let (mut told, begun) = (Told::default(), Instant::now());
        assert_eq!(at(&mut told, begun, 0, &[problem("a"), problem("a")]), [State::Begun]);
        let many: Vec<Problem> = (0..MAX_ALERTS + 7).map(|count| problem(&count.to_string())).collect();
        let problems = [many, vec![problem("a")]].concat();
        assert_eq!(at(&mut told, begun, 1, &problems).len(), MAX_ALERTS);
        assert_eq!(at(&mut told, begun, 2, &problems).len(), 7);
        assert_eq!(at(&mut told, begun, 3, &problems), []);
    }

    #[test]
    fn what_was_not_noted_is_told_again_as_it_is_then() {
        let (mut told, now) = (Told::default(), Instant::now());
        assert_eq!(told.changes(&[problem("a")], now, &config()).len(), 1, "this post failed");
        let changes = told.changes(&[problem("b")], now, &config());
        assert_eq!(changes, [(State::Begun, problem("b"))], "a is over and was never told");
    }

    #[test]
    fn secrets_are_not_shown() {
        assert!(!format!("{:?}", config()).contains("secret"));
    }
}
