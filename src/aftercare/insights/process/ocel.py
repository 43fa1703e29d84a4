"""Object-centric logs (OCEL 2.0) as JSON, SQLite or XML. Flattened to one type of object, whose objects are then the cases: an
event is told for each of them that it is about."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from datetime import datetime
from operator import itemgetter
from pathlib import Path
from typing import IO, Any

from aftercare.insights.process.log import CORE, EventLog, LogUnreadable, arrange, new_engine
from aftercare.insights.process.log import take as take_table
from aftercare.insights.process.reading import BROKEN, checked_size, opened
from aftercare.insights.process.xes import instant, parse

RESOURCES = ("org:resource", "resource", "user", "actor")


class _Told:
    """What an OCEL tells: objects with their type and last known attributes, and events with what they are about."""

    def __init__(self) -> None:
        self.objects: dict[str, tuple[str, dict[str, str]]] = {}
        self.events: list[tuple[str, str, dict[str, str], list[str]]] = []

    def log(self, path: Path, object_type: str | None) -> EventLog:
        import pyarrow as pa

        about = Counter(
            self.objects[one][0] for _, _, _, objects in self.events for one in objects if one in self.objects
        )
        if not about:
            raise LogUnreadable(file=path.name, why="no event is about an object")
        object_type = object_type or self._plain_cases(about)
        if object_type not in about:
            raise LogUnreadable(
                file=path.name,
                why="the cases are the objects of one type: say which with --object-type"
                if object_type is None
                else f"no event is about an object of the type {object_type}",
                types=dict(about.most_common(40)),
            )
        rows: list[tuple[str, str, str, dict[str, str]]] = []
        for activity, at, attributes, objects in self.events:
            rows.extend(
                (one, activity, at, attributes)
                for one in dict.fromkeys(objects)
                if one in self.objects and self.objects[one][0] == object_type
            )
        rows.sort(key=lambda row: row[0])
        of_events = sorted(
            {key for row in rows for key in row[3] if key not in CORE and key not in RESOURCES}, key=str.lower
        )
        of_cases = sorted({key for row in rows for key in self.objects[row[0]][1]}, key=str.lower)
        columns: dict[str, Any] = {
            "case": [row[0] for row in rows],
            "activity": [row[1] for row in rows],
            "time": [row[2] for row in rows],
            "resource": [next((row[3][key] for key in RESOURCES if key in row[3]), None) for row in rows],
            "lifecycle": [None] * len(rows),
        }
        for key in of_events:
            columns.setdefault(key.lower(), [row[3].get(key) for row in rows])
        for key in of_cases:
            columns.setdefault(f"case:{key.lower()}", [self.objects[row[0]][1].get(key) for row in rows])
        further = [key for key in columns if key not in (*CORE, "time")]
        con = new_engine()
        take_table(
            con,
            pa.table(
                {key: pa.array(values, pa.string()) for key, values in columns.items()}
                | {"row": pa.array(range(len(rows)), pa.int64())}
            ),
            'SELECT * EXCLUDE ("time"), make_timestamp(epoch_us(try_cast("time" AS TIMESTAMPTZ))) AS "at" FROM given',
        )
        unread = con.execute('SELECT count(*) FROM events WHERE "at" IS NULL').fetchall()[0][0]
        if unread:
            raise LogUnreadable(file=path.name, why="events without a time that can be read", events=unread)
        return arrange(con, further, [f"cases are the objects of the type {object_type}"])

    def _plain_cases(self, about: Counter[str]) -> str | None:
        """The only type, or the one of whose objects every event is about exactly one; of several such the finest. None where
        somebody must say which."""
        if len(about) == 1:
            return next(iter(about))
        of_each = [
            Counter(self.objects[one][0] for one in set(objects) if one in self.objects)
            for _, _, _, objects in self.events
        ]
        plain = [kind for kind in about if all(counted[kind] == 1 for counted in of_each)]
        many = Counter(kind for kind, _ in self.objects.values())
        return max(plain, key=lambda kind: many[kind], default=None)


def read_json(path: Path, object_type: str | None, most_bytes: int | None = None) -> EventLog:
    try:
        with opened(path) as file:
            raw = file.read(-1 if most_bytes is None else most_bytes + 1)
        checked_size(len(raw), path, most_bytes)
        document = json.loads(raw)
        if not isinstance(document, dict) or not {"objects", "events"} <= document.keys():
            old = isinstance(document, dict) and "ocel:events" in document
            raise LogUnreadable(
                file=path.name,
                why="it is OCEL 1.0: write it as OCEL 2.0"
                if old
                else "it is JSON, but no OCEL 2.0: it has no objects and events",
            )
        told = _Told()
        for one in document["objects"]:
            last: dict[str, tuple[str, str]] = {}
            for attribute in one.get("attributes") or ():
                key, at = str(attribute["name"]), str(attribute.get("time", ""))
                if key not in last or at >= last[key][0]:
                    last[key] = (at, str(attribute["value"]))
            told.objects[str(one["id"])] = (
                str(one["type"]),
                {key: value for key, (_, value) in last.items()},
            )
        for one in document["events"]:
            told.events.append(
                (
                    str(one["type"]),
                    str(one["time"]),
                    {str(each["name"]): str(each["value"]) for each in one.get("attributes") or ()},
                    [str(each["objectId"]) for each in one.get("relationships") or ()],
                )
            )
    except (*BROKEN, ValueError, KeyError, TypeError, AttributeError, RecursionError) as broken:
        raise LogUnreadable(
            file=path.name, why=f"not OCEL 2.0 as JSON: {type(broken).__name__} {str(broken)[:200]}"
        ) from None
    return told.log(path, object_type)


def read_sqlite(path: Path, object_type: str | None, most_bytes: int | None = None) -> EventLog:
    checked_size(path.stat().st_size, path, most_bytes)
    told = _Told()
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as base:
            base.row_factory = sqlite3.Row
            for kind, mapped in base.execute(
                "SELECT ocel_type, ocel_type_map FROM object_map_type"
            ).fetchall():
                rows = base.execute(f"SELECT * FROM {_table('object_', mapped)} ORDER BY rowid").fetchall()  # noqa: S608
                # Where nothing of a type ever changed, some programs leave the column out.
                for row in sorted(
                    rows,
                    key=lambda row: str(row["ocel_time"] or "") if "ocel_time" in row.keys() else "",  # noqa: SIM118
                ):
                    known = told.objects.setdefault(str(row["ocel_id"]), (str(kind), {}))[1]
                    for key in row.keys():  # noqa: SIM118
                        if key not in ("ocel_id", "ocel_time", "ocel_changed_field") and row[key] is not None:
                            known[key] = str(row[key])
            for one, kind in base.execute("SELECT ocel_id, ocel_type FROM object").fetchall():
                told.objects.setdefault(str(one), (str(kind), {}))
            about: dict[str, list[str]] = {}
            for event, one in base.execute(
                "SELECT ocel_event_id, ocel_object_id FROM event_object ORDER BY rowid"
            ):
                about.setdefault(str(event), []).append(str(one))
            # Each type has a table of its own; of the same instant, events stay as the table of all has them.
            place = {
                str(one): number
                for number, (one,) in enumerate(base.execute("SELECT ocel_id FROM event ORDER BY rowid"))
            }
            placed: list[tuple[int, tuple[str, str, dict[str, str], list[str]]]] = []
            for kind, mapped in base.execute(
                "SELECT ocel_type, ocel_type_map FROM event_map_type"
            ).fetchall():
                for row in base.execute(f"SELECT * FROM {_table('event_', mapped)} ORDER BY rowid"):  # noqa: S608
                    attributes = {
                        key: str(row[key])
                        for key in row.keys()  # noqa: SIM118
                        if key not in ("ocel_id", "ocel_time") and row[key] is not None
                    }
                    one = str(row["ocel_id"])
                    event = (str(kind), str(row["ocel_time"]), attributes, about.get(one, []))
                    placed.append((place.get(one, len(place)), event))
            told.events = [event for _, event in sorted(placed, key=itemgetter(0))]
    except (sqlite3.Error, IndexError, TypeError, ValueError) as broken:
        raise LogUnreadable(file=path.name, why=f"not OCEL 2.0 as SQLite: {broken}") from None
    return told.log(path, object_type)


def _table(prefix: str, mapped: str) -> str:
    return '"' + f"{prefix}{mapped}".replace('"', '""') + '"'


class _XmlReader:
    def __init__(self) -> None:
        self.told = _Told()
        self.inside = ""
        self.one: dict[str, str] = {}
        self.attributes: dict[str, tuple[str, str]] = {}
        self.about: list[str] = []
        self.attribute: tuple[str, str] | None = None
        self.value = ""
        self.logs = 0

    def start(self, name: str, given: dict[str, str]) -> None:
        if name == "log":
            self.logs += 1
        elif name in ("object-types", "event-types", "objects", "events") and not self.one:
            self.inside = name
        elif (name, self.inside) in (("object", "objects"), ("event", "events")) and not self.one:
            self.one, self.attributes, self.about = dict(given), {}, []
        elif name == "attribute" and self.one:
            self.attribute, self.value = (given.get("name", ""), given.get("time", "")), ""
        elif name in ("relationship", "object") and self.inside == "events" and "object-id" in given:
            self.about.append(given["object-id"])

    def text(self, words: str) -> None:
        if self.attribute is not None:
            self.value += words

    def end(self, name: str) -> None:
        if name == "attribute" and self.attribute is not None:
            key, at = self.attribute
            if key not in self.attributes or at >= self.attributes[key][0]:
                self.attributes[key] = (at, self.value)
            self.attribute = None
        elif (
            self.one
            and (name, self.inside) in (("object", "objects"), ("event", "events"))
            and (name == "event" or "object-id" not in self.one)
        ):
            values = {key: value for key, (_, value) in self.attributes.items()}
            if name == "object":
                self.told.objects[self.one.get("id", "")] = (self.one.get("type", ""), values)
            else:
                self.told.events.append(
                    (self.one.get("type", ""), self.one.get("time", ""), values, self.about)
                )
            self.one = {}


def read_xml(path: Path, object_type: str | None, most_bytes: int | None = None) -> EventLog:
    reader = _XmlReader()
    parse(path, reader, most_bytes)
    return reader.told.log(path, object_type)


def write_ocel(
    out: IO[str],
    objects: Iterable[tuple[str, str, dict[str, Any]]],
    events: Iterable[tuple[str, str, datetime, dict[str, Any], list[tuple[str, str]]]],
    *,
    object_attributes: dict[str, dict[str, str]],
    event_attributes: dict[str, dict[str, str]],
) -> int:
    """OCEL 2.0 as JSON, written piece by piece. Objects are id, type, attributes; events id, type, time, attributes, and the
    objects that they are about, each with its part in it. The types tell the kinds of their attributes. Returns how many events."""

    def types(told: dict[str, dict[str, str]]) -> list[dict[str, Any]]:
        return [
            {"name": name, "attributes": [{"name": key, "type": kind} for key, kind in attributes.items()]}
            for name, attributes in sorted(told.items())
        ]

    def dump(value: Any) -> str:
        return json.dumps(value, ensure_ascii=False)

    out.write(
        f'{{"objectTypes": {dump(types(object_attributes))},\n"eventTypes": {dump(types(event_attributes))},\n"objects": ['
    )
    first = True
    for identity, kind, attributes in objects:
        told = [
            {"name": key, "time": "1970-01-01T00:00:00Z", "value": _plain(value)}
            for key, value in attributes.items()
            if value is not None
        ]
        out.write(
            ("\n" if first else ",\n")
            + dump({"id": identity, "type": kind, "attributes": told, "relationships": []})
        )
        first = False
    out.write('],\n"events": [')
    written = 0
    for identity, kind, at, attributes, about in events:
        out.write(
            ("\n" if not written else ",\n")
            + dump(
                {
                    "id": identity,
                    "type": kind,
                    "time": instant(at),
                    "attributes": [
                        {"name": key, "value": _plain(value)}
                        for key, value in attributes.items()
                        if value is not None
                    ],
                    "relationships": [{"objectId": one, "qualifier": part} for one, part in about],
                }
            )
        )
        written += 1
    out.write("]}\n")
    return written


def _plain(value: Any) -> Any:
    return instant(value) if isinstance(value, datetime) else value
