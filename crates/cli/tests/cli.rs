//! The `grid` binary as users run it, each in a shell of his own, against the embedded network.

mod world;

use serde_json::Value;
use std::{fs, time::Duration};
use world::{User, World};

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples");

/// A market is opened, a client pays, a node works, everybody takes home what is due.
#[test]
fn the_whole_life_of_a_job() {
    let world = World::start(&["admin", "client", "node"]);
    let [admin, client, node] = ["admin", "client", "node"].map(|name| world.user(name));
    let mint = world.mint(admin, &[client, node]);
    let market = open_market(admin, &mint);
    for user in [client, node] {
        user.set("GRID_MARKET", &market);
    }

    // The client.
    let opened = client.ok(&["project", "open", "--deposit", "20"]);
    let project = text(&opened, "project");
    client.ok(&["project", "deposit", "5.5"]);
    assert_eq!(client.ok(&["project", "withdraw", "0.5"])["project"], project.as_str());
    let shown = client.ok(&["project", "show"]);
    assert_eq!((&shown["balance_atoms"], &shown["open_jobs"]), (&25_000_000.into(), &0.into()));
    let human = client.run(&["project", "show"]);
    assert!(human.stdout.contains("balance    25.000000 "), "{}", human.stdout);

    // The node: a device, its bond, its record, its benchmark.
    let device = text(&node.ok(&["device", "open", "--bond"]), "device");
    assert_eq!(node.ok(&["device", "list"])["devices"][0]["bond_atoms"], 2_000_000);
    let serve = world::free_address();
    let mut worker = node.spawn_node(&["--source", &format!("http://{serve}")]);
    let listening = text(&worker.line(), "listening");
    let registered = node.ok(&["node", "register", "--country", "756", "--endpoint", &listening]);
    assert_eq!(registered["endpoint"], listening.as_str());
    node.fails(&["node", "register", "--country", "756"], 1, &["register_node"]);

    // A job that succeeds, from the file to the hashed artifact.
    let words = client.file("words.txt", "one two two three three three\n");
    let out = client.path("out");
    let job_file = format!("{EXAMPLES}/word-count.json");
    let ran = client.run(&[
        "job",
        "post",
        &job_file,
        "--input",
        &format!("words={words}"),
        "--timeout",
        "2m",
        "--follow",
        "--download",
        &out,
        "--serve",
        &serve.to_string(),
    ]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains("count | words=6"), "the log is followed: {}", ran.stdout);
    assert!(ran.stderr.lines().any(|line| line == "done"), "{}", ran.stderr);
    let counted = fs::read_to_string(client.path("out/artifacts/top-words.tsv")).unwrap();
    assert!(counted.starts_with("rank\tword\tcount\tper mille\n1\tthree\t3\t500\n"), "{counted}");

    let jobs = client.ok(&["job", "list"]);
    let job = text(&jobs["jobs"][0], "job");
    assert_eq!(jobs["jobs"][0]["state"], "done");
    assert_eq!(client.ok(&["job", "show", &job])["device"], device.as_str());
    let lines = client.ok(&["job", "logs", &job])["lines"].to_string();
    assert!(lines.contains("top | rank"), "{lines}");
    let verified = client.ok(&["job", "verify", &job, &out]);
    assert_eq!(verified["status"], "succeeded");
    client.ok(&["job", "download", &job, &out]);
    fs::write(client.path("out/artifacts/top-words.tsv"), "forged").unwrap();
    let forged = client.run(&["--json", "job", "verify", &job, &out]);
    assert_eq!(forged.code, 1, "{forged:?}");
    assert!(forged.json()["wrong"][0].as_str().unwrap().contains("top-words.tsv"), "{forged:?}");
    client.fails(&["job", "download", &job, &out], 1, &["top-words.tsv", "name another folder"]);

    // A job that fails, as a command line: its exit code says so.
    let failed = client.run(&[
        "--json",
        "job",
        "post",
        "--image",
        "ubuntu",
        "--timeout",
        "1m",
        "--wait",
        "--serve",
        &serve.to_string(),
        "--",
        "sh",
        "-c",
        "echo no >&2; exit 3",
    ]);
    assert_eq!(failed.code, 3, "{failed:?}");
    let last = failed.lines().pop().unwrap();
    assert_eq!((&last["status"], &last["ops"][0]["exit_code"]), (&"failed".into(), &3.into()));
    let states: Vec<String> = failed
        .lines()
        .iter()
        .filter(|line| line["type"] == "state")
        .map(|line| text(line, "state"))
        .collect();
    assert_eq!(states.last().map(String::as_str), Some("done"), "{states:?}");

    // The worker ends when it is told to, and its device leaves the queue.
    worker.signal("TERM");
    assert_eq!(worker.wait(), 0);
    assert_eq!(node.ok(&["device", "show", &device])["state"], "idle");

    // A job that waits.
    let hello = format!("{EXAMPLES}/hello.json");
    let posted = client.ok(&["job", "post", &hello, "--id", "7", "--timeout", "1m"]);
    let again = client.ok(&["job", "post", &hello, "--id", "7", "--timeout", "1m"]);
    assert_eq!((&posted["job"], &again["note"]), (&again["job"], &"it was posted before".into()));
    let other = format!("{EXAMPLES}/failing.json");
    client.fails(
        &["job", "post", &other, "--id", "7", "--timeout", "1m"],
        2,
        &["another job with the number 7"],
    );
    let waits = text(&posted, "job");
    let waiting = client.ok(&["job", "show", &waits]);
    assert_eq!((&waiting["state"], &waiting["in_words"]), (&"queued".into(), &"queued, place 1 of 1".into()));
    let gave_up = client.run(&["job", "wait", &waits, "--at-most", "1s"]);
    assert_eq!(gave_up.code, 5, "{gave_up:?}");
    assert!(gave_up.stderr.contains(&format!("grid job wait {waits}")), "{}", gave_up.stderr);
    let mut pressed = client.spawn(&["--json", "job", "wait", &waits]);
    assert_eq!(pressed.line()["state"], "queued");
    pressed.signal("INT");
    assert_eq!(pressed.wait(), 130, "Ctrl-C leaves the job");
    client.fails(&["job", "end", &waits], 1, &["does not run"]);
    client.ok(&["job", "delist", &waits]);
    assert_eq!(client.run(&["job", "wait", &waits]).code, 4);

    a_post_that_broke_off(client, &project, &market, &hello);
    client.fails(&["project", "deposit", "5000"], 1, &["deposit", "holds too little"]);
    members(client, admin, &project, &hello);
    everybody_goes_home(admin, client, node, &device, &market);
}

