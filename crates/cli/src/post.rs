//! Posting a job: the definition and its inputs go into the store, the job onto the chain, once.

use crate::{
    commands::job::{market_of, spender},
    exit::usage,
    facts::Facts,
    posts::{Posts, Wanted},
    session::{NotSent, Session},
    time::parse_duration,
};
use anyhow::{Context, Result, ensure};
use clap::Args;
use grid_client::{
    account::{Device, Job, Project},
    address,
    chain::{fetch, find},
    instruction::{self, Listing, Spender},
};
use grid_executor::{ContentStore, Digest, FolderStore, Template};
use grid_jobs::{JobKind, Market, math};
use serde_json::{Map, Value, json};
use solana_address::Address;
use solana_instruction::Instruction;
use std::path::PathBuf;

/// Timeout where none is given, seconds; less where the market allows less.
const DEFAULT_TIMEOUT_SECONDS: u32 = 3_600;

/// A job to post.
#[derive(Debug, Args)]
pub struct PostOptions {
    /// Definition of the job; see docs/job-format.md
    #[arg(value_name = "FILE", required_unless_present = "image", conflicts_with = "image")]
    file: Option<PathBuf>,
    /// Run a command in this image, in place of a definition
    #[arg(long, value_name = "IMAGE")]
    image: Option<String>,
    /// The command sees the device's GPUs
    #[arg(long, requires = "image", conflicts_with = "file")]
    gpu: bool,
    /// Environment of the command; may be repeated
    #[arg(long, value_name = "NAME=VALUE", requires = "image", conflicts_with = "file", value_parser = pair)]
    env: Vec<(String, String)>,
    /// File or folder that the command leaves, to download; may be repeated
    #[arg(long, value_name = "PATH", requires = "image", conflicts_with = "file")]
    output: Vec<String>,
    /// The command and its arguments
    #[arg(last = true, value_name = "CMD", requires = "image", conflicts_with = "file")]
    command: Vec<String>,
    /// File for an input of the job; may be repeated
    #[arg(long, value_name = "NAME=FILE", value_parser = pair)]
    input: Vec<(String, String)>,
    /// The market
    #[arg(long, value_name = "ADDRESS", env = "GRID_MARKET")]
    market: Option<Address>,
    /// Project that pays [default: this key's in the market's mint]
    #[arg(long, value_name = "ADDRESS", env = "GRID_PROJECT")]
    project: Option<Address>,
    /// Longest paid run [default: 1h, or what the market allows]
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    timeout: Option<u32>,
    /// Highest acceptable price, tokens per second [default: the market's, now]
    #[arg(long, value_name = "TOKENS")]
    max_price: Option<String>,
    /// Pay for time, not for a result
    #[arg(long)]
    service: bool,
    /// Only for this device, which waits in the market
    #[arg(long, value_name = "ADDRESS")]
    device: Option<Address>,
    /// Number of the job in its project; the same number never posts twice
    #[arg(long)]
    id: Option<u64>,
}

fn pair(text: &str) -> Result<(String, String)> {
    let (name, value) = text.split_once('=').with_context(|| format!("`{text}` is not NAME=VALUE"))?;
    ensure!(!name.is_empty(), "`{text}` has no name before the `=`");
    Ok((name.to_owned(), value.to_owned()))
}

/// Posts a job and prints what it is; returns its address.
pub async fn post(session: &Session, options: &PostOptions) -> Result<Address> {
    let address = session.market_or_default(options.market)?;
    let store = FolderStore::open(session.settings.store())?;
    let (definition, inputs) = publish(options, &store).await?;
    let (market, mint) = market_of(session, &address).await?;
    let timeout = timeout_in(&market, options.timeout)?;
    let price = market.price_per_second_atoms.get();
    let max_price = match &options.max_price {
        Some(text) => mint.parse_positive(text)?,
        None => price,
    };
    let me = session.me()?;
    let project = options.project.unwrap_or_else(|| address::project(&mint.mint.address, &me).0);
    if find::<Project>(session.chain.as_ref(), &project).await?.is_none() {
        let mint = mint.mint.address;
        return Err(usage(format!(
            "project {project} does not exist: `grid project open --mint {mint} --deposit TOKENS` opens yours"
        )));
    }
    let spender = spender(session, &project).await?;
    let wanted = Wanted {
        project: project.to_string(),
        market: address.to_string(),
        definition: definition.to_string(),
        timeout_seconds: timeout,
        service: options.service,
        device: options.device.map(|device| device.to_string()),
    };
    if let Some(device) = options.device {
        fetch::<Device>(session.chain.as_ref(), "device", &device).await?;
    }
    let listing = |id| Listing {
        id,
        kind: if options.service { JobKind::Service } else { JobKind::Batch },
        definition: definition.0,
        timeout_seconds: timeout,
        max_price_per_second_atoms: max_price,
    };
    let posted = list(session, options, &wanted, |id| {
        list_instruction(spender, project, address, options.device, &listing(id))
    });
    let Posted { id, landed } = posted.await?;
    let job = address::job(&project, id).0;
    let escrow = math::escrow_for(price, timeout, market.fee_bps.get()).unwrap_or_default();
    let facts = Facts::new()
        .address("job", job)
        .number("id", id)
        .address("project", project)
        .address("market", address)
        .text("definition", definition)
        .number("inputs", inputs as u64)
        .seconds("timeout", timeout)
        .atoms("at_most", escrow, &mint);
    match landed {
        Some(landed) => session.out.landed(&facts, &[landed], Some(&mint)),
        None => session.out.landed(&facts.text("note", "it was posted before"), &[], Some(&mint)),
    }
    Ok(job)
}

