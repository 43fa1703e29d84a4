# ruff: noqa: DTZ001  # a log holds moments in UTC, without saying so
"""Logs as they come: columns by many names, odd letters and times, XES, OCEL, and what cannot be read."""

import gzip
import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from aftercare.insights import process
from aftercare.insights.process import Columns, LogEmpty, LogUnreadable, NoActivityColumn
from tests.kit.test_written import a_zip

ROWS = [
    ("1", "ask", "2026-03-02 12:00:00", "mei"),
    ("1", "answer", "2026-03-02 12:30:00", "lin"),
    ("2", "ask", "2026-03-03 08:00:00", "mei"),
]
TOLD = [
    ("1", "ask", datetime(2026, 3, 2, 12), "mei"),
    ("1", "answer", datetime(2026, 3, 2, 12, 30), "lin"),
    ("2", "ask", datetime(2026, 3, 3, 8), "mei"),
]


def events(log: process.EventLog) -> list[tuple[str, str, datetime, str | None]]:
    with log:
        return log.con.execute(
            'SELECT "case", activity, "at", resource FROM events ORDER BY "row"'
        ).fetchall()


def a_csv(
    folder: Path, head: str, rows: Sequence[tuple[str, ...]] | None = None, *, encoding: str = "utf-8"
) -> Path:
    separator = next(sign for sign in (";", "\t", ",") if sign in head)
    path = folder / "log.csv"
    lines = [head, *(separator.join(row) for row in rows or ROWS)]
    path.write_bytes("\r\n".join(lines).encode(encoding))
    return path


@pytest.mark.parametrize(
    "head",
    [
        "case:concept:name,concept:name,time:timestamp,org:resource",
        "Case ID;Activity;Complete Timestamp;Resource",
        "case_id\tactivity_name\ttimestamp\tuser",
        "\ufeffCaseID,Event,Start Timestamp,Agent",
        "案例编号,活动,时间,处理人",
    ],
)
def test_columns_are_found_by_their_names(tmp_path: Path, head: str) -> None:
    assert events(process.read_log(a_csv(tmp_path, head))) == TOLD


def test_columns_may_be_told(tmp_path: Path) -> None:
    path = a_csv(tmp_path, "a,b,c,d")
    with pytest.raises(LogUnreadable) as refused:
        process.read_log(path)
    assert refused.value.data["columns"] == ["a", "b", "c", "d"]
    assert events(process.read_log(path, Columns(case="a", activity="b", at="c", resource="d"))) == TOLD


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "gb18030"])
def test_letters_of_other_encodings(tmp_path: Path, encoding: str) -> None:
    rows = [("1", "提出退货申请并说明原因", "2026-03-02 12:00:00", "客服小梅与她的同事们")]
    path = a_csv(tmp_path, "案例编号,活动,时间,处理人", rows, encoding=encoding)
    assert events(process.read_log(path)) == [
        ("1", "提出退货申请并说明原因", datetime(2026, 3, 2, 12), "客服小梅与她的同事们")
    ]


@pytest.mark.parametrize(
    ("told", "at"),
    [
        ("2026-03-02T12:00:00+08:00", datetime(2026, 3, 2, 4)),
        ("2026-03-02 12:00:00.250+00", datetime(2026, 3, 2, 12, 0, 0, 250_000)),
        ("2026-03-02T12:00:00Z", datetime(2026, 3, 2, 12)),
        ("2026/03/02 12:00", datetime(2026, 3, 2, 12)),
        ("02.03.2026 12:00:00", datetime(2026, 3, 2, 12)),
        ("25/03/2026 12:00", datetime(2026, 3, 25, 12)),
        ("03/25/2026 12:00:00 PM", datetime(2026, 3, 25, 12)),
        ("2026年03月02日 12:00", datetime(2026, 3, 2, 12)),
        ("1772452800", datetime(2026, 3, 2, 12)),
        ("1772452800000", datetime(2026, 3, 2, 12)),
        ("2026-03-02", datetime(2026, 3, 2)),
    ],
)
def test_times_of_many_forms(tmp_path: Path, told: str, at: datetime) -> None:
    path = a_csv(tmp_path, "case,activity,timestamp", [("1", "ask", told)])
    assert events(process.read_log(path))[0][2] == at