/// The admin opens a market that has all terms.
fn open_market(admin: &User, mint: &str) -> String {
    let opened = admin.ok(&[
        "market",
        "open",
        "--price-per-second",
        "0.0015",
        "--bond",
        "2",
        "--fee-bps",
        "250",
        "--retention",
        "1d",
        "--max-timeout",
        "1h",
    ]);
    let market = text(&opened, "market");
    assert_eq!(opened["price_per_second_atoms"], 1_500);
    admin.ok(&["market", "grow", &market]);
    admin.ok(&["market", "update", &market, "--max-strikes", "4"]);
    let shown = admin.ok(&["market", "show", &market]);
    let terms =
        [("bond_atoms", 2_000_000), ("fee_bps", 250), ("max_strikes", 4), ("max_timeout_seconds", 3_600)];
    for (name, value) in terms {
        assert_eq!(shown[name], value, "{name}");
    }
    assert!(shown["places"].as_u64() > Some(400), "{shown}");
    let listed = admin.ok(&["market", "list", "--mint", mint]);
    assert_eq!(listed["markets"][0]["market"], market.as_str());
    admin.fails(&["market", "open", "--mint", mint], 2, &["--price-per-second"]);
    market
}

/// The process ended before it knew that its job was on the chain: the same command again lists no second one.
fn a_post_that_broke_off(client: &User, project: &str, market: &str, definition: &str) {
    let post = ["job", "post", definition, "--timeout", "1m"];
    let posted = client.ok(&post);
    let record = serde_json::json!({ "id": posted["id"], "wanted": {
        "project": project, "market": market, "definition": posted["definition"], "timeout_seconds": 60, "service": false,
        "device": null,
    } });
    let file = format!(".local/share/grid/posts/{project}-{}.json", posted["id"]);
    client.file(&file, &record.to_string());
    let again = client.ok(&post);
    assert_eq!((&again["job"], &again["note"]), (&posted["job"], &"it was posted before".into()));
    let second = client.ok(&post);
    assert!(second["job"] != posted["job"] && second["note"].is_null(), "that is another job: {second}");
    for job in [&posted, &second] {
        client.ok(&["job", "delist", &text(job, "job")]);
    }
}

