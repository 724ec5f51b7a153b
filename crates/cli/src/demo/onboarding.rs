//! The demo's node joins a market that does not admit everybody: registry, benchmark, attestation, access NFT, stake; and
//! leaves again.

use crate::demo::stage::{DEVICES, Stage};
use anyhow::{Context, Result, bail, ensure};
use grid_client::{
    Chain, ChainError,
    account::{Access, Admission, Attestation, Node},
    address, chain,
    instruction::{self, Evidence},
    nodes::{self, Label},
    staking,
};
use grid_executor::{
    BenchClass, ContentSource, ContentStore, Device, Digest, HttpConfig, HttpStore, JobStatus,
    MAX_SIGNED_RESULT_BYTES, Machine, ProcessExecutor, ResultDocument, SignedResult, Workplace,
    result::MAX_RESULT_BYTES,
};
use grid_jobs::{AccessRule, AdmissionRule, AdmissionTerms, GridError};
use grid_node::registration;
use grid_nodes::{CollectionRole, Hardware, Measured, text};
use mpl_token_metadata::{accounts::Metadata, types::CollectionDetails};
use solana_address::Address;
use solana_instruction::Instruction;
use solana_signer::Signer;

/// Number of the access collection among those of the market's authority.
const COLLECTION: u64 = 0;
/// Number of the node's access NFT in the collection.
const ACCESS: u64 = 0;
/// Benchmark class that the market asks for.
const CLASS: BenchClass = BenchClass::CpuFp32;
/// Least score in it, fp32 megaflops: any machine does more, with unoptimised code too.
const MIN_SCORE: u64 = 100;
/// How long the attestation holds, seconds: 30 days.
const ATTESTED_SECONDS: i64 = 30 * 24 * 60 * 60;
/// Number of the node's stake.
pub const STAKE_ID: u64 = 0;
/// Tokens that the node stakes, atoms.
const STAKE: u64 = 100_000_000;
/// For how long, seconds: 14 days.
const STAKE_DURATION: u32 = 14 * 24 * 60 * 60;
/// Least weight of a stake that the market asks for: the tokens count a little more than once for their 14 days.
const MIN_STAKE_WEIGHT: u64 = 100_000_000;
/// Where the node says that it stands, ISO 3166-1 numeric: Switzerland.
const COUNTRY: u16 = 756;

impl Stage {
    /// The market's authority makes an access collection, names who attests benchmarks, and sets whom the market admits.
    pub async fn open_collection(&self) -> Result<()> {
        let (admin, attestor) = (self.admin.pubkey(), self.attestor.pubkey());
        let (collection, role) = (self.collection(), CollectionRole::Attestor);
        let create = nodes::create_collection(admin, COLLECTION, label("Grid demo access"));
        self.send("create_collection", &[limit(), create], &[&self.admin]).await?;
        let propose = nodes::propose_collection_role(admin, &collection, role, attestor);
        self.send("propose_collection_role", &[propose], &[&self.admin]).await?;
        let accept = nodes::accept_collection_role(attestor, &collection, role);
        self.send("accept_collection_role", &[accept], &[&self.attestor]).await?;
        let set = instruction::set_admission(admin, self.market, self.admission());
        self.send("set_admission", &[set], &[&self.admin]).await?;
        Ok(())
    }

    /// The node registers what its machine is, stakes, and runs the benchmark; the attestor looks at the result and attests
    /// it; the authority issues the access NFT. `endpoint` serves the store of `workplace`.
    pub async fn onboard(&self, workplace: &Workplace, endpoint: String) -> Result<()> {
        let (node, report) = (self.node.pubkey(), &self.report);
        let machine = Machine::read(workplace.store.root()).context("what this machine is made of")?;
        let hardware = registration::hardware(&machine, &[]);
        let Hardware { cpu_cores, cpu_model, ram_mib, disk_gib, .. } = &hardware;
        report.note(
            "node",
            &format!(
                "{cpu_model}, {cpu_cores} cores, {ram_mib} MiB of memory, {disk_gib} GiB of disk, no GPU"
            ),
        );
        let software = registration::software(COUNTRY, endpoint, &[]);
        let register = nodes::register_node(node, hardware.clone(), software);
        self.send("register_node", &[register], &[&self.node]).await?;
        let source = address::token_account(&node, self.mint);
        let stake = staking::stake(node, source, self.mint, STAKE_ID, STAKE, STAKE_DURATION);
        self.send("stake", &[stake], &[&self.node]).await?;

        let record = self.record().await?;
        let slot = record.hardware_slot.get();
        let signed = self.run_benchmark(slot, workplace).await?;
        let (score, result) = self.attest(&record, signed).await?;
        let issue = nodes::issue_access(
            self.admin.pubkey(),
            &self.collection(),
            node,
            ACCESS,
            label("Grid demo node"),
        );
        self.send("issue_access", &[limit(), issue], &[&self.admin]).await?;
        self.check_onboarded(&hardware, score, result).await
    }

