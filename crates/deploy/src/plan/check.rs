//! What is wrong with a plan by itself, before any network is asked.

use super::{Access, Beneficiary, Plan};
use crate::cluster::Network;
use std::collections::BTreeSet;

/// Longest name of a mint that is created: its seed has 32 bytes at most, of which `grid-mint-` takes ten.
const MAX_MINT_NAME: usize = 22;
/// Longest name, symbol and URI of a collection, bytes.
const LABEL_BYTES: [(&str, usize); 3] = [("name", 32), ("symbol", 10), ("uri", 200)];

impl Plan {
    /// Everything that is wrong with it.
    pub fn objections(&self) -> Vec<String> {
        let mut found = Vec::new();
        self.check_mints(&mut found);
        self.check_references(&mut found);
        self.check_collections(&mut found);
        self.check_markets(&mut found);
        self.check_emissions(&mut found);
        found
    }

    fn check_mints(&self, found: &mut Vec<String>) {
        twice("mint", self.mints.iter().map(|mint| mint.name.as_str()), found);
        for mint in &self.mints {
            if mint.address.is_none() && self.network == Network::Mainnet {
                found.push(format!("mint {}: on mainnet no mint is created; give its address", mint.name));
            }
            if mint.address.is_none() && !(1..=MAX_MINT_NAME).contains(&mint.name.len()) {
                found.push(format!("mint {}: the name must have 1 to {MAX_MINT_NAME} bytes", mint.name));
            }
        }
    }

    fn check_references(&self, found: &mut Vec<String>) {
        let settings = self.stake_settings.iter().map(|settings| settings.mint.as_str());
        twice("stake_settings", settings.clone(), found);
        let stakeable: BTreeSet<&str> = settings.clone().collect();
        let mut mints: Vec<(String, &str)> = Vec::new();
        mints.extend(settings.map(|mint| ("stake_settings".to_owned(), mint)));
        mints.extend(self.config.stake_mint.as_deref().map(|mint| ("config".to_owned(), mint)));
        for pool in &self.reward_pools {
            mints.push(("reward_pools".to_owned(), &pool.stake_mint));
            mints.push(("reward_pools".to_owned(), &pool.reward_mint));
            if !stakeable.contains(pool.stake_mint.as_str()) {
                found.push(format!("reward_pools: {} has no stake_settings", pool.stake_mint));
            }
        }
        for market in &self.markets {
            mints.push((format!("market {}", market.name), &market.mint));
            let staked = market.admission.as_ref().and_then(|admission| admission.stake_mint.as_deref());
            mints.extend(staked.map(|mint| (format!("market {}", market.name), mint)));
        }
        mints.extend(self.emissions.iter().map(|one| (format!("emission {}", one.id), one.mint.as_str())));
        for (place, name) in mints {
            if self.mint(name).is_err() {
                found.push(format!("{place}: the plan has no mint `{name}`; add it under [[mints]]"));
            }
        }
    }

    fn check_collections(&self, found: &mut Vec<String>) {
        twice("collection", self.collections.iter().map(|collection| collection.id), found);
        for collection in &self.collections {
            let texts = [&collection.name, &collection.symbol, &collection.uri];
            for ((what, most), text) in LABEL_BYTES.into_iter().zip(texts) {
                if text.len() > most {
                    found.push(format!("collection {}: {what} has more than {most} bytes", collection.id));
                }
            }
            if collection.name.is_empty() {
                found.push(format!("collection {}: it needs a name", collection.id));
            }
        }
    }

    fn check_markets(&self, found: &mut Vec<String>) {
        twice("market", self.markets.iter().map(|market| market.name.as_str()), found);
        twice("market id", self.markets.iter().map(|market| market.id), found);
        for market in &self.markets {
            if let Err(error) = market.terms.validate() {
                found.push(format!(
                    "market {}: the jobs program would refuse its terms: {error}",
                    market.name
                ));
            }
            let Some(admission) = &market.admission else { continue };
            let needs = admission.access != Access::NotAsked || admission.benchmark_class != 0;
            if needs != admission.collection_id.is_some() {
                found.push(format!(
                    "market {}: collection_id goes with access or benchmark_class, and they with it",
                    market.name
                ));
            }
            if let Some(id) = admission.collection_id
                && !self.collections.iter().any(|collection| collection.id == id)
            {
                found.push(format!("market {}: the plan has no collection {id}", market.name));
            }
            if admission.stake_mint.is_some() != (admission.min_stake_weight > 0) {
                found.push(format!("market {}: stake_mint and min_stake_weight go together", market.name));
            }
            if admission.min_score > 0 && admission.benchmark_class == 0 {
                found.push(format!("market {}: min_score needs a benchmark_class", market.name));
            }
        }
    }

