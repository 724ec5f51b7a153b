//! What holds: the command line, else the environment, else the configuration file, else the default.

use crate::{config::ConfigFile, exit::usage, paths::Paths};
use anyhow::Result;
use clap::Args;
use grid_node::config::NodeConfig;
use solana_address::Address;
use std::path::{Path, PathBuf};

/// Options that every command has.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Options {
    /// Configuration file [default: ~/.config/grid/config.toml]
    #[arg(short = 'C', long, global = true, value_name = "FILE", env = "GRID_CONFIG")]
    pub config: Option<PathBuf>,
    /// RPC endpoint: localhost, devnet, testnet, mainnet-beta or an address; several with commas [default: localhost]
    #[arg(short, long, global = true, value_name = "URL", env = "GRID_URL", value_delimiter = ',')]
    pub url: Vec<String>,
    /// Key file that signs and pays [default: ~/.config/grid/id.json]
    #[arg(short, long, global = true, value_name = "FILE", env = "GRID_KEYPAIR")]
    pub keypair: Option<PathBuf>,
    /// Folder of definitions, inputs and results [default: ~/.local/share/grid/store]
    #[arg(long, global = true, value_name = "FOLDER", env = "GRID_STORE")]
    pub store: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true)]
    pub json: bool,
}

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The command line or the environment.
    Given,
    /// The configuration file.
    File,
    /// Nobody said otherwise.
    Default,
}

impl Source {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Given => "command line or environment",
            Self::File => "configuration file",
            Self::Default => "default",
        }
    }
}

/// A value and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sourced<T> {
    /// The value.
    pub value: T,
    /// Where it comes from.
    pub source: Source,
}

fn first<T>(given: Option<T>, file: Option<T>, default: impl FnOnce() -> T) -> Sourced<T> {
    match (given, file) {
        (Some(value), _) => Sourced { value, source: Source::Given },
        (None, Some(value)) => Sourced { value, source: Source::File },
        (None, None) => Sourced { value: default(), source: Source::Default },
    }
}

/// What holds.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The configuration file, there or not.
    pub config: Sourced<PathBuf>,
    /// Whether it is there.
    pub has_config: bool,
    /// RPC endpoints, at least one.
    pub urls: Sourced<Vec<String>>,
    /// The key's file.
    pub keypair: Sourced<PathBuf>,
    /// The store's folder.
    pub store: Sourced<PathBuf>,
    /// The mint of the configuration file.
    pub mint: Option<Address>,
    /// The market of the configuration file.
    pub market: Option<Address>,
    /// The node's section.
    pub node: Option<NodeConfig>,
    /// The folders of this user.
    pub paths: Paths,
}

impl Settings {
    /// Resolves the options, with the configuration file that they or the folders name.
    pub fn resolve(options: &Options, paths: Paths) -> Result<Self> {
        let config = first(options.config.clone(), None, || paths.config_file());
        let file = ConfigFile::find(&config.value)?;
        if file.is_none() && config.source == Source::Given {
            return Err(usage(format!(
                "there is no configuration file {}: `grid init` makes one",
                config.value.display()
            )));
        }
        Self::merge(options, config, file, paths)
    }

    fn merge(
        options: &Options,
        config: Sourced<PathBuf>,
        file: Option<ConfigFile>,
        paths: Paths,
    ) -> Result<Self> {
        let has_config = file.is_some();
        let file = file.unwrap_or_default();
        let given = |list: &[String]| (!list.is_empty()).then(|| list.to_vec());
        let urls = first(given(&options.url), given(&file.urls), || vec!["localhost".to_owned()]);
        let expanded = |path: &PathBuf| paths.expand(path);
        Ok(Self {
            urls: Sourced {
                value: urls.value.iter().map(|url| endpoint(url)).collect::<Result<_>>()?,
                source: urls.source,
            },
            keypair: first(options.keypair.clone(), file.keypair.as_ref().map(expanded), || paths.keypair()),
            store: first(options.store.clone(), file.store.as_ref().map(expanded), || paths.store()),
            mint: file.mint,
            market: file.market,
            node: file.node,
            config,
            has_config,
            paths,
        })
    }

    /// The folder of the store.
    pub fn store(&self) -> &Path {
        &self.store.value
    }
}

/// The address that a name or an address of an endpoint stands for.
pub fn endpoint(text: &str) -> Result<String> {
    let known = match text {
        "l" | "localhost" => "http://127.0.0.1:8899",
        "d" | "devnet" => "https://api.devnet.solana.com",
        "t" | "testnet" => "https://api.testnet.solana.com",
        "m" | "mainnet-beta" => "https://api.mainnet-beta.solana.com",
        other if other.starts_with("http://") || other.starts_with("https://") => other,
        other => {
            return Err(usage(format!(
                "`{other}` is no endpoint: give localhost, devnet, testnet, mainnet-beta, or an address with http:// or https://"
            )));
        }
    };
    Ok(known.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(options: Options, file: &str) -> Settings {
        let paths = Paths::of(|name| (name == "HOME").then(|| "/h".into()));
        let config = Sourced { value: "/h/config.toml".into(), source: Source::Default };
        Settings::merge(&options, config, Some(ConfigFile::parse(file).unwrap()), paths).unwrap()
    }

    const FILE: &str = "urls = [\"devnet\"]\nkeypair = \"~/file.json\"";

    #[test]
    fn what_is_given_wins_over_the_file_and_the_file_over_the_default() {
        let given = Options {
            url: vec!["testnet".into(), "http://x:1".into()],
            keypair: Some("/given.json".into()),
            ..Options::default()
        };
        let settings = merged(given, FILE);
        assert_eq!(settings.urls.value, ["https://api.testnet.solana.com", "http://x:1"]);
        assert_eq!((settings.urls.source, settings.keypair.source), (Source::Given, Source::Given));
        assert_eq!(settings.keypair.value, Path::new("/given.json"));

        let settings = merged(Options::default(), FILE);
        assert_eq!(settings.urls.value, ["https://api.devnet.solana.com"]);
        assert_eq!(settings.keypair.value, Path::new("/h/file.json"), "the tilde is expanded");
        assert_eq!(settings.urls.source, Source::File);
        assert_eq!(settings.store.source, Source::Default);

        let settings = merged(Options::default(), "");
        assert_eq!(settings.urls.value, ["http://127.0.0.1:8899"]);
        assert_eq!(settings.keypair.value, Path::new("/h/.config/grid/id.json"));
    }

    #[test]
    fn an_unknown_endpoint_is_refused_with_what_there_is() {
        let error = endpoint("main").unwrap_err();
        assert_eq!(crate::exit::code_of(&error), crate::exit::USAGE);
        assert!(error.to_string().contains("mainnet-beta"), "{error}");
    }
}
