"""The launcher of our own PostgreSQL: made once, adopted, shared, revived, and never in the way of Ctrl-C."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from aftercare.kit import cluster

HOLDER = """
import sys, time
from pathlib import Path
from aftercare.kit import cluster
held = cluster.start(Path(sys.argv[1]), durable=False)
try:
    print(held.pid, flush=True)
    time.sleep(600)
except KeyboardInterrupt:
    assert held.psql("SELECT 1") == "1\\n", "the server must outlive Ctrl-C until we stop it"
    held.stop()
    print("stopped", flush=True)
"""


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that everybody may pass, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="aftercare-cluster-"))
    folder.chmod(0o755)
    yield folder
    if (folder / "postgres").exists():
        cluster.start(folder, durable=False).discard()
    shutil.rmtree(folder)


def holder(home: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(home)], stdout=subprocess.PIPE, text=True, start_new_session=True
    )


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def alive(pid: int | None) -> bool:
    return (
        bool(pid)
        and Path(f"/proc/{pid}/cmdline").exists()
        and bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    )


def test_first_start_makes_it_and_the_next_keeps_the_data(home: Path) -> None:
    with cluster.start(home) as first:
        first.ensure_database("shop")
        first.ensure_database("shop")
        first.psql("CREATE TABLE parcel (code text); INSERT INTO parcel VALUES ('退货 1')", database="shop")
        assert first.psql("SHOW synchronous_commit; SHOW fsync; SHOW max_connections") == "on\non\n200\n"
    assert first.pid is None
    with cluster.start(home) as second:
        assert second.psql("SELECT code FROM parcel", database="shop") == "退货 1\n"


def test_chinese_is_text_and_not_bytes(home: Path) -> None:
    with cluster.start(home, durable=False) as held:
        held.psql("CREATE EXTENSION pg_trgm")
        assert held.psql("SELECT upper('é'), length('退货'), show_trgm('退货') <> '{}'") == "É|2|t\n"


def test_the_url_leads_sqlalchemy_there_under_any_role(home: Path) -> None:
    with cluster.start(home, durable=False) as held:
        held.psql('CREATE ROLE "desk clerk" LOGIN')
        held.ensure_database("a b/c")

        async def who(url: str) -> tuple[str, str]:
            engine = create_async_engine(url)
            async with engine.connect() as connection:
                row = (await connection.execute(text("SELECT current_user, current_database()"))).one()
            await engine.dispose()
            return row[0], row[1]

        assert asyncio.run(who(held.url("postgres"))) == ("postgres", "postgres")
        assert asyncio.run(who(held.url("a b/c", role="desk clerk"))) == ("desk clerk", "a b/c")


def test_it_is_not_on_the_network_and_its_files_are_closed(home: Path) -> None:
    with cluster.start(home, durable=False) as held:
        assert held.psql("SHOW listen_addresses") == "\n"
        place = (home / "postgres" / "place").resolve()
        assert [oct((place / name).stat().st_mode & 0o777) for name in (".", "data", "socket")] == [
            "0o700"
        ] * 3
        assert place.stat().st_uid != 0


def test_the_last_one_to_stop_ends_it(home: Path) -> None:
    first, second = cluster.start(home, durable=False), cluster.start(home, durable=False)
    pid = first.pid
    assert second.pid == pid
    first.stop()
    first.stop()
    assert alive(pid)
    second.stop()
    assert not alive(pid)


def test_a_server_left_by_a_killed_parent_is_adopted(home: Path) -> None:
    with holder(home) as parent:
        pid = int(line_of(parent))
        os.killpg(parent.pid, signal.SIGKILL)
    assert alive(pid)
    with cluster.start(home, durable=False) as held:
        assert held.pid == pid
    assert not alive(pid)


def test_ctrl_c_reaches_us_and_not_the_server(home: Path) -> None:
    with holder(home) as parent:
        pid = int(line_of(parent))
        os.killpg(parent.pid, signal.SIGINT)
        assert line_of(parent) == "stopped"
    assert not alive(pid)


def test_ctrl_c_while_it_starts_leaves_nothing_running(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bring_up = cluster._bring_up

    def interrupted(one: cluster.Cluster) -> Path:
        bring_up(one)
        raise KeyboardInterrupt

    monkeypatch.setattr(cluster, "_bring_up", interrupted)
    with pytest.raises(KeyboardInterrupt):
        cluster.start(home, durable=False)
    assert not (home / "postgres" / "place" / "data" / "postmaster.pid").exists()
    monkeypatch.undo()
    with cluster.start(home, durable=False) as again:
        assert again.psql("SELECT 1") == "1\n"


def test_many_may_start_it_at_once(home: Path) -> None:
    starters = [holder(home) for _ in range(4)]
    pids = {int(line_of(starter)) for starter in starters}
    for starter in starters:
        starter.send_signal(signal.SIGINT)
        with starter:
            assert line_of(starter) == "stopped"
    assert len(pids) == 1
    assert not alive(pids.pop())


def test_a_killed_server_is_revived_with_what_was_committed(home: Path) -> None:
    with cluster.start(home) as held:
        url = held.url("postgres")
        assert held.revive() is False
        held.psql("CREATE TABLE refund (cents int); INSERT INTO refund VALUES (1999)")
        killed = held.pid
        assert killed
        os.kill(killed, signal.SIGKILL)
        while alive(killed):
            time.sleep(0.01)
        assert held.revive() is True
        assert (held.url("postgres"), held.psql("SELECT cents FROM refund")) == (url, "1999\n")


def test_a_pid_that_went_to_somebody_else_is_no_server(home: Path) -> None:
    with cluster.start(home) as held:
        file = (home / "postgres" / "place").resolve() / "data" / "postmaster.pid"
        killed = held.pid
        assert killed
        os.kill(killed, signal.SIGKILL)
        while alive(killed):
            time.sleep(0.01)
    with subprocess.Popen(
        ["/bin/sleep", "600"], user=file.stat().st_uid if os.geteuid() == 0 else None
    ) as other:
        file.write_text(file.read_text().replace(str(killed), str(other.pid), 1))
        with cluster.start(home) as held:
            assert held.psql("SELECT 1") == "1\n"
        assert other.poll() is None
        other.kill()


def test_initdb_that_was_killed_half_way_is_begun_anew(home: Path) -> None:
    cluster.start(home, durable=False).stop()
    place = (home / "postgres" / "place").resolve()
    (place / "data").rename(place / "data.new")
    (place / "data.new" / "PG_VERSION").unlink()
    with cluster.start(home, durable=False) as held:
        assert held.psql("SELECT 1") == "1\n"
    assert not (place / "data.new").exists()


@pytest.mark.parametrize("name", ["深圳 仓库: é", "x" * 100])
def test_a_home_that_no_socket_fits_in(home: Path, name: str) -> None:
    with cluster.start(home / name, durable=False) as held:
        again = cluster.start(home / name, durable=False)
        assert again.url("postgres") == held.url("postgres")
        again.stop()
        url = held.url("postgres").replace("+asyncpg", "")

        async def one() -> object:
            connection = await asyncpg.connect(url)
            answer = await connection.fetchval("SELECT 1")
            await connection.close()
            return answer

        assert asyncio.run(one()) == 1
        folder = held.socket_folder
        held.discard()
    assert not folder.exists()


def test_a_machine_that_lets_nobody_write_to_tmp(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "SHORT_PLACES", ("/proc", "/var/tmp"))
    with cluster.start(home / "售后", durable=False) as elsewhere:
        assert elsewhere.socket_folder.parent == Path("/var/tmp")
        elsewhere.discard()
    monkeypatch.setattr(cluster, "SHORT_PLACES", ("/proc",))
    with pytest.raises(cluster.ClusterUnavailable, match="set AFTERCARE_HOME to a folder with a short name"):
        cluster.start(home / "保修", durable=False)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has homes that others cannot reach")
def test_a_home_that_only_root_may_enter(home: Path) -> None:
    home.chmod(0o700)
    with cluster.start(home, durable=False) as held:
        place = home / "postgres" / "place"
        assert place.is_symlink()
        assert place.resolve().parent in cluster.SHELTERS
        assert place.resolve().stat().st_uid == (place / "data").stat().st_uid != 0
        assert home.stat().st_mode & 0o777 == 0o700
        shelter = place.resolve()
        held.discard()
    assert not shelter.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a second user")
def test_binaries_that_only_root_may_read_are_copied(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = cluster._binaries_of_the_wheel().parents[1]
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    shutil.copytree(package / "pginstall", closed / package.name / "pginstall", symlinks=True)
    shutil.copytree(package.with_name(f"{package.name}.libs"), closed / f"{package.name}.libs")
    binaries = closed / package.name / "pginstall" / "bin"
    monkeypatch.setattr(cluster, "_binaries_of_the_wheel", lambda: binaries)
    with cluster.start(home, durable=False) as held:
        copied = held.program("postgres").parents[3]
        assert copied.parent in cluster.SHELTERS
        assert held.psql("SELECT 1") == "1\n"
    shutil.rmtree(copied)


def test_another_version_s_data_is_refused_in_words(home: Path) -> None:
    cluster.start(home, durable=False).stop()
    version = home / "postgres" / "place" / "data" / "PG_VERSION"
    version.write_text("17\n")
    with pytest.raises(cluster.ClusterUnavailable, match=r"was made by PostgreSQL 17, the binaries are 18"):
        cluster.start(home, durable=False)
    version.write_text("18\n")


def test_a_server_that_does_not_start_shows_its_log(home: Path) -> None:
    cluster.start(home, durable=False).stop()
    settings = home / "postgres" / "place" / "data" / "postgresql.conf"
    said = settings.read_text()
    settings.write_text("nonsense = 1\n")
    with pytest.raises(cluster.ClusterUnavailable, match='unrecognized configuration parameter "nonsense"'):
        cluster.start(home, durable=False)
    settings.write_text(said)


@pytest.mark.skipif(
    not Path("/usr/lib/postgresql/15/bin/postgres").exists(), reason="no PostgreSQL 15 of Debian"
)
def test_the_systems_binaries_serve_too(home: Path) -> None:
    with cluster.start(home, durable=False, binaries=Path("/usr/lib/postgresql/15/bin")) as held:
        assert held.psql("SHOW server_version_num").startswith("15")
        assert held.psql("SELECT upper('é')") == "É\n"
        held.discard()


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="the system tells of processes without /proc")
def test_a_program_that_takes_anothers_place_is_alive_all_the_while(tmp_path: Path) -> None:
    """What is asked for while the shell becomes PostgreSQL: one look in twenty at the command line finds it empty."""
    again = tmp_path / "again"
    again.write_text('#!/bin/sh\nexec "$0"\n')
    again.chmod(0o755)
    process = subprocess.Popen([again])
    try:
        assert all(cluster._alive(process.pid) for _ in range(5000))
    finally:
        process.kill()
    ended = time.monotonic() + 5
    while cluster._alive(process.pid) and time.monotonic() < ended:
        time.sleep(0.001)
    assert not cluster._alive(process.pid), "nobody has waited for it yet, and it is over all the same"
    process.wait()
    assert not cluster._alive(process.pid)
