"""Reading logs from files: CSV, Parquet, XES, OCEL 2.0 (JSON, SQLite, XML), also packed, told apart by what is in them.

Files come from anywhere: every reader refuses with LogUnreadable what it cannot make sense of, and says where.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast
from zipfile import BadZipFile

from aftercare.insights.process.log import EventLog, LogUnreadable
from aftercare.kit.written import NotUnpacked, is_packed, other_kind, unpacking

COMMON: dict[str, tuple[str, ...]] = {
    "case": (
        "case:concept:name", "case", "case id", "caseid", "case key", "trace", "trace id", "traceid", "case number",
        "case_concept_name", "ticket", "ticket id", "incident id", "sr number", "order id", "id", "案例", "案例编号", "案件编号",
        "工单号", "工单编号", "售后单号", "售后单", "单号", "订单号", "订单编号", "流水号", "编号", "案件編號", "工單號", "售後單號", "單號", "訂單號", "編號",
    ),
    "activity": (
        "concept:name", "activity", "activity id", "activityid", "activity name", "event", "event name", "task", "task name", "action", "step",
        "status", "活动", "活动名称", "事件", "步骤", "操作", "操作名称", "动作", "环节", "节点", "状态", "活動", "步驟", "動作",
        "環節", "節點", "狀態",
    ),
    "at": (
        "time:timestamp", "timestamp", "complete timestamp", "completetimestamp", "end timestamp", "time", "datetime", "date", "at", "event time",
        "completion time", "end time", "start timestamp", "start time", "时间", "时间戳", "发生时间", "操作时间", "处理时间",
        "完成时间", "更新时间", "创建时间", "日期", "時間", "時間戳", "發生時間", "操作時間", "處理時間", "完成時間", "建立時間",
    ),
    "resource": (
        "org:resource", "resource", "resource id", "user", "agent", "actor", "originator", "performer", "employee", "owner", "handler", "role",
        "资源", "人员", "处理人", "处理人员", "操作人", "操作员", "经办人", "经手人", "负责人", "客服", "經手人", "處理人", "操作人員", "負責人",
    ),
    "lifecycle": ("lifecycle:transition", "lifecycle", "transition", "lifecycle transition"),
}  # fmt: skip
"""What columns are mostly called, the likelier first; compared without case, `_`, `-` and spaces."""


NEEDED = {"case": "case", "activity": "activity", "at": "time"}
"""Without these there is no log; what people call them."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of a table are what; those not told are guessed by their names. `time_format` is that of strptime.
    `zone`: where times without an offset were written."""

    case: str | None = None
    activity: str | None = None
    at: str | None = None
    resource: str | None = None
    lifecycle: str | None = None
    time_format: str | None = None
    zone: str = "UTC"


def read_log(
    path: Path,
    columns: Columns | None = None,
    *,
    object_type: str | None = None,
    lifecycle: str | None = None,
    attributes: bool = True,
    skip_broken: bool = False,
    most_bytes: int | None = None,
) -> EventLog:
    """The log in a file. `object_type`: which objects of an OCEL are the cases. `lifecycle`: only events of this transition.
    `attributes`: also what the log has besides. `skip_broken`: leaves out rows without case, activity or time instead of refusing.
    `most_bytes`: refuses what is larger once it is unpacked. Refuses with LogUnreadable, LogEmpty, NoActivityColumn."""
    from aftercare.insights.process import ocel, tabular, xes

    columns = columns or Columns()
    if not path.is_file():
        raise LogUnreadable(
            file=path.name, why="it is a folder" if path.is_dir() else "there is no such file"
        )
    form = form_of(path)
    if form in ("parquet", "sqlite"):
        with path.open("rb") as file:
            if is_packed(file.read(4)):
                raise LogUnreadable(file=path.name, why="it is packed: unpack it first")
    match form:
        case "parquet":
            return tabular.read_parquet(path, columns, lifecycle, attributes, skip_broken)
        case "sqlite":
            return ocel.read_sqlite(path, object_type, most_bytes)
        case "json":
            return ocel.read_json(path, object_type, most_bytes)
        case "ocel-xml":
            return ocel.read_xml(path, object_type, most_bytes)
        case "xes":
            return xes.read_xes(path, lifecycle, attributes, skip_broken, most_bytes)
        case _:
            return tabular.read_csv(path, columns, lifecycle, attributes, skip_broken, most_bytes)


def form_of(path: Path) -> str:
    """By its first bytes; a name may lie."""
    head = head_of(path)
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"SQLite format 3\x00"):
        return "sqlite"
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if kind := other_kind(head):
        raise LogUnreadable(file=path.name, why=f"it is {kind}; logs are CSV, Parquet, XES or OCEL 2.0")
    if text.startswith((b"{", b"[")):
        return "json"
    if text.startswith(b"<") or (head[:2] in (b"\xff\xfe", b"\xfe\xff") and b"<\x00" in head[:8]):
        plain = text.replace(b"\x00", b"").lower()
        return "ocel-xml" if b"<object-types" in plain or b"<event-types" in plain else "xes"
    return "csv"


def head_of(path: Path, size: int = 4096) -> bytes:
    try:
        with opened(path) as file:
            return file.read(size)
    except BROKEN as broken:
        raise LogUnreadable(file=path.name, why=str(broken)) from None


BROKEN = (OSError, EOFError, zlib.error, BadZipFile)
"""What a broken file may fail with while it is read."""


def opened(path: Path) -> IO[bytes]:
    """Unpacked, if it is packed. Refuses with LogUnreadable a zip of none or many files, and a workbook."""
    try:
        return unpacking(path)
    except NotUnpacked as refused:
        raise LogUnreadable(file=path.name, why=str(refused)) from None


def guess(names: list[str], told: Columns, file: str) -> dict[str, str]:
    """Column by what it is. Refuses when one is missing that no log can be without, or when a told one is not there."""
    plain: dict[str, str] = {}
    for name in names:
        plain.setdefault(_plain(name), name)
    found: dict[str, str] = {}
    for what, common in COMMON.items():
        wanted = cast("str | None", getattr(told, what))
        if wanted is not None:
            if wanted not in names and _plain(wanted) not in plain:
                raise LogUnreadable(file=file, why=f"there is no column {wanted}", columns=names[:40])
            found[what] = wanted if wanted in names else plain[_plain(wanted)]
            continue
        taken = set(found.values())
        likeliest = next(
            (
                plain[_plain(one)]
                for one in common
                if _plain(one) in plain and plain[_plain(one)] not in taken
            ),
            None,
        )
        if likeliest is not None:
            found[what] = likeliest
    missing = [word for what, word in NEEDED.items() if what not in found]
    if missing:
        raise LogUnreadable(
            file=file,
            why=f"which column is the {', the '.join(missing)}? Say it: {', '.join(f'--{word}' for word in missing)}",
            columns=names[:40],
        )
    return found


def _plain(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter not in " _-\t.\ufeff")


def checked_size(size: int, path: Path, most: int | None) -> None:
    if most is not None and size > most:
        raise LogUnreadable(file=path.name, why=f"it is larger than {most:,} bytes")