/// A member posts within its limit, and no further.
fn members(client: &User, member: &User, project: &str, definition: &str) {
    client.ok(&["project", "member", "set", member.key(), "--limit", "0.1", "--each", "1d"]);
    let members = client.ok(&["project", "member", "list"]);
    assert_eq!(members["members"][0]["limit_atoms"], 100_000);
    let market = client.variable("GRID_MARKET");
    let post = ["job", "post", definition, "--project", project, "--market", &market, "--timeout"];
    let posted = member.ok(&[&post[..], &["1m"]].concat());
    member.fails(&[&post[..], &["2m"]].concat(), 1, &["MemberLimitExceeded"]);
    let job = text(&posted, "job");
    assert_eq!(member.ok(&["job", "list", "--active"])["jobs"][0]["job"], job.as_str());
    client.ok(&["job", "extend", &job, "90s"]);
    member.ok(&["job", "delist", &job]);
    client.ok(&["project", "member", "remove", member.key()]);
}

/// What everybody put in comes back, by one command each.
fn everybody_goes_home(admin: &User, client: &User, node: &User, device: &str, market: &str) {
    let earned = node.ok(&["earnings", "--since", "1d"]);
    let line = &earned["devices"][0];
    assert_eq!((&line["device"], &line["jobs"]), (&device.into(), &2.into()), "{earned}");
    assert_eq!(line["earned_atoms"], line["to_withdraw_atoms"], "{earned}");
    let atoms = line["earned_atoms"].as_u64().unwrap();

    client.fails(&["project", "close"], 1, &["ProjectNotEmpty", "grid project withdraw"]);
    let planned = client.ok(&["reclaim", "--all", "--dry-run"]);
    assert_eq!(planned["signatures"].as_array().unwrap().len(), 0);
    let reclaimed = client.ok(&["reclaim", "--all"]);
    assert_eq!((&planned["due"], &planned["tokens"]), (&reclaimed["due"], &reclaimed["tokens"]));
    assert_eq!(reclaimed["due"].as_array().unwrap().len(), 3, "two jobs and the project: {reclaimed}");
    assert_eq!(client.ok(&["project", "list"])["projects"].as_array().unwrap().len(), 0);
    let nothing = client.run(&["reclaim", "--all"]);
    assert_eq!((nothing.code, nothing.stdout.as_str()), (0, "Nothing is due.\n"));

    let reclaimed = node.ok(&["reclaim", "--all"]);
    assert_eq!(reclaimed["tokens"][0]["atoms"], 2_000_000 + atoms, "bond and earnings: {reclaimed}");
    assert_eq!(node.ok(&["token", "balance"])["tokens_atoms"], 1_000_000_000 + atoms);
    node.ok(&["node", "close"]);
    let fees = 1_000_000_000 - atoms - client.ok(&["token", "balance"])["tokens_atoms"].as_u64().unwrap();
    if fees > 0 {
        admin.fails(&["market", "close", market], 1, &["MarketNotEmpty", "collect-fees"]);
        let collected = admin.ok(&["reclaim"]);
        assert_eq!(collected["tokens"][0]["atoms"], fees, "the treasury's share is all: {collected}");
    }
    admin.ok(&["market", "close", market]);
    let gone = admin.run(&["market", "list"]);
    assert!(gone.stdout.contains("There is no market yet"), "{}", gone.stdout);
}

