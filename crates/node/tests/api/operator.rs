//! What the operator is told, and what others are.

use crate::world::{World, answer, config, refused};
use grid_node::api::{ApiConfig, ApiError};
use grid_node_api::report::{DeviceState, Health, ProblemKind};
use reqwest::{StatusCode, header};

#[tokio::test]
async fn health_is_told_to_all_and_its_reasons_to_the_operator() {
    let world = World::new().await;
    let get = async |url: String| {
        let response = world.http.get(url).send().await.unwrap();
        (
            response.status().as_u16(),
            serde_json::from_slice::<Health>(&response.bytes().await.unwrap()).unwrap(),
        )
    };
    let (status, health) = get(world.url("/health")).await;
    assert!(status == 200 && health.is_healthy);
    {
        let mut report = world.worker.report.lock().unwrap();
        report.devices[0].state = DeviceState::Failed;
        report.devices[0].failure = Some("it fell off the bus".into());
    }
    let (status, health) = get(world.url("/health")).await;
    assert_eq!((status, health.problems.len()), (503, 1));
    assert_eq!(health.problems[0].kind, ProblemKind::DeviceFailed);
    assert_eq!((&health.problems[0].subject, &health.problems[0].message), (&None, &None));
    let (status, health) = get(world.private_url("/health")).await;
    assert_eq!(status, 503);
    assert!(health.problems[0].message.as_ref().unwrap().contains("fell off the bus"));
}

#[tokio::test]
async fn status_and_metrics_are_at_the_private_address_only() {
    let world = World::new().await;
    let report = world.private_client().report(None).await.unwrap();
    assert_eq!(report, *world.worker.report.lock().unwrap());
    let metrics = world.http.get(world.private_url("/metrics")).send().await.unwrap();
    let kind = metrics.headers()[header::CONTENT_TYPE].to_str().unwrap().to_owned();
    assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
    let text = metrics.text().await.unwrap();
    assert!(text.contains("grid_http_requests_total{route=\"status\",status=\"200\"} 1"), "{text}");
    for target in ["/status", "/metrics", "/", "/secret"] {
        let public = world.http.get(world.url(target)).send().await.unwrap();
        refused(answer(public).await, StatusCode::NOT_FOUND, "Ask for");
    }
    let post = world.http.post(world.url("/health")).send().await.unwrap();
    assert_eq!(post.status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn strangers_do_not_make_metrics_grow() {
    let world = World::new().await;
    for count in 0..50 {
        world.http.get(world.url(&format!("/{count}"))).send().await.unwrap();
    }
    let text = world.http.get(world.private_url("/metrics")).send().await.unwrap().text().await.unwrap();
    assert!(text.contains("grid_http_requests_total{route=\"other\",status=\"404\"} 50"), "{text}");
}

#[tokio::test]
async fn a_token_is_asked_for_where_there_is_one() {
    let token = Some("a long token".to_owned());
    let world = World::with(ApiConfig { private_token: token.clone(), ..config() }).await.unwrap();
    for target in ["/status", "/metrics", "/health"] {
        let get = || world.http.get(world.private_url(target));
        refused(answer(get().send().await.unwrap()).await, StatusCode::FORBIDDEN, "token");
        let wrong = get().bearer_auth("a long tokem").send().await.unwrap();
        refused(answer(wrong).await, StatusCode::FORBIDDEN, "token");
        assert_eq!(get().bearer_auth("a long token").send().await.unwrap().status(), 200);
    }
    assert!(world.private_client().report(token.as_deref()).await.is_ok());
    assert!(world.private_client().report(None).await.is_err());
}

#[tokio::test]
async fn a_web_page_does_not_read_the_status() {
    let world = World::new().await;
    let get = world.http.get(world.private_url("/status")).header(header::HOST, "evil.example");
    refused(answer(get.send().await.unwrap()).await, StatusCode::FORBIDDEN, "localhost");
}

#[tokio::test]
async fn an_open_private_address_needs_a_token() {
    let open = ApiConfig { private_listen: "0.0.0.0:0".parse().unwrap(), ..config() };
    let error = World::with(open.clone()).await.err().expect("an error");
    assert!(matches!(error, ApiError::Unprotected { .. }), "{error}");
    assert!(World::with(ApiConfig { private_token: Some("token".into()), ..open }).await.is_ok());
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let world = World::new().await;
    let taken = ApiConfig { listen: world.api.address(), ..config() };
    let error = World::with(taken).await.err().expect("an error").to_string();
    assert!(error.contains(&world.api.address().to_string()), "{error}");
}
