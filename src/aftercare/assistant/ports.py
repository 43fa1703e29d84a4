"""What the assistant may ask of a language model, if this installation has one. It gets words and gives words: it has no tools, sees
nothing but what is handed to it, and what it says is checked before anybody reads it."""

from typing import Literal, Protocol

from pydantic import BaseModel


class Grounding(BaseModel):
    """A text that an answer may rest on: a passage of an article, or what a tool found for this asker."""

    title: str
    text: str


class Asking(BaseModel):
    """`history` is of this very conversation, oldest first: who spoke, and what."""

    purpose: Literal["answer", "draft", "summary"]
    locale: str
    question: str
    grounding: list[Grounding]
    history: list[tuple[Literal["customer", "assistant"], str]] = []


class Said(BaseModel):
    """`text` is None when the model finds no answer in what it was given."""

    text: str | None
    tokens: int


class LanguageModelAway(Exception):
    """It cannot be reached, took too long, or gave nothing that can be used."""


class LanguageModel(Protocol):
    tokens_a_day: int
    """For each shop."""

    async def ask(self, asking: Asking) -> Said:
        """Raises LanguageModelAway."""
        ...
