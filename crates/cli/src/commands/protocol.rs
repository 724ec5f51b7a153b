//! `grid protocol`: the one config of the programs, and its roles.

use crate::{
    exit::Exit,
    facts::{Fact, Facts},
    session::Session,
    time::parse_duration,
};
use anyhow::Result;
use clap::Subcommand;
use grid_client::{account::Config, address, chain::fetch, instruction};
use solana_address::Address;

#[derive(Subcommand)]
pub enum Command {
    /// Show the config: admin, pauser, treasury, stake mint
    #[command(after_help = "Example: grid protocol show")]
    Show,
    /// Initialise the config, once; the program's upgrade authority signs
    #[command(
        after_help = "Example: grid protocol init --admin 9aE476sH92Vz7DMPyq5WLPkrKWivxeuTKEFKd2sZZcde"
    )]
    Init {
        /// Who administers the program [default: this key]
        #[arg(long, value_name = "ADDRESS")]
        admin: Option<Address>,
    },
    /// Name pauser and treasury; what is not given stays. The admin signs
    #[command(
        after_help = "Example: grid protocol set --treasury 9aE476sH92Vz7DMPyq5WLPkrKWivxeuTKEFKd2sZZcde"
    )]
    Set {
        /// Who may pause entries
        #[arg(long, value_name = "ADDRESS")]
        pauser: Option<Address>,
        /// Owner of the token accounts that fees are paid to
        #[arg(long, value_name = "ADDRESS")]
        treasury: Option<Address>,
    },
    /// Name the mint whose stakes earn shares of the fees; without one none do. The admin signs
    #[command(
        after_help = "Example: grid protocol set-stake-mint 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU"
    )]
    SetStakeMint {
        /// The mint
        mint: Option<Address>,
    },
    /// Refuse deposits, bonds and new markets for some time; 0 ends that. The pauser signs
    #[command(after_help = "Example: grid protocol pause-deposits --for 6h")]
    PauseDeposits {
        /// For how long, at most 3d
        #[arg(long = "for", value_name = "DURATION", value_parser = parse_duration)]
        duration: u32,
    },
    /// Offer the admin role
    #[command(
        after_help = "Example: grid protocol propose-admin 9aE476sH92Vz7DMPyq5WLPkrKWivxeuTKEFKd2sZZcde"
    )]
    ProposeAdmin {
        /// Whom to offer it to
        to: Address,
    },
    /// Take over the admin role that was offered to this key
    #[command(after_help = "Example: grid protocol accept-admin")]
    AcceptAdmin,
    /// Open the vault of a mint, which holds the tokens of all its markets and projects
    #[command(
        after_help = "Example: grid protocol open-vault --mint 4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU"
    )]
    OpenVault {
        /// The mint
        #[arg(long, value_name = "ADDRESS", env = "GRID_MINT")]
        mint: Option<Address>,
    },
}

pub async fn run(command: Command, session: &Session) -> Result<Exit> {
    let config = address::config().0;
    let read = || fetch::<Config>(session.chain.as_ref(), "config", &config);
    let (kind, subject, instruction) = match command {
        Command::Show => {
            let found = read().await?;
            let facts = Facts::new()
                .address("config", config)
                .address("admin", found.admin)
                .address("admin_offered_to", found.pending_admin)
                .address("pauser", found.pauser)
                .address("treasury", found.treasury)
                .address("stake_mint", found.stake_mint)
                .with("deposits_paused_until", Fact::Time(found.deposits_paused_until.get()));
            session.out.facts(&facts);
            return Ok(Exit::Success);
        }
        Command::Init { admin } => {
            let me = session.me()?;
            ("initialize_config", config, instruction::initialize_config(me, admin.unwrap_or(me)))
        }
        Command::Set { pauser, treasury } => {
            let found = read().await?;
            let (pauser, treasury) = (pauser.unwrap_or(found.pauser), treasury.unwrap_or(found.treasury));
            ("update_config", config, instruction::update_config(session.me()?, pauser, treasury))
        }
        Command::SetStakeMint { mint } => {
            if let Some(mint) = mint {
                session.mint(&mint).await?;
            }
            let set = instruction::set_stake_mint(session.me()?, mint.unwrap_or_default());
            ("set_stake_mint", config, set)
        }
        Command::PauseDeposits { duration } => {
            ("pause_deposits", config, instruction::pause_deposits(session.me()?, duration))
        }
        Command::ProposeAdmin { to } => {
            ("propose_admin", config, instruction::propose_admin(session.me()?, to))
        }
        Command::AcceptAdmin => ("accept_admin", config, instruction::accept_admin(session.me()?)),
        Command::OpenVault { mint } => {
            let mint = session.mint_or_default(mint).await?;
            let vault = address::vault(&mint.mint.address).0;
            ("open_vault", vault, instruction::open_vault(session.me()?, mint.mint))
        }
    };
    let landed = session.send(subject, kind, vec![instruction]).await?;
    let name = if subject == config { "config" } else { "vault" };
    session.out.landed(&Facts::new().address(name, subject), &[landed], None);
    Ok(Exit::Success)
}
