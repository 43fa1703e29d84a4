"""What is meant by a turn, with all that was said before, and the answer to it."""

import re
from collections.abc import Awaitable, Iterable
from dataclasses import replace
from uuid import UUID

from aftercare import knowledge
from aftercare.assistant import matters, reading, speech, wordage
from aftercare.assistant.classifier import Guess
from aftercare.assistant.entities import Kind, entities, named
from aftercare.assistant.hearing import setting_of, what_is_wanted, without_numbers
from aftercare.assistant.matters import FAULTS, FINDING, Needed
from aftercare.assistant.model import Mood, Outcome
from aftercare.assistant.starting import PLANS, carry_out, start
from aftercare.assistant.state import Answer, Choice, State, Talking
from aftercare.kit.errors import Refusal
from aftercare.kit.text import one_line

MAYBE = 0.2
BEYOND_DOUBT = 0.95
"""So sure, it is understood though words in it are strange (slips of the keyboard); nothing out of scope comes near it."""
OTHER_MATTER = 0.8
"""So sure it must be that 'not this one, the other' is about another matter as well."""
WAYS = frozenset({"return_goods", "exchange", "repair"})
MONEY_ONLY = "kind:refund_only"
ELSEWHERE = frozenset({"parcel_status", "shipping_time", "claim_status", "change_address", "invoice"})
"""What nobody means who answers which goods go back."""
WITH_CHOICES = ("order", "line", "kind", "claim", "quantity", "confirm")
NONSENSE = 0.1
"""Below, the words are none that anybody knows; it is not said to be beyond us."""
TOLD_BESIDE = 0.35
"""So sure, what stands beside an answer tells of a fault: 'that one please' comes to 0.25, 'it leaks' to 0.5 and more."""
MOST_UNSURE = 2
"""So often in a row it asks back; then a person takes over."""
SMALL_TALK = frozenset({"greeting", "thanks", "bye"})
USUAL = ("parcel_status", "return_goods", "refund_status", "entitlement")
SHOWN = ("damaged_item", "defective", "wrong_item", "missing_item")
"""What pictures are sent of."""
MOST_TOLD_AGAIN = 2
"""So often the same answer; then a person takes over."""
ORDINALS = {
    "一": 1,
    "二": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "first": 1,
    "second": 2,
    "third": 3,
    "fourth": 4,
    "fifth": 5,
}
_PLACE = re.compile(
    r"(?:选|要|就|是|我要|我选)*(?:第|the )?([一二三四五六七八]|\d{1,2}|first|second|third|fourth|fifth)(?:st|nd|rd|th)?"
    r"(?:[个件单笔条项种]|号)?(?: one| order)?(?:吧|的|哦|呢)?[.。!]?"
)


async def find_answer(talking: Talking) -> Answer:
    state, heard = talking.state, talking.heard
    if talking.row.handed_over_at is not None:
        return Answer(talking.say("still_with_person"), Outcome.silent)
    if heard.text:
        state.collected["words"] = "\n".join(filter(None, [state.collected.get("words", ""), heard.text]))[
            -1_500:
        ]
    if heard.danger:
        talking.intent = "complaint"
        return talking.to_person("danger", talking.say("handed_over_danger"))
    if reading.is_complaint(heard.text):
        talking.intent = "complaint"
        return talking.to_person("angry", talking.say("handed_over_sorry"))
    if not heard.text and not heard.choice:
        return _only_files(talking)
    _put_off(talking, heard.also)
    picked = _picked(talking)
    beside = None if picked is None else _fault_beside(talking)
    state.fault = beside or heard.fault or state.fault
    if beside or (picked is None and _tells_of_trouble(talking)):
        state.trouble = "\n".join(filter(None, [state.trouble, heard.text]))[-1_000:]
    return await _attempt(talking, _understood(talking, picked))


def _put_off(talking: Talking, wishes: list[tuple[str, str]]) -> None:
    """What has its turn later."""
    state = talking.state
    state.later += [wish for wish in wishes if wish not in state.later]
    talking.several = talking.several or bool(wishes)


async def _understood(talking: Talking, picked: str | None) -> Answer:
    if picked is not None:
        return await _go_on(talking, picked)
    if talking.heard.guess is not None and _surely(talking) is None and talking.work.actor.customers:
        await _without_titles(talking)
    return await _corrected(talking) or await _by_intent(talking)