struct Posted {
    id: u64,
    /// `None` when the job was on the chain already.
    landed: Option<grid_client::Landed>,
}

/// Lists a job under a number that was written down before.
async fn list(
    session: &Session,
    options: &PostOptions,
    wanted: &Wanted,
    instruction: impl Fn(u64) -> Instruction,
) -> Result<Posted> {
    let project: Address = wanted.project.parse().context("the project's address")?;
    let on_chain = async |id| find::<Job>(session.chain.as_ref(), &address::job(&project, id).0).await;
    if let Some(id) = options.id {
        if let Some(job) = on_chain(id).await? {
            ensure!(
                Digest(job.definition).to_string() == wanted.definition,
                usage(format!("the project has another job with the number {id}: choose another one"))
            );
            return Ok(Posted { id, landed: None });
        }
        let landed = session.send(address::job(&project, id).0, "list", vec![instruction(id)]).await?;
        return Ok(Posted { id, landed: Some(landed) });
    }
    let posts = Posts::open(session.settings.paths.posts())?;
    let post = posts.begin(wanted, fresh_id())?;
    let id = post.id;
    if on_chain(id).await?.is_some() {
        ensure!(post.is_retry, "the project has a job with the fresh number {id} already: try again");
        post.finish()?;
        return Ok(Posted { id, landed: None });
    }
    let job = address::job(&project, id).0;
    match session.send(job, "list", vec![instruction(id)]).await {
        Ok(landed) => {
            post.finish()?;
            Ok(Posted { id, landed: Some(landed) })
        }
        // Nothing was listed: the same command again posts another job.
        Err(error) if error.downcast_ref::<NotSent>().is_some_and(NotSent::is_refusal) => {
            post.finish()?;
            Err(error)
        }
        // Whether it landed is not known: the number stays written down, and the same command takes it up again.
        Err(error) => {
            Err(error.context("the job may be listed or not: the same command again posts it once"))
        }
    }
}

/// Microseconds since 1970: jobs sort by the time they were posted.
fn fresh_id() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// What lists a job: `list` is the owner's, `list_many` a member's, `list_direct` for one device.
fn list_instruction(
    spender: Spender,
    project: Address,
    market: Address,
    device: Option<Address>,
    listing: &Listing,
) -> Instruction {
    match (device, spender) {
        (Some(device), _) => instruction::list_direct(spender, project, market, device, listing),
        (None, Spender::Owner(owner)) => instruction::list(owner, project, market, listing),
        (None, Spender::Member(_)) => {
            let request = (listing.kind, listing.timeout_seconds, listing.definition);
            let price = listing.max_price_per_second_atoms;
            instruction::list_many(spender, project, market, listing.id, price, &[request])
        }
    }
}

fn timeout_in(market: &Market, given: Option<u32>) -> Result<u32> {
    let (least, most) = (market.min_timeout_seconds.get(), market.max_timeout_seconds.get());
    let timeout = given.unwrap_or_else(|| DEFAULT_TIMEOUT_SECONDS.clamp(least, most));
    ensure!(
        (least..=most).contains(&timeout),
        usage(format!("--timeout: the market takes {least} s to {most} s, not {timeout} s"))
    );
    Ok(timeout)
}

