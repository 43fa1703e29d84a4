"""The catalogue of indicators and their answers over HTTP."""

from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AwareDatetime, BaseModel, Field

from aftercare.insights.indicators import answering, targets
from aftercare.insights.indicators.definitions import (
    GROUPS,
    LOCALES,
    Definition,
    Good,
    IndicatorKind,
    definitions,
)
from aftercare.insights.indicators.exports import MEDIA, Form, file_of
from aftercare.insights.indicators.questions import IndicatorAnswer, IndicatorCase, Question
from aftercare.insights.indicators.targets import NewTarget, TargetView
from aftercare.insights.indicators.times import Grain
from aftercare.journal.http import InWork
from aftercare.kit.errors import Invalid

router = APIRouter(tags=["indicators"])

Moment = Annotated[
    AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(2099, 1, 1, tzinfo=UTC))
]
Locale = Literal["zh-CN", "zh-TW", "en"]
Name = Annotated[str, Field(max_length=60, pattern=r"^[a-z0-9_]+$")]
Cut = Annotated[str, Field(max_length=20, pattern=r"^[a-z]+$")]
Which = Literal["all", "missed", "counted"]
MOST_NAMES = 100


class FilterUnreadable(Invalid):
    """A filter is a cut and its value: `channel:chat`."""


class IndicatorDefinition(BaseModel):
    """What an indicator is. `planned`: nothing records its facts yet."""

    name: str
    group: str
    kind: IndicatorKind
    unit: str
    good: Good
    owner: str
    title: str
    formula: str
    facts: list[str]
    cuts: list[str]
    target: float | None
    share_target: float | None
    limit_seconds: int | None
    per_days: int | None
    enough_from: int
    method: str
    snapshot: bool
    planned: bool


class IndicatorCatalogue(BaseModel):
    groups: list[str]
    indicators: list[IndicatorDefinition]


def shown(defined: Definition, locale: str) -> IndicatorDefinition:
    words = defined.words[locale if locale in LOCALES else "en"]
    return IndicatorDefinition(
        **defined.model_dump(
            exclude={"words", "facts", "cuts", "numerator_cuts", "scale", "enough", "weighted"}
        ),
        title=words.title,
        formula=words.formula,
        facts=list(defined.facts),
        cuts=list(defined.cuts),
        enough_from=defined.enough,
        method=defined.method,
    )


def asked(
    since: Moment,
    until: Moment,
    shop_id: UUID | None = None,
    time_zone: Annotated[str, Query(max_length=60)] = "Asia/Shanghai",
    grain: Grain | None = None,
    cut: Annotated[Cut | None, Query()] = None,
    filter: Annotated[
        list[Annotated[str, Field(max_length=200)]] | None,
        Query(max_length=10, description="A cut and the one value that is looked at: `channel:chat`."),
    ] = None,
    currency: Annotated[str | None, Query(pattern=r"^[A-Z]{3}$")] = None,
    trend: bool = True,
) -> Question:
    pairs = [one.partition(":") for one in filter or ()]
    if any(not colon or not cut for cut, colon, _ in pairs):
        raise FilterUnreadable(filter=filter)
    return Question(
        since=since,
        until=until,
        grain=grain,
        time_zone=time_zone,
        shop_id=shop_id,
        cut=cut,
        filters={cut: value for cut, _, value in pairs},
        currency=currency,
        trend=trend,
    )


Asked = Annotated[Question, Depends(asked)]


@router.get("/insights/catalogue")
async def read_catalogue(work: InWork, locale: Locale | None = None) -> IndicatorCatalogue:
    """What each indicator is: formula in words, unit, source facts, cuts, target. Needs `insights.read`."""
    work.require("insights.read")
    spoken = locale or work.actor.locale or "en"
    return IndicatorCatalogue(
        groups=list(GROUPS), indicators=[shown(one, spoken) for one in definitions().values()]
    )


@router.get("/insights/indicators")
async def list_indicators(
    work: InWork,
    question: Asked,
    name: Annotated[list[Name] | None, Query(max_length=MOST_NAMES)] = None,
    locale: Locale | None = None,
) -> list[IndicatorAnswer]:
    """Several at once; all without names. Needs `insights.read`."""
    return await answering.answers(work, name or [], question, locale=locale)


@router.get("/insights/indicators/{name}")
async def read_indicator(
    work: InWork, name: Name, question: Asked, locale: Locale | None = None
) -> IndicatorAnswer:
    """Its figure, trend and parts. Needs `insights.read`."""
    return await answering.answer(work, name, question, locale=locale)


@router.get("/insights/indicators/{name}/cases")
async def list_indicator_cases(
    work: InWork,
    name: Name,
    question: Asked,
    which: Which = "all",
    limit: Annotated[int, Query(ge=1, le=answering.MOST_CASES)] = 100,
) -> list[IndicatorCase]:
    """The cases behind a number or one point of it, the worst first. Needs `insights.read`."""
    return await answering.cases_behind(work, name, question, which=which, limit=limit)


@router.get(
    "/insights/indicators/{name}/export",
    response_class=Response,
    responses={200: {"content": {media: {} for media in MEDIA.values()}, "description": "The file."}},
)
async def export_indicator(
    work: InWork, name: Name, question: Asked, form: Form = "csv", locale: Locale | None = None
) -> Response:
    """Its figures as a file; Excel with the definition and the cases. Needs `insights.read`."""
    told = await answering.answer(work, name, question, locale=locale)
    cases = (
        await answering.cases_behind(work, name, question, limit=answering.MOST_CASES)
        if form == "xlsx"
        else []
    )
    return _file(file_of([told], form, cases), form, name)


@router.get(
    "/insights/catalogue/export",
    response_class=Response,
    responses={200: {"content": {media: {} for media in MEDIA.values()}, "description": "The file."}},
)
async def export_indicators(
    work: InWork,
    question: Asked,
    name: Annotated[list[Name] | None, Query(max_length=MOST_NAMES)] = None,
    form: Form = "csv",
    locale: Locale | None = None,
) -> Response:
    """The figures of several indicators, or of all, as one file. Needs `insights.read`."""
    return _file(
        file_of(await answering.answers(work, name or [], question, locale=locale), form), form, "indicators"
    )


@router.get("/insights/indicators/{name}/targets")
async def list_indicator_targets(work: InWork, name: Name) -> list[TargetView]:
    """The catalogue's, then those set for all shops, markets and shops. Needs `insights.read`."""
    return await targets.targets_of(work, name)


@router.put("/insights/indicators/{name}/targets")
async def set_indicator_target(work: InWork, name: Name, new: NewTarget) -> list[TargetView]:
    """Needs `insights.write`; for a market or all shops one must see all shops."""
    return await targets.set_target(work, name, new)


def _file(content: bytes, form: Form, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}.{form}"'}
    return Response(content, media_type=MEDIA[form], headers=headers)
