"""A stranger's client: it has `idl/`, `docs/accounts.md` and a Solana library, lists jobs and reads the market's queue."""

import os
import unittest
from pathlib import Path

from document import Document
from network import ROOT, Network

PAGE = Path(os.environ.get("GRID_DOCS_DIR", ROOT / "docs")) / "accounts.md"


class Stranger(unittest.TestCase):
    """What the page says against what the program does."""

    def setUp(self):
        self.page = Document(PAGE)
        self.network = Network()

    def waiting(self):
        """Who waits, by the page."""
        return self.page.waiting(self.network.read(self.network.market))

    def delist(self, job):
        """Takes a job back."""
        network, client = self.network, self.network.client.pubkey()
        accounts = {"closer": client, "project": network.project, "market": network.market, "job": job, "rent_payer": client}
        network.run("delist", network.client, accounts)

    def test_the_queue_is_what_work_hands_out(self):
        """Jobs leave at the head and out of the middle, new ones take the slots that were left; nodes get them in order."""
        self.assertEqual(self.waiting(), [])
        jobs = [self.network.list(number)[0] for number in range(6)]
        self.assertEqual(self.waiting(), jobs)
        handed_out = [self.take(0), self.take(1)]
        self.assertEqual(handed_out, jobs[:2])
        self.delist(jobs[3])
        jobs = [jobs[2], *jobs[4:], *(self.network.list(number)[0] for number in range(6, 10))]
        self.assertEqual(self.waiting(), jobs)
        slots = [self.page.account("Job", self.network.read(job))["slot"] for job in jobs]
        self.assertNotEqual(slots, sorted(slots), "the order of the slots would do as well: the test proves nothing")
        self.assertEqual([self.take(2 + turn) for turn in range(len(jobs))], jobs)
        self.assertEqual(self.waiting(), [])

    def test_devices_wait_too(self):
        """Without jobs the same queue holds devices."""
        devices = [self.network.open_device(index) for index in range(3)]
        for device in devices:
            self.network.work(device)
        self.assertEqual(self.waiting(), devices)
        self.assertEqual(self.page.account("Market", self.network.read(self.network.market))["queue.kind"], 2)

    def test_page_and_idl_say_the_same(self):
        """Each field of an account, decoded by the page and by the IDL."""
        network = self.network
        accounts = {"Config": network.config, "Market": network.market, "Project": network.project}
        accounts |= {"Device": network.open_device(0), "Job": network.list(1)[0]}
        for name, address in accounts.items():
            by_page = self.page.account(name, network.read(address))
            self.assertEqual(bytes(by_page.pop("discriminator")), network.jobs.accounts[name])
            # Behind the market's header, where the IDL ends.
            self.assertEqual(by_page.pop("slot_count", None), 273 if name == "Market" else None)
            self.assertEqual(by_page, flat(network.fields(name, address)), name)

    def take(self, index):
        """Offers a new device; the job that it got."""
        device = self.network.open_device(index)
        self.network.work(device)
        return self.network.fields("Device", device)["job"]


def flat(fields, prefix=""):
    """Fields of fields as `outer.inner`."""
    pairs = {}
    for name, value in fields.items():
        pairs |= flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
    return pairs


if __name__ == "__main__":
    unittest.main()