/// Registry, benchmark, attestation, access NFT: a node becomes one that a market admits, and leaves again.
#[test]
fn a_node_is_admitted() {
    let world = World::start(&["admin", "node"]);
    let (admin, node) = (world.user("admin"), world.user("node"));
    let mint = world.mint(admin, &[node]);
    let market = open_market(admin, &mint);
    node.set("GRID_MARKET", &market);
    let collection =
        text(&admin.ok(&["access", "create", "--name", "Access", "--symbol", "ACC"]), "collection");
    let device = text(&node.ok(&["device", "open"]), "device");
    node.fails(&["node", "bench"], 1, &["grid node register"]);
    let mut worker = node.spawn_node(&[]);
    let listening = text(&worker.line(), "listening");
    node.ok(&["node", "register", "--country", "756"]);
    node.ok(&["node", "update", "--endpoint", &listening]);
    assert_eq!(node.ok(&["node", "show"])["country"], 756, "what is not given stays");

    // A machine with GPUs would measure them here, and tell them when it registers; this test wants one without.
    if !std::path::Path::new("/proc/driver/nvidia/version").exists() {
        node.fails(&["node", "bench", "--class", "2"], 2, &["measures GPUs"]);
        node.fails(&["node", "update", "--gpu", "NVIDIA GeForce RTX 4090"], 2, &["RTX 4090", "none"]);
    }
    let measured = node.ok(&["node", "bench"]);
    let (result, score) = (text(&measured, "result"), measured["score"].as_u64().unwrap());
    assert!(score > 10, "{measured}");
    let attest = ["attest", "make", node.key(), "--collection", &collection, "--class", "1", "--result"];
    let wrong = "00".repeat(32);
    admin.fails(&[&attest[..], &[&wrong]].concat(), 1, &["the benchmark's result"]);
    let attested = admin.ok(&[&attest[..], &[&result]].concat());
    assert_eq!(attested["score"], score);
    node.fails(&[&attest[..], &[&result]].concat(), 1, &["NotAttestor"]);
    worker.signal("TERM");
    assert_eq!(worker.wait(), 0);

    node.fails(&["device", "admit", &device], 1, &["asks for no access NFT"]);
    admin.ok(&[
        "market",
        "set-admission",
        &market,
        "--collection",
        &collection,
        "--access",
        "issued",
        "--class",
        "1",
        "--min-score",
        "1",
    ]);
    let asked = text(&admin.ok(&["market", "show", &market]), "admission");
    assert!(asked.contains("issued to the node") && asked.contains("at least 1 fp32 megaflops"), "{asked}");
    node.fails(&["device", "admit", &device], 1, &["no access NFT of collection"]);
    let issue = ["access", "issue", node.key(), "--collection", &collection, "--name", "Node"];
    assert_eq!(admin.ok(&issue)["index"], 0);
    let second = admin.ok(&issue);
    assert_eq!(second["index"], 1, "the next free number");
    let nfts = admin.ok(&["access", "show", &collection])["nfts"].as_array().unwrap().len();
    assert_eq!(nfts, 2);
    let nft = text(&node.ok(&["device", "admit", &device]), "nft");
    assert_eq!(node.ok(&["device", "show", &device])["admitted"], true);
    node.fails(&["device", "close", &device], 1, &["DeviceAdmitted", "grid device dismiss"]);
    node.ok(&["device", "dismiss", &device]);

    admin.ok(&["access", "revoke", &nft]);
    admin.ok(&["access", "propose-role", &collection, "attestor", "--to", node.key()]);
    node.ok(&["access", "accept-role", &collection, "attestor"]);
    node.ok(&["attest", "revoke", node.key(), "--collection", &collection, "--class", "1"]);
    assert_eq!(node.ok(&["attest", "list"])["attestations"].as_array().unwrap().len(), 0);

    // To a market of its own, in one transaction.
    let other =
        text(&node.ok(&["market", "open", "--id", "5", "--price-per-second", "1", "--bond", "3"]), "market");
    let moved = node.ok(&["device", "move", &device, "--to", &other, "--bond"]);
    assert_eq!((&moved["before"], &moved["market"]), (&device.as_str().into(), &other.as_str().into()));
    let shown = node.ok(&["device", "show", &text(&moved, "device")]);
    assert_eq!(shown["bond_atoms"], 3_000_000);
    let status = node.ok(&["node", "status", "--once", "--api", "http://127.0.0.1:9"]);
    assert_eq!((&status["worker"], &status["devices"][0]["state"]), (&Value::Null, &"idle".into()));
    let table = node.run(&["node", "status", "--once", "--api", "http://127.0.0.1:9"]);
    assert!(
        table.stdout.contains("the worker does not answer") && table.stdout.contains("3.000000"),
        "{table:?}"
    );
    node.ok(&["device", "close", &text(&moved, "device"), "--pay-out"]);
    node.ok(&["market", "close", &other]);
}

