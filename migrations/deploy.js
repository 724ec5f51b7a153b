// What `anchor migrate` runs: `grid-deploy migrate` on the cluster and with the wallet of Anchor's configuration.
//
// GRID_PLAN names another plan than that of the cluster, GRID_DEPLOY a built grid-deploy, GRID_JOURNAL its journal's folder.
const { spawnSync } = require("node:child_process");
const path = require("node:path");

module.exports = (provider) => {
  const root = path.join(__dirname, "..");
  const url = provider.connection.rpcEndpoint;
  const network = ["devnet", "mainnet"].find((name) => url.includes(name)) ?? "localnet";
  const plan = process.env.GRID_PLAN ?? path.join("migrations", `${network}.toml`);
  const [command, ...start] = process.env.GRID_DEPLOY
    ? [process.env.GRID_DEPLOY, "migrate"]
    : ["cargo", "xtask", "migrate"];
  const more = ["--cluster", url, "--file", plan, "--keypair", process.env.ANCHOR_WALLET];
  if (process.env.GRID_JOURNAL) more.push("--journal", process.env.GRID_JOURNAL);
  const done = spawnSync(command, [...start, ...more], { cwd: root, stdio: "inherit" });
  if (done.error) console.error(`${command} can't be started: ${done.error.message}`);
  // Anchor does not wait for a promise and does not see an exception of one: the exit code is what counts.
  process.exit(done.status ?? 1);
};
