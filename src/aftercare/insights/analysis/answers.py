"""What an analysis answers: shapes that are kept, shown and printed. Sentences are kept as a code and its values, so that each
reader gets them in his own language."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal["describe", "correlate", "cluster", "forecast"]
ColumnKind = Literal["number", "flag", "category", "text", "time", "id", "empty"]


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Sentence(Shape):
    """One sentence: `code` in texts.toml, with the values that it names."""

    code: str
    values: dict[str, Any] = Field(default_factory=dict)


class DataLookedAt(Shape):
    """What was looked at. `digest` (SHA-256, first 16 digits) tells the same data again from another."""

    name: str
    own: bool
    """A measure of this installation; else a file."""
    rows: int
    since: datetime | None
    until: datetime | None
    digest: str


class Answered(Shape):
    data: DataLookedAt
    says: list[Sentence]
    method: list[Sentence]
    limits: list[Sentence]
    command: str
    """What repeats it in a shell."""
    seconds: float


class Spread(Shape):
    """Of numbers. `mean_low`, `mean_high`: the 95 % interval of the mean; None with fewer than two."""

    n: int
    missing: int
    mean: float | None
    mean_low: float | None
    mean_high: float | None
    median: float | None
    sd: float | None
    least: float | None
    p5: float | None
    p25: float | None
    p75: float | None
    p95: float | None
    most: float | None
    zeros: int
    skew: float | None


class HistogramBar(Shape):
    """One bar of a histogram: from `low` up to, not including, `high`."""

    low: float
    high: float
    n: int


class ValueShare(Shape):
    """A part of the whole with its 95 % interval (Wilson)."""

    value: str
    n: int
    share: float
    low: float
    high: float


class GroupSpread(Shape):
    value: str
    spread: Spread


class GroupDifference(Shape):
    """Whether groups differ: Kruskal-Wallis on numbers, chi-square on categories. `effect` is epsilon-squared or the
    bias-corrected Cramér's V, from 0 to 1."""

    test: Literal["kruskal_wallis", "chi_square"]
    groups: int
    n: int
    p: float
    effect: float


class Described(Answered):
    kind: Literal["describe"] = "describe"
    column: str
    column_kind: ColumnKind
    by: str | None
    spread: Spread | None
    bars: list[HistogramBar]
    shares: list[ValueShare]
    groups: list[GroupSpread]
    difference: GroupDifference | None


Measure = Literal["spearman", "pearson", "cramers_v", "correlation_ratio", "point_biserial"]


class ColumnPair(Shape):
    """How two columns go together. `value` has a sign for Spearman, Pearson and point-biserial; `low`, `high` is the 95 %
    interval; `p_all` is corrected for the number of pairs looked at (Benjamini-Hochberg)."""

    a: str
    b: str
    measure: Measure
    n: int
    value: float
    low: float | None
    high: float | None
    p: float
    p_all: float
    explained_by: str | None
    """A third column within whose groups hardly anything of it is left, or the sign turns."""
    within: float | None
    """The measure within the groups of `explained_by`, weighted by their size."""


class Correlated(Answered):
    kind: Literal["correlate"] = "correlate"
    columns: list[str]
    pairs: list[ColumnPair]
    left_out: list[str]


class Telling(Shape):
    """A word or a feature that tells a group from the others: how often within, how often elsewhere."""

    what: str
    within: float
    elsewhere: float


class RowCluster(Shape):
    name: str
    n: int
    share: float
    words: list[Telling]
    features: list[Telling]
    closeness: float
    """Mean silhouette of its members, from -1 to 1."""
    examples: list[str]
    """Ids, or row numbers, of the members nearest to its middle."""
    x: float
    y: float
    """Where its middle lies on a map of two dimensions."""


class Clustered(Answered):
    kind: Literal["cluster"] = "cluster"
    clusters: list[RowCluster]
    silhouette: float
    tried: dict[int, float]
    """Silhouette by the number of groups."""


class WayScore(Shape):
    """Of one way to forecast, on the windows kept for the examination. `mase` and `rmsse` compare with repeating the last
    season within the history: below 1 is better than that. Coverage: the share of true values within the intervals."""

    model: str
    naive: bool
    chosen: bool
    chosen_by: float
    """The mean error on the windows that the choice was made by: RMSSE for sparse series, MASE for others."""
    mase: float
    rmsse: float
    mae: float
    bias: float
    covered80: float | None
    covered95: float | None
    seconds: float


class SeriesPoint(Shape):
    at: str
    value: float | None


class Ahead(Shape):
    """What will be, with the intervals within which 80 % and 95 % of true values were."""

    at: str
    value: float
    low80: float
    high80: float
    low95: float
    high95: float


class SeriesPart(Shape):
    """One part of a decomposition: `trend`, `remainder`, or a season by its length in steps. `strength` from 0 to 1: how
    much of the rest it explains."""

    name: str
    strength: float | None
    values: list[float]


class ForecastSeries(Shape):
    name: str
    n: int
    zeros: float
    """Share of steps with nothing."""
    total: float
    history: list[SeriesPoint]
    """The latest; not all where there are many."""
    ahead: list[Ahead]
    components: list[SeriesPart]


class Forecast(Answered):
    kind: Literal["forecast"] = "forecast"
    column: str
    step: str
    """'15min', '1D', 'MS' …: as pandas writes it."""
    seasons: list[int]
    horizon: int
    sparse: bool
    windows: int
    examined: int
    """So many of the windows, the latest, took no part in the choice."""
    scores: list[WayScore]
    naive_wins: bool
    better_by: float | None
    """By how much of the best naive way's error the chosen one is better; negative where it is worse."""
    series_number: int
    series: list[ForecastSeries]


Answer = Annotated[Described | Correlated | Clustered | Forecast, Field(discriminator="kind")]