/// A stake is opened, earns, and comes home; an emission pays into the pool.
#[test]
fn stakes_earn_and_come_home() {
    let world = World::start(&["admin", "staker"]);
    let (admin, staker) = (world.user("admin"), world.user("staker"));
    let mint = world.mint(admin, &[admin, staker]);
    admin.ok(&["stake", "settings", "open"]);
    assert_eq!(admin.ok(&["stake", "settings", "show"])["slash_cap_bps"], 2_500);
    admin.fails(&["stake", "settings", "update"], 2, &["what is to change"]);
    admin.ok(&["stake", "settings", "update", "--slash-cap-bps", "1000"]);
    let pool = text(&admin.ok(&["rewards", "open", "--stake-mint", &mint, "--reward-mint", &mint]), "pool");
    admin.ok(&["protocol", "set-stake-mint", &mint]);
    assert_eq!(admin.ok(&["protocol", "show"])["stake_mint"], mint.as_str());

    let stake = text(&staker.ok(&["stake", "open", "100", "--for", "14d"]), "stake");
    staker.ok(&["stake", "top-up", &stake, "50"]);
    staker.ok(&["stake", "extend", &stake, "20d"]);
    let shown = staker.ok(&["stake", "show", &stake]);
    let held = (&shown["holds_atoms"], &shown["duration_seconds"], &shown["state"]);
    assert_eq!(held, (&150_000_000.into(), &(20 * 86_400).into(), &"staked".into()));
    staker.ok(&["rewards", "enter", &pool, "--stake", &stake]);
    staker.fails(&["rewards", "claim", &pool, "--stake", &stake], 1, &["NothingEarned"]);
    world.pass(Duration::from_secs(86_400));
    staker.ok(&["rewards", "sync", &pool, "--stake", &stake]);
    admin.ok(&["rewards", "add", &pool, "12"]);
    let emission = text(
        &admin.ok(&[
            "pool",
            "open",
            "--rate-per-second",
            "0.001",
            "--to",
            &pool,
            "--closeable",
            "--fund",
            "100",
        ]),
        "emission",
    );
    world.pass(Duration::from_secs(1_000));
    let due = admin.ok(&["pool", "show", &emission])["due_atoms"].as_u64().unwrap();
    assert!(due >= 1_000_000, "{due}");
    staker.ok(&["pool", "claim", &emission]);
    staker.ok(&["rewards", "sync", &pool, "--stake", &stake]);
    let claimable =
        staker.ok(&["rewards", "show", &pool])["positions"][0]["claimable_atoms"].as_u64().unwrap();
    assert!(claimable >= 12_999_999, "{claimable}");
    let before = staker.ok(&["token", "balance"])["tokens_atoms"].as_u64().unwrap();
    staker.ok(&["rewards", "claim", &pool, "--stake", &stake]);
    assert_eq!(staker.ok(&["token", "balance"])["tokens_atoms"], before + claimable);
    admin.ok(&["pool", "close", &emission]);

    let evidence = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let slash = ["stake", "slash", &stake, "5", "--reason", "wrong-result", "--evidence", evidence];
    staker.fails(&slash, 1, &["NotSlasher"]);
    admin.ok(&slash);
    staker.fails(&["stake", "withdraw", &stake], 1, &["NotUnstaking", "grid stake unstake"]);
    staker.ok(&["stake", "unstake", &stake]);
    staker.ok(&["stake", "restake", &stake]);
    staker.ok(&["stake", "unstake", &stake]);
    world.pass(Duration::from_secs(10 * 86_400));
    let half = staker.ok(&["reclaim"]);
    assert!(half["tokens"][0]["atoms"].as_u64() >= Some(72_500_000), "{half}");
    world.pass(Duration::from_secs(11 * 86_400));
    staker.ok(&["reclaim"]);
    assert_eq!(staker.ok(&["stake", "list"])["stakes"].as_array().unwrap().len(), 0);
    let home = staker.ok(&["token", "balance"])["tokens_atoms"].as_u64().unwrap();
    assert_eq!(home, 1_000_000_000 + claimable - 5_000_000, "all but what was slashed");
}

