//! Pushing content: who may, how much, and what is left of what fails.

use crate::world::{World, answer, config, refused, unix_seconds};
use bytes::Bytes;
use futures_util::stream;
use grid_client::{
    account::Member,
    address,
    signed_request::{Nonce, Request},
};
use grid_executor::Digest;
use grid_jobs::JobState;
use grid_node::api::{ApiConfig, UploadLimits};
use grid_node_api::{NodeClientError, Pushed};
use reqwest::{Method, StatusCode};
use solana_address::Address;
use solana_keypair::Keypair;
use solana_signer::Signer;
use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant, SystemTime},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

fn limited(change: impl FnOnce(&mut UploadLimits)) -> ApiConfig {
    let mut config = config();
    change(&mut config.uploads);
    config
}

#[tokio::test]
async fn owner_and_member_push_and_what_is_held_is_not_sent_again() {
    let world = World::new().await;
    let client = world.client();
    let large: Vec<u8> = (0..3_000_000_u32).map(|i| (i * 7 % 251) as u8).collect();
    let path = world.folder.path().join("input");
    std::fs::write(&path, &large).unwrap();
    let digest = Digest::of(&large);
    assert_eq!(client.push_file(&world.owner, &world.job, digest, &path).await.unwrap(), Pushed::Sent);
    assert_eq!(client.push_file(&world.owner, &world.job, digest, &path).await.unwrap(), Pushed::Held);
    assert_eq!(std::fs::read(world.uploads.path_of(digest)).unwrap(), large);
    let small = Bytes::from_static(b"a definition");
    assert_eq!(client.push(&world.member, &world.job, small).await.unwrap(), Pushed::Sent);
    // Pushed again all the same, bytes that were damaged are healed.
    std::fs::write(world.uploads.path_of(Digest::of(b"a definition")), "damaged").unwrap();
    assert_eq!(world.push(&world.owner, b"a definition").await.0, 200);
    assert_eq!(std::fs::read(world.uploads.path_of(Digest::of(b"a definition"))).unwrap(), b"a definition");
    let metrics = world.http.get(world.private_url("/metrics")).send().await.unwrap().text().await.unwrap();
    let line = format!("grid_uploaded_bytes_total {}", large.len() + 24);
    assert!(metrics.contains(&line), "{line} is missing in {metrics}");
}

#[tokio::test]
async fn nobody_else_pushes() {
    let world = World::new().await;
    let bytes = b"content";
    let digest = Digest::of(bytes);
    let target = world.target(digest);
    let unsigned = world.http.put(world.url(&target)).body(&bytes[..]).send().await.unwrap();
    refused(answer(unsigned).await, StatusCode::UNAUTHORIZED, "the header grid-key is missing");
    refused(
        world.push(&world.stranger, bytes).await,
        StatusCode::FORBIDDEN,
        "neither the owner nor a member",
    );
    // A stranger's signature with the owner's name on it.
    let request = Request { method: "PUT", target: &target, node: world.node, body: Some(digest.0) };
    let mut seal = request.sign(&world.stranger, unix_seconds(), Nonce::random());
    seal.key = world.owner.pubkey();
    let forged =
        seal.headers().into_iter().fold(world.http.put(world.url(&target)), |it, (k, v)| it.header(k, v));
    let forged = forged.body(&bytes[..]).send().await.unwrap();
    refused(answer(forged).await, StatusCode::UNAUTHORIZED, "is not that of");
    assert!(world.files().is_empty());
    // A member that was dismissed is out as soon as the node looks again.
    world.chain.remove(&address::member(&world.project, &world.member.pubkey()).0);
    refused(world.push(&world.member, bytes).await, StatusCode::FORBIDDEN, "neither");
    // An account that names another member than its address.
    let other = Keypair::new_from_array([4; 32]);
    let mut account: Member = bytemuck::Zeroable::zeroed();
    (account.version, account.key) = (1, world.member.pubkey());
    world.chain.put(address::member(&world.project, &other.pubkey()).0, &account);
    refused(world.push(&other, bytes).await, StatusCode::FORBIDDEN, "neither");
}

