"""Analyses as they are seen: sentences in the reader's language, series one at a time."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import text

from aftercare.insights.analysis import saying
from aftercare.insights.analysis.answers import (
    Answer,
    Clustered,
    Correlated,
    Described,
    Forecast,
    ForecastSeries,
    Sentence,
    Spread,
)
from aftercare.insights.analysis.asking import AnalysisView
from aftercare.insights.analysis.measures import MEASURES
from aftercare.insights.analysis.model import AnalysisNotFound
from aftercare.journal import Actor, ActorKind, Work

SHOWN_SERIES = 60


def as_asked(shops: Iterable[UUID] | None) -> Actor:
    """Who sees the shops that the question was asked of, and may read numbers."""
    return Actor(
        kind=ActorKind.staff,
        shops=None if shops is None else frozenset(shops),
        permissions=frozenset({"insights.read"}),
        role="analysis",
    )


class SeriesName(BaseModel):
    name: str
    total: float
    ahead: float
    zeros: float


class ClusterExample(BaseModel):
    """A case that stands for its group. `number` is None when it is no longer there, or is not the reader's to see."""

    id: str
    number: str | None


class AnalysisWords(BaseModel):
    """What a result says, in one language. `names` are columns, ways and steps as they are called."""

    paragraph: str
    method: list[str]
    limits: list[str]
    names: dict[str, str]
    trouble: str | None


class AnalysisPage(BaseModel):
    """An analysis with its words. Of a forecast of many series `answer` has the first only; `series` lists them."""

    analysis: AnalysisView
    words: AnalysisWords
    series: list[SeriesName]
    examples: dict[str, ClusterExample]


class MeasureView(BaseModel):
    """What can be analysed: its columns and what they are called."""

    name: str
    title: str
    columns: list[str]
    by: list[str]
    step: str
    names: dict[str, str]


def measures(locale: str) -> list[MeasureView]:
    return [
        MeasureView(
            name=one.name,
            title=saying.column(one.name, locale, first=True),
            columns=[*one.columns, "hour", "weekday"],
            by=list(one.by),
            step=one.step,
            names={name: _title(name, locale) for name in (*one.columns, *one.by, "hour", "weekday")},
        )
        for one in MEASURES.values()
    ]


def _title(name: str, locale: str, *, own: bool = True) -> str:
    return saying.column(name, locale, first=True, own=own).strip("“”")


def words_of(answer: Answer | None, trouble: dict[str, Any] | None, locale: str) -> AnalysisWords:
    if answer is None:
        told = None if trouble is None else saying.say(Sentence(code=_trouble(trouble)), locale)
        return AnalysisWords(paragraph="", method=[], limits=[], names={}, trouble=told)
    own = answer.data.own
    return AnalysisWords(
        paragraph=saying.paragraph(answer.says, locale, own=own),
        method=[saying.say(one, locale, own=own) for one in answer.method],
        limits=[saying.say(one, locale, own=own) for one in answer.limits],
        names=_names(answer, locale),
        trouble=None,
    )


def _trouble(trouble: dict[str, Any]) -> str:
    code = f"trouble.{trouble.get('code')}"
    return code if code in saying.texts() else "trouble.other"


def _names(answer: Answer, locale: str) -> dict[str, str]:
    own = answer.data.own
    match answer:
        case Described():
            return {one: _title(one, locale, own=own) for one in (answer.column, answer.by) if one}
        case Correlated():
            return {one: _title(one, locale, own=own) for one in [*answer.columns, *answer.left_out]}
        case Forecast():
            named = {one.model: saying.way(one.model, locale) for one in answer.scores}
            return {
                answer.column: _title(answer.column, locale, own=own),
                answer.step: saying.step(answer.step, locale),
                **named,
            }
        case Clustered():
            return {}


async def page_of(work: Work, analysis: AnalysisView, locale: str, series: str | None = None) -> AnalysisPage:
    """Refuses with AnalysisNotFound where there is no such series."""
    answer = analysis.answer
    listed: list[SeriesName] = []
    examples: dict[str, ClusterExample] = {}
    if isinstance(answer, Forecast):
        listed = [_line(one) for one in answer.series[:SHOWN_SERIES]]
        shown = [one for one in answer.series if series is None or one.name == series][:1]
        if not shown:
            raise AnalysisNotFound(series=series)
        analysis = analysis.model_copy(update={"answer": answer.model_copy(update={"series": shown})})
    if isinstance(answer, Clustered) and analysis.question.measure == "contacts":
        ids = [one for cluster in answer.clusters for one in cluster.examples]
        rows = await work.session.execute(
            text("SELECT id::text AS id, number FROM service_case WHERE id = ANY (CAST(:ids AS uuid[]))"),
            {"ids": ids},
        )
        numbers = {row.id: row.number for row in rows}
        examples = {one: ClusterExample(id=one, number=numbers.get(one)) for one in ids}
    return AnalysisPage(
        analysis=analysis,
        words=words_of(answer, analysis.trouble, locale),
        series=listed,
        examples=examples,
    )


def numbers_of(answer: Answer) -> tuple[list[str], list[list[Any]]]:
    """The numbers of an answer as a table: its columns, and its rows."""
    match answer:
        case Described() if answer.spread is None or (answer.shares and answer.column_kind != "flag"):
            rows = [[one.value, one.n, one.share, one.low, one.high] for one in answer.shares]
            return ["value", "n", "share", "low", "high"], rows
        case Described():
            columns = [name for name in Spread.model_fields if name not in ("zeros", "skew")]
            named = [("all", answer.spread), *((one.value, one.spread) for one in answer.groups)]
            return ["group", *columns], [
                [name, *(getattr(one, column) for column in columns)] for name, one in named
            ]
        case Correlated():
            columns = [
                "a",
                "b",
                "measure",
                "n",
                "value",
                "low",
                "high",
                "p",
                "p_all",
                "explained_by",
                "within",
            ]
            return columns, [[getattr(one, column) for column in columns] for one in answer.pairs]
        case Clustered():
            return ["group", "n", "share", "silhouette", "words", "features", "examples"], [
                [
                    one.name,
                    one.n,
                    round(one.share, 4),
                    round(one.closeness, 3),
                    ", ".join(word.what for word in one.words),
                    ", ".join(f"{feature.what} ({feature.within:.0%})" for feature in one.features),
                    ", ".join(one.examples),
                ]
                for one in answer.clusters
            ]
        case Forecast():
            return ["series", "at", "value", "low80", "high80", "low95", "high95"], [
                [one.name, point.at, point.value, point.low80, point.high80, point.low95, point.high95]
                for one in answer.series
                for point in one.ahead
            ]


def _line(series: ForecastSeries) -> SeriesName:
    return SeriesName(
        name=series.name,
        total=series.total,
        ahead=round(sum(point.value for point in series.ahead), 4),
        zeros=series.zeros,
    )
