"""What is told of cases."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from aftercare.cases.escalation.model import Doing
from aftercare.cases.model import Closing, DeskKind, HeldBecause, Priority, Stage, Status, Step
from aftercare.conversations import Channel
from aftercare.journal import Fact

How = Literal["taken", "assigned", "handed_over", "automatic"]


class CaseOpened(Fact):
    name: ClassVar[str] = "case.opened"
    public: ClassVar[bool] = True
    case_id: UUID
    thread_id: UUID
    customer_id: UUID | None = None
    order_id: UUID | None = None
    channel: Channel
    number: str


class CaseAssigned(Fact):
    name: ClassVar[str] = "case.assigned"
    case_id: UUID
    account_id: UUID
    from_account_id: UUID | None = None
    how: How


class CaseReleased(Fact):
    """It lies in the shared queue again."""

    name: ClassVar[str] = "case.released"
    case_id: UUID
    account_id: UUID


class CaseStageSet(Fact):
    name: ClassVar[str] = "case.stage_set"
    public: ClassVar[bool] = True
    case_id: UUID
    customer_id: UUID | None = None
    stage: Stage
    before: Stage


class CasePrioritySet(Fact):
    name: ClassVar[str] = "case.priority_set"
    case_id: UUID
    priority: Priority
    before: Priority


class CaseEscalated(Fact):
    """A clock of the case, or of what is linked to it, warned or ran out; people are to look."""

    name: ClassVar[str] = "case.escalated"
    case_id: UUID
    clock_id: UUID
    clock: str
    step: Step
    priority: Priority


class CaseStepTaken(Fact):
    """One step of an escalation rule was taken for a clock: the `nr`-th that its warning or its break set off."""

    name: ClassVar[str] = "case.step_taken"
    case_id: UUID
    clock_id: UUID
    clock: str
    step: Step
    nr: int
    did: Doing
    told: int = 0
    """How many people heard of it."""


class EscalationRuleSet(Fact):
    """What is done when a clock warns or breaks; without a shop in the whole house."""

    name: ClassVar[str] = "escalation_rule.set"
    escalation_rule_id: UUID
    clock: str
    version: int
    steps: int


class EscalationRuleWithdrawn(Fact):
    """The house's rule holds again, or the default."""

    name: ClassVar[str] = "escalation_rule.withdrawn"
    escalation_rule_id: UUID
    clock: str


class CaseTagged(Fact):
    name: ClassVar[str] = "case.tagged"
    case_id: UUID
    added: list[str]
    removed: list[str]


class CaseSnoozed(Fact):
    """`until` empty: it is awake again."""

    name: ClassVar[str] = "case.snoozed"
    case_id: UUID
    until: datetime | None = None


class CaseLinked(Fact):
    name: ClassVar[str] = "case.linked"
    case_id: UUID
    object_kind: str
    object_id: UUID


class CaseSolved(Fact):
    name: ClassVar[str] = "case.solved"
    public: ClassVar[bool] = True
    case_id: UUID
    customer_id: UUID | None = None
    account_id: UUID | None = None
    """Its owner."""


class CaseClosed(Fact):
    name: ClassVar[str] = "case.closed"
    public: ClassVar[bool] = True
    case_id: UUID
    customer_id: UUID | None = None
    account_id: UUID | None = None
    closing: Closing


class CaseReopened(Fact):
    name: ClassVar[str] = "case.reopened"
    public: ClassVar[bool] = True
    case_id: UUID
    customer_id: UUID | None = None
    account_id: UUID | None = None
    before: Status


class CaseEndingUndone(Fact):
    """It was called solved or closed by a slip, moments ago, and stands as it stood: that ending never was, and this is no
    reopening. With `status` solved only the closing is taken back."""

    name: ClassVar[str] = "case.ending_undone"
    public: ClassVar[bool] = True
    case_id: UUID
    customer_id: UUID | None = None
    account_id: UUID | None = None
    status: Status


class CaseMerged(Fact):
    """What was said in it goes on in another case."""

    name: ClassVar[str] = "case.merged"
    case_id: UUID
    into_case_id: UUID
    customer_id: UUID | None = None
    case_move_id: UUID


class CaseSplit(Fact):
    """A part of what was said is a matter of its own."""

    name: ClassVar[str] = "case.split"
    case_id: UUID
    new_case_id: UUID
    customer_id: UUID | None = None
    case_move_id: UUID


class CaseMoveUndone(Fact):
    """A merging or splitting was taken back."""

    name: ClassVar[str] = "case.move_undone"
    case_id: UUID
    into_case_id: UUID
    case_move_id: UUID


class CaseLinkMoved(Fact):
    """With a merging, or its undoing: the object belongs to another case now."""

    name: ClassVar[str] = "case.link_moved"
    case_id: UUID
    from_case_id: UUID
    object_kind: str
    object_id: UUID


class CaseSolutionApplied(Fact):
    """What solved other cases is what is done here."""

    name: ClassVar[str] = "case.solution_applied"
    case_id: UUID
    solution_id: UUID


class CaseSolutionRejected(Fact):
    name: ClassVar[str] = "case.solution_rejected"
    case_id: UUID
    solution_id: UUID


class CaseSolutionFailed(Fact):
    """Within seven days the case was opened again, or the customer asked about the same order once more."""

    name: ClassVar[str] = "case.solution_failed"
    case_id: UUID
    solution_id: UUID
    failing: Literal["reopened", "contacted_again"]


class MacroSet(Fact):
    name: ClassVar[str] = "macro.set"
    macro_id: UUID
    shared: bool


class MacroRemoved(Fact):
    name: ClassVar[str] = "macro.removed"
    macro_id: UUID


class MacroRun(Fact):
    """Several actions at once; each has its own fact beside this one."""

    name: ClassVar[str] = "macro.run"
    case_id: UUID
    macro_id: UUID
    account_id: UUID | None = None


class MessagePlanned(Fact):
    """An answer is to be sent later; also when its words or its time were changed."""

    name: ClassVar[str] = "message.planned"
    case_id: UUID
    planned_message_id: UUID
    account_id: UUID
    send_at: datetime
    again: bool


class PlannedMessageCancelled(Fact):
    name: ClassVar[str] = "message.plan_cancelled"
    case_id: UUID
    planned_message_id: UUID


class PlannedMessageSent(Fact):
    name: ClassVar[str] = "message.plan_sent"
    case_id: UUID
    planned_message_id: UUID
    message_id: UUID


class PlannedMessageHeld(Fact):
    """Its time came, and it was not sent."""

    name: ClassVar[str] = "message.plan_held"
    case_id: UUID
    planned_message_id: UUID
    account_id: UUID
    because: HeldBecause


class CaseFollowed(Fact):
    name: ClassVar[str] = "case.followed"
    case_id: UUID
    account_id: UUID


class CaseUnfollowed(Fact):
    name: ClassVar[str] = "case.unfollowed"
    case_id: UUID
    account_id: UUID


class CaseMentioned(Fact):
    """A colleague was named in a note."""

    name: ClassVar[str] = "case.mentioned"
    case_id: UUID
    account_id: UUID
    message_id: UUID


class DeskTold(Fact):
    """Somebody has something new to read at the desk."""

    name: ClassVar[str] = "desk.told"
    account_id: UUID
    case_id: UUID
    desk_notice_id: UUID
    kind: DeskKind


class OverflowSet(Fact):
    """Whose people take a shop's cases when its own have no time; after None: nobody's."""

    name: ClassVar[str] = "routing.overflow_set"
    after_minutes: int | None = None
    shops: list[UUID]
