"""Instants on the clock of a place, in the same words for every engine."""

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ibis.expr.types as ir


def local(moment: "ir.TimestampValue", zone: "str | ir.StringValue") -> "ir.TimestampValue":
    """What clocks in a time zone showed: without a zone from now on, so that days, weeks and months of it are those of the place.
    The zone may be a column, such as that of each shop."""
    return _timezone()(zone, moment)


@cache
def _timezone() -> Any:
    import ibis
    import ibis.expr.datatypes as types

    # DuckDB and PostgreSQL have it under this name; for Spark we make it.
    @ibis.udf.scalar.builtin(
        name="timezone", signature=((types.string, types.Timestamp(timezone="UTC")), types.timestamp)
    )
    def timezone(zone, moment): ...  # type: ignore[no-untyped-def]

    return timezone
