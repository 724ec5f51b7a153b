//! `grid project`: a client's prepaid balance, and who may spend it.

use crate::{
    exit::Exit,
    facts::{Fact, Facts},
    mint::MintInfo,
    session::{Session, still_there},
    time::parse_duration,
};
use anchor_lang::Discriminator;
use anyhow::Result;
use clap::{Args, Subcommand};
use grid_client::{
    Filter,
    account::{Member, Project},
    address,
    chain::{fetch, find},
    instruction,
    query::find_all,
    token,
};
use solana_address::Address;
use std::{mem::offset_of, sync::Arc};

#[derive(Subcommand)]
pub enum Command {
    /// List this key's projects
    #[command(after_help = "Example: grid project list")]
    List,
    /// Show a project
    #[command(after_help = "Example: grid project show --mint 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU")]
    Show(Target),
    /// Open a project: a prepaid balance in one mint
    #[command(
        after_help = "Example: grid project open --mint 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU --deposit 25"
    )]
    Open {
        /// Mint of the balance
        #[arg(long, value_name = "ADDRESS", env = "GRID_MINT")]
        mint: Option<Address>,
        /// Tokens to deposit at once
        #[arg(long, value_name = "TOKENS")]
        deposit: Option<String>,
    },
    /// Add tokens to a project's balance; anyone may pay
    #[command(
        after_help = "Example: grid project deposit 12.5 --mint 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU"
    )]
    Deposit {
        /// Tokens
        amount: String,
        #[command(flatten)]
        target: Target,
    },
    /// Take tokens out of a project's balance; the owner signs
    #[command(
        after_help = "Example: grid project withdraw all --mint 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU"
    )]
    Withdraw {
        /// Tokens, or `all`
        amount: String,
        #[command(flatten)]
        target: Target,
    },
    /// Close an empty project; its rent comes back
    #[command(after_help = "Example: grid project close --mint 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU")]
    Close(Target),
    /// Keys that may spend a project's balance on jobs, within a limit
    #[command(subcommand)]
    Member(MemberCommand),
}

#[derive(Subcommand)]
pub enum MemberCommand {
    /// List a project's members
    #[command(
        after_help = "Example: grid project member list --mint 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU"
    )]
    List(Target),
    /// Appoint a member, or change its limit; the owner signs
    #[command(
        after_help = "Example: grid project member set 9aE476sH92Vz7DMPyq5WLPkrKWivxeuTKEFKd2sZZcde --limit 5 --each 1d \
                            --mint 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU"
    )]
    Set {
        /// The member's key
        key: Address,
        /// Tokens that its jobs may reserve within a period
        #[arg(long, value_name = "TOKENS")]
        limit: String,
        /// Length of a period
        #[arg(long, value_name = "DURATION", value_parser = parse_duration, default_value = "30d")]
        each: u32,
        #[command(flatten)]
        target: Target,
    },
    /// End a membership; the owner or the member signs
    #[command(
        after_help = "Example: grid project member remove 9aE476sH92Vz7DMPyq5WLPkrKWivxeuTKEFKd2sZZcde \
                            --mint 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU"
    )]
    Remove {
        /// The member's key
        key: Address,
        #[command(flatten)]
        target: Target,
    },
}

/// Which project: this key's in a mint, or any by its address.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct Target {
    /// Address of the project [default: this key's in the mint]
    #[arg(long, value_name = "ADDRESS", env = "GRID_PROJECT")]
    project: Option<Address>,
    /// Mint of the project
    #[arg(long, value_name = "ADDRESS", env = "GRID_MINT")]
    mint: Option<Address>,
}

impl Target {
    async fn read(&self, session: &Session) -> Result<(Address, Project, Arc<MintInfo>)> {
        let address = match self.project {
            Some(address) => address,
            None => {
                let mint = session.mint_or_default(self.mint).await?;
                address::project(&mint.mint.address, &session.me()?).0
            }
        };
        let found = find(session.chain.as_ref(), &address).await?;
        let project: Project = found.ok_or_else(|| {
            anyhow::anyhow!("project {address} does not exist: open it with `grid project open`")
        })?;
        let mint = session.mint(&project.mint).await?;
        Ok((address, project, mint))
    }
}