#[tokio::test]
async fn a_signature_is_for_one_request_to_one_node_at_one_time() {
    let world = World::new().await;
    let bytes = b"content";
    let digest = Digest::of(bytes);
    let target = world.target(digest);
    let good = Request { method: "PUT", target: &target, node: world.node, body: Some(digest.0) };
    let now = unix_seconds();
    let send = async |signed: &Request<'_>, at: u64| {
        let request = world.sealed(signed, &world.owner, at, Method::PUT, &target);
        answer(request.body(&bytes[..]).send().await.unwrap()).await
    };
    let other_node = Address::new_from_array([99; 32]);
    for signed in [
        Request { node: other_node, ..good },
        Request { method: "POST", ..good },
        Request { target: &format!("/content/{digest}?job={other_node}"), ..good },
        Request { body: None, ..good },
        Request { body: Some(Digest::of(b"other").0), ..good },
    ] {
        refused(send(&signed, now).await, StatusCode::UNAUTHORIZED, "is not that of");
    }
    for at in [now - 70, now + 70, 0, u64::MAX] {
        refused(send(&good, at).await, StatusCode::UNAUTHORIZED, "set the clock");
    }
    refused(send(&good, now - 30).await, StatusCode::UNAUTHORIZED, "before this node started");
    assert!(world.files().is_empty());

    // The node's clock goes on: what was fresh is stale, and what was early is fresh.
    world.ahead.store(65, Ordering::SeqCst);
    refused(send(&good, now).await, StatusCode::UNAUTHORIZED, "set the clock");
    assert_eq!(send(&good, now + 70).await.0, 201);
    assert!(world.holds(bytes));
}

#[tokio::test]
async fn the_same_request_counts_once_however_often_it_comes() {
    let world = World::new().await;
    let digest = Digest::of(b"content");
    let request = world.signed(&world.owner, Method::PUT, &world.target(digest), Some(digest));
    let request = request.body("content");
    let sent = (0..8).map(|_| request.try_clone().unwrap().send());
    let answers = futures_util::future::join_all(sent).await;
    let mut statuses: Vec<u16> = answers.into_iter().map(|it| it.unwrap().status().as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 401, 401, 401, 401, 401, 401, 401]);
    refused(answer(request.send().await.unwrap()).await, StatusCode::UNAUTHORIZED, "was used before");
}

#[tokio::test]
async fn what_was_signed_before_a_restart_does_not_count_after_it() {
    let world = World::new().await;
    let digest = Digest::of(b"content");
    let request = world.signed(&world.owner, Method::PUT, &world.target(digest), Some(digest));
    let request = request.body("content");
    assert_eq!(request.try_clone().unwrap().send().await.unwrap().status(), 201);
    world.ahead.store(2, Ordering::SeqCst);
    let world = world.restart().await;
    let again = request.send().await.unwrap();
    refused(answer(again).await, StatusCode::UNAUTHORIZED, "before this node started");
    drop(world);
}

#[tokio::test]
async fn content_is_taken_for_jobs_that_this_node_may_run() {
    let world = World::new().await;
    let digest = Digest::of(b"content");
    let push = async |job: Address| {
        let target = format!("/content/{digest}?job={job}");
        let request = world.signed(&world.owner, Method::PUT, &target, Some(digest)).body("content");
        answer(request.send().await.unwrap()).await
    };
    let elsewhere = Address::new_from_array([77; 32]);
    refused(push(elsewhere).await, StatusCode::FORBIDDEN, "does not exist");
    let other_market = world.list(2, |job| job.market = elsewhere);
    refused(push(other_market).await, StatusCode::FORBIDDEN, "where this node has no device");
    let other_node = world.list(3, |job| {
        job.state = JobState::Running as u8;
        job.device = elsewhere;
    });
    refused(push(other_node).await, StatusCode::FORBIDDEN, "of another node");
    for (id, state) in [(4, JobState::Done), (5, JobState::Stopped)] {
        let over = world.list(id, |job| {
            job.state = state as u8;
            job.device = world.device;
        });
        refused(push(over).await, StatusCode::FORBIDDEN, "is over");
    }
    refused(push(world.project).await, StatusCode::FORBIDDEN, "does not exist");
    assert!(world.files().is_empty());
    assert_eq!(push(world.list(6, |_| {})).await.0, 201, "one that waits in the market");
    let assigned = world.list(7, |job| {
        job.state = JobState::Assigned as u8;
        job.device = world.device;
    });
    assert_eq!(push(assigned).await.0, 200);

    for target in [
        format!("/content/{digest}"),
        format!("/content/{digest}?job=x"),
        format!("/content/{digest}?job={assigned}&more=1"),
    ] {
        let request = world.signed(&world.owner, Method::PUT, &target, Some(digest)).body("content");
        refused(answer(request.send().await.unwrap()).await, StatusCode::BAD_REQUEST, "Say which job");
    }
}

