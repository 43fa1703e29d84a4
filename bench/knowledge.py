"""Knowledge: searching a hundred thousand texts, well typed and mistyped; how long it takes and whether it finds the one meant."""

import asyncio
import json
import random
import re
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from aftercare.journal import Actor, ActorKind, House, begin
from aftercare.kit.database import Database
from aftercare.kit.languages import is_han, sound
from aftercare.knowledge.search import search_articles, suggest_titles
from aftercare.knowledge.words import asking_words, tsvector_of, words_of
from bench.ground import Ground, owner

ALLOWED_MS = 50.0
SHOPS = 20
ASKED = 300
LOCALES = Path(__file__).parents[1] / "web" / "src" / "locales"


@dataclass
class Result:
    """`found`: the share of the questions for which the text they were made from is among the first ten."""

    question: str
    documents: int
    p50_ms: float
    p99_ms: float
    allowed_ms: float
    found: float | None


@dataclass(frozen=True)
class Made:
    """A text as the questions know it."""

    article_id: UUID
    shop: int | None
    english: bool
    title: tuple[str, ...]


@lru_cache(maxsize=100_000)
def _read_in(word: str) -> tuple[str, ...]:
    return tuple(words_of(word))


def vocabulary() -> tuple[list[str], list[str]]:
    """The words of our own faces, and model numbers, so that there are rare ones: Chinese and English."""
    chinese: dict[str, None] = {}
    english: dict[str, None] = {}
    for locale, into in (("zh-CN", chinese), ("en", english)):
        for file in sorted((LOCALES / locale).glob("*.json")):
            for text in _texts(json.loads(file.read_text(encoding="utf-8"))):
                plain = re.sub(r"\{\{.*?\}\}|<.*?>", " ", text)
                into.update(
                    dict.fromkeys(
                        word
                        for word in words_of(plain)
                        if word not in asking_words()
                        and is_han(word) == (into is chinese)
                        and len(word) > 1
                        and word.isalpha()
                    )
                )
    # Compounds as they stand in titles of goods: rarer than their parts.
    dice = random.Random(11)
    parts = list(chinese)
    for _ in range(20_000):
        chinese.setdefault("".join(dice.sample(parts, 2))[:4], None)
    letters = "bcdfghlmnprst"
    for _ in range(20_000):
        english.setdefault(
            "".join(dice.choice(letters) + dice.choice("aeiou") for _ in range(dice.randint(2, 4))), None
        )
    return list(chinese), list(english)


def _texts(node: Any) -> list[str]:
    if isinstance(node, str):
        return [node]
    return [text for value in node.values() for text in _texts(value)]


def _sampler(words: Sequence[str], dice: random.Random) -> Callable[[int], list[str]]:
    """Few words often, most of them rarely, as in any language."""
    sums = list(accumulate(1 / (rank + 3) ** 0.85 for rank in range(len(words))))
    return lambda many: dice.choices(words, cum_weights=sums, k=many)


async def _fill(url: str, documents: int) -> tuple[list[UUID], list[Made]]:
    dice = random.Random(7)
    chinese, english = vocabulary()
    dice.shuffle(chinese)
    dice.shuffle(english)
    pick = {False: _sampler(chinese, dice), True: _sampler(english, dice)}
    shops = [uuid4() for _ in range(SHOPS)]
    made: list[Made] = []
    counted: dict[str, int] = {}
    connection = await owner(url)
    try:
        await connection.executemany(
            "INSERT INTO shop (id, code, name, market, locale, time_zone, currency, return_address, settings, active, created_at)"
            " VALUES ($1, $2, $2, 'CN', 'zh-CN', 'Asia/Shanghai', 'CNY', '{}', '{}', true, now())",
            [(shop, f"bench-{number}") for number, shop in enumerate(shops)],
        )
        for begun in range(0, documents, 5_000):
            batch: list[tuple[Made, list[str]]] = []
            for _ in range(min(5_000, documents - begun)):
                foreign = dice.random() < 0.3
                # The first shop has half of them, the house a tenth.
                shop = None if dice.random() < 0.1 else 0 if dice.random() < 0.5 else dice.randrange(1, SHOPS)
                title = tuple(dict.fromkeys(pick[foreign](dice.randint(3, 6))))
                batch.append((Made(uuid4(), shop, foreign, title), pick[foreign](dice.randint(40, 140))))
            made += [one for one, _ in batch]
            await _copy(connection, batch, shops, counted)
        await connection.copy_records_to_table(
            "knowledge_word",
            records=[
                (word, count, sound(word) if len(word) > 1 and is_han(word) else None)
                for word, count in {**counted, "": documents}.items()
            ],
            columns=["word", "documents", "sound"],
        )
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()
    return shops, made


