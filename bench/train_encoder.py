"""How the sentence encoder was trained, to repeat it (`uv sync --group train`).

The upper layers of multilingual-e5-small are trained further on chat lines (`handlers/language/lines`, eight
hands and more) and the catalogue's utterances, with two linear heads, one for the name and one for the mood.
Each epoch sees the lines anew: other names of people, services, customers and teams, other spellings, slips of
the fingers. Every tenth line of each hand is kept aside and judges each epoch. What is written is the encoder
alone, its weights as 8-bit integers with a scale a column; the heads that the product uses are fitted when it
starts (`handlers/language/encoder.py`). Four epochs take half an hour on two cores.
"""

from __future__ import annotations

import argparse
import math
import random
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.fit_heads import (
    SHARE_OF_UTTERANCES,
    fitted_names,
    keep_trained_names,
    named_heads,
    threshold,
    utterance_lines,
)
from handlers.language.encoder import LAYERS, Head, Heads, TokenVectors, calibrated, token_vectors_file
from handlers.language.mood import Mood
from handlers.language.utterances import Line, read_lines

EPOCHS, BATCH, SCALE = 4, 32, 16.0
FROZEN_LAYERS = 4
RATE, RATE_OF_HEADS = 1.5e-4, 3e-3
WEIGHT_OF_UTTERANCES = 0.5
MOODS = tuple(Mood)


