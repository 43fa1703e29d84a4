"""Actors: whoever does something, and how far they may see."""

from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID


class ActorKind(StrEnum):
    customer = "customer"
    staff = "staff"
    integration = "integration"
    system = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """`shops` is None for one who sees every shop (the system, the owner of the group). `customers` are the customer
    records that a customer has proven to be; staff have none. `scope` narrows a person: it is the set of permissions."""

    kind: ActorKind
    id: UUID | None = None
    shops: frozenset[UUID] | None = frozenset()
    permissions: frozenset[str] = frozenset()
    customers: frozenset[UUID] = frozenset()
    role: str = ""
    locale: str = "zh-CN"
    session_id: UUID | None = field(default=None, compare=False)

    def may(self, permission: str) -> bool:
        return self.kind is ActorKind.system or permission in self.permissions

    def sees(self, shop_id: UUID) -> bool:
        return self.shops is None or shop_id in self.shops

    @property
    def shops_setting(self) -> str:
        """The value of `aftercare.shops` for this actor's transactions."""
        return "*" if self.shops is None else ",".join(sorted(str(shop) for shop in self.shops))


SYSTEM = Actor(kind=ActorKind.system, shops=None, role="system")
NOBODY = Actor(kind=ActorKind.customer)
