"""What a talk has come to, what is handed back and forth, and one turn as it is being answered."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, Field, PlainSerializer

from aftercare.assistant import speech
from aftercare.assistant.classifier import Guess
from aftercare.assistant.entities import Entity, Kind
from aftercare.assistant.minds import Mind
from aftercare.assistant.model import Mood, Outcome, Talk
from aftercare.assistant.switching import SURE
from aftercare.identity import ShopView
from aftercare.journal import Work
from aftercare.shop import OrderSummary

MOST_CHOICES = 6


class Choice(BaseModel):
    """A button; `value` comes back as the next turn's choice. One with a `url` leads there."""

    label: str
    value: str
    url: str | None = None


class Source(BaseModel):
    """Where an answer comes from."""

    kind: Literal["article", "order", "parcel", "claim", "rule", "shop"]
    title: str
    url: str | None = None


class NewTurn(BaseModel):
    """What a customer says, or which button was chosen. `order_id` is what is on the screen."""

    shop_id: UUID
    talk_id: UUID | None = None
    text: str = Field(default="", max_length=4_000)
    choice: str | None = Field(default=None, max_length=200)
    order_id: UUID | None = None
    case_id: UUID | None = None
    message_id: UUID | None = None
    locale: str | None = Field(default=None, max_length=10)
    unknown: bool = False
    """Said in the case by somebody who has shown nobody yet who it is; whoever calls knows that the case is that person's."""
    by_code: bool = False
    """Where it is said, a code can show who it is."""
    files: bool = False
    """Pictures or files came with it."""


class Reply(BaseModel):
    """`person` is there in every answer: the way to somebody."""

    talk_id: UUID
    turn_id: UUID
    case_id: UUID | None
    locale: str
    text: str
    choices: list[Choice]
    sources: list[Source]
    person: Choice
    intent: str
    outcome: Outcome


InOrder = Annotated[
    dict[str, str], BeforeValidator(dict), PlainSerializer(lambda held: [list(pair) for pair in held.items()])
]
"""Kept as pairs: what the database keeps as an object comes back in another order, and 'the second one' would be another."""


class Meant(BaseModel):
    """A matter, and of which order or claim it was taken to be."""

    task: str
    order_id: UUID | None
    claim_id: UUID | None
    line_ids: list[UUID] = []


class State(BaseModel):
    """What is understood so far of the matter in hand, and what the assistant waits for."""

    task: str | None = None
    wanted_order: str | None = None
    """The number as it was said, before it was known whose it may be."""
    order_id: UUID | None = None
    line_ids: list[UUID] = []
    quantity: int | None = None
    kind: str | None = None
    fault: str | None = None
    """The intent of what was said to be wrong with the goods, beside a wish or the answer to a question: 'the blender, it leaks'."""
    claim_id: UUID | None = None
    amount_cents: int | None = None
    awaiting: (
        Literal["order", "line", "quantity", "kind", "claim", "amount", "confirm", "intent", "verified"]
        | None
    ) = None
    offered: InOrder = {}
    """Choices by value, with the words on them."""
    confirming: dict[str, Any] | None = None
    unsure: int = 0
    collected: dict[str, str] = {}
    before: Meant | None = None
    """The matter that was done last, so that a customer may still say that another order was meant."""
    ruled_out: list[UUID] = []
    """Orders and claims of which the customer has said that they are not meant."""
    later: list[tuple[str, str]] = []
    """Other wishes of the same message, and the words in which each was said; their turn comes when the first is done."""
    told_sorry: bool = False
    told: str = ""
    """The last answer to a question, and how often the same was given again."""
    told_again: int = 0
    trouble: str = ""
    """In the customer's words what a claim would be about; greetings, answers to questions and other matters are not."""

    def meant(self, task: str) -> Meant:
        return Meant(task=task, order_id=self.order_id, claim_id=self.claim_id, line_ids=self.line_ids)

    def forget(self) -> None:
        """The matter is done, or another begins; what was collected stays for whoever takes over."""
        if self.task is not None:
            self.before = self.meant(self.task)
        self.task = self.wanted_order = self.order_id = self.quantity = self.kind = self.claim_id = (
            self.amount_cents
        ) = self.fault = None
        self.awaiting = self.confirming = None
        self.line_ids, self.offered, self.ruled_out, self.unsure = [], {}, [], 0