async def _copy(
    connection: Any, batch: Sequence[tuple[Made, list[str]]], shops: Sequence[UUID], counted: dict[str, int]
) -> None:
    rows = []
    for one, body in batch:
        joint = " " if one.english else ""
        titled = [part for word in one.title for part in _read_in(word)]
        held = dict.fromkeys([*titled, *(part for word in body for part in _read_in(word))])
        for word in held:
            counted[word] = counted.get(word, 0) + 1
        sentences = [joint.join(body[start : start + 12]) for start in range(0, len(body), 12)]
        rows.append(
            (
                one.article_id,
                None if one.shop is None else shops[one.shop],
                "en" if one.english else "zh-CN",
                joint.join(one.title),
                "\n\n".join(sentences),
                tsvector_of(titled),
                tsvector_of(held),
            )
        )
    async with connection.transaction():
        await connection.execute(
            "CREATE TEMP TABLE batch (id uuid, shop_id uuid, locale text, title text, body text, titled text, held text)"
            " ON COMMIT DROP"
        )
        await connection.copy_records_to_table("batch", records=rows)
        for statement in FILL:
            await connection.execute(statement)


FILL = (
    (
        "INSERT INTO article (id, shop_id, audience, topic, status, version, draft, created_at, changed_at, published_at)"
        " SELECT id, shop_id, 'public', 'returns', 'published', 1, false, now(), now(), now() FROM batch"
    ),
    (
        "INSERT INTO article_text (article_id, version, locale, shop_id, title, summary, body, keywords)"
        " SELECT id, 1, locale, shop_id, title, '', body, '' FROM batch"
    ),
    (
        "INSERT INTO article_entry (article_id, locale, shop_id, version, reach, title, summary, plain, title_words, words, tokenizer)"
        " SELECT id, locale, shop_id, 1, array(SELECT concat_ws('|', coalesce(shop_id::text, '*'), 'public', reader)"
        "   FROM unnest(ARRAY['zh-CN', 'zh-TW', 'en']) AS reader), title, '', body, titled::tsvector, held::tsvector, 1 FROM batch"
    ),
)


# Questions


def _question(
    one: Made,
    kind: str,
    dice: random.Random,
    frequent: dict[bool, list[str]],
    homophones: dict[str, list[str]],
) -> str:
    joint = " " if one.english else ""
    words = list(one.title)
    few = dice.sample(words, min(2, len(words)))
    match kind:
        case "the whole title":
            return joint.join(words)
        case "two words of the title":
            return joint.join(few)
        case "one frequent word":
            return dice.choice(frequent[one.english])
        case "a question of many words":
            return (
                "how do I " + " ".join([*few, *dice.sample(frequent[True], 4)])
                if one.english
                else "请问" + "".join([*few, *dice.sample(frequent[False], 4)]) + "怎么办"
            )
        case "a letter wrong, dropped or swapped":
            longest = max(range(len(words)), key=lambda place: len(words[place]))
            words[longest] = _mistyped(words[longest], dice)
            return " ".join(words[max(0, longest - 1) : longest + 2])
        case "a character of the same sound":
            return _other(words, dice, lambda letter: homophones.get(sound(letter), []))
        case "a character of any sound":
            every = [letter for letters in homophones.values() for letter in letters]
            return _other(words, dice, lambda _: every)
        case _:
            return "zzqxw 魑魅魍魉"


def _other(words: list[str], dice: random.Random, instead: Callable[[str], list[str]]) -> str:
    place = dice.randrange(len(words))
    letters = list(words[place])
    spot = dice.randrange(len(letters))
    choices = [letter for letter in instead(letters[spot]) if letter != letters[spot]]
    if choices:
        letters[spot] = dice.choice(choices)
    words[place] = "".join(letters)
    return "".join(words[max(0, place - 1) : place + 2])