async def _without_titles(talking: Talking) -> None:
    """The names of one's own goods are words that no sentence was learned with; what stands beside them tells what is wanted."""
    again = _beside(talking, [order.title for order in await matters.own_orders(talking)])
    if again is not None and again.probability >= talking.sure:
        talking.heard = replace(talking.heard, guess=again)


def _beside(talking: Talking, names: Iterable[str]) -> Guess | None:
    """What the words of this turn mean without those names; None where they hold none of them, or nothing else that is known."""
    words = talking.heard.text
    bare = reading.without_words(words, " ".join(names))
    if talking.mind is None or bare == words or not bare:
        return None
    guess = what_is_wanted(
        talking.mind, without_numbers(bare, entities(bare, setting_of(talking.work, talking.shop)))
    )
    return guess if guess.known else None


def _fault_beside(talking: Talking) -> str | None:
    """'The blender, it leaks', where only was asked which goods: what stands beside the answer."""
    state = talking.state
    if talking.heard.choice or state.task not in PLANS or state.awaiting not in ("order", "line", "kind"):
        return None
    guess = _beside(talking, state.offered.values())
    told = guess is not None and guess.intent in PLANS and guess.probability >= TOLD_BESIDE
    return guess.intent if guess is not None and told else None


async def _attempt(talking: Talking, step: Awaitable[Answer]) -> Answer:
    try:
        return await step
    except Needed as missing:
        return missing.answer
    except Refusal as refused:
        talking.called("refused", refused.code)
        return talking.to_person("not_possible", talking.say("no_permission", why=refused.title))


async def with_wishes(talking: Talking, answer: Answer) -> Answer:
    """Once the first of several wishes is done, the others have their turn; while it is not, they are promised one."""
    state, first = talking.state, talking.intent
    while state.later and answer.outcome in (Outcome.answered, Outcome.acted):
        intent, words = state.later.pop(0)
        named_here = entities(words, setting_of(talking.work, talking.shop))
        of_its_own = any(one.kind is Kind.order for one in named_here) or bool(
            talking.work.actor.customers and await matters.orders_with(talking, words)
        )
        if intent == first and not of_its_own:
            continue
        heard = replace(talking.heard, text=words, entities=named_here or talking.heard.entities)
        talking.intent, talking.heard = intent, heard
        # 'And who pays to send it back?' is about what was just spoken of.
        state.order_id = state.before.order_id if state.before is not None and not of_its_own else None
        following = await _attempt(talking, _do(talking))
        answer = Answer(
            f"{answer.text}\n\n{talking.say('also', what=_wish(talking, intent, words))}\n{following.text}",
            following.outcome,
            [*answer.choices, *following.choices],
        )
    if talking.several and state.later and answer.outcome is Outcome.asked:
        what = talking.say("joint").join(_wish(talking, intent, words) for intent, words in state.later)
        answer.text += f"\n{talking.say('also_later', what=what)}"
    return answer


def _wish(talking: Talking, intent: str, words: str) -> str:
    label = speech.label("intent", intent, talking.locale)
    number = next(
        (
            one.value
            for one in entities(words, setting_of(talking.work, talking.shop))
            if one.kind is Kind.order
        ),
        None,
    )
    return label if number is None else f"{label} {number}"


def not_for_ever(talking: Talking, answer: Answer) -> Answer:
    """Who asks the same again hears that there is nothing new; asked once more, it is for a person."""
    state = talking.state
    if answer.outcome is not Outcome.answered or talking.intent not in FINDING:
        return answer
    if answer.text != state.told:
        state.told, state.told_again = answer.text, 0
        return answer
    state.told_again += 1
    if state.told_again >= MOST_TOLD_AGAIN:
        return talking.to_person("needs_person", talking.say("handed_over_again"))
    answer.text = f"{answer.text}\n{talking.say('nothing_new')}"
    return answer


def told_sorry(talking: Talking, answer: Answer) -> Answer:
    """Who is angry hears first that we are sorry, once in a talk."""
    state = talking.state
    angry = talking.heard.mood is Mood.angry and talking.intent and not state.told_sorry
    if angry and answer.outcome in (Outcome.asked, Outcome.answered):
        state.told_sorry = True
        answer.text = f"{talking.say('sorry')}\n{answer.text}"
    return answer