    /// The node measures itself and signs the result; the signed result's hash.
    async fn run_benchmark(&self, hardware_slot: u64, workplace: &Workplace) -> Result<Digest> {
        const SUBJECT: &str = "node's benchmark";
        let report = &self.report;
        report.note(SUBJECT, &format!("class {}, runs on this machine", CLASS.number()));
        let job = registration::benchmark_job(&self.node.pubkey(), hardware_slot);
        let executor = ProcessExecutor::default();
        let ran = registration::run_benchmark(CLASS, job, Device::cpu("cpu"), &executor, workplace).await?;
        for (key, value) in ran.document.ops.iter().flat_map(|op| &op.results) {
            report.note(SUBJECT, &format!("{key} = {value}"));
        }
        let status = ran.document.status;
        ensure!(status == JobStatus::Succeeded, "the benchmark ended as {status:?}: {:?}", ran.document.ops);
        report.note(SUBJECT, &format!("{status:?}, result {}", ran.digest));
        let node = self.node.pubkey().to_bytes();
        let signed = SignedResult::new(node, ran.digest, |message| self.node.sign_message(message).into());
        Ok(workplace.store.put(&signed.to_bytes()).await?)
    }

    /// The attestor fetches the signed result and the document from where the node's record says, sees that this node signed it,
    /// hashes it again, and attests the score in it; the score and the document's hash.
    async fn attest(&self, record: &Node, signed: Digest) -> Result<(u64, Digest)> {
        let store = HttpStore::new(text::read(&record.endpoint), HttpConfig::default())?;
        let bytes = store.get(signed, MAX_SIGNED_RESULT_BYTES).await.context("the signed result")?;
        let result = SignedResult::parse(&bytes)?.verify(record.node.as_array())?;
        let bytes = store.get(result, MAX_RESULT_BYTES as u64).await.context("the benchmark's result")?;
        let document = ResultDocument::parse_expecting(&bytes, result).context("the benchmark's result")?;
        let hardware_slot = record.hardware_slot.get();
        let job = registration::benchmark_job(&record.node, hardware_slot);
        let score = CLASS.score(&job, &document).context("the benchmark's result")?;
        let read = format!(
            "reads a score of {score} {} in the result, signed by the node, hashed again",
            CLASS.unit()
        );
        self.report.note("attestor", &read);
        let now = chain::clock(self.chain.as_ref()).await?.unix_timestamp;
        let measured = Measured {
            class: CLASS.number(),
            score,
            result: result.0,
            expires_at: now + ATTESTED_SECONDS,
            hardware_slot,
        };
        let attest = nodes::attest(self.attestor.pubkey(), &self.collection(), &record.node, &measured);
        self.send("attest", &[attest], &[&self.attestor]).await?;
        Ok((score, result))
    }

    /// What is on chain of the node must be what it told, what was measured and what was issued.
    async fn check_onboarded(&self, hardware: &Hardware, score: u64, result: Digest) -> Result<()> {
        let (node, collection, mint) = (self.node.pubkey(), self.collection(), self.access_mint());
        let chain = self.chain.as_ref();
        let record = self.record().await?;
        let is_told = text::read(&record.cpu_model) == hardware.cpu_model
            && record.cpu_cores == hardware.cpu_cores
            && record.ram_mib == hardware.ram_mib
            && record.disk_gib == hardware.disk_gib
            && record.gpu_count == hardware.gpu_count;
        ensure!(is_told, "the node's record is not what it told: {record:?}");

        let address = nodes::attestation_address(&collection, &node, CLASS.number()).0;
        let attestation: Attestation = chain::fetch(chain, "attestation", &address).await?;
        let is_measured = attestation.score == score
            && attestation.result == result.0
            && attestation.hardware_slot == record.hardware_slot
            && attestation.attestor == self.attestor.pubkey();
        ensure!(is_measured, "the attestation is not what was measured: {attestation:?}");

        let held = self.tokens_in(&address::token_account(&node, mint)).await?;
        ensure!(held == 1, "the node's wallet holds {held} access NFTs");
        let metadata = self.metadata(&mint).await?;
        let verified = metadata.collection.filter(|found| found.verified).map(|found| found.key);
        ensure!(verified == Some(collection), "the access NFT is not verified into the collection");
        let access: Access = chain::fetch(chain, "access", &nodes::access_address(&mint).0).await?;
        ensure!(access.node == node, "the access NFT was issued to {}", access.node);
        let size = self.collection_size().await?;
        ensure!(size == 1, "the collection counts {size} NFTs, not 1");
        self.report.note(
            "chain",
            "record, attestation and the NFT in the node's wallet hold; the collection counts 1",
        );
        Ok(())
    }

