"""A small net over pieces: one hidden layer, trained by us because what is needed of it fits on a page.

Pieces and hidden units are left out at random while it learns, targets are softened, and the step shrinks to nothing.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from aftercare.assistant.classifier import Sparse

Floats = npt.NDArray[np.float32]

HIDDEN = 256
ROWS_AT_ONCE = 64
WORDS_LEFT_OUT = 0.2
UNITS_LEFT_OUT = 0.5
SOFTENED = 0.1
STEP = 0.002


@dataclass
class Net:
    into: Floats
    into_bias: Floats
    out: Floats
    out_bias: Floats

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        return {
            "into": self.into.astype(np.float16),
            "into_bias": self.into_bias,
            "out": self.out,
            "out_bias": self.out_bias,
        }

    @classmethod
    def of(cls, arrays: dict[str, npt.NDArray[Any]], prefix: str) -> "Net":
        return cls(
            *(arrays[prefix + name].astype(np.float32) for name in ("into", "into_bias", "out", "out_bias"))
        )

    def hidden(self, rows: "Sparse") -> Floats:
        found = np.empty((len(rows), self.into.shape[1]), dtype=np.float32)
        for number in range(len(rows)):
            part = slice(rows.starts[number], rows.starts[number + 1])
            found[number] = rows.values[part] @ self.into[rows.places[part]]
        active: Floats = np.maximum(found + self.into_bias, 0)
        return active

    def logs(self, rows: "Sparse") -> Floats:
        """Logarithms of the net's own probabilities."""
        scores = self.hidden(rows) @ self.out + self.out_bias
        scores -= scores.max(axis=1, keepdims=True)
        told: Floats = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        return told


class Steps:
    """Adam for the small arrays."""

    def __init__(self) -> None:
        self.means: dict[str, tuple[Floats, Floats]] = {}

    def go(self, name: str, array: Floats, slope: Floats, step: float, time: int) -> None:
        mean, square = self.means.setdefault(name, (np.zeros_like(array), np.zeros_like(array)))
        mean *= 0.9
        mean += 0.1 * slope
        square *= 0.999
        square += 0.001 * slope * slope
        array -= step * (mean / (1 - 0.9**time)) / (np.sqrt(square / (1 - 0.999**time)) + 1e-8)


def train_net(
    rows: "Sparse",
    answers: npt.NDArray[np.int64],
    intents: int,
    width: int,
    *,
    rounds: int,
    seed: int = 0,
    start: Net | None = None,
    step: float = STEP,
) -> Net:
    """From nothing, or onward from `start`."""
    dice = np.random.default_rng(seed)
    net = start or Net(
        (dice.standard_normal((width, HIDDEN)) * 0.13).astype(np.float32),
        np.zeros(HIDDEN, dtype=np.float32),
        (dice.standard_normal((HIDDEN, intents)) / np.sqrt(HIDDEN)).astype(np.float32),
        np.zeros(intents, dtype=np.float32),
    )
    matrix = rows.matrix(width)
    # Of each place one number: how steep it has been of late.
    steep = np.zeros(width, dtype=np.float32)
    steps = Steps()
    count = len(rows)
    whole = rounds * ((count + ROWS_AT_ONCE - 1) // ROWS_AT_ONCE)
    time = 0
    for _ in range(rounds):
        order = dice.permutation(count)
        for begin in range(0, count, ROWS_AT_ONCE):
            time += 1
            now = step * (1 - time / (whole + 1))
            chosen = order[begin : begin + ROWS_AT_ONCE]
            batch = matrix[chosen]
            kept = dice.random(len(batch.data)) > WORDS_LEFT_OUT
            batch.data *= kept / (1 - WORDS_LEFT_OUT)
            places, local = np.unique(batch.indices, return_inverse=True)
            batch = type(batch)(
                (batch.data.astype(np.float32), local, batch.indptr), shape=(len(chosen), len(places))
            )
            before = batch @ net.into[places] + net.into_bias
            mask = (dice.random(before.shape, dtype=np.float32) > UNITS_LEFT_OUT) * (before > 0)
            mask = mask.astype(np.float32) / (1 - UNITS_LEFT_OUT)
            active = before * mask
            scores = active @ net.out + net.out_bias
            scores -= scores.max(axis=1, keepdims=True)
            likely = np.exp(scores)
            likely /= likely.sum(axis=1, keepdims=True)
            likely -= SOFTENED / intents
            likely[np.arange(len(chosen)), answers[chosen]] -= 1 - SOFTENED
            likely /= len(chosen)
            back = (likely @ net.out.T) * mask
            slope = np.asarray(batch.T @ back)
            steps.go("out", net.out, active.T @ likely + 1e-4 * net.out, now, time)
            steps.go("out_bias", net.out_bias, likely.sum(axis=0), now, time)
            steps.go("into_bias", net.into_bias, back.sum(axis=0), now, time)
            fresh = (slope * slope).mean(axis=1)
            steep[places] = np.where(steep[places] > 0, 0.99 * steep[places] + 0.01 * fresh, fresh)
            net.into[places] -= (
                0.5 * now * slope / (np.sqrt(np.maximum(steep[places], 1e-12))[:, None] + 1e-8)
            )
    return net
