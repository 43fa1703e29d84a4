"""What a text says before anybody thinks about the matter: what is wanted, what is named, and how."""

import re
from zoneinfo import ZoneInfo

from aftercare.assistant import reading, seed
from aftercare.assistant.classifier import Guess
from aftercare.assistant.entities import Entity, Kind, Setting, entities
from aftercare.assistant.matters import FAULTS, FINDING
from aftercare.assistant.minds import Mind
from aftercare.assistant.starting import PLANS
from aftercare.assistant.state import Heard
from aftercare.assistant.switching import SURE
from aftercare.assistant.wordage import respelt
from aftercare.identity import ShopView
from aftercare.journal import Work

LONG = 40
"""Characters from which on a text that is not understood whole is looked at in parts."""
PART = 24
SURE_PART = 0.8
MOST_PARTS = 60


def hear(work: Work, owner: ShopView, mind: Mind, text: str, choice: str | None) -> Heard:
    setting = setting_of(work, owner)
    found = entities(text, setting) if text else []
    guess = what_is_wanted(mind, without_numbers(text, found)) if text and choice is None else None
    wishes = _wishes(mind, text, setting) if guess is not None else []
    words = text
    if wishes:
        guess = wishes[0][0]
        # What is named beside the second wish belongs to that.
        for _, part in wishes[1:]:
            words = words.replace(part, " ")
        found = entities(words, setting) or found
    elif guess is not None and (after := reading.after_giving_up(text)) != text:
        now = what_is_wanted(mind, after)
        if now.known and now.probability >= SURE and now.intent in (*FINDING, *PLANS):
            guess, words = now, after
    return Heard(
        text=words,
        choice=choice,
        guess=guess,
        also=[(one.intent, part) for one, part in wishes[1:]],
        entities=found,
        mood=reading.mood_of(text),
        urgent=reading.is_urgent(text),
        danger=reading.is_dangerous(text),
        fault=None if guess is None else _fault_in(mind, words),
    )


def setting_of(work: Work, owner: ShopView) -> Setting:
    return Setting(work.now.astimezone(ZoneInfo(owner.time_zone)).date(), owner.currency, owner.market)


NUMBERS = frozenset({Kind.order, Kind.claim, Kind.case, Kind.tracking, Kind.phone, Kind.email})


def without_numbers(text: str, found: list[Entity]) -> str:
    """A number tells what is meant and nothing of what is wanted."""
    for one in reversed(found):
        if one.kind in NUMBERS:
            text = f"{text[: one.start]} {text[one.end :]}"
    return text.strip()


def what_is_wanted(mind: Mind, text: str) -> Guess:
    """What is wanted; of a long story that as a whole is like nothing known, what is plainest in one of its parts."""
    whole = mind.classifier.guess(reading.without_courtesy(text))
    if whole.known and whole.probability >= SURE:
        return whole
    meant = respelt(text, seed.english_words())
    if meant != text:
        again = mind.classifier.guess(reading.without_courtesy(meant))
        if again.known and again.probability >= SURE:
            return again
    clauses = reading.parts(text, PART)[:MOST_PARTS]
    if len(text) < LONG and len(clauses) < 2:
        return whole
    parts = mind.classifier.guesses(clauses)
    plain = [one for one in parts if one.known and one.intent in (*FINDING, *PLANS)]
    best = max(plain, key=lambda one: one.probability, default=whole)
    return best if best.probability >= SURE_PART else whole


def _beside_numbers(text: str, setting: Setting) -> list[str]:
    """'Return order 1, cancel order 2': the clauses, where each names an order of its own."""
    clauses = [one.strip() for one in re.split(r"[，,；;。\n]+", text) if one.strip()]
    orders = [
        {one.value for one in entities(clause, setting) if one.kind is Kind.order} for clause in clauses
    ]
    return clauses if all(len(one) == 1 for one in orders) and len(set.union(set(), *orders)) > 1 else []


def _fault_in(mind: Mind, text: str) -> str | None:
    """'It leaks, I want to return it': what is wrong decides who pays to send it back."""
    clauses = mind.classifier.guesses(reading.parts(text, PART)[:MOST_PARTS])
    faults = [one for one in clauses if one.known and one.intent in FAULTS and one.probability >= SURE]
    return max(faults, key=lambda one: one.probability).intent if faults else None


def _wishes(mind: Mind, text: str, setting: Setting) -> list[tuple[Guess, str]]:
    """Several wishes of one message, each surely understood by itself; else none."""
    parts = reading.wishes(text)
    if len(parts) < 2:
        parts = _beside_numbers(text, setting)
    if len(parts) < 2:
        return []
    found: dict[str, tuple[Guess, str]] = {}
    for part in parts[:4]:
        guess = mind.classifier.guess(without_numbers(part, entities(part, setting)))
        if guess.known and guess.probability >= SURE and guess.intent in (*FINDING, *PLANS):
            found.setdefault(guess.intent, (guess, part))
    return list(found.values()) if len(found) > 1 else []