    /// The node admits its devices with the NFT; before, the market refuses them.
    pub async fn admit_devices(&self) -> Result<()> {
        let (node, market, mint) = (self.node.pubkey(), self.market, self.access_mint());
        let rule = AdmissionRule::from(&self.admission());
        let evidence = Evidence::of(&rule, &node, Some(&mint), Some(self.node_stake()));
        let ungated = instruction::work(node, self.devices[0], market, 0);
        self.refused("work", ungated, GridError::AdmissionAsked).await?;
        let gated = instruction::work_gated(node, self.devices[0], market, 0, evidence);
        self.refused("work_gated", gated, GridError::DeviceNotAdmitted).await?;
        for device in &self.devices {
            let admit = instruction::admit_device(node, *device, market, &mint, AccessRule::Issued);
            self.send("admit_device", &[admit], &[&self.node]).await?;
        }
        let address = address::admission(&market, &mint).0;
        let admission: Admission = chain::fetch(self.chain.as_ref(), "admission", &address).await?;
        ensure!(admission.devices == DEVICES, "the access NFT backs {} devices", admission.devices);
        Ok(())
    }

    /// Ends what the access NFT did for a device.
    pub async fn dismiss_device(&self, device: Address) -> Result<()> {
        let dismiss =
            instruction::dismiss_device(self.node.pubkey(), device, self.market, &self.access_mint());
        self.send("dismiss_device", &[dismiss], &[&self.node]).await?;
        Ok(())
    }

    /// The node's access NFT leaves the collection, its attestation and its record are closed; each rent goes to who paid it.
    pub async fn offboard(&self) -> Result<()> {
        let (node, admin, attestor) = (self.node.pubkey(), self.admin.pubkey(), self.attestor.pubkey());
        let (collection, mint) = (self.collection(), self.access_mint());
        let revoke = nodes::revoke_access(admin, &collection, &mint, admin);
        self.send("revoke_access", &[revoke], &[&self.admin]).await?;
        let attestation = nodes::attestation_address(&collection, &node, CLASS.number()).0;
        let revoke = nodes::revoke_attestation(attestor, &collection, attestation, attestor);
        self.send("revoke_attestation", &[revoke], &[&self.attestor]).await?;
        self.send("close_node", &[nodes::close_node(node)], &[&self.node]).await?;
        let size = self.collection_size().await?;
        ensure!(size == 0, "the collection still counts {size} NFTs");
        Ok(())
    }

    /// Sends a transaction of the node that the jobs program must refuse with `expected`.
    async fn refused(&self, step: &str, instruction: Instruction, expected: GridError) -> Result<()> {
        match self.chain.submit(&[instruction], &[&self.node]).await {
            Err(ChainError::Program { error, .. }) if error.code == 6000 + expected as u32 => {
                self.report.note(step, &format!("refused: {error}"));
                Ok(())
            }
            Err(error) => Err(error).with_context(|| step.to_owned()),
            Ok(_) => bail!("{step} was not refused, but the market does not admit the device"),
        }
    }

    /// What the demo's market asks for.
    fn admission(&self) -> AdmissionTerms {
        AdmissionTerms {
            access: AccessRule::Issued,
            collection: self.collection(),
            benchmark_class: CLASS.number(),
            min_score: MIN_SCORE,
            stake_mint: self.mint,
            min_stake_weight: MIN_STAKE_WEIGHT,
        }
    }

    /// The mint of the access collection.
    pub fn collection(&self) -> Address {
        nodes::collection_mint_address(&self.admin.pubkey(), COLLECTION).0
    }

    /// The mint of the node's access NFT.
    pub fn access_mint(&self) -> Address {
        nodes::access_mint_address(&self.collection(), ACCESS).0
    }

    /// The node's stake.
    pub fn node_stake(&self) -> Address {
        staking::stake_address(&self.mint, &self.node.pubkey(), STAKE_ID).0
    }

    async fn record(&self) -> Result<Node> {
        let address = nodes::node_address(&self.node.pubkey()).0;
        Ok(chain::fetch(self.chain.as_ref(), "node", &address).await?)
    }

    async fn metadata(&self, mint: &Address) -> Result<Metadata> {
        let address = nodes::metadata_address(mint);
        let account = chain::account(self.chain.as_ref(), &address).await?.context("the metadata")?;
        Ok(Metadata::from_bytes(&account.data)?)
    }

    /// How many NFTs are in the collection, as Token Metadata counts them.
    async fn collection_size(&self) -> Result<u64> {
        match self.metadata(&self.collection()).await?.collection_details {
            Some(CollectionDetails::V1 { size }) => Ok(size),
            other => bail!("the collection does not count its NFTs: {other:?}"),
        }
    }
}

/// What making an NFT may use.
fn limit() -> Instruction {
    nodes::compute_limit(nodes::NFT_COMPUTE_UNITS)
}

fn label(name: &str) -> Label {
    Label { name: name.to_owned(), symbol: "GRID".to_owned(), uri: String::new() }
}
