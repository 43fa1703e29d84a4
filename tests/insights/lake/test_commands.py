"""`aftercare insight refresh` and `export`, and what the program loads before somebody asks."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.csv
import pyarrow.parquet
import pytest

from aftercare.cli import main
from aftercare.journal import House
from tests import given


async def test_tables_are_written_for_others(own_house: House, tmp_path: Path) -> None:
    """In a process of its own, as everybody calls it."""
    shop = await given.a_shop(own_house)
    for _ in range(3):
        await given.an_order(own_house, shop)
    surroundings = {
        **os.environ, "AFTERCARE_HOME": str(tmp_path), "AFTERCARE_DATABASE_URL": own_house.database.url,
    }  # fmt: skip

    def insight(*words: str) -> tuple[int, str, str]:
        done = subprocess.run(
            [sys.executable, "-m", "aftercare", "insight", *words],
            env=surroundings,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    code, said, _ = insight("refresh")
    assert code == 0
    assert said.startswith("Everything anew: ")
    code, said, _ = insight("export", str(tmp_path / "out"), "--table", "orders", "--table", "shops")
    assert code == 0
    assert [line.split()[1:4:2] for line in said.splitlines() if "orders" in line] == [["orders", "3"]]
    assert pyarrow.parquet.read_table(tmp_path / "out" / "orders.parquet").num_rows == 3
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["orders.parquet", "shops.parquet"]
    assert insight("export", str(tmp_path / "out"), "--as", "csv", "--table", "orders")[0] == 0
    rows = pyarrow.csv.read_csv(tmp_path / "out" / "orders.csv").to_pylist()
    assert [row["total_cents"] for row in rows] == [29_900, 29_900, 29_900]


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ([], 1, "Nothing has been copied yet"),
        (["--as", "xml"], 2, "Not known: xml; parquet or csv."),
        (["--table", "secrets"], 2, "Not known: secrets. Known: facts, shops, accounts,"),
    ],
)
def test_what_cannot_be_written(
    words: list[str],
    code: int,
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("AFTERCARE_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["aftercare", "insight", "export", str(tmp_path / "out"), *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == code
    assert capsys.readouterr().err.startswith(told)
    assert not (tmp_path / "out").exists()


def test_what_counts_is_loaded_when_somebody_asks() -> None:
    """A start takes neither their time nor their memory."""
    script = (
        "import json, sys, aftercare.app, aftercare.worker;"
        "print(json.dumps(sorted({'duckdb', 'ibis', 'pyarrow', 'adbc_driver_postgresql', 'pandas', 'pyspark'} & set(sys.modules))))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