async def _corrected(talking: Talking) -> Answer | None:
    """'Not this one, the other': the same matter again, without the order or claim that was taken to be meant."""
    state, guess = talking.state, talking.heard.guess
    if not reading.means_another(talking.heard.text):
        return None
    meant = state.before
    if state.task is not None:
        meant = state.meant(state.task)
    not_this = None if meant is None else meant.claim_id or meant.order_id
    if meant is None or not_this is None:
        return None
    ruled_out = list(state.ruled_out)
    state.forget()
    if meant.line_ids and meant.order_id and reading.speaks_of_goods(talking.heard.text):
        state.order_id = meant.order_id
        if len((await matters.the_order(talking)).lines) > len(meant.line_ids):
            ruled_out += meant.line_ids
        else:
            state.order_id = None
    state.ruled_out = ruled_out if state.order_id else [*ruled_out, not_this]
    talking.intent = meant.task
    if guess is not None and guess.probability >= OTHER_MATTER and guess.intent in (*FINDING, *PLANS):
        talking.intent = guess.intent
    return await _do(talking)


def _tells_of_trouble(talking: Talking) -> bool:
    heard, guess = talking.heard, talking.heard.guess
    if guess is None:
        return False
    if _is_sure(guess, talking.sure):
        return guess.intent in PLANS
    # A number or a product, where one was asked for, is an answer.
    return not (talking.state.awaiting and heard.entities)


def _picked(talking: Talking) -> str | None:
    """The choice that was pressed, or meant by what was typed."""
    state, heard = talking.state, talking.heard
    if heard.choice:
        return heard.choice
    if state.awaiting is None or not heard.text:
        return None
    guess = heard.guess
    flat = one_line(heard.text).casefold()
    pressed = next((value for value, words in state.offered.items() if words.casefold() == flat), None)
    if pressed is not None:
        return pressed
    if state.awaiting == "confirm":
        if reading.means_another(heard.text):
            return None
        if reading.agrees(heard.text):
            return "yes"
        # Of what was not sent yet there is nothing to withdraw: 'I will keep it' is a no.
        nos = ("no", "claim_cancel") if state.task in PLANS else ("no",)
        said_no = guess is not None and guess.intent in nos and guess.probability >= talking.sure
        other_wish = _surely(talking) in (*FINDING, *PLANS) and _surely(talking) != state.task
        return "no" if said_no or (reading.refuses(heard.text) and not other_wish) else None
    if state.awaiting == "amount":
        return "amount" if any(one.kind.value == "amount" for one in heard.entities) else None
    if state.awaiting == "quantity":
        count = next(
            (one.value for one in heard.entities if one.kind.value == "quantity"),
            flat if flat.isdigit() else "",
        )
        return f"quantity:{count}" if count else None
    surely = _surely(talking)
    if state.awaiting == "intent" and surely in (*FINDING, *PLANS):
        # Words of its own tell more than the words of the buttons.
        return None
    if state.awaiting == "kind" and reading.wants_money_only(heard.text) and MONEY_ONLY in state.offered:
        return MONEY_ONLY
    another = surely in FINDING and surely != state.task and not reading.is_number(heard.text)
    if another and (state.task in FINDING or surely in ELSEWHERE):
        # 'Rather, where are the headphones?' names goods, and is another question.
        return None
    values = list(state.offered)
    place = _ordinal(flat)
    if place is not None and 1 <= place <= len(values):
        return values[place - 1]
    hits: list[str] = named(reading.chosen_words(heard.text), state.offered)
    return hits[0] if len(hits) == 1 else None


def _surely(talking: Talking) -> str | None:
    guess = talking.heard.guess
    return guess.intent if guess is not None and _is_sure(guess, talking.sure) else None


def _is_sure(guess: Guess, least: float) -> bool:
    return guess.probability >= least and (guess.known or guess.probability >= BEYOND_DOUBT)


def _ordinal(flat: str) -> int | None:
    """'第二个', '第２個', 'the 2nd one', '2.'"""
    found = _PLACE.fullmatch(wordage.plain(flat))
    if found is None:
        return None
    word = found.group(1)
    return int(word) if word.isdigit() else ORDINALS.get(word)


