"""Quarters: what counts as one, the days it covers, what follows it, and which quarters are run together."""

import re
from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from warehouse import period
from warehouse.period import NotAPeriod

DAYS = st.dates(date(1000, 1, 1))
PERIODS = st.builds("{}-Q{}".format, st.integers(1000, 9998), st.integers(1, 4))  # those with a year that has a next one


@given(DAYS)
def test_every_day_lies_in_its_own_quarter(day: date) -> None:
    quarter = period.of_day(day)
    assert period.first_day(quarter) <= day <= period.last_day(quarter)
    assert period.of_day(period.first_day(quarter)) == quarter
    assert period.of_day(period.last_day(quarter)) == quarter


@given(PERIODS)
def test_a_quarter_starts_the_day_after_the_one_before_it_ends(quarter: str) -> None:
    assert period.last_day(quarter) + timedelta(days=1) == period.first_day(period.following(quarter))
    assert 90 <= (period.last_day(quarter) - period.first_day(quarter)).days + 1 <= 92


@given(PERIODS)
def test_a_partition_key_is_the_first_day_of_its_quarter(quarter: str) -> None:
    assert period.of_first_day(period.first_day(quarter).isoformat()) == quarter


@pytest.mark.parametrize(
    ("quarter", "first", "last"),
    [
        ("2026-Q1", date(2026, 1, 1), date(2026, 3, 31)),
        ("2026-Q2", date(2026, 4, 1), date(2026, 6, 30)),
        ("2026-Q3", date(2026, 7, 1), date(2026, 9, 30)),
        ("2026-Q4", date(2026, 10, 1), date(2026, 12, 31)),
        ("2024-Q1", date(2024, 1, 1), date(2024, 3, 31)),
        ("9999-Q4", date(9999, 10, 1), date(9999, 12, 31)),
    ],
)
def test_a_quarter_covers_three_whole_months(quarter: str, first: date, last: date) -> None:
    assert (period.first_day(quarter), period.last_day(quarter)) == (first, last)


def test_the_quarter_after_the_fourth_is_the_first_of_the_next_year() -> None:
    assert [period.following(f"2025-Q{number}") for number in (1, 2, 3, 4)] == ["2025-Q2", "2025-Q3", "2025-Q4", "2026-Q1"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026",
        "2026-Q0",
        "2026-Q5",
        "2026-q3",
        "2026Q3",
        "2026-07-01",
        "26-Q3",
        " 2026-Q3",
        "2026-Q3\n",
        "20266-Q3",
        "0000-Q1",  # four digits, but there is no year 0
        "٢٠٢٦-Q3",  # digits, but none that a period is written with
    ],
)
def test_what_is_no_quarter_is_refused_with_what_is_accepted(text: str) -> None:
    with pytest.raises(NotAPeriod) as caught:
        period.first_day(text)
    assert text in str(caught.value)
    assert "accepted: a year and a quarter such as 2026-Q3" in str(caught.value)


@given(st.text(max_size=12))
@example("2026-Q12")
def test_free_text_is_a_quarter_or_is_refused(text: str) -> None:
    if re.fullmatch(r"[1-9][0-9]{3}-Q[1-4]", text):
        assert period.of_day(period.first_day(text)) == text
    else:
        with pytest.raises(NotAPeriod):
            period.first_day(text)


def test_quarters_in_a_row_are_run_together_also_over_a_year_end() -> None:
    assert period.stretches(["2026-Q1", "2025-Q4", "2025-Q3", "2025-Q4"]) == [("2025-Q3", "2026-Q1")]


def test_an_empty_quarter_between_two_with_input_is_not_run() -> None:
    assert period.stretches(["2018-Q4", "2021-Q4", "2022-Q1"]) == [("2018-Q4", "2018-Q4"), ("2021-Q4", "2022-Q1")]


def test_no_input_is_no_run() -> None:
    assert period.stretches([]) == []


@given(st.lists(st.builds("{}-Q{}".format, st.integers(2018, 2024), st.integers(1, 4)), max_size=20))
def test_stretches_cover_just_the_quarters_given(quarters: list[str]) -> None:
    covered: list[str] = []
    ends: list[str] = []
    for first, last in period.stretches(quarters):
        quarter = first
        for _ in range(len(quarters)):
            covered.append(quarter)
            if quarter == last:
                break
            quarter = period.following(quarter)
        assert covered[-1] == last
        assert first not in [period.following(end) for end in ends], "two stretches that touch are one"
        ends.append(last)
    assert covered == sorted(set(quarters))