#[tokio::test]
async fn forged_and_broken_bodies_leave_nothing() {
    let world = World::new().await;
    let digest = Digest::of(b"announced");
    let request = world.signed(&world.owner, Method::PUT, &world.target(digest), Some(digest));
    let refusal = answer(request.body("forged").send().await.unwrap()).await;
    refused(refusal, StatusCode::UNPROCESSABLE_ENTITY, &Digest::of(b"forged").to_string());
    assert!(world.files().is_empty());

    // Half of it, then the connection is gone.
    let request = world.signed(&world.owner, Method::PUT, &world.target(digest), Some(digest));
    let mut connection = begin(&world, request.build().unwrap(), 9).await;
    connection.write_all(b"anno").await.unwrap();
    until(|| world.files().len() == 1).await;
    drop(connection);
    until(|| world.files().is_empty()).await;

    // No room is lost by it: the whole quota is still there.
    for _ in 0..4 {
        let request = world.signed(&world.owner, Method::PUT, &world.target(digest), Some(digest));
        let refusal = request.body(vec![0; 4 << 20]).send().await.unwrap();
        assert_eq!(refusal.status(), StatusCode::UNPROCESSABLE_ENTITY);
    }
}

/// Sends the head of a request with a body of `length` bytes.
async fn begin(world: &World, request: reqwest::Request, length: usize) -> TcpStream {
    let mut connection = TcpStream::connect(world.api.address()).await.unwrap();
    let target = format!("{}?{}", request.url().path(), request.url().query().unwrap());
    let mut head =
        format!("{} {target} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n", request.method());
    for (name, value) in request.headers() {
        head += &format!("{name}: {}\r\n", value.to_str().unwrap());
    }
    connection.write_all((head + "\r\n").as_bytes()).await.unwrap();
    connection
}

