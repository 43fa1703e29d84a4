"""The lake: a copy of the journal and of the small tables beside it, made to be counted.

PostgreSQL is good at what happens now, not at a year of everything. So the leading worker copies what is new to **parts** (Parquet
files) in the lake's folder, each fact exactly once, and the rows that the facts touched; a **manifest** names the parts that count. Questions
are **expressions** of Ibis over `tables()` and are answered by DuckDB inside the process, or by Spark for who outgrew one machine;
the same expression is asked of PostgreSQL (`live_answer`) where the last hours matter. What the tables look like is told once, in
`shapes`. Nothing that tells who a person is enters the lake.

The libraries behind it are loaded with the first question, not with this package.
"""

from aftercare.insights.lake.copying import Refreshed
from aftercare.insights.lake.engines import Dialect
from aftercare.insights.lake.lake import (
    Lake,
    LakeNotReady,
    LakeOf,
    Tables,
    keep_refreshed,
    lake_of,
    live_answer,
    open_folder,
    refresh,
)
from aftercare.insights.lake.moments import local
from aftercare.insights.lake.ready import Ready, keep_ready
from aftercare.insights.lake.shapes import SHAPES

__all__ = [
    "SHAPES",
    "Dialect",
    "Lake",
    "LakeNotReady",
    "LakeOf",
    "Ready",
    "Refreshed",
    "Tables",
    "keep_ready",
    "keep_refreshed",
    "lake_of",
    "live_answer",
    "local",
    "open_folder",
    "refresh",
]
