"""A LiteSVM with the jobs program's binary, and the actors of a small market, by the IDL alone."""

import os
import struct
from hashlib import sha256
from pathlib import Path

from idl import Idl
from solders.account import Account
from solders.clock import Clock
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.litesvm import LiteSVM
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.system_program import CreateAccountParams, create_account
from solders.token.associated import get_associated_token_address
from solders.transaction import VersionedTransaction
from solders.transaction_metadata import FailedTransactionMetadata

ROOT = Path(__file__).resolve().parents[2]
IDLS = Path(os.environ.get("GRID_IDL_DIR", ROOT / "idl"))
BINARIES = Path(os.environ.get("GRID_SBF_DIR", ROOT / "target/deploy"))
TOKENS = Pubkey.from_string("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA")
ASSOCIATED = Pubkey.from_string("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL")
SYSTEM = Pubkey.from_string("11111111111111111111111111111111")
LOADER = Pubkey.from_string("BPFLoaderUpgradeab1e11111111111111111111111")
TERMS = {
    "price_per_second_atoms": 100,
    "bond_atoms": 5_000,
    "expiry_reward_atoms": 1_000,
    "compensation_atoms": 3_000,
    "fee_bps": 250,
    "stakers_bps": 0,
    "burn_bps": 0,
    "max_attempts": 3,
    "max_strikes": 10,
    "min_timeout_seconds": 10,
    "max_timeout_seconds": 7_200,
    "start_window_seconds": 60,
    "heartbeat_limit_seconds": 120,
    "finish_grace_seconds": 3_600,
    "retention_seconds": 86_400,
}


class Refused(Exception):
    """A transaction that failed: the number of the program's error, if it is one, and the log."""

    def __init__(self, failed):
        super().__init__(str(failed.err()))
        self.code = getattr(getattr(failed.err(), "err", None), "code", None)
        self.logs = failed.meta().logs()