def test_a_time_without_an_offset_is_of_the_zone_that_is_told(tmp_path: Path) -> None:
    path = a_csv(tmp_path, "case,activity,timestamp", [("1", "ask", "2026-03-02 12:00:00")])
    assert events(process.read_log(path, Columns(zone="Asia/Shanghai")))[0][2] == datetime(2026, 3, 2, 4)


def test_a_day_that_could_be_a_month_is_remarked(tmp_path: Path) -> None:
    path = a_csv(tmp_path, "case,activity,timestamp", [("1", "ask", "02/03/2026 12:00")])
    log = process.read_log(path)
    assert log.told == ["days and months could be told apart by no date: the day is taken to come first"]
    assert events(log)[0][2] == datetime(2026, 3, 2, 12)


def test_a_format_may_be_told(tmp_path: Path) -> None:
    path = a_csv(tmp_path, "case,activity,timestamp", [("1", "ask", "26061 12h")])
    assert events(process.read_log(path, Columns(time_format="%y%j %Hh")))[0][2] == datetime(2026, 3, 2, 12)


def test_broken_rows_are_refused_or_left_out(tmp_path: Path) -> None:
    rows = [*ROWS, ("3", "ask", "yesterday", "mei"), ("", "ask", "2026-03-03 08:00:00", "mei")]
    path = a_csv(tmp_path, "case,activity,timestamp,user", rows)
    with pytest.raises(LogUnreadable) as refused:
        process.read_log(path)
    assert (refused.value.data["rows"], refused.value.data["first_row"]) == (2, 4)
    assert refused.value.data["without"] == {"case": 1, "activity": 0, "time": 1}
    log = process.read_log(path, skip_broken=True)
    assert log.told == ["2 rows without case, activity or time were left out"]
    assert events(log) == TOLD


def test_only_one_transition_if_it_is_asked(tmp_path: Path) -> None:
    rows = [("1", "ask", "2026-03-02 12:00:00", "start"), ("1", "ask", "2026-03-02 12:05:00", "complete")]
    path = a_csv(tmp_path, "case,activity,timestamp,lifecycle:transition", rows)
    with process.read_log(path) as log:
        assert log.told == ["events of all transitions are counted (complete, start)"]
        assert process.map_of(log.steps, log.ask).events == 2
    with process.read_log(path, lifecycle="Complete") as log:
        assert process.map_of(log.steps, log.ask).events == 1
    with pytest.raises(LogUnreadable):
        process.read_log(path, lifecycle="schedule")


