"""What is unusual in a shop on a day, of all that is watched there: series, topics, and the signs of a crisis."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from aftercare.insights.alarms import topics
from aftercare.insights.alarms.detecting import (
    FEWEST_DAYS,
    Days,
    Finding,
    judge,
    judge_counts,
    picture,
    series,
    threshold,
)
from aftercare.insights.alarms.model import Severity
from aftercare.insights.alarms.watched import PLAYBOOK_OF, Watch, watched

TOPIC_DAYS = 7
CRISIS_DAYS = 3
CRISIS_MOOD, CRISIS_REACH, CRISIS_SPEED = 0.5, 6, 3.0
"""At least half of those who spoke were angry, at least so many people, at least so many times the usual."""
SERIOUS = 1e-9
LEAST_SHARE = 0.5
"""A topic that stands in fewer of the texts than half of another, in the same days, is part of that."""


@dataclass(frozen=True)
class Notice:
    series: str
    cut: str
    playbook: str
    group: str
    severity: Severity
    finding: Finding
    points: list[dict[str, Any]]
    details: dict[str, Any] = field(default_factory=dict)


def looked_at(watch: Watch) -> int:
    """How many series are judged on a day."""
    return len(watch.lines) + topics.MOST_TOPICS // 2 + 1


def noticed(watch: Watch, on: date, at_most: float) -> list[Notice]:
    """What is told of that day; `at_most`: see `threshold`. The surest first."""
    last = (on - watch.first).days
    found = [*_of_series(watch, last, at_most), *_of_topics(watch, last, at_most)]
    crisis = _crisis(watch, last, at_most)
    if crisis is not None:
        found.append(crisis)
    return sorted(found, key=lambda one: (one.severity is not Severity.crisis, one.finding.p))


def severity_of(finding: Finding) -> Severity:
    return Severity.serious if finding.p < SERIOUS else Severity.notable


def _of_series(watch: Watch, last: int, at_most: float) -> list[Notice]:
    told = []
    for (name, cut), days in watch.lines.items():
        of = watched(name, cut)
        # Most series of a cut are silent: what has not moved in a week cannot be unusual upwards.
        if (
            days.counts
            and of.direction == "up"
            and days.values[max(0, last - 6) : last + 1].sum() < of.fewest
        ):
            continue
        finding = judge(days, last, of.direction, at_most)
        if finding is not None and (not finding.up or not days.counts or finding.value >= of.fewest):
            told.append(
                Notice(
                    name,
                    cut,
                    of.playbook,
                    of.group or (f"{name}:{cut}" if cut else name),
                    severity_of(finding),
                    finding,
                    picture(days, last, finding),
                )
            )
    return told


def _of_topics(watch: Watch, last: int, at_most: float) -> list[Notice]:
    on = watch.first + timedelta(days=last)
    counts = watch.topics
    everything = [(day, float(many)) for day, many in counts.all_texts.items()]
    told: list[Notice] = []
    for topic in topics.candidates(counts, on - timedelta(days=TOPIC_DAYS - 1), on):
        line = series(
            [(day, float(many)) for day, many in counts.texts[topic].items()],
            watch.first,
            on,
            of=everything,
            country=watch.shop.country,
        )
        finding = judge(line, last, "up", at_most)
        if finding is None:
            continue
        people = set[Any]().union(
            *(who for day, who in counts.people[topic].items() if finding.since <= day <= on)
        )
        about = counts.about[topic].most_common(1)
        details = {"people": len(people), "about": about[0][0] if about else ""}
        told.append(
            Notice(
                "topic",
                topic,
                "topic",
                "voice",
                severity_of(finding),
                finding,
                picture(line, last, finding),
                details,
            )
        )
    return _one_of_each(told, counts)


def _one_of_each(found: list[Notice], counts: topics.Topics) -> list[Notice]:
    """Of topics that rise in the same texts, the surest tells of the others too."""
    kept: list[Notice] = []
    for one in sorted(found, key=lambda one: (one.finding.p, -len(one.cut), one.cut)):
        days = counts.texts[one.cut]
        same = next(
            (
                other
                for other in kept
                if sum(min(days[day], many) for day, many in counts.texts[other.cut].items())
                >= LEAST_SHARE * sum(days.values())
            ),
            None,
        )
        if same is None:
            kept.append(one)
        else:
            same.details.setdefault("also", []).append(one.cut)
    return kept


def mood_days(watch: Watch, upto: date) -> Days:
    """How many said something bad on each day."""
    return series(
        [(day, float(mood.bad)) for day, mood in watch.moods.items()],
        watch.first,
        upto,
        country=watch.shop.country,
    )


def _crisis(watch: Watch, last: int, at_most: float) -> Notice | None:
    """Mood x reach x speed: many, angry, and suddenly so. Each of the three must be there."""
    on = watch.first + timedelta(days=last)
    lately = [watch.moods.get(on - timedelta(days=back)) for back in range(CRISIS_DAYS)]
    said = sum(mood.said for mood in lately if mood)
    bad = sum(mood.bad for mood in lately if mood)
    reach = len(frozenset[Any]().union(*(mood.people for mood in lately if mood)))
    if not said or bad / said < CRISIS_MOOD or reach < CRISIS_REACH or last < FEWEST_DAYS:
        return None
    days = mood_days(watch, on)
    finding = min(judge_counts(days, last), key=lambda one: one.p, default=None)
    if finding is None or finding.p > at_most:
        return None
    speed = finding.value / max(finding.expected, 0.1)
    if speed < CRISIS_SPEED:
        return None
    details = {
        "mood": round(bad / said, 3),
        "reach": reach,
        "speed": round(speed, 1),
        "score": round(bad / said * math.log1p(reach) * math.log1p(speed), 2),
    }
    return Notice(
        "crisis", "", "crisis", "voice", Severity.crisis, finding, picture(days, last, finding), details
    )


# Replaying


@dataclass(frozen=True)
class Told:
    """An alarm as it would have been raised on the evening of `on`."""

    shop: Any
    on: date
    series: str
    cut: str
    group: str
    finding: Finding


def replay(watches: list[Watch], first: date, false_a_month: float) -> list[Told]:
    """Day by day what would have been told, each alarm once while it goes on (it is over after a week without it). Only what was known
    on a day is judged: what a day counts later is cut off."""
    at_most = threshold(sum(looked_at(watch) for watch in watches), false_a_month)
    told: list[Told] = []
    for watch in watches:
        seen: dict[tuple[str, str], date] = {}
        day = max(first, watch.first + timedelta(days=FEWEST_DAYS))
        while day <= watch.shop.upto:
            for one in noticed(watch, day, at_most):
                key = one.series, one.cut
                if key not in seen or (day - seen[key]).days > 7:
                    told.append(Told(watch.shop.id, day, one.series, one.cut, one.group, one.finding))
                seen[key] = day
            day += timedelta(days=1)
    return sorted(told, key=lambda one: (one.on, one.series, one.cut))


__all__ = ["PLAYBOOK_OF", "Notice", "Told", "looked_at", "mood_days", "noticed", "replay", "severity_of"]