    fn check_emissions(&self, found: &mut Vec<String>) {
        twice("emission", self.emissions.iter().map(|emission| emission.id), found);
        for emission in &self.emissions {
            let id = emission.id;
            if emission.rate_per_second_atoms == 0 {
                found.push(format!("emission {id}: rate_per_second_atoms must be more than nothing"));
            }
            let ends = emission.ends_at_unix_seconds;
            if emission.starts_at_unix_seconds <= 0
                || ends.is_some_and(|end| end <= emission.starts_at_unix_seconds)
            {
                found.push(format!("emission {id}: it must start after 1970, and end after it starts"));
            }
            if let Beneficiary::RewardPoolOfStakeMint(stake) = &emission.pays
                && !self
                    .reward_pools
                    .iter()
                    .any(|pool| pool.stake_mint == *stake && pool.reward_mint == emission.mint)
            {
                found.push(format!(
                    "emission {id}: the plan has no reward pool of stake mint `{stake}` in `{}`",
                    emission.mint
                ));
            }
        }
    }
}

/// Names what occurs twice.
fn twice<T: Ord + std::fmt::Display>(what: &str, names: impl Iterator<Item = T>, found: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    for name in names {
        if let Some(name) = seen.replace(name) {
            found.push(format!("{what} {name} is there twice"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Plan, tests::plan};
    use std::path::Path;

    fn objections(text: &str) -> Vec<String> {
        plan(text).objections()
    }

    #[test]
    fn what_refers_to_nothing_is_named() {
        let found =
            objections("stake_mint = \"none\"\n[[reward_pools]]\nstake_mint = \"a\"\nreward_mint = \"b\"");
        let text = found.join("\n");
        for word in ["config: the plan has no mint `none`", "`a`", "`b`", "a has no stake_settings"] {
            assert!(text.contains(word), "{word} in {text}");
        }
    }

    #[test]
    fn what_is_there_twice_is_named() {
        let mint = "[[mints]]\nname = \"grid\"\ndecimals = 6\n";
        assert_eq!(objections(mint), [""; 0]);
        assert_eq!(objections(&format!("{mint}{mint}")), ["mint grid is there twice"]);
    }

    #[test]
    fn mainnet_gets_no_mint_of_ours() {
        let mut planned = plan("[[mints]]\nname = \"grid\"\ndecimals = 6\n");
        planned.network = crate::cluster::Network::Mainnet;
        assert!(planned.objections()[0].contains("on mainnet no mint is created"));
    }

    #[test]
    fn an_emission_pays_somebody_at_a_rate_in_a_time() {
        let mint = "[[mints]]\nname = \"grid\"\ndecimals = 6\n";
        let emission = |rate: u64, start: i64, end: i64, pays: &str| {
            objections(&format!(
                "{mint}[[emissions]]\nid = 0\nmint = \"grid\"\nrate_per_second_atoms = {rate}\n\
                 starts_at_unix_seconds = {start}\nends_at_unix_seconds = {end}\npays = {pays}"
            ))
        };
        let own = "{ token_account_of = \"deployer\" }";
        assert_eq!(emission(1, 1, 2, own), [""; 0]);
        assert_eq!(emission(0, 1, 2, own).len(), 1);
        assert_eq!(emission(1, 0, 2, own).len(), 1);
        assert_eq!(emission(1, 2, 2, own).len(), 1);
        assert_eq!(emission(1, 1, 2, "{ reward_pool_of_stake_mint = \"grid\" }").len(), 1);
    }

    #[test]
    fn the_plans_of_the_repository_are_sound() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
        for name in ["localnet", "devnet"] {
            let plan = Plan::load(&folder.join(format!("{name}.toml"))).unwrap();
            assert_eq!(plan.network.name(), name);
            assert_eq!(plan.markets.len(), 13, "one for each class of GPU");
        }
    }

    #[test]
    fn the_plan_of_mainnet_waits_for_its_addresses() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations/mainnet.toml");
        let error = format!("{:#}", Plan::load(&file).unwrap_err());
        assert!(error.contains("TO BE NAMED"), "{error}");
        // With them it is sound.
        let text = std::fs::read_to_string(&file).unwrap();
        let address = "AhNtFQApsGPcC6xBS5hRJNAyY4khwcjcXzb3QTFXetUH";
        let filled: String = text
            .lines()
            .map(|line| match line.split_once("\"TO BE NAMED") {
                Some((head, rest)) => format!("{head}\"{address}\"{}\n", rest.split_once('"').unwrap().1),
                None => format!("{line}\n"),
            })
            .collect();
        let scratch = tempfile::tempdir().unwrap();
        std::fs::write(scratch.path().join("mainnet.toml"), filled).unwrap();
        std::fs::copy(file.with_file_name("markets.toml"), scratch.path().join("markets.toml")).unwrap();
        Plan::load(&scratch.path().join("mainnet.toml")).unwrap();
    }

    #[test]
    fn a_market_is_refused_where_the_program_would_refuse_it() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
        let mut planned = Plan::load(&folder.join("localnet.toml")).unwrap();
        planned.markets[0].terms.fee_bps = 3_001;
        let found = planned.objections();
        assert!(found.len() == 1 && found[0].contains(&planned.markets[0].name), "{found:?}");
        planned.markets[0].terms.fee_bps = 3_000;
        planned.markets[1].id = planned.markets[0].id;
        assert_eq!(planned.objections(), [format!("market id {} is there twice", planned.markets[0].id)]);
    }
}
