// What an IDL cannot say and a client wants to know, said about the tree that the client is rendered from.
import {
  accountBumpValueNode,
  accountValueNode,
  argumentValueNode,
  bottomUpTransformerVisitor,
  constantPdaSeedNodeFromString,
  constantPdaSeedNode,
  definedTypeNode,
  instructionRemainingAccountsNode,
  numberTypeNode,
  pdaLinkNode,
  pdaNode,
  pdaSeedValueNode,
  pdaValueNode,
  programNode,
  publicKeyTypeNode,
  publicKeyValueNode,
  variablePdaSeedNode,
} from "codama";
import { isAddress } from "@solana/kit";

const LOADER = "BPFLoaderUpgradeab1e11111111111111111111111";
const METADATA = "metaqbxxUerdq28cj1RbAWkYQm3ybzjb6a8bt518x1s";

const key = (name) => variablePdaSeedNode(name, publicKeyTypeNode());
const number = (name, format) => variablePdaSeedNode(name, numberTypeNode(format));
const word = (text) => constantPdaSeedNodeFromString("utf8", text);
const fixed = (address) => constantPdaSeedNode(publicKeyTypeNode(), publicKeyValueNode(address));
const pda = (name, ...seeds) => pdaNode({ name, seeds });
const foreign = (name, programId, ...seeds) => pdaNode({ name, programId, seeds });

const programData = (program) => foreign("programData", LOADER, fixed(program));
const metadata = foreign("metadata", METADATA, word("metadata"), fixed(METADATA), key("mint"));
const edition = foreign("edition", METADATA, word("metadata"), fixed(METADATA), key("mint"), word("edition"));

/** Addresses of each program, all of them: the IDL has seeds only where Anchor checks an address by searching its bump. */
const ADDRESSES = {
  gridJobs: (program) => [
    pda("config", word("config")),
    pda("vault", word("vault"), key("mint")),
    pda("market", word("market"), key("authority"), number("id", "u64")),
    pda("project", word("project"), key("mint"), key("owner")),
    pda("job", word("job"), key("project"), number("id", "u64")),
    pda("member", word("member"), key("project"), key("key")),
    pda("device", word("device"), key("market"), key("node"), number("index", "u32")),
    pda("admission", word("admission"), key("market"), key("mint")),
    programData(program),
  ],
  gridNodes: () => [
    pda("node", word("node"), key("node")),
    pda("collectionMint", word("collection_mint"), key("authority"), number("id", "u64")),
    pda("collection", word("collection"), key("mint")),
    pda("accessMint", word("access_mint"), key("collectionMint"), number("index", "u64")),
    pda("access", word("access"), key("mint")),
    pda("attestation", word("attestation"), key("collectionMint"), key("node"), number("class", "u16")),
    metadata,
    edition,
  ],
  gridStaking: (program) => [
    pda("settings", word("settings"), key("mint")),
    pda("vault", word("vault"), key("mint")),
    pda("stake", word("stake"), key("mint"), key("owner"), number("id", "u64")),
    programData(program),
  ],
  gridRewards: () => [
    pda("pool", word("pool"), key("stakeMint"), key("rewardMint")),
    pda("vault", word("vault"), key("pool")),
    pda("position", word("position"), key("pool"), key("stake")),
  ],
  gridPools: () => [
    pda("emission", word("emission"), key("authority"), number("id", "u64")),
    pda("vault", word("vault"), key("emission")),
  ],
};

/** Slots of instructions that are filled by an address of the same name's program, where the caller names none. */
const SLOTS = {
  gridJobs: { config: "config", vault: "vault", job: "job", programData: "programData" },
  gridNodes: { record: "node" },
  gridStaking: { settings: "settings", vault: "vault", stake: "stake", programData: "programData" },
  gridRewards: { vault: "vault", position: "position" },
  gridPools: { emission: "emission", vault: "vault" },
};

/** The same for single instructions; `of` says which slot a seed is, where it is called otherwise. */
const COLLECTION = {
  collection: { address: "collection", of: { mint: "collectionMint" } },
  collectionMetadata: { address: "metadata", of: { mint: "collectionMint" } },
  collectionEdition: { address: "edition", of: { mint: "collectionMint" } },
};
const SLOTS_OF = {
  createCollection: { mint: "collectionMint", collection: "collection", metadata: "metadata", edition: "edition" },
  adoptCollection: { collection: "collection", metadata: "metadata" },
  issueAccess: {
    ...COLLECTION,
    node: { address: "node", of: { node: "wallet" } },
    mint: "accessMint",
    metadata: "metadata",
    edition: "edition",
    access: "access",
  },
  revokeAccess: COLLECTION,
};