/// The network in one shell, a user in another.
#[test]
fn the_localnet_serves_another_shell() {
    let user = User::new("user");
    let created = user.ok(&["init", "--no-doctor"]);
    let key = text(&created, "key");
    let mut localnet = user.spawn(&[
        "localnet",
        "--json",
        "--rpc-port",
        "0",
        "--airdrop",
        &key,
        "--upgrade-authority",
        &key,
    ]);
    user.set("GRID_URL", &text(&localnet.line(), "rpc"));
    // What the machine is like, this test can't know: only what the network and the key are is asserted.
    let doctor = user.run(&["--json", "doctor"]).json();
    let verdict = |name: &str| {
        let checks = doctor["checks"].as_array().unwrap();
        let check = checks.iter().find(|check| check["name"] == name);
        text(check.unwrap_or_else(|| panic!("no check {name}: {doctor}")), "verdict")
    };
    for name in ["key", "balance", "program grid_jobs", "program grid_pools"] {
        assert_eq!(verdict(name), "ok", "{name}");
    }
    assert_eq!(verdict("protocol config"), "warn", "nobody has initialised it");
    user.ok(&["protocol", "init"]);
    assert_eq!(user.ok(&["protocol", "show"])["admin"], key.as_str());
    localnet.signal("TERM");
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_else(|| panic!("no text {key} in {value}")).to_owned()
}

#[test]
fn init_makes_what_is_missing_and_touches_nothing_else() {
    let user = User::new("user");
    let first = user.ok(&["init", "--no-doctor", "--url", "http://127.0.0.1:9"]);
    assert_eq!((&first["keypair_created"], &first["config_created"]), (&true.into(), &true.into()));
    let files = [user.path(".config/grid/id.json"), user.path(".config/grid/config.toml")];
    let before = files.each_ref().map(|file| fs::read(file).unwrap());
    let again = user.ok(&["init", "--no-doctor"]);
    assert_eq!((&again["keypair_created"], &again["config_created"]), (&false.into(), &false.into()));
    assert_eq!(again["key"], first["key"]);
    assert_eq!(files.each_ref().map(|file| fs::read(file).unwrap()), before);

    assert_eq!(user.ok(&["config", "check"])["state"], "valid");
    assert_eq!(text(&user.ok(&["config", "path"]), "config"), files[1]);
    let shown = user.ok(&["config", "show"]);
    let urls = &shown["settings"][1];
    assert_eq!((&urls["value"], &urls["from"]), (&"http://127.0.0.1:9".into(), &"configuration file".into()));
    let flag = user.ok(&["config", "show", "--url", "devnet"]);
    assert_eq!(flag["settings"][1]["from"], "command line or environment");

    // A doctor who finds no chain says so and what to do.
    let ill = user.run(&["doctor"]);
    assert_eq!(ill.code, 1, "{ill:?}");
    assert!(
        ill.stdout.contains("fail  RPC http://127.0.0.1:9") && ill.stdout.contains("grid localnet"),
        "{ill:?}"
    );
}

