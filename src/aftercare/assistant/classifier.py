"""From a text to its intent, with a probability that means what it says, and to whether it is about anything that we know.

Two judges look at a text: linear margins over words, pairs and rows of words and runs of characters, and the nearest example.
**Kept-back** examples, on which the margins were not trained, set how sure a score is (its scale), and the **gate**: what is out
of scope. Where no examples out of scope are given, whole intents are left out in turn and play them.

Training needs scikit-learn; answering needs numpy alone. A model is arrays and JSON; nothing in it can run.
"""

import hashlib
import io
import json
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from aftercare.assistant import wordage
from aftercare.kit.errors import Invalid

FORMAT = 2
Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]
Tell = Callable[[str, int, int], None]
BLOCKS = ("words", "rows", "characters", "pairs")
ALL_BLOCKS = (0, 1, 2, 3)
WORDS_AND_ROWS = (0, 1)
SIGNS = 5


class ModelUnreadable(Invalid):
    """This is not a model of this version."""


class TooFewExamples(Invalid):
    """Training needs at least two intents with two examples each."""


@dataclass(frozen=True)
class Example:
    """`intent` is empty for what is out of scope. Examples of one `group` (sayings of one pattern) are kept back together."""

    text: str
    intent: str
    group: str = ""


@dataclass(frozen=True)
class Guess:
    """`in_scope` is the gate's probability that the text is about one of the intents at all."""

    intent: str
    probability: float
    in_scope: float
    known: bool
    """Whether `in_scope` reaches the model's threshold."""
    others: tuple[tuple[str, float], ...] = ()


@dataclass
class Block:
    """Pieces of one sort: their places and how rare each is."""

    places: dict[str, int]
    rarity: Floats
    offset: int


@dataclass
class Sparse:
    """Rows of (place, value), one after another."""

    starts: npt.NDArray[np.int64]
    places: Ints
    values: Floats

    def __len__(self) -> int:
        return len(self.starts) - 1

    def matrix(self, width: int) -> Any:
        from scipy.sparse import csr_matrix

        return csr_matrix((self.values, self.places, self.starts), shape=(len(self), width))

    def pick(self, rows: npt.NDArray[np.int64]) -> "Sparse":
        lengths = (self.starts[1:] - self.starts[:-1])[rows]
        starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        where = np.repeat(self.starts[:-1][rows] - starts[:-1], lengths) + np.arange(starts[-1])
        return Sparse(starts, self.places[where], self.values[where])


@dataclass
class Looked:
    """A text as the judges see it: places and values of all blocks, and the share of its words that is known, the rarer
    counting more."""

    places: Ints
    values: Floats
    sizes: tuple[int, ...]
    """So many of them belong to each block, in order."""
    known_share: float

    def of(self, blocks: Sequence[int]) -> tuple[Ints, Floats]:
        ends = np.cumsum((0, *self.sizes))
        parts = [slice(ends[block], ends[block + 1]) for block in blocks]
        return (
            np.concatenate([self.places[part] for part in parts]),
            np.concatenate([self.values[part] for part in parts]),
        )