async fn until(reached: impl Fn() -> bool) {
    let begun = Instant::now();
    while !reached() {
        assert!(begun.elapsed() < Duration::from_secs(20), "waited 20 s in vain");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_slow_body_is_given_up() {
    let world = World::with(limited(|limits| (limits.idle_seconds, limits.min_bytes_per_second) = (1, 0)))
        .await
        .unwrap();
    let digest = Digest::of(b"announced");
    let request = world.signed(&world.owner, Method::PUT, &world.target(digest), Some(digest));
    let mut connection = begin(&world, request.build().unwrap(), 9).await;
    connection.write_all(b"anno").await.unwrap();
    let mut answer = String::new();
    let read = tokio::time::timeout(Duration::from_secs(20), connection.read_to_string(&mut answer)).await;
    read.expect("it is given up within 20 s").unwrap();
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("too slowly"), "{answer}");
    assert!(world.files().is_empty());
}

#[tokio::test]
async fn a_body_that_drips_is_given_up_by_its_speed() {
    let limits = limited(|limits| (limits.idle_seconds, limits.min_bytes_per_second) = (1, 1 << 20));
    let world = World::with(limits).await.unwrap();
    let digest = Digest::of(b"announced");
    let request = world.signed(&world.owner, Method::PUT, &world.target(digest), Some(digest));
    let connection = begin(&world, request.build().unwrap(), 1_000).await;
    let (mut answers, mut body) = connection.into_split();
    let dripping = tokio::spawn(async move {
        while body.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    let mut answer = [0; 12];
    answers.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 408");
    dripping.abort();
    until(|| world.files().is_empty()).await;
}

#[tokio::test]
async fn who_asks_before_sending_is_told_at_once() {
    let world = World::new().await;
    let digest = Digest::of(b"announced");
    let request = world.signed(&world.stranger, Method::PUT, &world.target(digest), Some(digest));
    let request = request.header("expect", "100-continue").build().unwrap();
    let begun = Instant::now();
    let mut connection = begin(&world, request, 4 << 20).await;
    let mut text = String::new();
    connection.read_to_string(&mut text).await.unwrap();
    assert!(text.starts_with("HTTP/1.1 403"), "{text}");
    assert!(begun.elapsed() < Duration::from_secs(2), "nobody waits for a body that is not wanted");
}

#[tokio::test]
async fn sizes_have_limits_that_are_told_before_the_bytes_are_sent() {
    let world = World::new().await;
    let digest = Digest::of(b"announced");
    let request = || world.signed(&world.owner, Method::PUT, &world.target(digest), Some(digest));
    // Announced and never sent: the answer comes all the same.
    let too_large = format!("{}", (4 << 20) + 1);
    let mut connection = begin(&world, request().build().unwrap(), (4 << 20) + 1).await;
    let mut answer_text = [0; 600];
    let count = connection.read(&mut answer_text).await.unwrap();
    let text = String::from_utf8_lossy(&answer_text[..count]);
    assert!(text.starts_with("HTTP/1.1 413") && text.contains(&too_large), "{text}");
    // Of unknown length.
    let chunks = stream::iter([Ok::<_, std::io::Error>("announced")]);
    let chunked = request().body(reqwest::Body::wrap_stream(chunks)).send().await.unwrap();
    refused(answer(chunked).await, StatusCode::LENGTH_REQUIRED, "Content-Length");
    // A length that is none.
    let mut connection = TcpStream::connect(world.api.address()).await.unwrap();
    let head = format!("PUT {} HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n", world.target(digest));
    connection.write_all(head.as_bytes()).await.unwrap();
    let mut text = String::new();
    connection.read_to_string(&mut text).await.unwrap();
    assert!(text.starts_with("HTTP/1.1 400"), "{text}");
    assert!(world.files().is_empty());
}

#[tokio::test]
async fn a_key_has_a_quota_and_so_have_all_together() {
    let world = World::with(limited(|limits| limits.total_bytes = 9 << 20)).await.unwrap();
    let content = |byte: u8| vec![byte; 4 << 20];
    assert_eq!(world.push(&world.owner, &content(1)).await.0, 201);
    assert_eq!(world.push(&world.owner, &content(2)).await.0, 201);
    refused(
        world.push(&world.owner, &content(3)).await,
        StatusCode::PAYLOAD_TOO_LARGE,
        "may push 0 more bytes",
    );
    refused(world.push(&world.member, &content(3)).await, StatusCode::INSUFFICIENT_STORAGE, "has no room");
    assert_eq!(world.push(&world.member, &vec![4; 1 << 20]).await.0, 201);
    // A restart does not make room on the disk.
    let world = world.restart_with(limited(|limits| limits.total_bytes = 9 << 20)).await;
    refused(world.push(&world.member, b"one more").await, StatusCode::INSUFFICIENT_STORAGE, "has no room");
}

#[tokio::test]
async fn the_disk_keeps_a_reserve() {
    let world = World::with(limited(|limits| limits.min_disk_free_bytes = u64::MAX)).await.unwrap();
    refused(world.push(&world.owner, b"x").await, StatusCode::INSUFFICIENT_STORAGE, "has no room");
}

#[tokio::test]
async fn old_uploads_and_what_a_crash_left_are_removed() {
    let world = World::new().await;
    assert_eq!(world.push(&world.owner, b"old").await.0, 201);
    assert_eq!(world.push(&world.owner, b"new").await.0, 201);
    let left_over = world.uploads.root().join("tmp").join("left over");
    std::fs::write(&left_over, "half").unwrap();
    let long_ago = SystemTime::now() - Duration::from_secs(30 * 86_400);
    for path in [world.uploads.path_of(Digest::of(b"old")), left_over] {
        std::fs::File::options().write(true).open(path).unwrap().set_modified(long_ago).unwrap();
    }
    let world = world.restart().await;
    assert_eq!(world.files(), [world.uploads.path_of(Digest::of(b"new"))]);
}

#[tokio::test]
async fn a_chain_that_does_not_answer_is_no_yes() {
    let world = World::new().await;
    world.chain.is_down.store(true, Ordering::SeqCst);
    let refusal = world.push(&world.owner, b"content").await;
    assert!(!refusal.1.contains("secret"), "{refusal:?}");
    refused(refusal, StatusCode::SERVICE_UNAVAILABLE, "the chain can't be asked");
    world.chain.is_down.store(false, Ordering::SeqCst);
    assert_eq!(world.push(&world.owner, b"content").await.0, 201);
}

#[tokio::test]
async fn many_keys_do_not_make_many_questions() {
    let world = World::new().await;
    assert_eq!(world.push(&world.owner, b"content").await.0, 201);
    let mut statuses = Vec::new();
    for count in 0..400_u32 {
        let mut seed = [9; 32];
        seed[..4].copy_from_slice(&count.to_le_bytes());
        statuses.push(world.push(&Keypair::new_from_array(seed), b"content").await.0);
    }
    assert!(world.chain.questions.load(Ordering::SeqCst) <= 300);
    assert_eq!((statuses[0], statuses[399]), (403, 503));
    assert_eq!(world.push(&world.owner, b"content").await.0, 200, "who is known goes on");
}

#[tokio::test]
async fn the_client_says_what_the_node_said() {
    let world = World::new().await;
    let error = world.client().push(&world.stranger, &world.job, Bytes::from_static(b"x")).await.unwrap_err();
    let NodeClientError::Refused { status: 403, message, .. } = &error else { panic!("{error}") };
    assert!(message.contains(&world.project.to_string()), "{message}");
}