#[test]
fn what_is_wrong_is_said_with_what_to_do() {
    let user = User::new("user");
    user.fails(&["project", "list"], 1, &["there is no key", "grid init"]);
    user.fails(&["market", "list", "--url", "nowhere"], 2, &["`nowhere` is no endpoint"]);
    user.fails(&["market", "list", "-u", "http://127.0.0.1:9"], 1, &["127.0.0.1:9"]);
    user.fails(&["market", "list", "-C", "/no/config.toml"], 2, &["/no/config.toml", "grid init"]);
    user.fails(&["job", "post"], 2, &["<FILE>"]);
    user.fails(&["market", "show", "x"], 2, &["invalid value 'x'"]);
    let config = user.file("config.toml", "urls = [\"localhost\"]\nkeypiar = \"x\"\n");
    user.fails(&["config", "check", &config], 1, &["line 2", "keypiar"]);
    user.fails(&["-C", &config, "market", "list"], 1, &["line 2", "keypiar"]);
    let json = user.run(&["--json", "market", "show"]);
    let error: Value = serde_json::from_str(&json.stderr).unwrap();
    assert_eq!((json.code, &error["exit_code"]), (2, &2.into()));
    assert!(text(&error, "error").contains("which market?"), "{error}");
}

#[test]
fn completions_and_the_unit_are_printed() {
    let user = User::new("user");
    for shell in ["bash", "zsh", "fish"] {
        let script = user.run(&["completions", shell]);
        assert!(script.code == 0 && script.stdout.contains("reclaim"), "{shell}: {script:?}");
    }
    let unit = user.run(&["node", "unit"]).stdout;
    for line in [
        "ExecStart=/usr/local/bin/grid node start",
        "KillMode=process",
        "Restart=always",
        "NoNewPrivileges=yes",
    ] {
        assert!(unit.lines().any(|found| found == line), "{line}");
    }
}

/// A node's own HTTP side takes what the client hands it after the match, and gives back log and result.
#[test]
fn a_client_hands_its_files_to_the_node_that_is_matched() {
    let world = World::start(&["admin", "client", "node"]);
    let [admin, client, node] = ["admin", "client", "node"].map(|name| world.user(name));
    let mint = world.mint(admin, &[client]);
    let market = text(&admin.ok(&["market", "open", "--price-per-second", "0.001"]), "market");
    client.set("GRID_MARKET", &market);
    client.ok(&["project", "open", "--deposit", "10"]);
    let device = text(&node.ok(&["device", "open", "--market", &market]), "device");
    let http = world.serve_node(node, &device, &market, &mint);
    node.ok(&["node", "register", "--country", "756", "--endpoint", &http.endpoint]);

    let words = client.file("words.txt", "b a a\n");
    let definition = client.file("job.json", r#"{"version": "0.1", "type": "container", "inputs": [{"name": "words"}], "ops": [
        {"type": "container/run", "id": "read", "args": {"image": "x", "cmd": "echo begins; cat words; sleep 2; echo ends"}}]}"#);
    let out = client.path("out");
    let mut waiting = client.spawn(&[
        "--json",
        "job",
        "post",
        &definition,
        "--input",
        &format!("words={words}"),
        "--timeout",
        "1m",
        "--follow",
        "--download",
        &out,
    ]);
    let posted = waiting.line();
    let pushed = [text(&posted, "definition"), grid_executor::Digest::of(b"b a a\n").to_string()];
    // The node matches; only when both files have come does its worker begin: it would hand the job back without them.
    world.match_device(node, &device, &market);
    world.wait_for("the client's files", || pushed.iter().all(|digest| http.has_upload(digest)));
    let worker = http.work(&world, node);
    let lines = waiting.rest();
    assert_eq!(waiting.wait(), 0, "{lines:?}");
    let log: Vec<String> =
        lines.iter().filter(|line| line["type"] == "log").map(|line| text(line, "line")).collect();
    assert_eq!(log, ["read | begins", "read | b a a", "read | ends"], "each line once");
    assert_eq!(lines.last().unwrap()["status"], "succeeded");
    assert_eq!(client.ok(&["job", "verify", &text(&posted, "job"), &out])["status"], "succeeded");
    let status = node.ok(&["node", "status", "--once", "--api", &http.private]);
    assert_eq!(
        (&status["worker"]["version"], &status["devices"][0]["hardware"]),
        (&"0.1.0".into(), &"cpu-0".into())
    );
    let foreign = client.ok(&["node", "status", "--once", "--api", &http.private]);
    assert!(text(&foreign, "trouble").contains("that is the worker of node"), "{foreign}");
    worker.stop(&world);
}
