"""The carriers that we know by name, and how a typed carrier and number are read."""

import re
import tomllib
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from aftercare.logistics.model import WaybillUnreadable

NUMBER = re.compile(r"[A-Z0-9]([A-Z0-9-]{3,38})[A-Z0-9]")
UNUSUAL = "number_looks_unusual"
UNKNOWN_CARRIER = "carrier_is_not_known"


@dataclass(frozen=True)
class Carrier:
    code: str
    names: dict[str, str]
    pattern: re.Pattern[str] | None
    zone: ZoneInfo

    def name_in(self, locale: str) -> str:
        return self.names.get(locale) or self.names["en"]


@dataclass(frozen=True)
class Waybill:
    """A carrier and number in our spelling; `warnings` are codes of what somebody should look at again."""

    carrier: str
    number: str
    warnings: tuple[str, ...]


@cache
def _catalogue() -> tuple[dict[str, Carrier], dict[str, str]]:
    read = tomllib.loads(files("aftercare.logistics").joinpath("carriers.toml").read_text("utf-8"))
    carriers = {
        code: Carrier(
            code,
            row["names"],
            re.compile(row["pattern"]) if "pattern" in row else None,
            ZoneInfo(row["zone"]),
        )
        for code, row in read.items()
    }
    spellings = {
        _folded(spelling): code
        for code, row in read.items()
        for spelling in (code, *row.get("also", ()), *row["names"].values())
    }
    return carriers, spellings


def _folded(typed: str) -> str:
    return re.sub(r"[\s_.-]+", "", unicodedata.normalize("NFKC", typed).casefold())


def carriers() -> list[Carrier]:
    return list(_catalogue()[0].values())


def carrier_called(typed: str) -> Carrier | None:
    """The carrier under any of its spellings: code, name in a language, nickname."""
    known, spellings = _catalogue()
    code = spellings.get(_folded(typed))
    return known[code] if code else None


def carrier_code(typed: str) -> str:
    """Our code of the carrier; one that we do not know keeps its own name, in small letters."""
    known = carrier_called(typed)
    return (
        known.code
        if known
        else re.sub(r"\s+", "_", unicodedata.normalize("NFKC", typed).strip().lower())[:60]
    )


def carrier_zone(code: str) -> ZoneInfo:
    known = _catalogue()[0].get(code)
    return known.zone if known else ZoneInfo("UTC")


def plain_number(typed: str) -> str:
    """Half-width capitals without spaces. Refuses with WaybillUnreadable what cannot be a tracking number."""
    number = re.sub(r"\s+", "", unicodedata.normalize("NFKC", typed)).upper()
    if not NUMBER.fullmatch(number):
        raise WaybillUnreadable(number=typed[:60])
    return number


def read_waybill(carrier: str, number: str) -> Waybill:
    """Reads leniently: only what cannot be a number at all is refused (WaybillUnreadable)."""
    plain, known = plain_number(number), carrier_called(carrier)
    warnings = []
    if known is None:
        warnings.append(UNKNOWN_CARRIER)
    elif known.pattern is not None and not known.pattern.fullmatch(plain):
        warnings.append(UNUSUAL)
    code = carrier_code(carrier)
    if not code:
        raise WaybillUnreadable(carrier=carrier)
    return Waybill(code, plain, tuple(warnings))