/** The account whose bump an instruction takes as its argument `bump`. */
const BUMPS = { list: "job", listDirect: "job", stake: "stake", open: "emission" };

/** Arguments that are called like an account of their instruction. */
const RENAMED = { setPayee: { payee: "newPayee" } };

/**
 * An IDL without what Codama can't read: the `Pod…` aliases, which nothing refers to, and fixed addresses that are no
 * address but a field of another account (`config.pending_admin`), which only the program can look at.
 */
export function readable(idl) {
  const instructions = idl.instructions.map((instruction) => ({
    ...instruction,
    accounts: instruction.accounts.map(({ address, ...account }) =>
      address === undefined || !isAddress(address) ? account : { ...account, address },
    ),
  }));
  return { ...idl, instructions, types: (idl.types ?? []).filter(({ type }) => type.kind !== "type") };
}

/** Changes the tree of a program in place. */
export function shape(codama) {
  codama.update(
    bottomUpTransformerVisitor([
      { select: "[programNode]", transform: program },
      { select: "[instructionNode]", transform: renameArguments },
    ]),
  );
}

function program(node) {
  const addresses = ADDRESSES[node.name]?.(node.publicKey);
  if (!addresses) throw new Error(`scripts/shape.mjs knows no addresses of the program ${node.name}`);
  const events = (node.events ?? []).map(eventType);
  // The rewards program's IDL has the accounts of another program too, which it reads.
  const accounts = node.accounts.filter(({ name }) => addresses.some((address) => address.name === name));
  const instructions = node.instructions.map((instruction) => fillSlots(instruction, node.name, addresses));
  return programNode({
    ...node,
    accounts: accounts.map((account) => ({ ...distinct(account, node), pda: pdaLinkNode(account.name) })),
    definedTypes: [...node.definedTypes, ...events],
    events: [],
    instructions: instructions.map(remainingAccounts),
    pdas: addresses,
  });
}

/** An account whose discriminator's name is none of an instruction's. */
function distinct(account, { instructions }) {
  if (!instructions.some(({ name }) => name === account.name)) return account;
  const renamed = (node) => (node.name === "discriminator" ? { ...node, name: "accountDiscriminator" } : node);
  const data = { ...account.data, fields: account.data.fields.map(renamed) };
  return { ...account, data, discriminators: account.discriminators.map(renamed) };
}

/** An event as a type, without the eight bytes in front of it. */
function eventType({ name, docs, data }) {
  return definedTypeNode({ name, docs, type: data.kind === "hiddenPrefixTypeNode" ? data.type : data });
}

/** Gives each slot that can be derived from the instruction's other slots and arguments its address, and bumps too. */
function fillSlots(instruction, programName, addresses) {
  const names = { ...SLOTS[programName], ...SLOTS_OF[instruction.name] };
  const accountNames = new Set(instruction.accounts.map(({ name }) => name));
  const argumentNames = new Set(instruction.arguments.map(({ name }) => name));
  const valueOf = (seed, slot) => {
    if (seed !== slot && accountNames.has(seed)) return accountValueNode(seed);
    return argumentNames.has(seed) ? argumentValueNode(seed) : undefined;
  };
  const accounts = instruction.accounts.map((account) => {
    const filling = names[account.name];
    const address = addresses.find(({ name }) => name === (filling?.address ?? filling));
    const isGiven = account.defaultValue && account.defaultValue.kind !== "pdaValueNode";
    if (!address || account.isOptional || isGiven) return account;
    const seeds = address.seeds.filter(({ kind }) => kind === "variablePdaSeedNode");
    const values = seeds.map(({ name }) => valueOf(filling.of?.[name] ?? name, account.name));
    if (values.includes(undefined)) return account;
    const given = seeds.map(({ name }, index) => pdaSeedValueNode(name, values[index]));
    return { ...account, defaultValue: pdaValueNode(pdaLinkNode(address.name), given) };
  });
  const bumped = BUMPS[instruction.name];
  const args = instruction.arguments.map((argument) =>
    argument.name === "bump" && bumped ? { ...argument, defaultValue: accountBumpValueNode(bumped) } : argument,
  );
  return { ...instruction, accounts, arguments: args };
}

/** The jobs that `list_many` lists follow its named accounts. */
function remainingAccounts(instruction) {
  if (instruction.name !== "listMany") return instruction;
  const jobs = instructionRemainingAccountsNode(argumentValueNode("jobAccounts"), { isWritable: true });
  return { ...instruction, remainingAccounts: [jobs] };
}

function renameArguments(instruction) {
  const names = RENAMED[instruction.name];
  if (!names) return instruction;
  const args = instruction.arguments.map((argument) => ({ ...argument, name: names[argument.name] ?? argument.name }));
  return { ...instruction, arguments: args };
}
