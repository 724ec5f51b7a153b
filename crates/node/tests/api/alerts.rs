//! Alerts, posted to a webhook that is a server of this test.

use crate::world::{ANY, World};
use grid_executor::CancellationToken;
use grid_node::alerts::{AlertConfig, Alerts};
use grid_node_api::report::DeviceState;
use serde_json::Value;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::mpsc;

/// A webhook that answers with the statuses of a list, then with 200, and passes on what it is told.
async fn webhook(statuses: &'static [u16]) -> (String, mpsc::UnboundedReceiver<(String, Value)>) {
    let (told, hear) = mpsc::unbounded_channel();
    let count = Arc::new(AtomicUsize::new(0));
    let route = axum::routing::post(async move |headers: axum::http::HeaderMap, body: axum::body::Bytes| {
        let authorization = headers.get("authorization").map(|it| it.to_str().unwrap().to_owned());
        let body = serde_json::from_slice(&body).unwrap();
        told.send((authorization.unwrap_or_default(), body)).unwrap();
        let status = statuses.get(count.fetch_add(1, Ordering::SeqCst)).copied().unwrap_or(200);
        axum::http::StatusCode::from_u16(status).unwrap()
    });
    let listener = tokio::net::TcpListener::bind(ANY).await.unwrap();
    let url = format!("http://{}/hook?key=secret", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().route("/hook", route)).await });
    (url, hear)
}

fn config(url: String) -> AlertConfig {
    AlertConfig {
        url,
        authorization: Some("Bearer hook".into()),
        look_milliseconds: 5,
        pause_milliseconds: 1,
        settle_milliseconds: 20,
        repeat_milliseconds: 3_600_000,
    }
}

fn fail(world: &World) {
    let mut report = world.worker.report.lock().unwrap();
    report.devices[0].state = DeviceState::Failed;
    report.devices[0].failure = Some("it fell off the bus".into());
}

async fn heard(hear: &mut mpsc::UnboundedReceiver<(String, Value)>) -> (String, Value) {
    tokio::time::timeout(Duration::from_secs(30), hear.recv()).await.expect("within 30 s").unwrap()
}

#[tokio::test]
async fn a_problem_is_posted_when_it_begins_and_when_it_is_over() {
    let world = World::new().await;
    let (url, mut hear) = webhook(&[]).await;
    let stop = CancellationToken::new();
    let alerts = Alerts::new(config(url), world.overview.clone(), world.metrics.clone()).unwrap();
    let running = tokio::spawn(alerts.run(stop.clone()));
    fail(&world);
    let (authorization, post) = heard(&mut hear).await;
    assert_eq!(authorization, "Bearer hook");
    assert_eq!(post["node"], world.node.to_string());
    let expected = serde_json::json!([{
        "state": "begun",
        "kind": "device-failed",
        "subject": world.device.to_string(),
        "message": "cpu-0 takes no jobs: it fell off the bus",
    }]);
    assert_eq!(post["alerts"], expected);
    assert!(post["text"].as_str().unwrap().contains("fell off the bus"));
    world.worker.report.lock().unwrap().devices[0].state = DeviceState::Idle;
    let (_, post) = heard(&mut hear).await;
    assert_eq!(post["alerts"][0]["state"], "over");
    stop.cancel();
    running.await.unwrap();
    assert!(hear.try_recv().is_err(), "each is told once");
}

#[tokio::test]
async fn a_post_that_fails_is_made_again() {
    let world = World::new().await;
    let (url, mut hear) = webhook(&[500]).await;
    let stop = CancellationToken::new();
    let alerts = Alerts::new(config(url), world.overview.clone(), world.metrics.clone()).unwrap();
    let running = tokio::spawn(alerts.run(stop.clone()));
    fail(&world);
    let (first, second) = (heard(&mut hear).await.1, heard(&mut hear).await.1);
    assert_eq!(first["alerts"], second["alerts"]);
    stop.cancel();
    running.await.unwrap();
    let text = world.http.get(world.private_url("/metrics")).send().await.unwrap().text().await.unwrap();
    assert!(text.contains("grid_alert_posts_total{outcome=\"failed\"} 1"), "{text}");
}

#[tokio::test]
async fn a_webhook_that_is_not_there_stops_nothing() {
    let world = World::new().await;
    let nobody = tokio::net::TcpListener::bind(ANY).await.unwrap().local_addr().unwrap();
    let alerts =
        Alerts::new(config(format!("http://{nobody}/")), world.overview.clone(), world.metrics.clone());
    let stop = CancellationToken::new();
    let running = tokio::spawn(alerts.unwrap().run(stop.clone()));
    fail(&world);
    let health = world.http.get(world.url("/health")).send().await.unwrap();
    assert_eq!(health.status(), 503);
    stop.cancel();
    tokio::time::timeout(Duration::from_secs(5), running).await.expect("it ends at once").unwrap();
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_and_not_told() {
    let world = World::new().await;
    for url in ["", "secret", "ftp://secret/"] {
        let error =
            Alerts::new(config(url.into()), world.overview.clone(), world.metrics.clone()).unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
