"""What a text says before anybody thinks about the matter: what is wanted, what is named, and how."""

from zoneinfo import ZoneInfo

from aftercare.assistant import reading
from aftercare.assistant.classifier import Guess
from aftercare.assistant.entities import Entity, Kind, Setting, entities
from aftercare.assistant.matters import FINDING
from aftercare.assistant.minds import Mind
from aftercare.assistant.starting import PLANS
from aftercare.assistant.state import Heard
from aftercare.assistant.switching import SURE
from aftercare.identity import ShopView
from aftercare.journal import Work

LONG = 40
"""Characters from which on a text that is not understood whole is looked at in parts."""
PART = 24
SURE_PART = 0.8
MOST_PARTS = 60


def hear(work: Work, owner: ShopView, mind: Mind, text: str, choice: str | None) -> Heard:
    found = entities(text, setting_of(work, owner)) if text else []
    guess = what_is_wanted(mind, without_numbers(text, found)) if text and choice is None else None
    wishes = _wishes(mind, text) if guess is not None else []
    if wishes:
        guess = wishes[0][0]
    return Heard(
        text=text,
        choice=choice,
        guess=guess,
        also=[(one.intent, part) for one, part in wishes[1:]],
        entities=found,
        mood=reading.mood_of(text),
        urgent=reading.is_urgent(text),
        danger=reading.is_dangerous(text),
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
    if len(text) < LONG or (whole.known and whole.probability >= SURE):
        return whole
    parts = mind.classifier.guesses(reading.parts(text, PART)[:MOST_PARTS])
    plain = [one for one in parts if one.known and one.intent in (*FINDING, *PLANS)]
    best = max(plain, key=lambda one: one.probability, default=whole)
    return best if best.probability >= SURE_PART else whole


def _wishes(mind: Mind, text: str) -> list[tuple[Guess, str]]:
    """Several wishes of one message, each surely understood by itself; else none."""
    parts = reading.wishes(text)
    if len(parts) < 2:
        return []
    found: dict[str, tuple[Guess, str]] = {}
    for part in parts[:4]:
        guess = mind.classifier.guess(part)
        if guess.known and guess.probability >= SURE and guess.intent in (*FINDING, *PLANS):
            found.setdefault(guess.intent, (guess, part))
    return list(found.values()) if len(found) > 1 else []