class Vocabulary:
    def __init__(self, blocks: list[Block]) -> None:
        self.blocks = blocks

    @property
    def width(self) -> int:
        last = self.blocks[-1]
        return last.offset + len(last.places)

    @property
    def words(self) -> int:
        """Places of words and rows; characters come after."""
        return self.blocks[2].offset

    @classmethod
    def learn(cls, cut: Sequence[tuple[list[str], ...]]) -> "Vocabulary":
        blocks: list[Block] = []
        offset = 0
        fewest = 1 if len(cut) < 25_000 else 2
        for number in range(len(BLOCKS)):
            seen: Counter[str] = Counter()
            for pieces in cut:
                seen.update(set(pieces[number]))
            kept = [piece for piece, times in seen.items() if times >= fewest]
            counts = np.array([seen[piece] for piece in kept], dtype=np.float32)
            rarity = np.log((1 + len(cut)) / (1 + counts)) + 1
            blocks.append(
                Block({piece: place for place, piece in enumerate(kept)}, rarity.astype(np.float32), offset)
            )
            offset += len(kept)
        return cls(blocks)

    def look(self, cut: tuple[list[str], ...]) -> Looked:
        places: list[npt.NDArray[np.int64]] = []
        values: list[Floats] = []
        for number, block in enumerate(self.blocks):
            counts: Counter[int] = Counter()
            for piece in cut[number]:
                place = block.places.get(piece)
                if place is not None:
                    counts[place] += 1
            here = np.fromiter(counts.keys(), dtype=np.int64, count=len(counts))
            value = (
                1 + np.log(np.fromiter(counts.values(), dtype=np.float32, count=len(counts)))
            ) * block.rarity[here]
            norm = float(np.sqrt((value * value).sum()))
            places.append(here + block.offset)
            values.append((value / norm if norm else value).astype(np.float32))
        return Looked(
            np.concatenate(places).astype(np.int32),
            np.concatenate(values),
            tuple(len(part) for part in places),
            self._known(cut[0]),
        )

    def _known(self, words: list[str]) -> float:
        block = self.blocks[0]
        most = float(block.rarity.max(initial=1.0))
        known = whole = 0.0
        for word in set(words):
            place = block.places.get(word)
            weight = most if place is None else float(block.rarity[place])
            whole += weight
            known += 0.0 if place is None else weight
        return known / whole if whole else 0.0


def stack(looked: Sequence[Looked], blocks: Sequence[int] = ALL_BLOCKS) -> Sparse:
    parts = [one.of(blocks) for one in looked]
    starts = np.concatenate([[0], np.cumsum([len(places) for places, _ in parts])]).astype(np.int64)
    return Sparse(
        starts,
        np.concatenate([places for places, _ in parts]).astype(np.int32),
        np.concatenate([values for _, values in parts]).astype(np.float32),
    )


def softmax(scores: Floats) -> Floats:
    shifted: Floats = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares: Floats = shifted / shifted.sum(axis=-1, keepdims=True)
    return shares


@dataclass
class Gate:
    """In scope or not, from five signs: how sure, by how much, how many of the words are known, how near the nearest
    example is, how long it is."""

    weights: Floats
    bias: float
    threshold: float

    def probability(self, signs: Floats) -> Floats:
        likely: Floats = 1 / (1 + np.exp(-(signs @ self.weights + self.bias)))
        return likely


