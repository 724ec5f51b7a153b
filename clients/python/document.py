"""Reads the tables of docs/accounts.md and decodes accounts by them alone."""

import re
import struct

from solders.pubkey import Pubkey

NUMBERS = {"u8": "B", "u16": "H", "u32": "I", "u64": "Q", "i64": "q"}
NOBODY = 65_535


class Document:
    """The page, by heading: the fields of its first table that has offsets."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            sections = re.split(r"^#+ +(.*)$", file.read(), flags=re.MULTILINE)
        self.tables = {name: rows(text) for name, text in zip(sections[1::2], sections[2::2])}

    def fields(self, name):
        """Offset, size and type of each field of an account."""
        if not self.tables.get(name):
            raise ValueError(f"the page has no table of {name}")
        return self.tables[name]

    def account(self, name, data):
        """The fields of an account's bytes."""
        return {field: value(data[at : at + size], kind) for field, (at, size, kind) in self.fields(name).items()}

    def waiting(self, data):
        """Who waits in a market, first to last, as the page says it is to be read."""
        header, slot = self.fields("Market"), self.fields("The queue behind a market")
        slots_begin = sum(size for _, size, _ in header.values())
        slot_bytes = sum(size for _, size, _ in slot.values())
        market = self.account("Market", data)
        count = market["slot_count"]
        waiting, previous, at = [], NOBODY, market["queue.head"]
        while at != NOBODY:
            if at >= count or len(waiting) >= count:
                raise ValueError(f"slot {at} does not exist")
            begin = slots_begin + slot_bytes * at
            found = {name: value(data[begin + o : begin + o + size], kind) for name, (o, size, kind) in slot.items()}
            if found["previous"] != previous or found["address"] == Pubkey.default():
                raise ValueError(f"slot {at} does not lead back to {previous}")
            waiting.append(found["address"])
            previous, at = at, found["next"]
        if (market["queue.tail"], market["queue.waiting"]) != (previous, len(waiting)):
            raise ValueError("the header does not agree with the slots")
        return waiting


def rows(text):
    """The rows `| offset | size | type | `field` | …` of a section."""
    cells = re.findall(r"^\| *(\d+) *\| *(\d+) *\| *([^|]+?) *\| *`([^`]+)` *\|", text, flags=re.MULTILINE)
    return {name: (int(offset), int(size), kind) for offset, size, kind, name in cells}


def value(data, kind):
    """The value of some bytes."""
    if kind == "address":
        return Pubkey.from_bytes(data)
    return struct.unpack("<" + NUMBERS[kind], data)[0] if kind in NUMBERS else list(data)
