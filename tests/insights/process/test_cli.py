"""`aftercare insight map|variants|conform|compare|outlook|export-log` on files, in processes of their own."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path


def insight(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "aftercare", "insight", *words],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def a_file(folder: Path) -> str:
    path = folder / "log.csv"
    lines = ["Case ID,Activity,Timestamp,Resource,channel"]
    for number in range(24):
        slow = number % 2 == 0
        for place, (activity, minute) in enumerate(
            (("ask", 0), ("answer", 50 if slow else 5), ("close", 60 if slow else 9))
        ):
            lines.append(
                f"{number},{activity},2026-03-{number + 1:02d} {12 + minute // 60:02d}:{minute % 60:02d}:00,{'mei' if place == 1 else ''},"
                f"{'mail' if slow else 'chat'}"
            )
    path.write_text("\n".join(lines))
    return str(path)


def test_the_map_as_table_json_csv_and_dot(tmp_path: Path) -> None:
    file, dot = a_file(tmp_path), tmp_path / "map.dot"
    told = insight("map", file, "--dot", str(dot))
    assert told.returncode == 0, told.stderr
    assert "24 cases, 72 events, 2 ways from one to the next." in told.stdout
    assert "digraph" in dot.read_text()
    as_json = json.loads(insight("map", file, "--json").stdout)
    assert [(edge["from_"], edge["to"], edge["count"]) for edge in as_json["edges"]] == [
        ("answer", "close", 24),
        ("ask", "answer", 24),
    ]
    as_csv = list(csv.DictReader(io.StringIO(insight("map", file, "--csv").stdout)))
    assert [row["median"] for row in as_csv] == ["420.0", "1650.0"]


def test_variants_conform_compare_outlook_and_export(tmp_path: Path) -> None:
    file = a_file(tmp_path)
    assert json.loads(insight("variants", file, "--json").stdout)["all"] == 1
    model = tmp_path / "model.csv"
    model.write_text("from,to,within\n,ask,\nask,answer,30m\nanswer,close,\nclose,,\n")
    conform = json.loads(insight("conform", file, "--model", str(model), "--json").stdout)
    assert (
        conform["conforming"],
        [(one["kind"], one["cases"], one["people"]) for one in conform["deviations"]],
    ) == (
        12,
        [("late", 12, [["mei", 12]])],
    )
    compare = json.loads(insight("compare", file, "--late", "30m", "--json").stdout)
    assert (compare["first"], compare["second"]) == (12, 12)
    assert compare["causes"]["factors"][0]["attribute"] == "channel"
    outlook = insight("outlook", file)
    assert "0 open cases" in outlook.stdout
    out = tmp_path / "out.xes.gz"
    assert insight("export-log", str(out), file).returncode == 0
    assert json.loads(insight("map", str(out), "--json").stdout)["events"] == 72


def test_a_bad_file_is_a_refusal_in_words(tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("a,b\n1,2\n")
    told = insight("map", str(bad))
    assert (told.returncode, told.stdout) == (1, "")
    assert "which column is the case, the activity, the time?" in told.stderr
    assert "Traceback" not in told.stderr
    missing = insight("map", str(tmp_path / "none.xes"))
    assert (missing.returncode, "there is no such file" in missing.stderr) == (1, True)
    assert insight("compare", str(bad)).returncode == 2
    long = insight("compare", str(bad), "--late", "banana")
    assert (long.returncode, "is no length of time; write 90s, 15m, 36h, 7d" in long.stderr) == (2, True)
    assert insight("export-log", str(tmp_path / "out.txt"), str(bad)).returncode == 2