async def _go_on(talking: Talking, picked: str) -> Answer:
    """With the matter in hand, after a choice."""
    state = talking.state
    what, _, value = picked.partition(":")
    if what == "person":
        talking.intent = "person"
        return talking.to_person("asked", talking.say("handed_over"))
    if what == "intent":
        state.awaiting = None
        if value == "none":
            return _not_understood(talking)
        kept = state.order_id
        state.forget()
        state.order_id = kept
        talking.intent = value
        return await _do(talking)
    talking.intent = state.task or ""
    if what in ("verify", "verified") and state.awaiting == "verified":
        await matters.own_orders(talking)
        state.awaiting, state.offered = None, {}
        return await _do(talking) if talking.intent else talking.answered(talking.say("verified"))
    if what in ("yes", "no"):
        return await _confirmed(talking, what == "yes")
    if what == "amount":
        pass
    elif what == "quantity" and value.isdigit():
        state.quantity = int(value)
        state.collected["quantity"] = value
    elif picked not in state.offered:
        # A button of an earlier turn, or one that never was.
        return _not_understood(talking)
    elif what == "order":
        state.order_id = UUID(value)
    elif what == "line":
        await _pick_lines(talking, value)
    elif what == "kind":
        state.kind = value
    elif what == "claim":
        state.claim_id = UUID(value)
    state.awaiting = None
    state.offered = {}
    return await _do(talking)


async def _pick_lines(talking: Talking, value: str) -> None:
    if value != "all":
        talking.state.line_ids = [UUID(value)]
        return
    order = await matters.the_order(talking)
    talking.state.line_ids = [line.id for line in order.lines]


async def _confirmed(talking: Talking, agreed: bool) -> Answer:
    talking.intent = talking.state.task or "claim_cancel"
    if talking.state.confirming is None:
        talking.intent = "yes" if agreed else "no"
        return _not_understood(talking)
    if agreed:
        return await carry_out(talking)
    return talking.answered(talking.say("cancelled"))


async def _by_intent(talking: Talking) -> Answer:
    guess, state = talking.heard.guess, talking.state
    if guess is None:
        return _not_understood(talking)
    if reading.asks_if_machine(talking.heard.text):
        talking.intent = "greeting"
        return _and_still_asked(talking, Answer(talking.say("machine"), Outcome.answered))
    if reading.is_wordless(talking.heard.text):
        return _wordless(talking)
    about = await _about_order(talking)
    if about is not None:
        return about
    # '有优惠券吗' is built like '有真人吗'; nobody is called who was not asked for.
    called = guess.intent != "person" or reading.speaks_of_people(talking.heard.text)
    if _is_sure(guess, talking.sure) and called:
        if guess.intent in ("yes", "no"):
            if state.awaiting is None:
                return talking.answered(talking.say("fine"))
            none_of_them = reading.names_none(talking.heard.text) or state.awaiting == "intent"
            if guess.intent == "no" and not none_of_them and not reading.corrects(talking.heard.text):
                return talking.answered(talking.say("cancelled"))
            return _still_asked(talking) or _not_understood(talking)
        return await _with_matter(talking, _fitting(talking, guess.intent))
    # Something was asked, and this may be the answer to it: a number, a product, an order.
    if state.awaiting in ("order", "claim", "line", "verified") and talking.heard.entities and state.task:
        talking.intent = state.task
        return await _do(talking)
    if (
        state.awaiting == "order"
        and state.task
        and len(await matters.orders_with(talking, talking.said)) == 1
    ):
        # Goods that are not the first of their order stand on no button.
        talking.intent = state.task
        return await _do(talking)
    if state.awaiting == "confirm" and state.task and talking.heard.first(Kind.quantity):
        # 'Yes, but only one.'
        talking.intent = state.task
        return await _do(talking)
    if state.awaiting in WITH_CHOICES and reading.names_none(talking.heard.text):
        return _still_asked(talking) or _not_understood(talking)
    found = await _quoted(talking)
    if found is not None:
        return found
    still = _still_asked(talking)
    if still is None and state.task is None and talking.work.actor.customers:
        # Whatever turns out to be wanted, it is about these goods.
        meant = await matters.orders_with(talking, talking.said)
        state.order_id = meant[0] if len(meant) == 1 else state.order_id
    return still or _not_understood(talking)


async def _about_order(talking: Talking) -> Answer | None:
    """Only a number was said: it is kept, and asked what is to be done about it."""
    pending = talking.state.task is not None and talking.state.awaiting is not None
    if pending or not reading.is_number(talking.heard.text) or not talking.work.actor.customers:
        return None
    order = await matters.the_order(talking)
    answer = talking.ask(
        "intent",
        talking.say("what_about_order", number=order.number, title=matters.title_of(order)),
        [_intent_choice(talking, intent) for intent in USUAL],
    )
    talking.state.order_id = order.id
    return answer


