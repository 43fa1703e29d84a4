"""Training a classifier and scoring one."""

import csv
import hashlib
import io
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from aftercare.assistant import wordage
from aftercare.assistant.classifier import (
    SIGNS,
    WORDS_AND_ROWS,
    Classifier,
    Example,
    Floats,
    Gate,
    Looked,
    Tell,
    TooFewExamples,
    Vocabulary,
    lengths_of,
    signs_of,
    softmax,
    stack,
)
from aftercare.kit.errors import Invalid
from aftercare.kit.text import decode

KEPT_BACK = 0.15
LEFT_OUT_INTENTS = 0.2
FEWEST_INTENTS_TO_LEAVE_OUT = 10
MOST_LOST = 0.02
"""Of the right answers on kept-back examples, so many may fall to the gate; half of it where intents that were left out had to play
what is out of scope, since they lie nearer than what will really come."""
ENOUGH_RECALL = 0.9
TRADES = (0.01, 0.02, 0.05, 0.1)
PENALTY = 0.3
PENALTY_OF_TWO = 0.1
PENALTY_OF_RATIOS = 0.5

TEXTS = ("text", "utterance", "question", "sentence", "review", "query")
INTENTS = ("intent", "label", "category")
OUTSIDE = frozenset({"oos", "out_of_scope", "out-of-scope", "outofscope"})
YES = frozenset({"1", "true", "yes", "y", "oos"})


class TableUnreadable(Invalid):
    """The file needs the columns text and intent."""


def read_examples(path: Path, *, training: bool = True) -> list[Example]:
    """CSV with the columns text, intent and, if wanted, oos (also packed with gzip); of a folder all `train*` to train on,
    all `test*` else, or simply all where none is called so. Refuses with TableUnreadable."""
    files = [path]
    if path.is_dir():
        tables = sorted(file for file in path.iterdir() if file.name.endswith((".csv", ".csv.gz")))
        files = [file for file in tables if file.name.startswith("train" if training else "test")] or tables
    found: list[Example] = []
    for file in files:
        raw = file.read_bytes()
        if file.suffix == ".gz":
            import gzip

            raw = gzip.decompress(raw)
        found += _examples(decode(raw)[0], file)
    if not found:
        raise TableUnreadable(path=str(path))
    return found


def _examples(text: str, file: Path) -> Iterator[Example]:
    table = csv.DictReader(io.StringIO(text, newline=""))
    names = {(name or "").strip().casefold(): name for name in table.fieldnames or []}
    said = next((names[name] for name in TEXTS if name in names), None)
    meant = next((names[name] for name in INTENTS if name in names), None)
    outside = names.get("oos")
    if said is None or (meant is None and outside is None):
        raise TableUnreadable(path=str(file), columns=list(names))
    for row in table:
        intent = (row[meant] or "").strip() if meant is not None else ""
        is_outside = (outside is not None and (row[outside] or "").strip().casefold() in YES) or (
            intent.casefold() in OUTSIDE
        )
        if (row[said] or "").strip() and (intent or is_outside):
            yield Example(row[said].strip(), "" if is_outside else intent)


def digest_of(examples: Sequence[Example]) -> str:
    """Of what a model was trained on."""
    told = hashlib.sha256()
    for one in sorted(f"{example.intent}\t{example.text}" for example in examples):
        told.update(one.encode())
        told.update(b"\n")
    return told.hexdigest()


def quiet(_: str, __: int, ___: int) -> None:
    """Tells nobody."""


@dataclass
class Judges:
    """What looks at a text, before anything says how sure it is."""

    intents: list[str]
    vocabulary: Vocabulary
    margins: Floats
    looked: list[Looked]
    """The training examples."""

    def scores(self, looked: Sequence[Looked]) -> Floats:
        return np.asarray(
            stack(looked).matrix(self.vocabulary.width) @ self.margins[:-1] + self.margins[-1],
            dtype=np.float32,
        )

    def nearest(self, looked: Sequence[Looked]) -> Floats:
        width = self.vocabulary.words
        examples = stack(self.looked, WORDS_AND_ROWS).matrix(width).T.tocsr()
        asked = stack(looked, WORDS_AND_ROWS).matrix(width)
        found = [
            np.asarray((asked[begin : begin + 500] @ examples).max(axis=1).todense()).ravel() / 2
            for begin in range(0, asked.shape[0], 500)
        ]
        return np.concatenate(found).astype(np.float32)


