"""Cases that are alike, by their words and their features, under names that a person understands."""

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import silhouette_samples, silhouette_score
from sklearn.preprocessing import Normalizer, OneHotEncoder, StandardScaler

from aftercare.insights.analysis.answers import Clustered, DataLookedAt, RowCluster, Sentence, Telling
from aftercare.insights.analysis.frames import NotEnough, groups_of, kinds, need
from aftercare.kit.text import tokens

LEAST = 40
FEWEST_GROUPS, MOST_GROUPS = 4, 12
"""Two or three groups of hundreds of rows would nearly always be the most apart, and tell the least."""
MANY = 300
DIMENSIONS = 40
SAMPLED = 3_000
"""Silhouettes are of so many rows, drawn by a fixed seed."""
SEED = 7
FEATURE_WEIGHT = 0.3
"""How much all features together weigh beside the words."""
WORDS_TOLD, FEATURES_TOLD, EXAMPLES = 8, 6, 5
COMMON_ELSEWHERE = 1.3
"""A word tells a group from others when it is so many times as frequent in it."""
Progress = Callable[[float], None]


def cluster(
    frame: pd.DataFrame,
    data: DataLookedAt,
    command: str,
    *,
    text: Sequence[str] | None = None,
    features: Sequence[str] | None = None,
    groups: int | None = None,
    identity: str | None = None,
    progress: Progress = lambda _: None,
) -> Clustered:
    """`groups`: so many, instead of as many as the silhouette likes best. Refuses with NotEnough, ColumnUnknown."""
    began = perf_counter()
    known = kinds(frame)
    texts = (
        [need(frame, one) for one in text]
        if text is not None
        else [one for one, kind in known.items() if kind == "text"]
    )
    used = (
        [need(frame, one) for one in features]
        if features is not None
        else [
            one for one, kind in known.items() if kind in ("number", "flag", "category") and one != identity
        ]
    )
    used = [one for one in used if one not in texts and frame[one].nunique() > 1][:20]
    words = frame[texts].fillna("").astype(str).agg(" \n".join, axis=1) if texts else None
    if words is not None:
        filled = words.str.strip() != ""
        frame, words = frame[filled].reset_index(drop=True), words[filled].reset_index(drop=True)
    if len(frame) < LEAST:
        raise NotEnough(rows=len(frame), needed=LEAST)
    if not texts and not used:
        raise NotEnough(columns=list(known))
    counted, names = _words_of(words) if words is not None else (None, np.array([]))
    told = _features_of(frame, used)
    space = _space(counted, frame, used, known)
    progress(0.2)
    tried, labels = _grouped(space, groups, progress)
    count = max(labels) + 1
    sample = _sample(len(labels))
    inside = silhouette_samples(space[sample], labels[sample]) if count > 1 else np.zeros(len(sample))
    ids = frame[identity].astype(str).to_numpy() if identity else np.arange(1, len(frame) + 1).astype(str)
    flat = TruncatedSVD(2, random_state=SEED).fit_transform(space) if space.shape[1] > 2 else space
    found: list[RowCluster] = []
    for label in range(count):
        member = labels == label
        middle = space[member].mean(axis=0)
        near = np.argsort(((space[member] - middle) ** 2).sum(axis=1))[:EXAMPLES]
        telling_words = _telling_words(counted, names, member) if counted is not None else []
        telling = _telling_features(told, member)
        here = inside[labels[sample] == label]
        spot = flat[member].mean(axis=0)
        found.append(
            RowCluster(
                name=_name(telling_words, telling, label),
                n=int(member.sum()),
                share=float(member.mean()),
                words=telling_words,
                features=telling,
                closeness=float(here.mean()) if len(here) else 0.0,
                examples=[str(one) for one in ids[member][near]],
                x=float(spot[0]),
                y=float(spot[1]) if len(spot) > 1 else 0.0,
            )
        )
    found.sort(key=lambda one: -one.n)
    silhouette = float(inside.mean())
    progress(1.0)
    return Clustered(
        data=data,
        says=_says(found, len(frame), silhouette),
        method=[
            *([Sentence(code="method.tfidf", values={"words": len(names)})] if counted is not None else []),
            *([Sentence(code="method.features", values={"columns": ", ".join(used)})] if used else []),
            Sentence(
                code="method.kmeans_told" if groups else "method.kmeans",
                values={"groups": count, "fewest": min(tried), "most": max(tried)},
            ),
        ],
        limits=[
            Sentence(code="limit.groups"),
            *(
                [Sentence(code="limit.blurred", values={"silhouette": silhouette})]
                if silhouette < 0.25
                else []
            ),
            Sentence(code="limit.sample"),
        ],
        command=command,
        seconds=round(perf_counter() - began, 2),
        clusters=found,
        silhouette=silhouette,
        tried=tried,
    )