def _mistyped(word: str, dice: random.Random) -> str:
    if len(word) < 4:
        return word
    spot = dice.randrange(1, len(word) - 1)
    match dice.randrange(3):
        case 0:
            return word[:spot] + dice.choice("abcdefghijklmnopqrstuvwxyz") + word[spot + 1 :]
        case 1:
            return word[:spot] + word[spot + 1 :]
        case _:
            return word[:spot] + word[spot + 1] + word[spot] + word[spot + 2 :]


KINDS = (
    ("the whole title", None),
    ("two words of the title", None),
    ("one frequent word", None),
    ("a question of many words", None),
    ("a letter wrong, dropped or swapped", True),
    ("a character of the same sound", False),
    ("a character of any sound", False),
    ("nothing that is there", None),
)


async def _measure(ground: Ground, database: str, documents: int) -> list[Result]:
    shops, made = await _fill(ground.url(database), documents)
    dice = random.Random(3)
    homophones: dict[str, list[str]] = {}
    frequent: dict[bool, dict[str, int]] = {True: {}, False: {}}
    for one in made:
        for word in one.title:
            frequent[one.english][word] = frequent[one.english].get(word, 0) + 1
            for letter in word if not one.english else "":
                alike = homophones.setdefault(sound(letter), [])
                if letter not in alike:
                    alike.append(letter)
    often = {
        english: sorted(counts, key=lambda word: -counts[word])[:60] for english, counts in frequent.items()
    }
    house = House(Database(ground.url(database), pool_size=2), secret=b"bench")
    results: list[Result] = []
    try:
        for kind, english in KINDS:
            chosen = [one for one in made if english is None or one.english is english]
            asked = [dice.choice(chosen) for _ in range(ASKED)]
            times, found = [], 0
            for number, one in enumerate([*asked[:20], *asked]):
                question = _question(one, kind, dice, often, homophones)
                shop = shops[one.shop or 0]
                took, hits = await _timed(
                    lambda work, question=question, shop=shop, one=one: search_articles(  # type: ignore[misc]
                        work, question, shop_id=shop, locale="en" if one.english else "zh-CN"
                    ),
                    house,
                    shop,
                )
                if number < 20:
                    continue  # warm
                times.append(took)
                found += any(hit.article_id == one.article_id for hit in hits.items)
            known = kind not in ("one frequent word", "nothing that is there")
            results.append(_result(kind, documents, times, found / ASKED if known else None))
        times = []
        for one in [dice.choice(made) for _ in range(ASKED)]:
            begun = ("" if not one.english else " ").join(one.title)[: dice.randint(2, 6)]
            shop = shops[one.shop or 0]
            took, _ = await _timed(
                lambda work, begun=begun, shop=shop, one=one: suggest_titles(  # type: ignore[misc]
                    work, begun, shop_id=shop, locale="en" if one.english else "zh-CN"
                ),
                house,
                shop,
            )
            times.append(took)
        results.append(_result("titles while typing", documents, times, None))
    finally:
        await house.database.close()
    return results


async def _timed(ask: Callable[[Any], Awaitable[Any]], house: House, shop: UUID) -> tuple[float, Any]:
    """With its transaction, as a request has it."""
    began = time.perf_counter()
    async with begin(house, Actor(ActorKind.customer, shops=frozenset({shop}))) as work:
        found = await ask(work)
    return time.perf_counter() - began, found


def _result(kind: str, documents: int, times: list[float], found: float | None) -> Result:
    ordered = sorted(times)
    return Result(
        question=kind,
        documents=documents,
        p50_ms=round(statistics.median(ordered) * 1000, 1),
        p99_ms=round(ordered[int(len(ordered) * 0.99) - 1] * 1000, 1),
        allowed_ms=ALLOWED_MS,
        found=None if found is None else round(found, 3),
    )


def measure(ground: Ground, documents: int) -> list[Result]:
    database = "bench_knowledge"
    ground.drop(database)
    ground.make(database)
    try:
        return asyncio.run(_measure(ground, database, documents))
    finally:
        ground.drop(database)
