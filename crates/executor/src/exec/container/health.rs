//! Health checks of an op, made from this machine.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use futures_util::future::join_all;
use reqwest::{Client, Method, header::CONTENT_TYPE};
use tokio::time;

use crate::{
    definition::{HealthCheck, HttpMethod, RunArgs, Stream},
    exec::OpObserver,
};

use super::websocket;

/// The time between two tries until a check has been passed.
const FIRST_INTERVAL: Duration = Duration::from_millis(500);
/// The time between two checks of an op that was healthy.
const INTERVAL: Duration = Duration::from_secs(10);
/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Whether an op has health checks.
pub(super) fn has_checks(args: &RunArgs) -> bool {
    args.expose.iter().flatten().any(|exposed| !exposed.health_checks.is_empty())
}

/// Checks until all checks have been passed, and says so; goes on with the continuous ones, and notes when one fails
/// that was passed before. Never ends.
pub(super) async fn watch(args: &RunArgs, addresses: &BTreeMap<u16, SocketAddr>, observer: &dyn OpObserver) {
    let client = Client::builder().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none()).build();
    let Ok(client) = client else {
        return std::future::pending().await;
    };
    let checks: Vec<(u16, SocketAddr, &HealthCheck)> = args
        .expose
        .iter()
        .flatten()
        .flat_map(|exposed| exposed.health_checks.iter().map(|check| (exposed.first, check)))
        .filter_map(|(port, check)| Some((port, *addresses.get(&port)?, check)))
        .collect();
    join_all(checks.iter().map(async |(_, address, check)| {
        while pass(&client, *address, check).await.is_err() {
            time::sleep(FIRST_INTERVAL).await;
        }
    }))
    .await;
    observer.healthy();
    let continuous = checks.iter().filter(|(_, _, check)| is_continuous(check));
    join_all(continuous.map(async |(port, address, check)| {
        let mut passed = true;
        loop {
            time::sleep(INTERVAL).await;
            let result = pass(&client, *address, check).await;
            let note = match &result {
                Err(problem) if passed => format!("a health check of port {port} fails: {problem}"),
                Ok(()) if !passed => format!("the health check of port {port} is passed again"),
                _ => continue,
            };
            passed = result.is_ok();
            observer.line(Stream::Node, note.as_bytes(), true);
        }
    }))
    .await;
    std::future::pending().await
}

fn is_continuous(check: &HealthCheck) -> bool {
    match check {
        HealthCheck::Http { continuous, .. } | HealthCheck::WebSocket { continuous, .. } => *continuous,
    }
}

async fn pass(client: &Client, address: SocketAddr, check: &HealthCheck) -> Result<(), String> {
    match check {
        HealthCheck::Http { path, method, expected_status, headers, body, .. } => {
            let method = match method {
                HttpMethod::Get => Method::GET,
                HttpMethod::Post => Method::POST,
                HttpMethod::Put => Method::PUT,
                HttpMethod::Delete => Method::DELETE,
            };
            let mut request = client.request(method, format!("http://{address}{path}"));
            if let Some(body) = body {
                let text = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
                if !body.is_string() {
                    request = request.header(CONTENT_TYPE, "application/json");
                }
                request = request.body(text);
            }
            for (name, value) in headers {
                request = request.header(name, value);
            }
            let response = request.send().await.map_err(|error| error.to_string())?;
            match response.status().as_u16() {
                status if status == *expected_status => Ok(()),
                status => Err(format!("{path} answered {status}, not {expected_status}")),
            }
        }
        HealthCheck::WebSocket { expected_response, .. } => {
            let first = time::timeout(TIMEOUT, websocket::first_message(address)).await;
            match first {
                Err(_) => Err("no message came".to_owned()),
                Ok(Err(error)) => Err(error.to_string()),
                Ok(Ok(message)) if message == expected_response.as_bytes() => Ok(()),
                Ok(Ok(message)) => Err(format!(
                    "\"{}\" came, not \"{expected_response}\"",
                    String::from_utf8_lossy(&message)
                )),
            }
        }
    }
}
