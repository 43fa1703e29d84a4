"""What is written down about notices: that they were planned and what became of them. Never their words or addresses."""

from typing import ClassVar
from uuid import UUID

from aftercare.journal import Fact


class NoticePlanned(Fact):
    """A change asks for this notice; told in the transaction of the change itself. Again when staff have it sent again."""

    name: ClassVar[str] = "notice.planned"
    notice_id: UUID


class NoticeSent(Fact):
    """The mail server has taken it."""

    name: ClassVar[str] = "notice.sent"
    notice_id: UUID
    claim_id: UUID | None = None
    case_id: UUID | None = None
    customer_id: UUID | None = None
    template: str


class NoticeSuppressed(Fact):
    """The customer has no e-mail address: it stands in the portal alone."""

    name: ClassVar[str] = "notice.suppressed"
    notice_id: UUID
    claim_id: UUID | None = None
    case_id: UUID | None = None
    customer_id: UUID | None = None
    template: str


class NoticeFailed(Fact):
    """It will not arrive by mail unless somebody does something; `bounced`: because of the address."""

    name: ClassVar[str] = "notice.failed"
    notice_id: UUID
    claim_id: UUID | None = None
    case_id: UUID | None = None
    customer_id: UUID | None = None
    template: str
    bounced: bool


class NoticeRead(Fact):
    """The customer opened it in the portal."""

    name: ClassVar[str] = "notice.read"
    notice_id: UUID
    customer_id: UUID | None = None


class TemplateSet(Fact):
    """A shop has words of its own for a template."""

    name: ClassVar[str] = "notice_template.set"
    notice_template_id: UUID
    template: str
    locale: str


class TemplateRemoved(Fact):
    """The shop goes back to the built-in words."""

    name: ClassVar[str] = "notice_template.removed"
    notice_template_id: UUID
    template: str
    locale: str


class TemplateBroke(Fact):
    """A shop's own words could not be filled in; the built-in ones were used instead."""

    name: ClassVar[str] = "notice_template.broke"
    notice_template_id: UUID
    notice_id: UUID
    template: str
    locale: str