Cut = tuple[list[str], ...]


def _judges(cut: Sequence[Cut], answers: Sequence[str]) -> Judges:
    intents = sorted(set(answers))
    index = {intent: number for number, intent in enumerate(intents)}
    wanted = np.array([index[answer] for answer in answers], dtype=np.int64)
    vocabulary = Vocabulary.learn(cut)
    looked = [vocabulary.look(one) for one in cut]
    matrix = stack(looked).matrix(vocabulary.width)
    margins = _of_two(matrix, wanted) if len(intents) == 2 else _one_against_all(matrix, wanted)
    return Judges(intents, vocabulary, margins, looked)


def _one_against_all(matrix: Any, wanted: npt.NDArray[np.int64]) -> Floats:
    from sklearn.svm import LinearSVC

    fitted = LinearSVC(C=PENALTY, random_state=0).fit(matrix, wanted)
    return np.vstack([fitted.coef_.T, fitted.intercept_[None, :]]).astype(np.float32)


def _of_two(matrix: Any, wanted: npt.NDArray[np.int64]) -> Floats:
    """Of two intents: the mean of a plain margin and of one over pieces weighed by how much oftener they stand in the one than in
    the other (after Wang and Manning, 2012); both are linear, so their mean is one row of weights."""
    from scipy.sparse import diags
    from sklearn.svm import LinearSVC

    counted = (matrix > 0).astype(np.float32)
    often, seldom = (1 + np.asarray(counted[wanted == one].sum(axis=0)).ravel() for one in (1, 0))
    ratio = np.log((often / often.sum()) / (seldom / seldom.sum())).astype(np.float32)
    slopes, bias = np.zeros(matrix.shape[1]), 0.0
    for scale, penalty in ((np.ones_like(ratio), PENALTY_OF_TWO), (ratio, PENALTY_OF_RATIOS)):
        scaled = (matrix @ diags(scale)).tocsr()
        fitted = LinearSVC(C=penalty, random_state=0).fit(scaled, wanted)
        spread = float(fitted.decision_function(scaled).std()) or 1.0
        slopes += fitted.coef_[0] * scale / spread
        bias += float(fitted.intercept_[0]) / spread
    weights = np.append(slopes, bias).astype(np.float32)
    return np.column_stack([-weights, weights])


def part(examples: Sequence[Example], share: float, dice: np.random.Generator) -> tuple[list[int], list[int]]:
    """Numbers of the examples to learn from and to keep back: of every intent the same share, groups whole."""
    by_intent: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for number, example in enumerate(examples):
        by_intent[example.intent][example.group or str(number)].append(number)
    learn: list[int] = []
    keep: list[int] = []
    for groups in by_intent.values():
        parts = list(groups.values())
        order = dice.permutation(len(parts))
        back = max(1, round(len(parts) * share)) if len(parts) > 2 else 0
        keep += [number for place in order[:back] for number in parts[place]]
        learn += [number for place in order[back:] for number in parts[place]]
    return sorted(learn), sorted(keep)


