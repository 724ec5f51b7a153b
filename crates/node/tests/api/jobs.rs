//! Jobs and their logs: for their clients, live, and for nobody else.

use crate::world::{World, answer, refused};
use grid_client::signed_request::Request;
use grid_node_api::{NodeClientError, NodeLog};
use reqwest::{Method, StatusCode};
use solana_address::Address;
use solana_keypair::Keypair;
use std::{io::Write, path::Path, sync::atomic::Ordering, time::Duration};

fn same(key: &Keypair) -> Keypair {
    key.insecure_clone()
}

fn append(path: &Path, text: &str) {
    std::fs::File::options().append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

/// Reads until there is `text` in all.
async fn read(log: &mut NodeLog, text: &str) {
    let mut read = Vec::new();
    while read.len() < text.len() {
        let next = tokio::time::timeout(Duration::from_secs(20), log.next()).await;
        read.extend_from_slice(&next.expect("within 20 s").unwrap().expect("more"));
    }
    assert_eq!(String::from_utf8(read).unwrap(), text);
}

#[tokio::test]
async fn a_client_sees_its_job() {
    let world = World::new().await;
    for key in [&world.owner, &world.member] {
        let report = world.client().job(key, &world.job).await.unwrap();
        assert_eq!(report, world.worker.report.lock().unwrap().jobs[0]);
    }
}

#[tokio::test]
async fn nobody_else_sees_job_or_log() {
    let world = World::new().await;
    world.log("private");
    for target in [format!("/jobs/{}", world.job), format!("/jobs/{}/log", world.job)] {
        let get = async |key: &Keypair| {
            answer(world.signed(key, Method::GET, &target, None).send().await.unwrap()).await
        };
        refused(get(&world.stranger).await, StatusCode::FORBIDDEN, "neither the owner nor a member");
        let unsigned = world.http.get(world.url(&target)).send().await.unwrap();
        refused(answer(unsigned).await, StatusCode::UNAUTHORIZED, "not signed");
        let elsewhere =
            Request { method: "GET", target: &target, node: Address::new_from_array([99; 32]), body: None };
        let now = crate::world::unix_seconds();
        let request = world.sealed(&elsewhere, &world.owner, now, Method::GET, &target);
        refused(answer(request.send().await.unwrap()).await, StatusCode::UNAUTHORIZED, "is not that of");
        // The query is signed as well.
        let request = world.signed(&world.owner, Method::GET, &target, None).build().unwrap();
        let mut other = request.try_clone().unwrap();
        other.url_mut().set_query(Some("from=1"));
        let response = world.http.execute(other).await.unwrap();
        refused(answer(response).await, StatusCode::UNAUTHORIZED, "is not that of");
        let again = request.try_clone().unwrap();
        assert_eq!(world.http.execute(request).await.unwrap().status(), 200);
        let response = world.http.execute(again).await.unwrap();
        refused(answer(response).await, StatusCode::UNAUTHORIZED, "was used before");
        assert_eq!(get(&world.owner).await.0, 200);
    }
    let unknown = Address::new_from_array([55; 32]);
    let target = format!("/jobs/{unknown}/log");
    let request = world.signed(&world.owner, Method::GET, &target, None);
    refused(answer(request.send().await.unwrap()).await, StatusCode::NOT_FOUND, "is not on this node");
    let request = world.signed(&world.owner, Method::GET, "/jobs/..", None);
    assert!(matches!(request.send().await.unwrap().status().as_u16(), 400 | 404));
}

#[tokio::test]
async fn the_log_of_somebody_elses_job_is_not_read_with_a_job_of_ones_own() {
    let world = World::new().await;
    world.log("private");
    // The stranger owns a project of its own with a job in the same market.
    let mut project: grid_client::account::Project = bytemuck::Zeroable::zeroed();
    (project.version, project.owner) = (1, solana_signer::Signer::pubkey(&world.stranger));
    let own = Address::new_from_array([42; 32]);
    world.chain.put(own, &project);
    let own_job = world.list(9, |job| job.project = own);
    let target = format!("/jobs/{own_job}/log");
    let request = world.signed(&world.stranger, Method::GET, &target, None);
    refused(answer(request.send().await.unwrap()).await, StatusCode::NOT_FOUND, "is not on this node");
    let target = format!("/jobs/{}/log", world.job);
    let request = world.signed(&world.stranger, Method::GET, &target, None);
    refused(answer(request.send().await.unwrap()).await, StatusCode::FORBIDDEN, "neither");
}

#[tokio::test]
async fn a_log_is_read_from_any_byte() {
    let world = World::new().await;
    let (_, ended) = world.log("0123456789");
    let mut log = world.client().log(same(&world.owner), world.job, 4, false);
    read(&mut log, "456789").await;
    assert_eq!((log.next().await.unwrap(), log.position()), (None, 10));
    let get = async |query: &str| {
        let target = format!("/jobs/{}/log{query}", world.job);
        answer(world.signed(&world.member, Method::GET, &target, None).send().await.unwrap()).await
    };
    assert_eq!(get("").await, (200, "0123456789".into()));
    assert_eq!(get("?from=10").await, (200, String::new()));
    refused(get("?from=11").await, StatusCode::RANGE_NOT_SATISFIABLE, "has 10 bytes");
    for query in
        ["?from=-1", "?from=x", "?follow=2", "?follow=yes", "?from=1&to=2", "?from=99999999999999999999"]
    {
        refused(get(query).await, StatusCode::BAD_REQUEST, "from=BYTE");
    }
    ended.cancel();
    refused(get("?from=11&follow=1").await, StatusCode::RANGE_NOT_SATISFIABLE, "has 10 bytes");
    assert_eq!(get("?from=9&follow=1").await, (200, "9".into()));
    world.worker.logs.lock().unwrap().clear();
    refused(get("").await, StatusCode::NOT_FOUND, "no log of job");
}

#[tokio::test]
async fn what_a_job_puts_in_the_place_of_its_log_is_not_read() {
    let world = World::new().await;
    let (path, _) = world.log("");
    std::fs::remove_file(&path).unwrap();
    let secret = world.folder.path().join("secret");
    std::fs::write(&secret, "a key").unwrap();
    let target = format!("/jobs/{}/log", world.job);
    let get =
        async || answer(world.signed(&world.owner, Method::GET, &target, None).send().await.unwrap()).await;
    std::os::unix::fs::symlink(&secret, &path).unwrap();
    refused(get().await, StatusCode::INTERNAL_SERVER_ERROR, "cannot read the log");
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    refused(get().await, StatusCode::INTERNAL_SERVER_ERROR, "cannot read the log");
    std::fs::remove_dir(&path).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    refused(get().await, StatusCode::INTERNAL_SERVER_ERROR, "cannot read the log");
}

#[tokio::test]
async fn a_log_is_followed_until_the_job_ends() {
    let world = World::new().await;
    let (path, ended) = world.log("begun\n");
    let mut log = world.client().log(same(&world.owner), world.job, 0, true);
    read(&mut log, "begun\n").await;
    append(&path, "more\n");
    read(&mut log, "more\n").await;
    append(&path, "last words\n");
    ended.cancel();
    // The file may go: who reads it reads it to its end.
    std::fs::remove_file(&path).unwrap();
    read(&mut log, "last words\n").await;
    assert_eq!(log.next().await.unwrap(), None);
    assert_eq!(log.position(), 22);
}

#[tokio::test]
async fn a_reader_goes_on_where_it_was_when_the_node_comes_back() {
    let world = World::new().await;
    let (path, ended) = world.log("before\n");
    let mut log = world.client().log(same(&world.owner), world.job, 0, true);
    read(&mut log, "before\n").await;
    let (world, ()) = tokio::join!(world.restart(), async { append(&path, "after\n") });
    read(&mut log, "after\n").await;
    ended.cancel();
    assert_eq!(log.next().await.unwrap(), None);
    drop(world);
}

#[tokio::test]
async fn a_shutdown_breaks_a_followed_log_off_and_does_not_end_it() {
    let world = World::new().await;
    world.log("begun\n");
    let target = format!("/jobs/{}/log?follow=1", world.job);
    let mut response = world.signed(&world.owner, Method::GET, &target, None).send().await.unwrap();
    assert_eq!(response.chunk().await.unwrap().unwrap(), "begun\n");
    let begun = std::time::Instant::now();
    world.api.shutdown().await;
    assert!(begun.elapsed() < Duration::from_secs(5), "nobody waits for a log to end");
    assert!(response.chunk().await.is_err());
}

#[tokio::test]
async fn one_key_follows_so_many_logs_and_places_come_free() {
    let world = World::new().await;
    world.log("begun\n");
    let target = format!("/jobs/{}/log?follow=1", world.job);
    let follow = async |key: &Keypair| world.signed(key, Method::GET, &target, None).send().await.unwrap();
    let mut open = Vec::new();
    for _ in 0..8 {
        open.push(follow(&world.owner).await);
        assert_eq!(open.last().unwrap().status(), 200);
    }
    refused(answer(follow(&world.owner).await).await, StatusCode::SERVICE_UNAVAILABLE, "too many logs");
    assert_eq!(follow(&world.member).await.status(), 200, "another key is not concerned");
    open.clear();
    for _ in 0..1_000 {
        let response = follow(&world.owner).await;
        if response.status() == 200 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("no place came free");
}

#[tokio::test]
async fn a_log_that_may_not_be_read_is_not_asked_for_again() {
    let world = World::new().await;
    world.log("private");
    let mut log = world.client().log(same(&world.stranger), world.job, 0, true);
    let asked = world.chain.questions.load(Ordering::SeqCst);
    let error = log.next().await.unwrap_err();
    assert!(matches!(error, NodeClientError::Refused { status: 403, .. }), "{error}");
    assert_eq!(world.chain.questions.load(Ordering::SeqCst), asked + 1);
}