def _words_of(words: "pd.Series[Any]") -> tuple[Any, "np.ndarray[Any, Any]"]:
    """TF-IDF over the tokens that search uses; numbers and what almost everybody says tell nothing."""
    vectors = TfidfVectorizer(
        analyzer=lambda text: [
            one for one in tokens(text) if not any(sign.isdigit() for sign in one) and (len(one) > 1)
        ],
        min_df=max(3, len(words) // 500),
        max_df=0.5,
        max_features=20_000,
        sublinear_tf=True,
    )
    try:
        counted = vectors.fit_transform(words)
    except ValueError:
        raise NotEnough(words=0) from None
    return counted, vectors.get_feature_names_out()


def _space(
    counted: Any, frame: pd.DataFrame, used: list[str], known: dict[str, Any]
) -> "np.ndarray[Any, Any]":
    """Words and features side by side, each block as long as its weight."""
    blocks: list[Any] = []
    if counted is not None:
        size = min(DIMENSIONS, counted.shape[1] - 1)
        narrow = (
            TruncatedSVD(size, random_state=SEED).fit_transform(counted) if size >= 2 else counted.toarray()
        )
        blocks.append(Normalizer().fit_transform(narrow))
    numbers = [one for one in used if known[one] == "number"]
    others = [one for one in used if known[one] != "number"]
    features: list[Any] = []
    if numbers:
        filled = frame[numbers].apply(pd.to_numeric, errors="coerce").astype(float)
        # Ranks: one giant does not make a group of its own.
        ranked = filled.fillna(filled.median()).rank(pct=True)
        features.append(StandardScaler().fit_transform(ranked))
    if others:
        grouped = pd.DataFrame({one: groups_of(frame[one]).fillna("") for one in others})
        features.append(OneHotEncoder(sparse_output=False).fit_transform(grouped))
    if features:
        block = np.hstack(features)
        weight = FEATURE_WEIGHT if counted is not None else 1.0
        mean_length = np.sqrt((block**2).sum(axis=1)).mean() or 1.0
        blocks.append(weight * block / mean_length)
    return np.asarray(np.hstack(blocks), dtype=float)


def _sample(n: int) -> "np.ndarray[Any, Any]":
    if n <= SAMPLED:
        return np.arange(n)
    return np.sort(np.random.default_rng(SEED).choice(n, SAMPLED, replace=False))


def _grouped(
    space: "np.ndarray[Any, Any]", groups: int | None, progress: Progress
) -> tuple[dict[int, float], "np.ndarray[Any, Any]"]:
    sample = _sample(len(space))
    most = max(2, min(MOST_GROUPS, len(space) // 10))
    fewest = FEWEST_GROUPS if len(space) >= MANY else 2
    tried: dict[int, float] = {}
    best: tuple[float, Any] | None = None
    for count in [groups] if groups else range(fewest, most + 1):
        labels = KMeans(count, n_init=4, random_state=SEED).fit_predict(space)
        if len(set(labels[sample])) < 2:
            continue
        score = float(silhouette_score(space[sample], labels[sample]))
        tried[count] = round(score, 4)
        if best is None or score > best[0]:
            best = score, labels
        progress(0.2 + 0.6 * count / (groups or most))
    if best is None:
        raise NotEnough(rows=len(space), needed=LEAST)
    return tried, best[1]


def _telling_words(
    counted: Any, names: "np.ndarray[Any, Any]", member: "np.ndarray[Any, Any]"
) -> list[Telling]:
    """Words by how much heavier they weigh within than elsewhere, none that is part of another."""
    there = sparse.csr_matrix(counted > 0)
    heavier = np.asarray(counted[member].mean(axis=0) - counted[~member].mean(axis=0)).ravel()
    found: list[Telling] = []
    for at in np.argsort(-heavier)[: 6 * WORDS_TOLD]:
        word = str(names[at])
        within, elsewhere = float(there[member, at].mean()), float(there[~member, at].mean())
        if within < COMMON_ELSEWHERE * elsewhere or within < 0.02:
            continue
        if any(word in one.what or one.what in word for one in found):
            continue
        found.append(Telling(what=word, within=within, elsewhere=elsewhere))
        if len(found) == WORDS_TOLD:
            break
    return found


def _features_of(frame: pd.DataFrame, used: list[str]) -> dict[str, Any]:
    """Each feature's values as the share of rows that have them: 'channel = email', 'amount: upper quarter'."""
    found: dict[str, Any] = {}
    for one in used:
        column = frame[one]
        if pd.api.types.is_numeric_dtype(column) and column.nunique() > 12:
            low, high = column.quantile([0.25, 0.75])
            found[f"{one} ≥ {_short(high)}"] = (column >= high).to_numpy()
            found[f"{one} ≤ {_short(low)}"] = (column <= low).to_numpy()
        else:
            cut = groups_of(column)
            for value in cut.dropna().unique():
                if value != "…":
                    found[f"{one} = {value}"] = (cut == value).to_numpy()
    return found


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _telling_features(told: dict[str, Any], member: "np.ndarray[Any, Any]") -> list[Telling]:
    found = [
        Telling(what=what, within=float(has[member].mean()), elsewhere=float(has[~member].mean()))
        for what, has in told.items()
    ]
    found = [one for one in found if one.within > 0.3 and one.within >= COMMON_ELSEWHERE * one.elsewhere]
    return sorted(found, key=lambda one: one.elsewhere - one.within)[:FEATURES_TOLD]


def _name(words: list[Telling], features: list[Telling], label: int) -> str:
    """The three words that tell it, and the feature that most of it share; a number where nothing tells it."""
    parts = [" · ".join(one.what for one in words[:3])] if words else []
    strong = [one for one in features if one.within >= 0.6][: 1 if words else 2]
    if strong:
        named = ", ".join(one.what for one in strong)
        parts.append(f"({named})" if words else named)
    return " ".join(parts) or (features[0].what if features else f"#{label + 1}")


def _says(found: list[RowCluster], rows: int, silhouette: float) -> list[Sentence]:
    says = [
        Sentence(code="cluster.found", values={"rows": rows, "groups": len(found)}),
        Sentence(
            code="cluster.largest",
            values={"name": found[0].name, "share": found[0].share, "n": found[0].n},
        ),
    ]
    if len(found) > 1:
        clear = max(found, key=lambda one: one.closeness)
        says.append(Sentence(code="cluster.clearest", values={"name": clear.name, "share": clear.share}))
    says.append(
        Sentence(
            code=f"cluster.{'clear' if silhouette >= 0.5 else 'fair' if silhouette >= 0.25 else 'blurred'}",
            values={"silhouette": silhouette},
        )
    )
    return says