def test_parquet(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "log.parquet"
    table = pa.table(
        {
            "Case ID": [1, 1, 2],
            "Activity": [row[1] for row in ROWS],
            "Timestamp": pa.array([row[2] for row in TOLD], pa.timestamp("us", "UTC")),
            "Resource": [row[3] for row in ROWS],
            "amount": [1.5, None, 3.0],
        }
    )
    pq.write_table(table, path)
    with process.read_log(path) as log:
        assert log.attributes == ["amount"]
        assert [row["amount"] for row in log.ask(log.cases().order_by("key"))] == ["1.5", "3.0"]
    assert events(process.read_log(path)) == TOLD


XES = """<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1.0" xmlns="http://www.xes-standard.org/">
  <global scope="event"><string key="concept:name" value="__INVALID__"/></global>
  <string key="concept:name" value="a log"/>
  <trace>
    <string key="concept:name" value="1"><string key="nested" value="left out"/></string>
    <string key="channel" value="mail"/>
    <event><string key="concept:name" value="ask &amp; wait"/><date key="time:timestamp" value="2026-03-02T12:00:00.000+00:00"/>
      <string key="org:resource" value="mei"/><int key="cost" value="3"/></event>
    <event><string key="concept:name" value="answer"/><date key="time:timestamp" value="2026-03-02T20:30:00+08:00"/></event>
  </trace>
  <trace><event><string key="concept:name" value="ask &amp; wait"/><date key="time:timestamp" value="2026-03-03T08:00:00Z"/></event></trace>
  <trace><string key="concept:name" value="empty"/></trace>
</log>
"""


def test_xes_packed_or_not(tmp_path: Path) -> None:
    plain, packed = tmp_path / "log.xes", tmp_path / "log.xes.gz"
    plain.write_text(XES)
    packed.write_bytes(gzip.compress(XES.encode()))
    for path in (plain, packed):
        log = process.read_log(path)
        assert log.attributes == ["case:channel", "cost"]
        assert events(log) == [
            ("1", "ask & wait", datetime(2026, 3, 2, 12), "mei"),
            ("1", "answer", datetime(2026, 3, 2, 12, 30), None),
            ("2", "ask & wait", datetime(2026, 3, 3, 8), None),
        ]


def test_a_log_alone_in_a_zip(tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    lines = ["案例编号,活动,时间,处理人", "1,提出退货申请并说明原因,2026-03-02 12:00:00,客服小梅与她的同事们"]
    path.write_bytes(a_zip(log="\n".join(lines).encode("gb18030")))
    assert events(process.read_log(path)) == [
        ("1", "提出退货申请并说明原因", datetime(2026, 3, 2, 12), "客服小梅与她的同事们")
    ]
    path.write_bytes(a_zip(log=XES.encode()))
    with process.read_log(path) as log:
        assert process.map_of(log.steps, log.ask).events == 3
    path.write_bytes(a_zip(log=json.dumps(OCEL).encode()))
    with process.read_log(path, object_type="claim") as log:
        assert process.map_of(log.steps, log.ask).events == 3


BOMB = """<?xml version="1.0"?><!DOCTYPE log [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<log><trace><string key="concept:name" value="&b;"/></trace></log>"""


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("log.xes", BOMB.encode(), "document type"),
        ("log.xes", b"<log><trace></log>", "not well-formed XML"),
        ("log.xes", b"<html><body/></html>", "no <log>"),
        ("log.xes.gz", gzip.compress(XES.encode())[:200], "ended before"),
        ("log.csv", b"", "empty"),
        ("log.csv", b"nothing of a table", "no columns"),
        ("log.csv", b"case,activity,timestamp\n1,ask,soon\n", "times in timestamp cannot be read"),
        ("log.csv", b"case,activity,timestamp\n1,ask,2026-03-02\n1\n", "--skip-broken"),
        (
            "log.csv",
            b"Fall,activity,timestamp\n1,ask,2026-03-02\n",
            "which column is the case? Say it: --case",
        ),
        ("log.zip", a_zip(a=b"1", b=b"2"), "a zip of 2 files"),
        ("log.xlsx", a_zip(**{"[Content_Types].xml": b""}), "Excel workbook: save the sheet as CSV"),
        ("log.zip", a_zip(log=b"PAR1" + b"\0" * 90), "it is packed: unpack it first"),
        ("log.pdf", b"%PDF-1.7\n", "it is a PDF"),
        ("log.json", b'[{"case": 1}]', "it is JSON, but no OCEL 2.0"),
        ("log.json", b'{"ocel:events": {}}', "OCEL 1.0"),
        ("log.csv", b"\x7fELF\x00\x01,\x02\n", "no text"),
        ("log.json", b'{"events": 3}', "OCEL"),
        ("log.json", b'{"events": [], "objects": []}', "about an object"),
        ("log.sqlite", b"SQLite format 3\x00 and then nothing", "SQLite"),
        ("log.parquet", b"PAR1 and then nothing PAR1", "log.parquet"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(tmp_path: Path, name: str, content: bytes, why: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(LogUnreadable) as refused:
        process.read_log(path)
    assert why in str(refused.value.data), refused.value.data


def test_what_is_empty_or_no_process_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LogUnreadable):
        process.read_log(tmp_path / "none.csv")
    path = tmp_path / "log.xes"
    path.write_text("<log/>")
    with pytest.raises(LogEmpty):
        process.read_log(path)
    rows = [("1", f"{number}", "2026-03-02 12:00:00") for number in range(3000)]
    with pytest.raises(NoActivityColumn):
        process.read_log(a_csv(tmp_path, "case,activity,timestamp", rows))


def test_what_grows_too_large_when_unpacked_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.xes.gz"
    path.write_bytes(gzip.compress(b"<log>" + b" " * 5_000_000 + b"</log>"))
    with pytest.raises(LogUnreadable) as refused:
        process.read_log(path, most_bytes=1_000_000)
    assert "larger than 1,000,000 bytes" in str(refused.value.data["why"])


OCEL = {
    "objectTypes": [{"name": "claim", "attributes": []}, {"name": "order", "attributes": []}],
    "eventTypes": [],
    "objects": [
        {
            "id": "c1",
            "type": "claim",
            "attributes": [
                {"name": "state", "time": "1970-01-01T00:00:00Z", "value": "open"},
                {"name": "state", "time": "2026-03-02T00:00:00Z", "value": "done"},
            ],
        },
        {"id": "c2", "type": "claim"},
        {"id": "o1", "type": "order"},
    ],
    "events": [
        {
            "id": "e1",
            "type": "ask",
            "time": "2026-03-02T12:00:00Z",
            "attributes": [{"name": "resource", "value": "mei"}],
            "relationships": [{"objectId": one, "qualifier": ""} for one in ("c1", "c2", "o1")],
        },
        {
            "id": "e2",
            "type": "answer",
            "time": "2026-03-02T12:30:00Z",
            "relationships": [{"objectId": "c1", "qualifier": ""}],
        },
    ],
}
OCEL_XML = """<log><object-types><object-type name="claim"><attributes/></object-type></object-types><event-types/>
<objects><object id="c1" type="claim"><attributes><attribute name="state" time="1970-01-01T00:00:00Z">open</attribute>
  <attribute name="state" time="2026-03-02T00:00:00Z">done</attribute></attributes></object>
  <object id="c2" type="claim"/><object id="o1" type="order"/></objects>
<events><event id="e1" type="ask" time="2026-03-02T12:00:00Z"><attributes><attribute name="resource">mei</attribute></attributes>
  <objects><relationship object-id="c1" qualifier=""/><relationship object-id="c2"/><relationship object-id="o1"/></objects></event>
  <event id="e2" type="answer" time="2026-03-02T12:30:00Z"><objects><relationship object-id="c1"/></objects></event></events></log>"""


def ocel_sqlite(path: Path) -> None:
    base = sqlite3.connect(path)
    base.executescript(
        """
        CREATE TABLE event_map_type(ocel_type, ocel_type_map);
        INSERT INTO event_map_type VALUES ('ask', 'Ask'), ('answer', 'Answer');
        CREATE TABLE object_map_type(ocel_type, ocel_type_map); INSERT INTO object_map_type VALUES ('claim', 'Claim'), ('order', 'Order');
        CREATE TABLE event(ocel_id, ocel_type); INSERT INTO event VALUES ('e1', 'ask'), ('e2', 'answer');
        CREATE TABLE object(ocel_id, ocel_type); INSERT INTO object VALUES ('c1', 'claim'), ('c2', 'claim'), ('o1', 'order');
        CREATE TABLE event_Ask(ocel_id, ocel_time, resource); INSERT INTO event_Ask VALUES ('e1', '2026-03-02T12:00:00Z', 'mei');
        CREATE TABLE event_Answer(ocel_id, ocel_time); INSERT INTO event_Answer VALUES ('e2', '2026-03-02T12:30:00Z');
        CREATE TABLE object_Claim(ocel_id, ocel_time, ocel_changed_field, state);
        INSERT INTO object_Claim VALUES ('c1', '1970-01-01T00:00:00Z', NULL, 'open'), ('c1', '2026-03-02T00:00:00Z', 'state', 'done');
        CREATE TABLE object_Order(ocel_id, ocel_time, ocel_changed_field);
        CREATE TABLE event_object(ocel_event_id, ocel_object_id, ocel_qualifier);
        INSERT INTO event_object VALUES ('e1', 'c1', ''), ('e1', 'c2', ''), ('e1', 'o1', ''), ('e2', 'c1', '');
        CREATE TABLE object_object(ocel_source_id, ocel_target_id, ocel_qualifier);
        """
    )
    base.commit()
    base.close()


@pytest.mark.parametrize("form", ["json", "xml", "sqlite"])
def test_ocel_is_flattened_to_one_type_of_object(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"log.{form}"
    if form == "json":
        path.write_text(json.dumps(OCEL))
    elif form == "xml":
        path.write_text(OCEL_XML)
    else:
        ocel_sqlite(path)
    with pytest.raises(LogUnreadable) as refused:
        process.read_log(path)
    assert refused.value.data["types"] == {"claim": 3, "order": 1}
    with process.read_log(path, object_type="order") as log:
        assert process.map_of(log.steps, log.ask).events == 1
    log = process.read_log(path, object_type="claim")
    assert log.attributes == ["case:state"]
    assert [(row["case"], row["case:state"]) for row in log.ask(log.cases().order_by("case"))] == [
        ("c1", "done"),
        ("c2", None),
    ]
    assert events(log) == [
        ("c1", "ask", datetime(2026, 3, 2, 12), "mei"),
        ("c1", "answer", datetime(2026, 3, 2, 12, 30), None),
        ("c2", "ask", datetime(2026, 3, 2, 12), "mei"),
    ]


def test_ocel_in_sqlite_as_other_programs_write_it(tmp_path: Path) -> None:
    """Without the time of objects that never changed; what happened at the same instant in the order of the table of all events."""
    path = tmp_path / "log.sqlite"
    ocel_sqlite(path)
    with closing(sqlite3.connect(path)) as base:
        base.executescript(
            """
            DROP TABLE object_Order; CREATE TABLE object_Order(ocel_id, channel); INSERT INTO object_Order VALUES ('o1', 'mail');
            UPDATE event_Answer SET ocel_time = '2026-03-02T12:00:00Z';
            DELETE FROM event; INSERT INTO event VALUES ('e2', 'answer'), ('e1', 'ask');
            """
        )
    with process.read_log(path, object_type="order") as log:
        assert [row["case:channel"] for row in log.ask(log.cases())] == ["mail"]
    with process.read_log(path, object_type="claim") as log:
        found = process.variants_of(log.ways, log.ask)
    assert [one.activities for one in found.shown] == [["answer", "ask"], ["ask"]]


@pytest.mark.parametrize("name", ["out.xes", "out.xes.gz", "out.json"])
def test_what_is_written_reads_the_same(tmp_path: Path, name: str) -> None:
    plain, out = tmp_path / "log.xes", tmp_path / name
    plain.write_text(XES)
    with process.read_log(plain) as log:
        written = process.export_log(log, out, "ocel" if name.endswith("json") else "xes")
        before = (process.map_of(log.steps, log.ask), process.variants_of(log.ways, log.ask))
    assert written == 3
    with process.read_log(out) as log:
        found = process.variants_of(log.ways, log.ask)
        assert process.map_of(log.steps, log.ask) == before[0]
        assert [(one.activities, one.cases) for one in found.shown] == [
            (one.activities, one.cases) for one in before[1].shown
        ]
        assert "case:channel" in log.attributes
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
