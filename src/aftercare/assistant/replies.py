"""Which of several answers fits what was said: learned from pairs of a conversation and the answer that came.

Both sides are sums of vectors of their pieces; a conversation's last words count apart from its earlier ones. They are trained
so that the answer that came lies nearer than the answers to the other conversations of the same handful.
"""

import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from aftercare.assistant import wordage
from aftercare.assistant.classifier import (
    Floats,
    ModelUnreadable,
    Tell,
    read_model,
    write_model,
)
from aftercare.kit.errors import Invalid

FORMAT = 1
WIDTH = 128
AT_ONCE = 128
ROUNDS = 12
STEP = 0.05
SHARPNESS = 12.0
LAST_WORDS = 3
LONGEST_CONVERSATION = 400
CANDIDATES = 10
MOST_PIECES = 60_000

_PLACEHOLDER = re.compile(r"\[[^\]\s]{1,24}\]|#e-[a-z]*")


class PairsUnreadable(Invalid):
    """Reply choice needs two files of the same length: NAME.enc with conversations and NAME.dec with answers."""


@dataclass(frozen=True)
class Pair:
    """What was said, oldest first, and the answer that came."""

    said: tuple[str, ...]
    answer: str


def read_pairs(path: Path) -> list[Pair]:
    """`NAME.enc` beside `NAME.dec`: a conversation a line, with commas between the turns; its answer on the same line. Refuses with
    PairsUnreadable."""
    said, answered = path.with_suffix(".enc"), path.with_suffix(".dec")
    if not said.is_file() or not answered.is_file():
        raise PairsUnreadable(path=str(path))
    conversations = said.read_text(encoding="utf-8").splitlines()
    answers = answered.read_text(encoding="utf-8").splitlines()
    if len(conversations) != len(answers):
        raise PairsUnreadable(conversations=len(conversations), answers=len(answers))
    return [
        Pair(tuple(part for part in one.split(",") if part.strip()), other.strip(", "))
        for one, other in zip(conversations, answers, strict=True)
        if one.strip(", ") and other.strip(", ")
    ]


def _cut(text: str) -> list[str]:
    words, rows, characters, _ = wordage.pieces(_PLACEHOLDER.sub(" ", text.casefold()))
    return (
        words
        + [row for row in rows if " " in row and row.count(" ") == 1]
        + [piece for piece in characters if len(piece) == 2]
    )


def _of_conversation(said: Sequence[str]) -> list[str]:
    last = _cut(" ".join(said[-LAST_WORDS:]))
    before = _cut(" ".join(said[:-LAST_WORDS])[-LONGEST_CONVERSATION:])
    return [f"<{piece}" for piece in last] + before


@dataclass
class Side:
    """The pieces of one side with their vectors."""

    places: dict[str, int]
    rarity: Floats
    vectors: Floats

    @classmethod
    def learn(cls, cut: Sequence[Sequence[str]], dice: np.random.Generator) -> "Side":
        seen: Counter[str] = Counter()
        for pieces in cut:
            seen.update(set(pieces))
        kept = [piece for piece, times in seen.most_common(MOST_PIECES) if times >= 2]
        counts = np.array([seen[piece] for piece in kept], dtype=np.float32)
        rarity = np.log((1 + len(cut)) / (1 + counts)) + 1
        vectors = dice.standard_normal((len(kept), WIDTH)) * 0.1
        return cls(
            {piece: place for place, piece in enumerate(kept)},
            rarity.astype(np.float32),
            vectors.astype(np.float32),
        )

    def look(self, pieces: Sequence[str]) -> tuple[npt.NDArray[np.int64], Floats]:
        places = np.array(sorted({self.places[one] for one in pieces if one in self.places}), dtype=np.int64)
        weights = self.rarity[places]
        norm = float(np.sqrt((weights * weights).sum()))
        return places, weights / norm if norm else weights

    def vector(self, pieces: Sequence[str]) -> Floats:
        places, weights = self.look(pieces)
        found: Floats = weights @ self.vectors[places]
        return found


Looked = tuple[npt.NDArray[np.int64], Floats]


def _sparse(looked: Sequence[Looked], width: int) -> Any:
    from scipy.sparse import csr_matrix

    starts = np.concatenate([[0], np.cumsum([len(places) for places, _ in looked])])
    places = np.concatenate([places for places, _ in looked])
    return csr_matrix(
        (np.concatenate([weights for _, weights in looked]), places, starts), shape=(len(looked), width)
    )


def _unit(rows: Floats) -> tuple[Floats, Floats]:
    norms: Floats = np.sqrt((rows * rows).sum(axis=1, keepdims=True)) + 1e-6
    return rows / norms, norms


def _back(unit: Floats, norms: Floats, slope: Floats) -> Floats:
    """The slope before the rows were brought to length one."""
    found: Floats = (slope - unit * (unit * slope).sum(axis=1, keepdims=True)) / norms
    return found