@dataclass
class Classifier:
    intents: list[str]
    vocabulary: Vocabulary
    margins: Floats
    """Place by intent; the last row is the bias."""
    examples: Sparse
    """The training examples' words, for the nearest one."""
    scale: float
    """What a margin counts in a probability."""
    gate: Gate
    about: dict[str, Any] = field(default_factory=dict)
    _by_place: tuple[npt.NDArray[np.int64], Ints, Floats] | None = None

    # Answering

    def guess(self, text: str) -> Guess:
        return self.guesses([text])[0]

    def guesses(self, texts: Sequence[str]) -> list[Guess]:
        looked = [self.vocabulary.look(wordage.pieces(text)) for text in texts]
        probabilities, signs = self._judge(looked)
        scopes = self.gate.probability(signs)
        found: list[Guess] = []
        for row, scope in zip(probabilities, scopes, strict=True):
            order = np.argsort(-row, kind="stable")[:4]
            best = int(order[0])
            found.append(
                Guess(
                    self.intents[best],
                    float(row[best]),
                    float(scope),
                    bool(scope >= self.gate.threshold),
                    tuple((self.intents[int(other)], float(row[other])) for other in order[1:]),
                )
            )
        return found

    def _judge(self, looked: Sequence[Looked]) -> tuple[Floats, Floats]:
        margins = np.empty((len(looked), len(self.intents)), dtype=np.float32)
        for number, one in enumerate(looked):
            margins[number] = one.values @ self.margins[one.places] + self.margins[-1]
        probabilities = softmax(margins * self.scale)
        near = np.array([self._nearest(one) for one in looked], dtype=np.float32)
        known = np.array([one.known_share for one in looked], dtype=np.float32)
        return probabilities, signs_of(probabilities, margins, known, near, lengths_of(looked))

    def _nearest(self, one: Looked) -> float:
        """The cosine with the most similar example, by words and rows."""
        if self._by_place is None:
            rows = np.repeat(
                np.arange(len(self.examples), dtype=np.int32), np.diff(self.examples.starts).astype(np.int64)
            )
            order = np.argsort(self.examples.places, kind="stable")
            starts = np.searchsorted(self.examples.places[order], np.arange(self.vocabulary.words + 1))
            self._by_place = starts.astype(np.int64), rows[order], self.examples.values[order]
        starts, rows, values = self._by_place
        sums = np.zeros(len(self.examples), dtype=np.float32)
        for place, value in zip(*one.of(WORDS_AND_ROWS), strict=True):
            begin, end = starts[place], starts[place + 1]
            # A place stands at most once in each row, so nothing is added twice at once.
            sums[rows[begin:end]] += values[begin:end] * value
        return float(sums.max(initial=0.0)) / 2

    # Keeping

    def write(self, path: Path) -> str:
        """One file; its SHA-256."""
        arrays: dict[str, npt.NDArray[Any]] = {
            "margins": self.margins.astype(np.float16),
            "example_starts": self.examples.starts,
            "example_places": self.examples.places,
            "example_values": self.examples.values.astype(np.float16),
            "gate": self.gate.weights,
        }
        for number, block in enumerate(self.vocabulary.blocks):
            arrays[f"rarity_{number}"] = block.rarity
        document = {
            "format": FORMAT,
            "wordage": wordage.VERSION,
            "intents": self.intents,
            "pieces": [list(block.places) for block in self.vocabulary.blocks],
            "scale": self.scale,
            "gate": {"bias": self.gate.bias, "threshold": self.gate.threshold},
            "about": self.about,
        }
        return write_model(path, document, arrays)

    @classmethod
    def read(cls, path: Path) -> "Classifier":
        """Refuses with ModelUnreadable."""
        document, arrays = read_model(path)
        if document.get("format") != FORMAT or document.get("wordage") != wordage.VERSION:
            raise ModelUnreadable(path=str(path))
        blocks: list[Block] = []
        offset = 0
        for number, pieces in enumerate(document["pieces"]):
            blocks.append(
                Block(
                    {piece: place for place, piece in enumerate(pieces)}, arrays[f"rarity_{number}"], offset
                )
            )
            offset += len(pieces)
        return cls(
            document["intents"],
            Vocabulary(blocks),
            arrays["margins"].astype(np.float32),
            Sparse(
                arrays["example_starts"],
                arrays["example_places"],
                arrays["example_values"].astype(np.float32),
            ),
            document["scale"],
            Gate(arrays["gate"], document["gate"]["bias"], document["gate"]["threshold"]),
            document["about"],
        )


def write_model(path: Path, document: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> str:
    """A zip of JSON and plain arrays, put in place whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(".half")
    with zipfile.ZipFile(half, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as box:
        box.writestr("model.json", json.dumps(document, ensure_ascii=False, sort_keys=True))
        for name, array in arrays.items():
            held = io.BytesIO()
            np.save(held, array, allow_pickle=False)
            # Weights hardly shrink; packing them would take longer than learning them.
            box.writestr(f"{name}.npy", held.getvalue(), zipfile.ZIP_STORED)
    half.replace(path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_model(path: Path) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """Refuses with ModelUnreadable."""
    try:
        with zipfile.ZipFile(path) as box:
            document = json.loads(box.read("model.json"))
            arrays = {
                name.removesuffix(".npy"): np.load(io.BytesIO(box.read(name)), allow_pickle=False)
                for name in box.namelist()
                if name.endswith(".npy")
            }
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as broken:
        raise ModelUnreadable(path=str(path)) from broken
    return document, arrays


def lengths_of(looked: Sequence[Looked]) -> Floats:
    return np.log1p(np.array([one.sizes[0] for one in looked], dtype=np.float32))


def signs_of(probabilities: Floats, margins: Floats, known: Floats, near: Floats, lengths: Floats) -> Floats:
    two = -np.sort(-probabilities, axis=1)[:, :2]
    sure = np.log(np.clip(two[:, 0], 1e-4, 1 - 1e-4) / np.clip(1 - two[:, 0], 1e-4, 1))
    return np.column_stack([sure, margins.max(axis=1), known * 4, near * 4, lengths]).astype(np.float32)