async def _with_matter(talking: Talking, intent: str) -> Answer:
    state = talking.state
    dropped = state.confirming is not None and intent not in (state.task, *SMALL_TALK)
    if intent not in (state.task, *SMALL_TALK):
        # Another matter; what was pending is dropped, nothing of it was done. An order that was named without one is its.
        named_before = state.order_id if state.task is None else None
        # Rather exchanged than returned: of the same goods, and for the same fault.
        same = state.model_copy() if intent in WAYS and state.task in PLANS else None
        if talking.work.actor.customers and (named_before or same):
            others = await matters.orders_with(talking, talking.said)
            named_before = named_before if named_before in others or not others else None
            same = None if others else same
        state.forget()
        state.order_id = named_before
        state.fault = talking.heard.fault
        if same is not None:
            state.order_id, state.line_ids, state.quantity = same.order_id, same.line_ids, same.quantity
            told = same.task if same.task in FAULTS else "defective" if same.task == "repair" else None
            state.fault = state.fault or same.fault or told
    talking.intent = intent
    numbers = dict.fromkeys(one.value for one in talking.heard.entities if one.kind is Kind.order)
    if intent in (*FINDING, *PLANS) and state.awaiting is None:
        # Of two orders in one message the second is not forgotten.
        _put_off(talking, [(intent, number) for number in list(numbers)[1:4]])
    answer = await _attempt(talking, _do(talking))
    if dropped and answer.outcome in (Outcome.answered, Outcome.asked):
        answer.text = f"{talking.say('dropped')}\n{answer.text}"
    return _and_still_asked(talking, answer) if intent in SMALL_TALK else answer


def _fitting(talking: Talking, intent: str) -> str:
    """'Where is it' of a claim's number is about the claim; 'please hurry' after a claim was spoken of is about that."""
    before = talking.state.before
    if (
        intent == "refund_status"
        and talking.state.task in PLANS
        and not reading.asks_when(talking.heard.text)
    ):
        # 'The money!', said while a return is being put together, is no question.
        return talking.state.task
    if (
        intent == "return_goods"
        and talking.state.task in FAULTS
        and reading.wants_money_only(talking.heard.text)
    ):
        # How to put it right; what is wrong with the goods was said before.
        return talking.state.task
    of_claim = talking.heard.first(Kind.claim) is not None or (
        intent == "shipping_time" and before is not None and before.task in ("claim_status", "refund_status")
    )
    return "claim_status" if of_claim and intent in ("parcel_status", "shipping_time") else intent


def _only_files(talking: Talking) -> Answer:
    """Pictures without a word: they are there, and what they are about is asked once."""
    state = talking.state
    if state.awaiting is not None and state.offered:
        answer = Answer(talking.say("files_meanwhile"), Outcome.asked, _offered(state))
    else:
        answer = talking.ask(
            "intent", talking.say("files_got"), [_intent_choice(talking, intent) for intent in SHOWN]
        )
    if answer.text == state.told:
        answer.outcome = Outcome.silent
    state.told = answer.text
    return answer


def _still_asked(talking: Talking) -> Answer | None:
    """Nothing has been sent before a yes, and whoever said something else is told so."""
    state = talking.state
    if state.awaiting not in WITH_CHOICES or state.unsure >= MOST_UNSURE:
        return None
    state.unsure += 1
    talking.intent = state.task or ""
    none_of_them = state.awaiting == "order" and reading.names_none(talking.heard.text)
    key = "not_yet" if state.awaiting == "confirm" else "none_of_orders" if none_of_them else "choose_one"
    return Answer(talking.say(key), Outcome.asked, _offered(state))


def _and_still_asked(talking: Talking, answer: Answer) -> Answer:
    """Small talk between question and answer does not answer it."""
    if talking.state.awaiting == "confirm" and talking.heard.guess is not None:
        answer.text = f"{answer.text}\n{talking.say('not_yet')}"
        answer.choices, answer.outcome = _offered(talking.state), Outcome.asked
    return answer


def _offered(state: State) -> list[Choice]:
    return [Choice(label=label, value=value) for value, label in state.offered.items()]