/// Puts inputs and definition into the store; the definition's digest, and how many inputs were given.
async fn publish(options: &PostOptions, store: &FolderStore) -> Result<(Digest, usize)> {
    let (name, bytes) = match &options.file {
        Some(file) => {
            let bytes = std::fs::read(file)
                .with_context(|| format!("{}: give a job definition that can be read", file.display()))?;
            (file.display().to_string(), bytes)
        }
        None => ("the command".to_owned(), command_definition(options).to_string().into_bytes()),
    };
    let mut template = Template::parse(&bytes).with_context(|| name.clone())?;
    for (input, file) in &options.input {
        let stored =
            store.put_file(file.as_ref()).await.with_context(|| format!("--input {input}={file}"))?;
        template.bind_input(input, stored.0).with_context(|| format!("--input {input}={file}"))?;
    }
    let unbound = template.unbound_inputs();
    ensure!(
        unbound.is_empty(),
        usage(format!("{name}: which file is the input `{0}`? Give --input {0}=FILE", unbound.join("`, `")))
    );
    let (_, bytes) = template.publish().with_context(|| name.clone())?;
    Ok((store.put(&bytes).await?, options.input.len()))
}

/// The definition of a command in an image.
fn command_definition(options: &PostOptions) -> Value {
    let mut args = Map::new();
    args.insert("image".into(), json!(options.image));
    if !options.command.is_empty() {
        args.insert("cmd".into(), json!(options.command));
    }
    if options.gpu {
        args.insert("gpu".into(), json!(true));
    }
    if !options.env.is_empty() {
        let env: Map<String, Value> =
            options.env.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        args.insert("env".into(), env.into());
    }
    let mut definition = json!({
        "version": "0.1",
        "type": "container",
        "meta": { "trigger": "cli" },
        "ops": [{ "type": "container/run", "id": "run", "args": args }],
    });
    if options.gpu {
        definition["requirements"] = json!({ "gpus": 1 });
    }
    if !options.input.is_empty() {
        definition["inputs"] = options.input.iter().map(|(name, _)| json!({ "name": name })).collect();
    }
    if !options.output.is_empty() {
        // The artifact is called as the file is; what can't be a name, the definition's reader refuses.
        let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
        definition["outputs"] =
            options.output.iter().map(|path| json!({ "name": name(path), "path": path })).collect();
    }
    definition
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use grid_executor::{Definition, definition::Action};

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        post: PostOptions,
    }

    fn options(arguments: &[&str]) -> PostOptions {
        Command::try_parse_from([&["post"], arguments].concat()).map(|command| command.post).unwrap()
    }

    #[test]
    fn a_command_becomes_a_definition() {
        let options = options(&[
            "--image", "ubuntu", "--gpu", "--env", "A=b=c", "--output", "out/x", "--input", "w=f", "--",
            "ls", "-l",
        ]);
        let mut template = Template::parse(command_definition(&options).to_string().as_bytes()).unwrap();
        assert_eq!(template.unbound_inputs(), ["w"]);
        template.bind_input("w", Digest::of(b"x")).unwrap();
        let definition: Definition = template.publish().unwrap().0;
        let Action::Run(run) = &definition.ops[0].action else { panic!("no command") };
        assert_eq!(run.env.get("A").map(String::as_str), Some("b=c"));
        assert_eq!((definition.outputs[0].path.as_str(), definition.inputs.len()), ("out/x", 1));
        assert_eq!(definition.requirements.gpus, Some(1));
    }

    #[test]
    fn a_file_and_an_image_exclude_each_other_and_one_is_needed() {
        for arguments in [&["a.json", "--image", "x"][..], &[], &["a.json", "--gpu"], &["a.json", "--", "ls"]]
        {
            let parsed = Command::try_parse_from([&["post"], arguments].concat());
            assert!(parsed.is_err(), "{arguments:?}");
        }
    }

    #[test]
    fn the_timeout_is_one_that_the_market_takes() {
        let mut market: Market = bytemuck::Zeroable::zeroed();
        (market.min_timeout_seconds, market.max_timeout_seconds) = (10.into(), 600.into());
        assert_eq!(timeout_in(&market, None).unwrap(), 600);
        assert_eq!(timeout_in(&market, Some(10)).unwrap(), 10);
        for outside in [9, 601] {
            let error = timeout_in(&market, Some(outside)).unwrap_err();
            assert_eq!(crate::exit::code_of(&error), crate::exit::USAGE, "{error}");
        }
    }

    #[test]
    fn each_spender_has_its_instruction() {
        let (me, project, market) = (Address::new_unique(), Address::new_unique(), Address::new_unique());
        let listing = Listing {
            id: 1,
            kind: JobKind::Batch,
            definition: [1; 32],
            timeout_seconds: 60,
            max_price_per_second_atoms: 1,
        };
        let kind =
            |spender, device| list_instruction(spender, project, market, device, &listing).data[..8].to_vec();
        let owner = kind(Spender::Owner(me), None);
        let member = kind(Spender::Member(me), None);
        let direct = kind(Spender::Owner(me), Some(me));
        assert!(owner != member && member != direct && owner != direct);
        assert_eq!(owner, instruction::list(me, project, market, &listing).data[..8]);
    }
}
