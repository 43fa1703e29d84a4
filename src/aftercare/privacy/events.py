"""What is told of privacy."""

from typing import ClassVar
from uuid import UUID

from aftercare.journal import Fact


class CustomerErased(Fact):
    """What told who the customer is, and what was said, is gone; receivers of webhooks erase their copies on hearing of it."""

    name: ClassVar[str] = "customer.erased"
    customer_id: UUID
    erasure_id: UUID


class CustomerExported(Fact):
    """A copy of what is held about the customer was handed out."""

    name: ClassVar[str] = "customer.exported"
    customer_id: UUID