class Call(BaseModel):
    """One use of a tool: what was asked of it and what came back, in short."""

    tool: str
    asked: dict[str, Any]
    found: str


@dataclass
class Heard:
    text: str
    choice: str | None
    guess: Guess | None
    entities: list[Entity]
    mood: Mood
    urgent: bool
    danger: bool
    also: list[tuple[str, str]] = field(default_factory=list)
    """Further wishes of the same message, with their words."""
    fault: str | None = None
    """What is wrong with the goods, where a clause of the message tells it."""

    def first(self, kind: Kind) -> Entity | None:
        return next((one for one in self.entities if one.kind is kind), None)


@dataclass
class Answer:
    text: str
    outcome: Outcome
    choices: list[Choice] = field(default_factory=list)


@dataclass
class Talking:
    """One turn in the making."""

    work: Work
    shop: ShopView
    row: Talk
    state: State
    heard: Heard
    locale: str
    turn_id: UUID
    mind: Mind | None = None
    intent: str = ""
    calls: list[Call] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    passages: list[dict[str, Any]] = field(default_factory=list)
    grounding: list[dict[str, str]] = field(default_factory=list)
    """What a language model may put into better words."""
    open: bool = False
    """Nothing sure was found; the language model gets a chance before a person is called."""
    model_helps: bool = False
    sure: float = SURE
    """From here on it acts on what it understood; below it asks."""
    handing_over: str | None = None
    by_code: bool = False
    orders: list[OrderSummary] | None = None
    """The asker's, once they were looked up in this turn."""
    several: bool = False
    """More than one thing was wished for in this turn."""

    @property
    def said(self) -> str:
        """The words of this turn; where it has none because only now it is known who asks, those of before."""
        resumed = self.heard.choice == "verified"
        return self.state.collected.get("words", "") if resumed else self.heard.text

    @property
    def today(self) -> date:
        return self.work.now.astimezone(self.zone).date()

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.shop.time_zone)

    def say(self, key: str, **filled: object) -> str:
        return speech.say(key, self.locale, **filled)

    def called(self, tool: str, found: str, **asked: object) -> None:
        self.calls.append(
            Call(tool=tool, asked={name: str(value) for name, value in asked.items()}, found=found[:300])
        )

    def from_(
        self,
        kind: Literal["article", "order", "parcel", "claim", "rule", "shop"],
        title: str,
        url: str | None = None,
    ) -> None:
        source = Source(kind=kind, title=title, url=url)
        if source not in self.sources:
            self.sources.append(source)

    def answered(self, text: str, *choices: Choice) -> Answer:
        """Nothing is waited for any more."""
        self.state.forget()
        return Answer(text, Outcome.answered, list(choices))

    def ask(self, awaiting: Any, text: str, choices: Sequence[Choice]) -> Answer:
        kept = list(choices[:MOST_CHOICES])
        self.state.awaiting = awaiting
        self.state.offered = {choice.value: choice.label for choice in kept if choice.url is None}
        return Answer(text, Outcome.asked, kept)

    def confirm(self, text: str, verb: str, **arguments: object) -> Answer:
        """Nothing that moves goods or money happens before this was answered with yes."""
        self.state.confirming = {"verb": verb, **{name: str(value) for name, value in arguments.items()}}
        return self.ask(
            "confirm",
            text,
            [
                Choice(label=self.say("yes_button"), value="yes"),
                Choice(label=self.say("no_button"), value="no"),
            ],
        )

    def to_person(self, why: str, text: str) -> Answer:
        """A colleague takes over; `why` is one of the reasons of `assistant.handed_over`."""
        self.handing_over = why
        return Answer(text, Outcome.handed_over)


Matter = Callable[[Talking], Awaitable[Answer]]