def train(
    examples: Sequence[Example], *, tell: Tell = quiet, seed: int = 7, lost: float | None = None
) -> Classifier:
    """`lost`: so many of the right answers may fall to the gate; the more, the more of what is out of scope falls to it as well.
    Refuses with TooFewExamples."""
    began = time.perf_counter()
    inside = [example for example in examples if example.intent]
    outside = [example.text for example in examples if not example.intent]
    counts = Counter(example.intent for example in inside)
    if len(counts) < 2 or min(counts.values()) < 2:
        raise TooFewExamples(intents=len(counts))
    dice = np.random.default_rng(seed)
    tell("reading", 0, 4)
    cut = [wordage.pieces(example.text) for example in inside]
    learn, keep = part(inside, KEPT_BACK, dice)
    left_out: set[str] = set()
    if len(outside) < 20 and len(counts) >= FEWEST_INTENTS_TO_LEAVE_OUT:
        names = sorted(counts)
        left_out = {
            names[place] for place in dice.permutation(len(names))[: int(len(names) * LEFT_OUT_INTENTS)]
        }
    tell("reading", 1, 4)
    rehearsal = _judges(
        [cut[number] for number in learn if inside[number].intent not in left_out],
        [inside[number].intent for number in learn if inside[number].intent not in left_out],
    )
    tell("reading", 2, 4)
    kept = [number for number in keep if inside[number].intent not in left_out]
    strange = [cut[number] for number in keep if inside[number].intent in left_out]
    strange += [wordage.pieces(text) for text in outside]
    scale, gate, kept_scores = _calibrated(
        rehearsal,
        [cut[number] for number in kept],
        [inside[number].intent for number in kept],
        strange,
        lost if lost is not None else MOST_LOST / 2 if left_out else MOST_LOST,
        ENOUGH_RECALL if lost is None else None,
    )
    final = _judges(cut, [example.intent for example in inside])
    tell("reading", 4, 4)
    return Classifier(
        final.intents,
        final.vocabulary,
        final.margins,
        stack(final.looked, WORDS_AND_ROWS),
        scale,
        gate,
        {
            "examples": len(inside),
            "outside": len(outside),
            "gate_from": "whole intents left out" if left_out else "examples given" if outside else "nothing",
            "digest": digest_of(examples),
            "seconds": round(time.perf_counter() - began, 1),
            "kept_back": kept_scores,
        },
    )


def _calibrated(
    judges: Judges,
    kept: Sequence[Cut],
    answers: Sequence[str],
    strange: Sequence[Cut],
    lost: float,
    enough: float | None,
) -> tuple[float, Gate, dict[str, float]]:
    index = {intent: number for number, intent in enumerate(judges.intents)}
    looked = [judges.vocabulary.look(one) for one in kept]
    wanted = np.array([index[answer] for answer in answers])
    margins = judges.scores(looked)
    scale = _scale(margins, wanted)
    probabilities = softmax(margins * scale)
    right = probabilities.argmax(axis=1) == wanted
    scores = {
        "examples": float(len(kept)),
        "accuracy": float(right.mean()),
        "ece": calibration_error(probabilities.max(axis=1), right),
    }
    if not strange:
        return scale, Gate(np.zeros(SIGNS, dtype=np.float32), 10.0, 0.0), scores
    signs = _signs(judges, looked, scale)
    strange_signs = _signs(judges, [judges.vocabulary.look(one) for one in strange], scale)
    weights, bias = _gate_weights(signs, strange_signs)
    gate = Gate(weights, bias, 0.0)
    known = gate.probability(signs)
    unknown = gate.probability(strange_signs)
    # The rightly answered that may be lost: the least known of them. Where little is lost by it the gate stays lower still, since
    # later questions differ more from the examples than those that were kept back.
    gate.threshold = float(np.quantile(known[right], lost))
    if enough is not None:
        gate.threshold = min(gate.threshold, float(np.quantile(unknown, enough)))
    scores["outside_recall"] = float((unknown < gate.threshold).mean())
    scores["outside_examples"] = float(len(strange))
    return scale, gate, scores


def _signs(judges: Judges, looked: Sequence[Looked], scale: float) -> Floats:
    margins = judges.scores(looked)
    known = np.array([one.known_share for one in looked], dtype=np.float32)
    return signs_of(softmax(margins * scale), margins, known, judges.nearest(looked), lengths_of(looked))


def _scale(margins: Floats, wanted: npt.NDArray[Any]) -> float:
    """What gives the kept-back answers the highest likelihood."""
    rows = np.arange(len(wanted))

    def loss(scale: float) -> float:
        return float(-np.log(np.maximum(softmax(margins * scale)[rows, wanted], 1e-9)).mean())

    return min((float(scale) for scale in np.geomspace(0.5, 16, 32)), key=loss)


