"""Where the models lie: one file for each name and version in the home folder."""

import hashlib
from pathlib import Path


class ForesightShelf:
    def __init__(self, home: Path) -> None:
        self.folder = home / "foresight"

    def put(self, name: str, version: int, told: bytes) -> str:
        """Returns its digest. The file is there as a whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self._path(name, version)
        half = path.with_suffix(".half")
        half.write_bytes(told)
        half.replace(path)
        return hashlib.sha256(told).hexdigest()

    def get(self, name: str, version: int, digest: str) -> bytes | None:
        """None when it is not there or is not what was put there."""
        try:
            told = self._path(name, version).read_bytes()
        except FileNotFoundError:
            return None
        return told if hashlib.sha256(told).hexdigest() == digest else None

    def _path(self, name: str, version: int) -> Path:
        return self.folder / f"{name}.{version}.json"
