//! What the operator of a node wants to know.

use super::{Shared, refusal::Refusal};
use crate::health::health;
use axum::{
    Json,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use grid_executor::Digest;
use grid_node_api::report::NodeReport;
use std::{net::IpAddr, sync::Arc};

/// The type of what Prometheus reads.
const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All that the worker knows of itself.
pub(super) async fn status(State(shared): State<Arc<Shared>>) -> Json<NodeReport> {
    Json(shared.parts.overview.report())
}

/// Numbers for Prometheus.
pub(super) async fn metrics(State(shared): State<Arc<Shared>>) -> Result<Response, Refusal> {
    let text =
        shared.parts.metrics.text().map_err(|_| {
            Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "The metrics can't be written down.")
        })?;
    Ok(([(header::CONTENT_TYPE, METRICS_TYPE)], text).into_response())
}

/// Whether the node is well, for its operator.
pub(super) async fn private_health(State(shared): State<Arc<Shared>>) -> Response {
    answer_health(&shared, false)
}

/// Whether the node is well, for strangers.
pub(super) async fn public_health(State(shared): State<Arc<Shared>>) -> Response {
    answer_health(&shared, true)
}

fn answer_health(shared: &Shared, to_strangers: bool) -> Response {
    let health = health(&shared.parts.overview.report().problems, to_strangers);
    let status = if health.is_healthy { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(header::CACHE_CONTROL, "no-store")], Json(health)).into_response()
}

/// Lets the operator pass and nobody else.
pub(super) async fn only_the_operator(
    State(shared): State<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Response {
    let is_allowed = match &shared.config.private_token {
        Some(token) => shows(request.headers(), token),
        None => is_named_by_number(request.headers()),
    };
    if is_allowed {
        return next.run(request).await;
    }
    let message = match shared.config.private_token {
        Some(_) => "Show the token of the configuration: Authorization: Bearer PRIVATE_TOKEN.",
        None => "Ask for localhost or an address in numbers.",
    };
    Refusal::new(StatusCode::FORBIDDEN, message).into_response()
}

/// Whether the request shows `token`. Digests are compared, so that the time it takes tells nothing of the token.
fn shows(headers: &HeaderMap, token: &str) -> bool {
    let shown =
        headers.get(header::AUTHORIZATION).and_then(|shown| shown.as_bytes().strip_prefix(b"Bearer "));
    shown.is_some_and(|shown| Digest::of(shown) == Digest::of(token.as_bytes()))
}

/// Whether the request was sent to a number or `localhost`. A web page whose own name was made to point at this machine is
/// not: a browser sends the page's name.
fn is_named_by_number(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let Some(url) = host.and_then(|host| reqwest::Url::parse(&format!("http://{host}/")).ok()) else {
        return false;
    };
    let name = url.host_str().unwrap_or_default();
    name == "localhost" || name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.try_into().unwrap())])
    }

    #[test]
    fn the_token_is_shown_or_not() {
        let shows = |value| shows(&headers(header::AUTHORIZATION, value), "abc");
        assert!(shows("Bearer abc"));
        for value in ["", "abc", "Bearer", "Bearer ", "Bearer ab", "Bearer abcd", "bearer abc", "Basic abc"] {
            assert!(!shows(value), "{value}");
        }
        assert!(!super::shows(&HeaderMap::new(), "abc"));
        assert!(!super::shows(&HeaderMap::new(), ""));
    }

    #[test]
    fn a_name_that_is_no_number_is_refused() {
        let is_number = |value| is_named_by_number(&headers(header::HOST, value));
        for host in ["localhost", "localhost:8471", "127.0.0.1:8471", "[::1]:8471", "10.0.0.7"] {
            assert!(is_number(host), "{host}");
        }
        for host in
            ["", "evil.example", "evil.example:8471", "127.0.0.1.evil.example", "localhost.evil.example"]
        {
            assert!(!is_number(host), "{host}");
        }
        assert!(!is_named_by_number(&HeaderMap::new()));
    }
}
