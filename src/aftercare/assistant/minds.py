"""Which model answers: the promoted one, else one learned from the sentences that come with the house."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Protocol
from uuid import UUID

from sqlalchemy import select

from aftercare.assistant import seed
from aftercare.assistant.classifier import Classifier, Guess, ModelUnreadable
from aftercare.assistant.model import Model, ModelState
from aftercare.assistant.shelf import ModelShelf
from aftercare.assistant.training import digest_of, train
from aftercare.journal import House, Work
from aftercare.trials import Who, variant_for

HOUSE_MODEL = "house"
ASSISTANT = "assistant"
"""As what its model is tried; a variant is {'version': …}."""


class Guesses(Protocol):
    def guess(self, text: str) -> Guess: ...
    def guesses(self, texts: Sequence[str]) -> list[Guess]: ...


@dataclass
class Mind:
    """A model by name, and the model itself. As a port of a house it answers instead of all others."""

    called: str
    classifier: Guesses


_known: dict[str, Mind] = {}
_lock = Lock()


async def mind_of(work: Work, shop_id: UUID | None = None, who: Who | None = None) -> Mind:
    """The one on trial for them, else the serving one. A model is read or learned once per process, beside the loop."""
    given: Mind | None = work.house.ports.get(Mind)
    if given is not None:
        return given
    tried = await variant_for(work, shop_id, ASSISTANT, who) if shop_id and who else None
    wanted = Model.state == ModelState.serving if tried is None else Model.version == int(tried["version"])
    row = await work.session.scalar(select(Model).where(Model.name == HOUSE_MODEL, wanted))
    shelf = shelf_of(work.house)
    if row is not None and shelf is not None:
        called = f"{row.name}.{row.version}"
        found = _known.get(called + row.digest) or await asyncio.to_thread(
            _read, shelf, row.name, row.version, row.digest
        )
        if found is not None:
            return found
    return await built_in(work.house)


def shelf_of(house: House) -> ModelShelf | None:
    found = house.ports.get(ModelShelf)
    return found if isinstance(found, ModelShelf) else None


async def built_in(house: House) -> Mind:
    """Learned within seconds from the house's own sentences, and kept on the shelf while they stay the same."""
    if "built-in" in _known:
        return _known["built-in"]
    return await asyncio.to_thread(_learn, shelf_of(house))


def _read(shelf: ModelShelf, name: str, version: int, digest: str) -> Mind | None:
    with _lock:
        try:
            found = shelf.get(name, version)
        except ModelUnreadable:
            return None
        if found is None or shelf.digest(name, version) != digest:
            return None
        mind = Mind(f"{name}.{version}", found)
        _known[mind.called + digest] = mind
        return mind


def _learn(shelf: ModelShelf | None) -> Mind:
    with _lock:
        if "built-in" in _known:
            return _known["built-in"]
        examples, _ = seed.kept_back(seed.examples())
        digest = digest_of(examples)
        found: Classifier | None = None
        if shelf is not None:
            try:
                found = shelf.get("built-in")
            except ModelUnreadable:
                found = None
        if found is None or found.about.get("digest") != digest:
            found = train(examples)
            if shelf is not None:
                shelf.put("built-in", found)
        _known["built-in"] = Mind("built-in", found)
        return _known["built-in"]