class Network:
    """A market with a client who has a balance and a node."""

    def __init__(self):
        self.svm = LiteSVM()
        self.jobs = Idl(IDLS / "grid_jobs.json")
        self.svm.add_program_from_file(self.jobs.program, BINARIES / "grid_jobs.so")
        self.authority, self.client, self.node = (key(name) for name in ("authority", "client", "node"))
        for actor in (self.authority, self.client, self.node):
            self.svm.airdrop(actor.pubkey(), 10**12)
        self.mint = self._make_mint()
        self._open()

    def pda(self, *seeds):
        """An address of the program, and its bump."""
        seeds = [seed.encode() if isinstance(seed, str) else bytes(seed) for seed in seeds]
        return Pubkey.find_program_address(seeds, self.jobs.program)

    def run(self, name, signer, accounts, **args):
        """Sends one instruction of the program; the transaction's log."""
        return self.send([self.jobs.instruction(name, accounts, **args)], signer)

    def send(self, instructions, *signers):
        """Sends instructions, paid by the authority; the transaction's log."""
        signers = [self.authority, *(signer for signer in signers if signer != self.authority)]
        message = MessageV0.try_compile(self.authority.pubkey(), instructions, [], self.svm.latest_blockhash())
        sent = self.svm.send_transaction(VersionedTransaction(message, signers))
        self.svm.expire_blockhash()
        if isinstance(sent, FailedTransactionMetadata):
            raise Refused(sent)
        return sent.logs()

    def read(self, address):
        """The bytes of an account."""
        return bytes(self.svm.get_account(address).data)

    def fields(self, name, address):
        """An account, decoded by the IDL."""
        return self.jobs.account(name, self.read(address))

    def advance(self, seconds):
        """Lets time pass."""
        now = self.svm.get_clock()
        parts = (now.slot, now.epoch_start_timestamp, now.epoch, now.leader_schedule_epoch)
        self.svm.set_clock(Clock(*parts, now.unix_timestamp + seconds))

    def open_device(self, index):
        """A bonded device of the node; its address."""
        node = self.node.pubkey()
        device, _ = self.pda("device", self.market, node, struct.pack("<I", index))
        self.run("open_device", self.node, {"node": node, "market": self.market, "device": device}, index=index, payee=node)
        accounts = {"funder": node, "device": device, "source": get_associated_token_address(node, self.mint), **self._money()}
        self.run("fund_bond", self.node, accounts, amount_atoms=TERMS["bond_atoms"])
        return device

    def list(self, number, max_price=100):
        """Lists a job; its address and the transaction's log."""
        job, bump = self.pda("job", self.project, struct.pack("<Q", number))
        accounts = {"owner": self.client.pubkey(), "project": self.project, "market": self.market, "job": job}
        order = {"id": number, "bump": bump, "kind": "Batch", "definition": sha256(b"definition").digest()}
        limits = {"timeout_seconds": 600, "max_price_per_second_atoms": max_price}
        return job, self.run("list", self.client, accounts, **order, **limits)

    def work(self, device):
        """Offers a device."""
        accounts = {"node": self.node.pubkey(), "device": device, "market": self.market}
        return self.run("work", self.node, accounts, min_price_per_second_atoms=0)

    def _money(self):
        vault, _ = self.pda("vault", self.mint)
        return {"config": self.config, "mint": self.mint, "vault": vault, "token_program": TOKENS}

    def _open(self):
        me = self.authority.pubkey()
        self.config, _ = self.pda("config")
        data, _ = Pubkey.find_program_address([bytes(self.jobs.program)], LOADER)
        self._make_upgradable(data)
        self.run("initialize_config", self.authority, {"authority": me, "config": self.config, "program_data": data}, admin=me)
        self.run("open_vault", self.authority, {"payer": me, **self._money()})
        self.market, _ = self.pda("market", me, struct.pack("<Q", 0))
        accounts = {"authority": me, "config": self.config, "mint": self.mint, "market": self.market}
        self.run("open_market", self.authority, accounts, id=0, terms=TERMS)
        client = self.client.pubkey()
        self.project, _ = self.pda("project", self.mint, client)
        self.run("open_project", self.client, {"owner": client, "mint": self.mint, "project": self.project})
        source = get_associated_token_address(client, self.mint)
        accounts = {"depositor": client, "project": self.project, "source": source, **self._money()}
        self.run("deposit", self.client, accounts, amount_atoms=10_000_000)

    def _make_upgradable(self, address):
        """Writes who may upgrade the program: bytes 12 to 45 of its program data account."""
        found = self.svm.get_account(address)
        data = bytearray(found.data)
        data[12:45] = b"\x01" + bytes(self.authority.pubkey())
        self.svm.set_account(address, Account(found.lamports, bytes(data), found.owner, found.executable))

    def _make_mint(self):
        mint, me = key("mint"), self.authority.pubkey()
        rent = self.svm.minimum_balance_for_rent_exemption(82)
        params = {"from_pubkey": me, "to_pubkey": mint.pubkey(), "lamports": rent, "space": 82, "owner": TOKENS}
        address = mint.pubkey()
        steps = [
            create_account(CreateAccountParams(**params)),
            # InitializeMint2 with 6 decimals and without a freeze authority.
            Instruction(TOKENS, bytes([20, 6]) + bytes(me) + b"\0", [AccountMeta(address, False, True)]),
        ]
        for owner in (self.client.pubkey(), self.node.pubkey()):
            purse = get_associated_token_address(owner, address)
            metas = [AccountMeta(me, True, True), AccountMeta(purse, False, True)]
            metas += [AccountMeta(other, False, False) for other in (owner, address, SYSTEM, TOKENS)]
            steps.append(Instruction(ASSOCIATED, b"\0", metas))
            # MintTo.
            metas = [AccountMeta(address, False, True), AccountMeta(purse, False, True), AccountMeta(me, True, False)]
            steps.append(Instruction(TOKENS, bytes([7]) + struct.pack("<Q", 10**9), metas))
        self.send(steps, mint)
        return address


def key(name):
    """The key pair of a name, the same in every run."""
    return Keypair.from_seed(sha256(name.encode()).digest())
