"""Learning intents: what a model keeps, how sure it is, what it leaves out; on real data only where it is there."""

from pathlib import Path

import numpy as np
import pytest

from aftercare.assistant import (
    Classifier,
    Example,
    ModelShelf,
    ModelUnreadable,
    TableUnreadable,
    TooFewExamples,
    minds,
    read_examples,
    score,
    seed,
    train,
    wordage,
)
from aftercare.assistant.training import calibration_error


def small() -> list[Example]:
    return [
        one
        for one in seed.examples(most=6)
        if one.intent in ("person", "exchange", "invoice", "bye", "repair")
    ]


def test_a_model_that_was_kept_answers_the_same(tmp_path: Path) -> None:
    model = train(small())
    kept = ModelShelf(tmp_path).put("small", model)
    again = ModelShelf(tmp_path).get("small")
    assert again is not None
    for text in ("转人工", "我想换大一码", "發票開錯了", "can you repair it"):
        before, after = model.guess(text), again.guess(text)
        assert before.intent == after.intent
        assert before.probability == pytest.approx(after.probability, abs=0.01)
    assert (kept.version, ModelShelf(tmp_path).put("small", model).version) == (1, 2)


def test_training_twice_gives_the_same_model() -> None:
    first, second = train(small()), train(small())
    assert np.array_equal(first.margins, second.margins)
    assert first.guess("换个颜色") == second.guess("换个颜色")


def test_a_broken_file_is_no_model(tmp_path: Path) -> None:
    path = tmp_path / "x.model"
    path.write_bytes(b"PK\x03\x04 not a model")
    with pytest.raises(ModelUnreadable):
        Classifier.read(path)


def test_tables_are_read_by_their_heads(tmp_path: Path) -> None:
    (tmp_path / "train_a.csv").write_text(
        "text,intent,oos\n你好,greet,0\nweather,,1\nhm,oos,\n", encoding="utf-8"
    )
    (tmp_path / "test.csv").write_text("utterance,label\nbye,bye\n", encoding="utf-8")
    assert read_examples(tmp_path) == [Example("你好", "greet"), Example("weather", ""), Example("hm", "")]
    assert read_examples(tmp_path, training=False) == [Example("bye", "bye")]
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(TableUnreadable):
        read_examples(tmp_path / "bad.csv")


def test_one_intent_is_too_few() -> None:
    with pytest.raises(TooFewExamples):
        train([Example("a", "x"), Example("b", "x")])


def test_the_error_of_calibration() -> None:
    sure = np.array([0.9, 0.9, 0.9, 0.9, 0.6], dtype=np.float32)
    right = np.array([True, True, True, False, True])
    # Four at 0.9 of which three are right, one at 0.6 that is right: 0.8 * 0.15 + 0.2 * 0.4.
    assert calibration_error(sure, right) == pytest.approx(0.2, abs=1e-6)


def test_both_scripts_are_one() -> None:
    assert wordage.plain("我要退貨，發票開錯了") == "我要退货,发票开错了"
    assert wordage.pieces("I can't return it")[0] == ["i", "can", "not", "return", "it"]
    assert wordage.pieces("no card yet")[3] == ["card+no", "no+yet", "card+yet"]


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("我的包裹怎么三天没动了", "parcel_status"),
        ("退款什么时候到账呀", "refund_status"),
        ("这件衣服有点大能换小一码吗", "exchange"),
        ("收到的杯子碎了一个", "damaged_item"),
        ("發票還沒收到", "invoice"),
        ("訂單可以取消嗎", "cancel_order"),
        ("少了一根充电线", "missing_item"),
        ("where's my parcel??", "parcel_status"),
        ("can i still return the dress", "entitlement"),
        ("i need to talk to a human", "person"),
    ],
)
def test_the_built_in_model_understands_plain_questions(learned: minds.Mind, text: str, intent: str) -> None:
    guess = learned.classifier.guess(text)
    assert (guess.intent, guess.known) == (intent, True)


@pytest.mark.slow
def test_real_questions_of_a_bank(shared_data: Path) -> None:
    found = read_examples(shared_data / "intents" / "banking77" / "train.csv")
    found = [one for one in found if one.intent < "d"]
    model = train(found[::2])
    result = score(model, found[1::2], timed=100)
    assert result.accuracy > 0.88
    assert result.ece < 0.06


def test_more_that_may_be_lost_keeps_more_out() -> None:
    inside = [Example(f"where is my {thing}", "parcel") for thing in ("order", "parcel", "box", "letter")]
    inside += [Example(f"refund my {thing}", "refund") for thing in ("order", "money", "card", "fee")]
    outside = [
        Example(f"tell me a {thing} about {one}", "") for thing in ("joke", "story") for one in range(20)
    ]
    keeps_little, keeps_much = (train(inside * 4 + outside, lost=lost) for lost in (0.0, 0.5))
    assert keeps_little.gate.threshold < keeps_much.gate.threshold
    found = score(keeps_little, inside + outside)
    assert [lost for lost, _, _ in found.trade] == [0.01, 0.02, 0.05, 0.1]
    kept_out = [share for _, _, share in found.trade]
    assert kept_out == sorted(kept_out)
