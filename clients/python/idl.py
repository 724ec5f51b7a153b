"""Reads an Anchor IDL (spec 0.1.0) and encodes and decodes by it. Knows nothing of Grid."""

import json
import struct

from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

NUMBERS = {"u8": "B", "i8": "b", "u16": "H", "i16": "h", "u32": "I", "i32": "i", "u64": "Q", "i64": "q", "bool": "?"}


class Idl:
    """One program."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            self.json = json.load(file)
        self.program = Pubkey.from_string(self.json["address"])
        self.types = {entry["name"]: entry["type"] for entry in self.json["types"]}
        self.instructions = {entry["name"]: entry for entry in self.json["instructions"]}
        self.accounts = {entry["name"]: bytes(entry["discriminator"]) for entry in self.json["accounts"]}
        self.events = {bytes(entry["discriminator"]): entry["name"] for entry in self.json["events"]}
        self.errors = {entry["code"]: entry for entry in self.json["errors"]}

    def instruction(self, name, accounts, **args):
        """An instruction. `accounts` names each account that the IDL has no fixed address for."""
        entry = self.instructions[name]
        data = bytes(entry["discriminator"])
        data += b"".join(self.encode(field["type"], args.pop(field["name"])) for field in entry["args"])
        if args:
            raise TypeError(f"{name} takes no {', '.join(args)}")
        return Instruction(self.program, data, [self._meta(slot, accounts) for slot in entry["accounts"]])

    def _meta(self, slot, accounts):
        address = accounts.get(slot["name"])
        if address is None and slot.get("optional"):
            return AccountMeta(self.program, False, False)
        if address is None:
            address = Pubkey.from_string(slot["address"])
        return AccountMeta(address, slot.get("signer", False), slot.get("writable", False))

    def account(self, name, data):
        """The fields of an account's bytes; what lies behind them is the caller's to read."""
        if data[:8] != self.accounts[name]:
            raise ValueError(f"the bytes are no {name}")
        return self.decode({"defined": {"name": name}}, data, 8)[0]

    def event(self, data):
        """Name and fields of what the program logged, or None."""
        name = self.events.get(data[:8])
        return name and (name, self.decode({"defined": {"name": name}}, data, 8)[0])

    def encode(self, kind, value):
        """The bytes of a value."""
        if isinstance(kind, str):
            return bytes(value) if kind == "pubkey" else struct.pack("<" + NUMBERS[kind], value)
        if "array" in kind:
            inner, length = kind["array"]
            if len(value) != length:
                raise ValueError(f"{length} values are needed, not {len(value)}")
            return b"".join(self.encode(inner, item) for item in value)
        if "vec" in kind:
            return struct.pack("<I", len(value)) + b"".join(self.encode(kind["vec"], item) for item in value)
        defined = self.types[kind["defined"]["name"]]
        if defined["kind"] == "enum":
            return bytes([[variant["name"] for variant in defined["variants"]].index(value)])
        return b"".join(self.encode(field["type"], value[field["name"]]) for field in defined["fields"])

    def decode(self, kind, data, at):
        """A value and where it ends."""
        if isinstance(kind, str):
            if kind == "pubkey":
                return Pubkey.from_bytes(data[at : at + 32]), at + 32
            form = "<" + NUMBERS[kind]
            return struct.unpack_from(form, data, at)[0], at + struct.calcsize(form)
        if "array" in kind:
            items = []
            for _ in range(kind["array"][1]):
                item, at = self.decode(kind["array"][0], data, at)
                items.append(item)
            return items, at
        defined = self.types[kind["defined"]["name"]]
        if defined["kind"] == "enum":
            return defined["variants"][data[at]]["name"], at + 1
        fields = {}
        for field in defined["fields"]:
            fields[field["name"]], at = self.decode(field["type"], data, at)
        return fields, at
