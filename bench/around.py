"""What is done once: an import, the demo, a start; and how much script a browser loads."""

import gzip
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from bench.ground import Ground, free_port

WEB = Path(__file__).parents[1] / "src" / "aftercare" / "web"
SECONDS_TO_WAIT = 600


@dataclass
class Result:
    what: str
    measured: float
    unit: str
    allowed: float | None


def _timed(*command: str, **surroundings: str) -> float:
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "aftercare", *command],
        env={**os.environ, **surroundings},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"aftercare {' '.join(command)}: {done.stdout[-500:]}{done.stderr[-1500:]}")
    return round(time.monotonic() - began, 1)


def measure_import(ground: Ground, folder: Path) -> list[Result]:
    database = "bench_olist"
    ground.drop(database)
    ground.make(database)
    try:
        took = _timed(
            "import",
            "olist",
            str(folder),
            AFTERCARE_DATABASE_URL=ground.url(database),
            AFTERCARE_HOME=str(ground.home / "home"),
        )
    finally:
        ground.drop(database)
    return [Result("import of the Olist set", took, "s", 15)]


def _answers_after(port: int, home: Path) -> float:
    """Seconds from the command to the first answer of `aftercare demo`; it is stopped again."""
    began = time.monotonic()
    # Bytecode is kept, as it is wherever the program was installed.
    without = ("AFTERCARE_DATABASE_URL", "PYTHONDONTWRITEBYTECODE")
    surroundings = {name: value for name, value in os.environ.items() if name not in without}
    with tempfile.TemporaryFile() as said:
        demo = subprocess.Popen(
            [sys.executable, "-m", "aftercare", "demo", "--port", str(port)],
            env={**surroundings, "AFTERCARE_HOME": str(home)},
            stdout=said,
            stderr=said,
        )
        try:
            while time.monotonic() - began < SECONDS_TO_WAIT:
                if demo.poll() is not None:
                    said.seek(0)
                    raise RuntimeError(said.read().decode(errors="replace")[-1500:])
                try:
                    with urlopen(f"http://127.0.0.1:{port}/health", timeout=1):
                        return round(time.monotonic() - began, 1)
                except (URLError, OSError):
                    time.sleep(0.05)
            raise RuntimeError("the demo does not answer")
        finally:
            demo.terminate()
            demo.wait(60)


def measure_demo() -> list[Result]:
    home = Path(tempfile.mkdtemp(prefix="aftercare-bench-demo-"))
    home.chmod(0o755)
    try:
        first = _answers_after(free_port(), home)
        second = _answers_after(free_port(), home)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return [Result("demo from nothing", first, "s", 90), Result("demo again", second, "s", 5)]


def measure_web() -> list[Result]:
    """What each face loads first: its scripts and what they import at once, compressed."""
    allowed = {"portal": 150.0}
    results = []
    for page in sorted(WEB.glob("*.html")):
        scripts = set(re.findall(r'(?:src|href)="/?([^"]+\.js)"', page.read_text()))
        known: set[str] = set()
        while scripts:
            one = scripts.pop()
            path = WEB / one.lstrip("/")
            if one in known or not path.is_file():
                continue
            known.add(one)
            source = path.read_text()
            static = re.findall(
                r'(?:^|[;}\s])import(?:[^"\'();]*?from)?\s*["\']\./([^"\']+\.js)["\']', source
            )
            scripts |= {f"{Path(one).parent}/{name}" for name in static}
        bytes_ = sum(len(gzip.compress((WEB / one.lstrip("/")).read_bytes(), 9)) for one in known)
        results.append(
            Result(f"first script of {page.stem}", round(bytes_ / 1024, 1), "KB gzip", allowed.get(page.stem))
        )
    return results