def _wordless(talking: Talking) -> Answer:
    """Signs and pictures: thanks, anger, or 'well?'."""
    mood = talking.heard.mood
    if mood is Mood.glad:
        talking.intent = "thanks"
        return _and_still_asked(talking, Answer(talking.say("thanks"), Outcome.answered))
    still = _still_asked(talking)
    if still is not None:
        return still
    if mood is Mood.angry:
        talking.intent = "complaint"
    return _ask_for_matter(talking, "tell_me")


async def _quoted(talking: Talking) -> Answer | None:
    """What the help centre says, where it speaks plainly of what was asked."""
    passages = await knowledge.find_passages(
        talking.work, talking.heard.text, locale=talking.locale, shop_id=talking.shop.id
    )
    talking.called("find_passages", f"{len(passages)} passages", question=talking.heard.text[:200])
    if passages and (
        matters.speaks_of(passages[0], talking.heard.text)
        or (talking.model_helps and passages[0].score >= matters.WEAK_PASSAGE)
    ):
        return await matters.from_articles(talking)
    return None


def _not_understood(talking: Talking) -> Answer:
    state, guess = talking.state, talking.heard.guess
    state.unsure += 1
    if state.unsure > MOST_UNSURE:
        return talking.to_person("unsure", talking.say("handed_over_unsure"))
    likely = [] if guess is None else [(guess.intent, guess.probability), *guess.others]
    offered = [
        intent for intent, probability in likely if probability >= MAYBE / 2 and intent in (*FINDING, *PLANS)
    ][:3]
    outside = guess is not None and not guess.known and guess.probability >= NONSENSE
    if offered and guess is not None and guess.known:
        choices = [_intent_choice(talking, intent) for intent in offered]
        choices.append(Choice(label=talking.say("none_of_these"), value="intent:none"))
        return talking.ask("intent", talking.say("did_you_mean"), choices)
    if talking.heard.mood is Mood.angry:
        # Who swears at us is not told that it is beyond us.
        talking.intent = "complaint"
        return _ask_for_matter(talking, "tell_me")
    return _ask_for_matter(talking, "outside" if outside else "not_understood")


def _ask_for_matter(talking: Talking, key: str) -> Answer:
    return talking.ask("intent", talking.say(key), [_intent_choice(talking, intent) for intent in USUAL])


def _intent_choice(talking: Talking, intent: str) -> Choice:
    return Choice(label=speech.label("intent", intent, talking.locale), value=f"intent:{intent}")


async def _do(talking: Talking) -> Answer:
    """Whatever this intent needs."""
    intent, state = talking.intent, talking.state
    if intent in SMALL_TALK:
        again = (
            intent == "greeting"
            and talking.row.turns > 0
            and not reading.asks_what_it_can(talking.heard.text)
        )
        answer = Answer(talking.say("here" if again else intent, shop=talking.shop.name), Outcome.answered)
        if intent == "greeting" and state.awaiting is None:
            answer.choices = [_intent_choice(talking, one) for one in USUAL]
            state.offered = {choice.value: choice.label for choice in answer.choices}
            state.awaiting = "intent"
        return answer
    if intent == "person":
        return talking.to_person("asked", talking.say("handed_over"))
    if intent == "complaint":
        return talking.to_person("angry", talking.say("handed_over_sorry"))
    state.task = intent
    state.collected["intent"] = intent
    if intent in PLANS:
        return await _told_how(talking) or await start(talking)
    if intent == "how_to" and not reading.asks_how(talking.heard.text):
        return await _quoted(talking) or _ask_for_matter(talking, "nothing_known")
    if intent in ("entitlement", "refund_status"):
        return await _told_how(talking) or await FINDING[intent](talking)
    if intent in FINDING:
        return await FINDING[intent](talking)
    return await matters.from_articles(talking)


async def _told_how(talking: Talking) -> Answer | None:
    """Who only wants to know how, or what holds for all, and has not shown who it is, reads it in the help centre; and may go on
    from there."""
    words = talking.heard.text
    general = (
        talking.intent == "entitlement"
        or reading.asks_how(words)
        or reading.asks_how_long(words)
        or reading.speaks_of_withdrawal(words)
    )
    if talking.work.actor.customers or not general:
        return None
    found = await _quoted(talking)
    if found is None:
        return None
    try:
        await matters.own_orders(talking)
    except Needed as missing:
        found.choices = missing.answer.choices
    return found
