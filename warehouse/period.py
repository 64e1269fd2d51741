"""Quarters: the period `2026-Q3`, its first day (the Dagster partition key) and the days it covers."""

import re
from datetime import date

FIRST = "2018-Q1"  # the year of SPBE
_PERIOD = re.compile(r"([0-9]{4})-Q([1-4])")


class NotAPeriod(ValueError):
    """Text that is no quarter."""


def first_day(period: str) -> date:
    match = _PERIOD.fullmatch(period)
    if match is None or match[1] == "0000":
        raise NotAPeriod(f"'{period}' is not a period; accepted: a year and a quarter such as 2026-Q3")
    return date(int(match[1]), 3 * int(match[2]) - 2, 1)


def last_day(period: str) -> date:
    first = first_day(period)
    return date(first.year, first.month + 2, 30 if first.month in (4, 7) else 31)


def of_day(day: date) -> str:
    return f"{day.year}-Q{(day.month + 2) // 3}"


def of_first_day(key: str) -> str:
    """The period of a Dagster partition key, which is the quarter's first day (`2026-07-01`)."""
    return of_day(date.fromisoformat(key))


def following(period: str) -> str:
    first = first_day(period)
    return of_day(date(first.year + 1, 1, 1) if first.month == 10 else date(first.year, first.month + 3, 1))


def stretches(periods: list[str]) -> list[tuple[str, str]]:
    """Contiguous runs of quarters, as (first, last): a Dagster range between quarters with input must not cover empty ones."""
    runs: list[tuple[str, str]] = []
    for period in sorted(set(periods)):
        if runs and following(runs[-1][1]) == period:
            runs[-1] = (runs[-1][0], period)
        else:
            runs.append((period, period))
    return runs
