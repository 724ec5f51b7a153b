"""A job's life by a client that has the IDL and nothing else of this repository."""

import base64
import unittest
from hashlib import sha256

from network import Network, Refused


class Life(unittest.TestCase):
    """Drives the real binary."""

    def test_list_work_start_finish(self):
        """Each state, the money, and the events."""
        network = Network()
        device = network.open_device(0)
        job, logs = network.list(7)
        events = list(self.events(network, logs))
        self.assertEqual([name for name, _ in events], ["JobQueued"])
        self.assertEqual((events[0][1]["job"], events[0][1]["escrow_atoms"]), (job, 61_500))
        network.work(device)
        node = network.node.pubkey()
        network.run("start", network.node, {"node": node, "device": device, "job": job})
        network.advance(42)
        result = sha256(b"result").digest()
        accounts = {"node": node, "device": device, "job": job, "market": network.market, "project": network.project}
        network.run("finish", network.node, accounts, result=result)
        done = network.fields("Job", job)
        self.assertEqual((done["state"], done["device"], bytes(done["result"])), (4, device, result))
        self.assertEqual(done["ended_at"] - done["started_at"], 42)
        self.assertEqual(network.fields("Device", device)["earnings_atoms"], 4_200)
        self.assertEqual(network.fields("Market", network.market)["fees_owed_atoms"], 105)
        self.assertEqual(network.fields("Project", network.project)["balance"], 10_000_000 - 4_200 - 105)

    def test_an_error_has_its_sentence(self):
        """The number is looked up in the IDL."""
        network = Network()
        with self.assertRaises(Refused) as refused:
            network.list(7, max_price=99)
        self.assertEqual(network.jobs.errors[refused.exception.code]["name"], "PriceAboveMaximum")

    @staticmethod
    def events(network, logs):
        """The events in a log."""
        data = (line.removeprefix("Program data: ") for line in logs if line.startswith("Program data: "))
        return filter(None, (network.jobs.event(base64.b64decode(line)) for line in data))


if __name__ == "__main__":
    unittest.main()
