"""What the thread is told of a step, in the language of the shop's staff."""

from collections.abc import Sequence

from aftercare.cases.escalation.model import Doing, Pressing, Whom
from aftercare.cases.verbs import FIRST_ANSWER, NEXT_ANSWER, RESOLUTION
from aftercare.identity import ShopView

LATE = {
    "zh-CN": {
        FIRST_ANSWER: "首次答复已超时（应在 {due} 前答复）。",
        NEXT_ANSWER: "答复客户已超时（应在 {due} 前答复）。",
        RESOLUTION: "解决时限已过（应在 {due} 前解决）。",
        "": "约定的时限已过（应在 {due} 前完成）。",
    },
    "zh-TW": {
        FIRST_ANSWER: "首次回覆已逾時（應於 {due} 前回覆）。",
        NEXT_ANSWER: "回覆客戶已逾時（應於 {due} 前回覆）。",
        RESOLUTION: "解決時限已過（應於 {due} 前解決）。",
        "": "約定的時限已過（應於 {due} 前完成）。",
    },
    "en": {
        FIRST_ANSWER: "The first answer is late (due {due}).",
        NEXT_ANSWER: "The answer to the customer is late (due {due}).",
        RESOLUTION: "The case should have been resolved by {due}.",
        "": "What was promised by {due} is late.",
    },
}
SOON = {
    "zh-CN": "时限将至（{due} 前）。",
    "zh-TW": "時限將至（{due} 前）。",
    "en": "A time limit comes near ({due}).",
}
DONE = {
    "zh-CN": {
        "press.next": "已提高优先级",
        "press.high": "已升为高优先级",
        "press.urgent": "已升为紧急",
        "tell.owner": "已通知负责人",
        "tell.stand_in": "负责人不在岗，已通知当班同事",
        "tell.team": "已通知当班同事",
        "tell.supervisors": "已通知主管",
        "reassign": "已退回公共队列",
        "reassign.skill": "已转给「{skill}」组",
        "supervise": "主管已加入跟进",
    },
    "zh-TW": {
        "press.next": "已提高優先級",
        "press.high": "已升為高優先級",
        "press.urgent": "已升為緊急",
        "tell.owner": "已通知負責人",
        "tell.stand_in": "負責人不在班，已通知當班同事",
        "tell.team": "已通知當班同事",
        "tell.supervisors": "已通知主管",
        "reassign": "已退回共用佇列",
        "reassign.skill": "已轉給「{skill}」組",
        "supervise": "主管已加入跟進",
    },
    "en": {
        "press.next": "its priority was raised",
        "press.high": "it has high priority now",
        "press.urgent": "it is urgent now",
        "tell.owner": "its owner was told",
        "tell.stand_in": "its owner is off, so a colleague at work was told",
        "tell.team": "the colleagues at work were told",
        "tell.supervisors": "the supervisors were told",
        "reassign": "it is back in the shared queue",
        "reassign.skill": "it was passed to those who know '{skill}'",
        "supervise": "a supervisor follows it from now on",
    },
}


def note_language(shop: ShopView) -> str:
    """The language that staff of the shop are written to in."""
    if shop.locale.startswith("zh"):
        return "zh-TW" if shop.locale == "zh-TW" else "zh-CN"
    return "en"


def done(
    do: Doing,
    *,
    whom: Whom | None = None,
    to: Pressing | None = None,
    skill: str | None = None,
    stand_in: bool = False,
) -> tuple[str, str]:
    """The key of a step's words, and what is set into them."""
    if do is Doing.press and to is not None:
        return f"press.{to.value}", ""
    if do is Doing.tell and whom is not None:
        return ("tell.stand_in" if stand_in else f"tell.{whom.value}"), ""
    if do is Doing.reassign and skill is not None:
        return "reassign.skill", skill
    return do.value, ""


def sentence(locale: str, head: str, said: Sequence[tuple[str, str]]) -> str:
    """The head, and what was done about it."""
    words = list(dict.fromkeys(DONE[locale][key].format(skill=skill) for key, skill in said))
    if not words:
        return head
    if locale == "en":
        told = "; ".join(words)
        return f"{head} {told[0].upper()}{told[1:]}."
    return f"{head}{'，'.join(words)}。"
