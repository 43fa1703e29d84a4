"""Facts: what happened, as a frozen class with an explicit name, stated by the verb that did it."""

from collections.abc import Iterator
from typing import Any, ClassVar, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict

FACTS: dict[str, type["Fact"]] = {}
"""The catalogue: every fact's class by its name."""


class Fact(BaseModel):
    """One thing that happened. Every field that ends in `_id` is an object that it is about; the first of them (other
    than the shop) is its subject, and keeps a reaction's facts in order. Ids, codes, amounts and days only: words and
    people stay in their own tables, so that erasing a person never touches the log."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: ClassVar[str]
    public: ClassVar[bool] = False
    """Whether the customer may see it on the timeline."""

    shop_id: UUID | None = None

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        known = FACTS.setdefault(cls.name, cls)
        if known is not cls and known.__qualname__ != cls.__qualname__:
            raise TypeError(f"two facts are called {cls.name}: {known.__qualname__} and {cls.__qualname__}")

    def objects(self) -> Iterator[tuple[str, UUID]]:
        """(kind, id) of every object that the fact is about, the shop excepted (it has a column of its own)."""
        for field in type(self).model_fields:
            if field.endswith("_id") and field != "shop_id":
                value = getattr(self, field)
                if isinstance(value, UUID):
                    yield field.removesuffix("_id"), value

    def subject(self, field: str | None = None) -> UUID | None:
        """The object under which a reaction keeps its facts in order: `field`, else the first one named."""
        if field is not None:
            value = getattr(self, field, None)
            return value if isinstance(value, UUID) else None
        return next((identity for _, identity in self.objects()), self.shop_id)

    def data(self) -> dict[str, Any]:
        """As it lies in the journal: JSON, without the shop, which has a column."""
        return self.model_dump(mode="json", exclude={"shop_id"}, exclude_none=True)

    @classmethod
    def read(cls, data: dict[str, Any], shop_id: UUID | None) -> Self:
        return cls.model_validate({**data, "shop_id": shop_id})


class Recorded(BaseModel):
    """A fact as it stands in the journal."""

    model_config = ConfigDict(frozen=True)

    position: int
    transaction: int
    at: Any
    name: str
    actor_kind: str
    actor_id: UUID | None
    shop_id: UUID | None
    cause: int | None
    request_id: str | None
    data: dict[str, Any]

    def fact(self) -> Fact:
        return FACTS[self.name].read(self.data, self.shop_id)
