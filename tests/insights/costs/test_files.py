"""Cost lines from files that come from anywhere."""

import gzip

import pytest

from aftercare.insights import costs
from aftercare.kit.csvfile import FileUnreadable


def test_lines_as_other_programs_write_them() -> None:
    plain = [("2026-03-14", "1234.50"), ("2026-03-02", "-12.50")]
    for days, amounts, separator in (
        (("14.03.2026", "2.3.2026"), ("1.234,50", "-12,50"), ";"),
        (("14/03/2026", "02/03/2026"), ("1234.50", "-12.5"), ","),
        (("03/14/2026", "03/02/2026"), ("1234.50", "-12.5"), "\t"),
        (("2026年3月14日", "2026/3/2 08:00"), ('"1,234.50"', "-12.50"), ","),
    ):
        rows = [["at", "kind", "amount", "currency"]]
        rows += [[day, "freight", amount, "CNY"] for day, amount in zip(days, amounts, strict=True)]
        raw = "\n".join(separator.join(row) for row in rows).encode("utf-8-sig")
        for packed in (raw, gzip.compress(raw)):
            found = [
                (f"{one.at}", f"{one.amount_cents / 100:.2f}")
                for one in costs.read_cost_lines(packed, "costs.csv")
            ]
            assert found == plain


def test_what_holds_no_cost_lines_is_told() -> None:
    for raw, why in ((b"%PDF-1.7", "it is a PDF"), (gzip.compress(b"at,kind")[:12], "cannot be unpacked")):
        with pytest.raises(FileUnreadable) as refused:
            costs.read_cost_lines(raw, "costs.csv")
        assert why in str(refused.value.data["why"])
    with pytest.raises(FileUnreadable) as refused:
        costs.read_cost_lines(b'at,kind,amount,currency\nsoon,freight,"1,234",CNY\n', "costs.csv")
    assert refused.value.data["first"] == ["line 2 has no day such as 2026-03-14 or 14.3.2026: 'soon'"]