@dataclass
class ReplyChooser:
    conversations: Side
    answers: Side
    about: dict[str, Any] = field(default_factory=dict)

    def order(self, said: Sequence[str], candidates: Sequence[str]) -> list[int]:
        """The candidates' numbers, the most fitting first."""
        scores = self.scores(said, candidates)
        return [int(number) for number in np.argsort(-scores, kind="stable")]

    def scores(self, said: Sequence[str], candidates: Sequence[str]) -> Floats:
        asked = self.conversations.vector(_of_conversation(said))
        rows = np.stack([self.answers.vector(_cut(one)) for one in candidates])
        found: Floats = _unit(rows)[0] @ asked
        return found

    def write(self, path: Path) -> str:
        document = {
            "format": FORMAT,
            "wordage": wordage.VERSION,
            "kind": "replies",
            "conversations": list(self.conversations.places),
            "answers": list(self.answers.places),
            "about": self.about,
        }
        arrays: dict[str, npt.NDArray[Any]] = {}
        for name, side in (("conversations", self.conversations), ("answers", self.answers)):
            arrays |= {f"{name}_rarity": side.rarity, f"{name}_vectors": side.vectors.astype(np.float16)}
        return write_model(path, document, arrays)

    @classmethod
    def read(cls, path: Path) -> "ReplyChooser":
        """Refuses with ModelUnreadable."""
        document, arrays = read_model(path)
        if document.get("kind") != "replies" or document.get("wordage") != wordage.VERSION:
            raise ModelUnreadable(path=str(path))
        sides = [
            Side(
                {piece: place for place, piece in enumerate(document[name])},
                arrays[f"{name}_rarity"],
                arrays[f"{name}_vectors"].astype(np.float32),
            )
            for name in ("conversations", "answers")
        ]
        return cls(sides[0], sides[1], document["about"])


def train_replies(pairs: Sequence[Pair], *, tell: Tell, rounds: int = ROUNDS, seed: int = 3) -> ReplyChooser:
    began = time.perf_counter()
    dice = np.random.default_rng(seed)
    asked_cut = [_of_conversation(pair.said) for pair in pairs]
    answer_cut = [_cut(pair.answer) for pair in pairs]
    asked, answers = Side.learn(asked_cut, dice), Side.learn(answer_cut, dice)
    left = _sparse([asked.look(one) for one in asked_cut], len(asked.places))
    right = _sparse([answers.look(one) for one in answer_cut], len(answers.places))
    steep = np.full(len(asked.places), 1e-8, np.float32), np.full(len(answers.places), 1e-8, np.float32)
    for number in range(rounds):
        tell("learning answers", number, rounds)
        order = dice.permutation(len(pairs))
        step = STEP * (1 - number / rounds)
        for begin in range(0, len(order) - 1, AT_ONCE):
            chosen = order[begin : begin + AT_ONCE]
            one, other = left[chosen], right[chosen]
            for batch in (one, other):
                batch.data *= (dice.random(len(batch.data)) > 0.2).astype(np.float32) / 0.8
            here, here_norms = _unit(one @ asked.vectors)
            there, there_norms = _unit(other @ answers.vectors)
            scores = SHARPNESS * (here @ there.T)
            scores -= scores.max(axis=1, keepdims=True)
            likely = np.exp(scores)
            likely /= likely.sum(axis=1, keepdims=True)
            likely[np.arange(len(chosen)), np.arange(len(chosen))] -= 1
            likely *= SHARPNESS / len(chosen)
            for batch, side, slope, sums in (
                (one, asked, _back(here, here_norms, likely @ there), steep[0]),
                (other, answers, _back(there, there_norms, likely.T @ here), steep[1]),
            ):
                places, local = np.unique(batch.indices, return_inverse=True)
                small = type(batch)((batch.data, local, batch.indptr), shape=(len(chosen), len(places)))
                change = np.asarray(small.T @ slope)
                sums[places] += (change * change).mean(axis=1)
                side.vectors[places] -= step * change / np.sqrt(sums[places])[:, None]
    tell("learning answers", rounds, rounds)
    seconds = round(time.perf_counter() - began, 1)
    return ReplyChooser(asked, answers, {"pairs": len(pairs), "seconds": seconds})


def recall_at_one(chooser: ReplyChooser, pairs: Sequence[Pair], *, seed: int = 11) -> float:
    """How often the answer that came is put first of ten; the other nine are answers to other conversations."""
    dice = np.random.default_rng(seed)
    hits = 0
    for pair in pairs:
        drawn = (pairs[int(place)].answer for place in dice.integers(len(pairs), size=100))
        others = [other for other in drawn if other != pair.answer][: CANDIDATES - 1]
        candidates = [pair.answer, *others]
        scores = chooser.scores(pair.said, candidates)
        hits += bool(scores[0] > scores[1:].max())
    return hits / len(pairs) if pairs else 0.0
