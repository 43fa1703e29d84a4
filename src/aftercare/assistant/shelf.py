"""Where models lie: one file per name and version in the home folder, the newest version last."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from aftercare.assistant.classifier import Classifier
from aftercare.assistant.replies import ReplyChooser
from aftercare.kit.errors import Invalid

NAME = re.compile(r"[a-z][a-z0-9_-]{0,60}")


class ModelNameNotPossible(Invalid):
    """A model's name has small letters, digits, - and _."""


@dataclass(frozen=True)
class KeptModel:
    name: str
    version: int
    path: Path
    digest: str


class ModelShelf:
    def __init__(self, home: Path) -> None:
        self.folder = home / "models"

    def path(self, name: str, version: int) -> Path:
        """Refuses with ModelNameNotPossible."""
        if not NAME.fullmatch(name):
            raise ModelNameNotPossible(name=name)
        return self.folder / f"{name}.{version}.model"

    def versions(self, name: str) -> list[int]:
        pattern = re.compile(rf"{re.escape(name)}\.(\d+)\.model")
        found = (pattern.fullmatch(path.name) for path in self.folder.glob("*.model"))
        return sorted(int(match.group(1)) for match in found if match)

    def put(self, name: str, model: Classifier | ReplyChooser) -> KeptModel:
        version = max(self.versions(name), default=0) + 1
        path = self.path(name, version)
        return KeptModel(name, version, path, model.write(path))

    def digest(self, name: str, version: int) -> str:
        return hashlib.sha256(self.path(name, version).read_bytes()).hexdigest()

    def get(self, name: str, version: int | None = None) -> Classifier | None:
        """That version, or the newest. Refuses with ModelUnreadable."""
        found = self._find(name, version)
        return Classifier.read(found) if found else None

    def replies(self, name: str, version: int | None = None) -> ReplyChooser | None:
        """That version, or the newest. Refuses with ModelUnreadable."""
        found = self._find(name, version)
        return ReplyChooser.read(found) if found else None

    def _find(self, name: str, version: int | None) -> Path | None:
        known = self.versions(name)
        wanted = version if version is not None else max(known, default=None)
        return self.path(name, wanted) if wanted is not None and wanted in known else None
