"""What customers answer when they are asked how it was."""

from random import Random
from typing import Any

from sqlalchemy import text

from aftercare import quality
from aftercare.cases import CaseNotFound
from aftercare.demo.scene import Telling
from aftercare.demo.telling import Step, Story
from aftercare.journal import Work
from aftercare.quality import NewSurveyAnswer, SurveyState

ANSWERS = 0.55
"""How many of those who are asked answer."""
COMMENTS = {
    "zh-CN": (
        ("退款很快，客服也耐心。", "处理得很顺利，谢谢。", "下次还来买。", "全程能看到进度，放心。"),
        ("能解决，就是等得有点久。", "还行吧。", "希望寄回能上门取件。"),
        ("等了好几天没人理。", "来回说了好几遍才处理。", "理由不接受，体验很差。"),
    ),
    "zh-TW": (
        ("退款很快，客服也有耐心。", "處理得很順利，謝謝。"),
        ("有解決，只是等得有點久。",),
        ("等了好幾天沒人回。", "理由不能接受。"),
    ),
    "en": (
        ("Quick refund, friendly people.", "Easy, thank you."),
        ("Solved, though it took a while.",),
        ("Nobody answered for days.", "I had to explain it three times."),
    ),
}
STANDS = text(
    "SELECT state, decided_at - applied_at > interval '20 hours' AS slow FROM claim WHERE case_id = :case_id"
    " ORDER BY applied_at DESC LIMIT 1"
)


def answers(t: Telling) -> Story:
    """After the matter has come to its end; a matter that goes on is not asked about."""
    rng = Random(f"survey {t.stage.world.seed} {t.purchase.key}")
    case_id = t.case_id
    if case_id is None or rng.random() > ANSWERS:
        return
    t.later(2, 70)
    t.awake()

    async def do(work: Work) -> Any:
        if (await quality.survey_of(work, case_id)).state is not SurveyState.open:
            return None
        claim = (await work.session.execute(STANDS, {"case_id": case_id})).one_or_none()
        return await quality.answer_survey(work, case_id, _answer(rng, t.locale, claim))

    try:
        yield Step(t.now, t.buyer, do)
    except CaseNotFound:
        # The matter went on in another case, or was never known to be theirs.
        return


def _answer(rng: Random, locale: str, claim: Any) -> NewSurveyAnswer:
    """Who got what was asked for, and soon, is mostly content; who was refused mostly not."""
    good = claim is None or claim.state in ("refunded", "completed")
    mood = rng.gauss(0.86 if good else 0.34, 0.17) - (0.12 if claim is not None and claim.slow else 0.0)
    satisfied = min(5, max(1, round(1 + 4.4 * mood)))
    effort = min(7, max(1, round(1 + 6 * rng.gauss(mood, 0.14))))
    recommend = min(10, max(0, round(10 * rng.gauss(mood, 0.12))))
    words = COMMENTS.get(locale, COMMENTS["zh-CN"])[0 if satisfied >= 4 else 1 if satisfied == 3 else 2]
    return NewSurveyAnswer(
        satisfied=satisfied,
        effort=effort if rng.random() < 0.9 else None,
        recommend=recommend if rng.random() < 0.85 else None,
        comment=rng.choice(words) if rng.random() < 0.3 else "",
    )