pub async fn run(command: Command, session: &Session) -> Result<Exit> {
    match command {
        Command::List => list(session).await?,
        Command::Show(target) => {
            let (address, project, mint) = target.read(session).await?;
            session.out.facts(&facts(address, &project, &mint));
        }
        Command::Open { mint, deposit } => {
            let (me, mint) = (session.me()?, session.mint_or_default(mint).await?);
            let project = address::project(&mint.mint.address, &me).0;
            let mut instructions = vec![instruction::open_project(me, mint.mint)];
            if let Some(text) = deposit {
                instructions.push(deposit_of(me, project, &mint, mint.parse_positive(&text)?));
            }
            let landed = session.send(project, "open_project", instructions).await?;
            session.out.landed(&Facts::new().address("project", project), &[landed], Some(&mint));
        }
        Command::Deposit { amount, target } => {
            let (address, _, mint) = target.read(session).await?;
            let deposit = deposit_of(session.me()?, address, &mint, mint.parse_positive(&amount)?);
            let landed = session.send(address, "deposit", vec![deposit]).await?;
            session.out.landed(&Facts::new().address("project", address), &[landed], Some(&mint));
        }
        Command::Withdraw { amount, target } => {
            let (address, project, mint) = target.read(session).await?;
            let atoms = mint.parse_or_all(&amount, project.balance.get())?;
            let instructions = withdraw_of(session.me()?, address, &mint, atoms);
            let landed = session.send(address, "withdraw", instructions).await?;
            session.out.landed(&Facts::new().address("project", address), &[landed], Some(&mint));
        }
        Command::Close(target) => {
            let (address, _, mint) = target.read(session).await?;
            let close = instruction::close_project(session.me()?, address);
            let wanted = vec![still_there(address, Project::DISCRIMINATOR)];
            let landed = session.send_while(address, "close_project", vec![close], wanted).await?;
            session.out.landed(&Facts::new().address("project", address), &[landed], Some(&mint));
        }
        Command::Member(command) => member(command, session).await?,
    }
    Ok(Exit::Success)
}

fn deposit_of(
    depositor: Address,
    project: Address,
    mint: &MintInfo,
    atoms: u64,
) -> solana_instruction::Instruction {
    let source = address::token_account(&depositor, mint.mint);
    instruction::deposit(depositor, source, project, mint.mint, atoms)
}

/// Takes tokens out to the owner's own token account, which is made where there is none.
pub fn withdraw_of(
    owner: Address,
    project: Address,
    mint: &MintInfo,
    atoms: u64,
) -> Vec<solana_instruction::Instruction> {
    let destination = address::token_account(&owner, mint.mint);
    vec![
        token::create_account(owner, owner, mint.mint),
        instruction::withdraw(owner, project, mint.mint, destination, atoms),
    ]
}

fn facts(address: Address, project: &Project, mint: &Arc<MintInfo>) -> Facts {
    Facts::new()
        .address("project", address)
        .address("owner", project.owner)
        .address("mint", project.mint)
        .atoms("balance", project.balance.get(), mint)
        .number("open_jobs", project.open_jobs.get())
        .number("members", project.members.get())
}

async fn list(session: &Session) -> Result<()> {
    let mine = Filter::field(offset_of!(Project, owner), session.me()?);
    let mut rows = Vec::new();
    for (address, project) in find_all::<Project>(session.chain.as_ref(), [mine]).await? {
        rows.push(facts(address, &project, &session.mint(&project.mint).await?));
    }
    session.out.list("projects", &rows, "This key has no project: `grid project open` opens one.");
    Ok(())
}

async fn member(command: MemberCommand, session: &Session) -> Result<()> {
    let chain = session.chain.as_ref();
    match command {
        MemberCommand::List(target) => {
            let (address, _, mint) = target.read(session).await?;
            let of_project = Filter::field(offset_of!(Member, project), address);
            let row = |(_, member): &(Address, Member)| {
                Facts::new()
                    .address("key", member.key)
                    .atoms("limit", member.limit_atoms.get(), &mint)
                    .seconds("period", member.period_seconds.get())
                    .atoms("spent", member.spent_atoms.get(), &mint)
                    .with("period_began", Fact::Time(member.period_started_at.get()))
            };
            let rows: Vec<Facts> = find_all::<Member>(chain, [of_project]).await?.iter().map(row).collect();
            session.out.list("members", &rows, "The project has no members.");
        }
        MemberCommand::Set { key, limit, each, target } => {
            let (address, _, mint) = target.read(session).await?;
            let set = instruction::set_member(session.me()?, address, key, mint.parse(&limit)?, each);
            let member = address::member(&address, &key).0;
            let landed = session.send(member, "set_member", vec![set]).await?;
            let facts = Facts::new().address("project", address).address("member", key);
            session.out.landed(&facts, &[landed], Some(&mint));
        }
        MemberCommand::Remove { key, target } => {
            let (address, project, mint) = target.read(session).await?;
            let member = address::member(&address, &key).0;
            fetch::<Member>(chain, "membership", &member).await?;
            let close = instruction::close_member(session.me()?, project.owner, address, key);
            let wanted = vec![still_there(member, Member::DISCRIMINATOR)];
            let landed = session.send_while(member, "close_member", vec![close], wanted).await?;
            let facts = Facts::new().address("project", address).address("member", key);
            session.out.landed(&facts, &[landed], Some(&mint));
        }
    }
    Ok(())
}