def train() -> int:
    """Train, judge, write. 1 where what is needed to train is not installed."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--to", type=Path, default=LAYERS)
    given = arguments.parse_args()
    try:
        import onnx  # noqa: F401
        import torch
    except ModuleNotFoundError as missing:
        print(f"{missing.name} is not installed: uv sync --group train", file=sys.stderr)
        return 1
    torch.manual_seed(given.seed)
    trained, aside = read_lines()
    utterances = utterance_lines()
    network = _network(
        TokenVectors(token_vectors_file()), sorted({line.name for line in [*trained, *utterances]})
    )
    with tempfile.TemporaryDirectory() as nowhere:  # what cannot be written is found before it was trained
        _write(network, Path(nowhere) / given.to.name)
    _train(network, trained, utterances, aside, random.Random(given.seed))
    _write(network, given.to)
    _heads(network, trained, utterances, aside).write()
    return 0


def _network(tokens: TokenVectors, names: Sequence[str]) -> Any:
    """The sentence model as it comes, with two heads."""
    import torch
    from torch import nn

    class Layer(nn.Module):
        """One layer of BERT, the norms after the sums (Devlin et al. 2018)."""

        def __init__(self, number: int) -> None:
            super().__init__()
            width, inner = tokens.hidden, tokens.inner
            self.query, self.key, self.value, self.out = (
                self._linear(number, n, width) for n in ("q", "k", "v", "ao")
            )
            self.wide, self.narrow = self._linear(number, "fi", width), self._linear(number, "fo", inner)
            self.after, self.last = self._norm(number, "aln"), self._norm(number, "oln")
            self.drop = nn.Dropout(0.1)

        def _linear(self, number: int, name: str, width: int) -> Any:
            weight = torch.from_numpy(tokens.rows(f"l{number}.{name}.w", width))
            made = nn.Linear(width, len(weight))
            made.weight.data, made.bias.data = weight, torch.from_numpy(tokens.floats(f"l{number}.{name}.b"))
            return made

        def _norm(self, number: int, name: str) -> Any:
            made = nn.LayerNorm(tokens.hidden, eps=tokens.epsilon)
            made.weight.data = torch.from_numpy(tokens.floats(f"l{number}.{name}.w"))
            made.bias.data = torch.from_numpy(tokens.floats(f"l{number}.{name}.b"))
            return made

        def forward(self, rows: Any, hidden: Any) -> Any:
            batch, length, width = rows.shape
            split = (batch, length, tokens.heads, width // tokens.heads)
            query, key, value = (
                part(rows).view(split).transpose(1, 2) for part in (self.query, self.key, self.value)
            )
            weights = torch.softmax(query @ key.transpose(2, 3) / math.sqrt(split[-1]) + hidden, -1)
            heard = (weights @ value).transpose(1, 2).reshape(batch, length, width)
            rows = self.after(rows + self.drop(self.out(heard)))
            return self.last(rows + self.drop(self.narrow(nn.functional.gelu(self.wide(rows)))))

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.ModuleList(Layer(number) for number in range(tokens.layers))
            self.of_name = nn.Linear(tokens.hidden, len(names))
            self.of_mood = nn.Linear(tokens.hidden, len(MOODS))
            self.names = list(names)

        def forward(self, rows: Any, present: Any) -> Any:
            hidden = (1 - present)[:, None, None, :] * -1e4
            for layer in self.layers:
                rows = layer(rows, hidden)
            present = present[..., None]
            return nn.functional.normalize((rows * present).sum(1) / present.sum(1), dim=1)

        def encode(self, texts: Sequence[str]) -> Any:
            rows = [tokens(text) for text in texts]
            padded = np.zeros((len(rows), max(map(len, rows)), tokens.hidden), np.float32)
            present = np.zeros(padded.shape[:2], np.float32)
            for at, row in enumerate(rows):
                padded[at, : len(row)], present[at, : len(row)] = row, 1
            return self(torch.from_numpy(padded), torch.from_numpy(present))

    return Network()


def _train(
    network: Any,
    lines: Sequence[Line],
    utterances: Sequence[Line],
    aside: Sequence[Line],
    chance: random.Random,
) -> None:
    import torch
    from torch import nn

    loss_of = nn.functional.cross_entropy
    for layer in network.layers[:FROZEN_LAYERS]:
        layer.requires_grad_(False)
    heads = [*network.of_name.parameters(), *network.of_mood.parameters()]
    upper = [p for layer in network.layers[FROZEN_LAYERS:] for p in layer.parameters()]
    groups = [{"params": upper, "lr": RATE}, {"params": heads, "lr": RATE_OF_HEADS}]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.01)
    some = int(len(utterances) * SHARE_OF_UTTERANCES)
    steps = EPOCHS * ((len(lines) + some) // BATCH + 1)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(1.0, (step + 1) / 100) * max(0.02, 1 - step / steps)
    )
    began = time.perf_counter()
    for epoch in range(EPOCHS):
        network.train()
        seen = [
            Line(varied(line.text, chance), line.name, line.mood)
            for line in (*lines, *chance.sample(list(utterances), some))
        ]
        for batch in _batches(seen, chance):
            vectors = nn.functional.dropout(network.encode([line.text for line in batch]), 0.1) * SCALE
            weights = torch.tensor([1.0 if line.mood else WEIGHT_OF_UTTERANCES for line in batch])
            names = torch.tensor([network.names.index(line.name) for line in batch])
            loss = (
                loss_of(network.of_name(vectors), names, reduction="none", label_smoothing=0.1) * weights
            ).mean()
            told = [at for at, line in enumerate(batch) if line.mood]
            if told:
                moods = torch.tensor([MOODS.index(Mood(batch[at].mood)) for at in told])
                loss = loss + loss_of(network.of_mood(vectors[told]), moods, label_smoothing=0.05)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_([*upper, *heads], 1.0)
            optimiser.step()
            schedule.step()
        right = _judged(network, aside)
        took = time.perf_counter() - began
        print(f"epoch {epoch + 1}: {took:.0f} s; aside: name {right[0]:.3f}, mood {right[1]:.3f}")


def _batches(lines: list[Line], chance: random.Random) -> list[list[Line]]:
    """Batches of like length, in any order."""
    chance.shuffle(lines)
    batches = []
    for start in range(0, len(lines), 20 * BATCH):
        near = sorted(lines[start : start + 20 * BATCH], key=lambda line: len(line.text))
        batches += [near[at : at + BATCH] for at in range(0, len(near), BATCH)]
    chance.shuffle(batches)
    return batches


def _judged(network: Any, aside: Sequence[Line]) -> tuple[float, float]:
    import torch

    network.eval()
    names, moods = [], []
    with torch.no_grad():
        for start in range(0, len(aside), 64):
            part = aside[start : start + 64]
            vectors = network.encode([line.text for line in part]) * SCALE
            named, mooded = network.of_name(vectors).argmax(1), network.of_mood(vectors).argmax(1)
            names += [network.names[at] == line.name for at, line in zip(named, part, strict=True)]
            moods += [MOODS[at] == line.mood for at, line in zip(mooded, part, strict=True)]
    return float(np.mean(names)), float(np.mean(moods))


def _heads(network: Any, lines: Sequence[Line], utterances: Sequence[Line], aside: Sequence[Line]) -> Heads:
    """The two heads as the product reads them, their confidence set on the lines kept aside.

    The head of names is the mean of the trained one and of one that is fitted on the finished vectors.
    """
    vectors, learnt = _encoded(network, aside), [*lines, *utterances]
    fitted = fitted_names(_encoded(network, learnt), learnt)
    trained = _head(network.of_name, network.names)
    keep_trained_names(trained)
    names = named_heads(trained, fitted, vectors, aside)
    moods = calibrated(_head(network.of_mood, MOODS), vectors, [str(line.mood) for line in aside])
    return Heads(names, moods, threshold(names, vectors, aside))


def _encoded(network: Any, lines: Sequence[Line]) -> Any:
    import torch

    network.eval()
    # Those of like length together: what is filled up is not counted, and only costs time.
    order = sorted(range(len(lines)), key=lambda at: len(lines[at].text))
    parts = [order[start : start + 64] for start in range(0, len(order), 64)]
    with torch.no_grad():
        found = np.concatenate([network.encode([lines[at].text for at in part]).numpy() for part in parts])
    vectors = np.empty_like(found)
    vectors[order] = found
    return vectors


def _head(layer: Any, classes: Sequence[str]) -> Head:
    return Head(tuple(classes), layer.weight.detach().numpy() * SCALE, layer.bias.detach().numpy())


def _write(network: Any, file: Path) -> None:
    """The layers as ONNX: one sentence in, one vector out, the matrices as bytes."""
    import onnx
    import torch
    from onnx import helper, numpy_helper

    class OneSentence(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = network.layers  # or they were constants, of which no gradient is exported

        def forward(self, tokens: Any) -> Any:
            for layer in self.layers:
                tokens = layer(tokens, 0.0)
            return torch.nn.functional.normalize(tokens.mean(1), dim=1)

    network.eval()
    example = torch.zeros(1, 8, network.of_name.in_features)
    axes = {"tokens": {1: "length"}}
    torch.onnx.export(
        OneSentence(), (example,), str(file), input_names=["tokens"], output_names=["vector"],
        dynamic_axes=axes, opset_version=17, dynamo=False,
    )  # fmt: skip
    model = onnx.load(str(file))
    for tensor in [t for t in model.graph.initializer if len(t.dims) == 2 and math.prod(t.dims) > 10_000]:
        values = numpy_helper.to_array(tensor)
        scale = (np.abs(values).max(0) / 127).astype(np.float32)
        packed, names = (
            np.round(values / scale).astype(np.int8),
            (f"{tensor.name}_bytes", f"{tensor.name}_scale"),
        )
        model.graph.initializer.remove(tensor)
        model.graph.initializer.extend(
            numpy_helper.from_array(*pair) for pair in zip((packed, scale), names, strict=True)
        )
        model.graph.node.insert(0, helper.make_node("DequantizeLinear", list(names), [tensor.name], axis=1))
    onnx.save(model, str(file))


_NAMES = (
    "orders cart checkout search ledger payments payment-service export webhooks notifications auth-service"
    " gateway edge-cache recommendations catalog inventory pricing sessions billing invoices reports mailer"
    " scheduler",
    "amanda leila helena carlos sofia rachel elena nathan sarah mike tom kofi camille pavel hanna priya david",
    "acme meridian halden brightwater oakhurst tindall quarrystone lumen northgate ferrow globex",
    "alpha beta gamma delta platform insights integrations performance",
)
_GROUPS = [
    (
        names.split(),
        re.compile(rf"\b(?:{'|'.join(sorted(names.split(), key=len, reverse=True))})\b", re.IGNORECASE),
    )
    for names in _NAMES
]
_SHORT = {
    "please": "pls plz", "you": "u", "are": "r", "tomorrow": "tmrw", "until": "til till", "because": "bc",
    "right now": "rn", "thanks": "thx", "people": "ppl", "production": "prod", "and": "n &",
    "going to": "gonna", "want to": "wanna", "with": "w", "your": "ur", "about": "abt", "before": "b4",
}  # fmt: skip
_SHORTENED = [(re.compile(rf"\b{long}\b", re.IGNORECASE), short.split()) for long, short in _SHORT.items()]


def varied(text: str, chance: random.Random) -> str:
    """The text as somebody else might have typed it, about other things of the same kinds."""
    if chance.random() < 0.5:
        for names, pattern in _GROUPS:
            if chance.random() < 0.5:
                text = pattern.sub(lambda _: chance.choice(names), text)  # noqa: B023
    return _typed(text, chance) if chance.random() < 0.7 else text


def _typed(text: str, chance: random.Random) -> str:
    text = text.lower() if chance.random() < 0.6 else text
    text = text.rstrip(".?! ") if chance.random() < 0.45 else text
    text = re.sub("['’]", "", text) if chance.random() < 0.4 else text
    text = text.replace(",", "") if chance.random() < 0.25 else text
    for pattern, short in _SHORTENED:
        if chance.random() < 0.2:
            text = pattern.sub(lambda _: chance.choice(short), text)  # noqa: B023
    if chance.random() < 0.3 and len(text) > 8:
        text = _slipped(text, chance.randrange(1, len(text) - 2), chance)
    return text.upper() if chance.random() < 0.04 else text


def _slipped(text: str, at: int, chance: random.Random) -> str:
    """Two letters swapped, one left out, or one doubled."""
    first, second = text[at], text[at + 1]
    if not (first.isalpha() and second.isalpha()):
        return text
    return text[:at] + chance.choice((second + first, second, first + first + second)) + text[at + 2 :]


if __name__ == "__main__":
    sys.exit(train())