def _gate_weights(inside: Floats, outside: Floats) -> tuple[Floats, float]:
    from sklearn.linear_model import LogisticRegression

    signs = np.vstack([inside, outside])
    answers = np.concatenate([np.ones(len(inside)), np.zeros(len(outside))])
    fitted = LogisticRegression(C=1.0, class_weight="balanced", max_iter=1_000).fit(signs, answers)
    return fitted.coef_[0].astype(np.float32), float(fitted.intercept_[0])


def calibration_error(sure: Floats, right: npt.NDArray[np.bool_], bins: int = 15) -> float:
    """Expected calibration error: how far, on average, probability and share of right answers lie apart."""
    places = np.minimum((sure * bins).astype(int), bins - 1)
    error = 0.0
    for place in range(bins):
        inside = places == place
        if inside.any():
            error += float(inside.mean()) * abs(float(sure[inside].mean()) - float(right[inside].mean()))
    return error


@dataclass(frozen=True)
class Score:
    """`accuracy` and `macro_f1` of what is in scope, whatever the gate says; `answered_accuracy` counts what the gate keeps
    out as wrong; `outside_recall` is the share of what is out of scope that the gate keeps out. Times are the processor's, so that
    they are the same on a busy machine."""

    examples: int
    accuracy: float
    macro_f1: float
    answered_accuracy: float
    outside_examples: int
    outside_recall: float | None
    threshold: float
    ece: float
    p50_ms: float
    p95_ms: float
    unknown_intents: list[str] = field(default_factory=list)
    trade: list[tuple[float, float, float]] = field(default_factory=list)
    """Where the threshold could lie instead: the share of right answers that is lost, what stays right, what is kept out."""


def score(model: Classifier, examples: Sequence[Example], *, timed: int = 500) -> Score:
    inside = [example for example in examples if example.intent]
    guesses = []
    spent: list[float] = []
    model.guess("warm")
    for number, example in enumerate(examples):
        begin = time.process_time()
        guesses.append(model.guess(example.text))
        if number < timed:
            spent.append((time.process_time() - begin) * 1000)
    of_inside = [guess for guess, example in zip(guesses, examples, strict=True) if example.intent]
    outside = [guess for guess, example in zip(guesses, examples, strict=True) if not example.intent]
    right = np.array(
        [guess.intent == example.intent for guess, example in zip(of_inside, inside, strict=True)], dtype=bool
    )
    known = np.array([guess.known for guess in of_inside], dtype=bool)
    scopes = np.array([guess.in_scope for guess in of_inside], dtype=np.float32)
    strange = np.array([guess.in_scope for guess in outside], dtype=np.float32)
    sure = np.array([guess.probability for guess in of_inside], dtype=np.float32)
    return Score(
        examples=len(inside),
        accuracy=float(right.mean()) if len(right) else 0.0,
        macro_f1=_macro_f1([one.intent for one in inside], [one.intent for one in of_inside]),
        answered_accuracy=float((right & known).mean()) if len(right) else 0.0,
        outside_examples=len(outside),
        outside_recall=float(np.mean([not guess.known for guess in outside])) if outside else None,
        threshold=model.gate.threshold,
        ece=calibration_error(sure, right) if len(right) else 0.0,
        p50_ms=float(np.quantile(spent, 0.5)) if spent else 0.0,
        p95_ms=float(np.quantile(spent, 0.95)) if spent else 0.0,
        unknown_intents=sorted({one.intent for one in inside} - set(model.intents)),
        trade=[_trade(lost, scopes, right, strange) for lost in TRADES] if right.any() and outside else [],
    )


def _trade(
    lost: float, scopes: Floats, right: npt.NDArray[np.bool_], strange: Floats
) -> tuple[float, float, float]:
    threshold = np.quantile(scopes[right], lost)
    return lost, float((right & (scopes >= threshold)).mean()), float((strange < threshold).mean())


def _macro_f1(wanted: Sequence[str], given: Sequence[str]) -> float:
    values: list[float] = []
    pairs = list(zip(wanted, given, strict=True))
    for intent in set(wanted):
        hit = sum(one == intent == other for one, other in pairs)
        said = sum(other == intent for _, other in pairs)
        meant = sum(one == intent for one, _ in pairs)
        values.append(2 * hit / (said + meant) if said + meant else 0.0)
    return float(np.mean(values)) if values else 0.0
