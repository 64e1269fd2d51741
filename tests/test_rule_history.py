"""The catalogue of rules over time: `quality.rule` says what the code says, since when each version is used, and that exactly one is in force."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expectations import catalogue
from expectations.rules import Rule, Suite
from warehouse import database, migrations
from warehouse.archive import Archive

TIMES = [datetime(2026, month, 1, tzinfo=UTC) for month in range(1, 13)]
RULE = "submission.has_rows"
SUITES = catalogue.suites()


def suites_with(change: Callable[[Rule], Rule | None]) -> tuple[Suite, ...]:
    """The suites with that one rule changed, or given up."""
    changed = []
    for suite in SUITES:
        rules = [change(rule) if rule.rule_id == RULE else rule for rule in suite.rules]
        changed.append(replace(suite, rules=tuple(rule for rule in rules if rule is not None)))
    return tuple(changed)


def version(number: int | None) -> tuple[Suite, ...]:
    return suites_with(lambda rule: None if number is None else replace(rule, version=number))


class History:
    """Loads one code after the other, a month apart. The warehouse keeps nothing from one to the next: all is in the archive, as after a rebuild."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, root: Path) -> None:
        self.connection = connection
        self.archive = Archive(root / "archive")
        self.rows: list[dict[str, Any]] = []

    def load(self, suites: tuple[Suite, ...], at: datetime) -> None:
        self.connection.execute("delete from quality.rule")
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(catalogue, "suites", lambda: suites)
            catalogue.load(self.connection, self.archive, lambda: at)
        answer = self.connection.execute("select * from quality.rule where rule_id = $1 order by valid_from, version", [RULE])
        names = [column[0] for column in answer.description or []]
        self.rows = [dict(zip(names, row, strict=True)) for row in answer.fetchall()]

    def uses(self) -> list[tuple[int, datetime, datetime | None]]:
        return [(row["version"], row["valid_from"], row["valid_to"]) for row in self.rows]


@pytest.fixture(scope="module")
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with database.scratch() as connection:
        migrations.apply(connection)
        yield connection


@pytest.fixture
def history(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> History:
    return History(warehouse, tmp_path)


def test_better_wording_reaches_the_catalogue_and_the_version_keeps_its_time(history: History) -> None:
    history.load(SUITES, TIMES[0])
    reworded = suites_with(lambda rule: replace(rule, sentence_id="Kalimat lain.", sentence_en="Another sentence.", owner="Bappeda"))
    history.load(reworded, TIMES[1])
    assert [(row["sentence_id"], row["sentence_en"], row["owner"]) for row in history.rows] == [("Kalimat lain.", "Another sentence.", "Bappeda")]
    assert history.uses() == [(1, TIMES[0], None)]


def test_a_rule_given_up_keeps_its_last_wording(history: History) -> None:
    history.load(SUITES, TIMES[0])
    history.load(suites_with(lambda rule: replace(rule, sentence_en="Another sentence.")), TIMES[1])
    history.load(version(None), TIMES[2])
    assert [row["sentence_en"] for row in history.rows] == ["Another sentence."]
    assert history.uses() == [(1, TIMES[0], TIMES[2])]


def test_the_wording_of_a_version_that_was_left_stays_as_it_was_last(history: History) -> None:
    history.load(suites_with(lambda rule: replace(rule, sentence_en="The first.")), TIMES[0])
    history.load(suites_with(lambda rule: replace(rule, sentence_en="The second.", version=2)), TIMES[1])
    assert [(row["version"], row["sentence_en"]) for row in history.rows] == [(1, "The first."), (2, "The second.")]


def test_code_that_goes_back_a_version_leaves_that_one_in_force(history: History) -> None:
    for number, at in zip((1, 2, 1), TIMES, strict=False):
        history.load(version(number), at)
    assert history.uses() == [(1, TIMES[0], TIMES[1]), (2, TIMES[1], TIMES[2]), (1, TIMES[2], None)]


def test_a_rule_that_was_given_up_and_comes_back_is_in_force_again_and_can_be_given_up_again(history: History) -> None:
    for number, at in zip((1, None, 1, None), TIMES, strict=False):
        history.load(version(number), at)
    assert history.uses() == [(1, TIMES[0], TIMES[1]), (1, TIMES[2], TIMES[3])]


def test_an_archive_of_before_is_read_as_it_was_meant(history: History) -> None:
    """Records without a count of uses, of which two seemed to be in force."""
    history.load(version(1), TIMES[0])
    history.load(version(2), TIMES[1])
    for path in (history.archive.root / "rules").glob("*.json"):
        path.write_text(path.read_text().replace(',\n "use": 1', ""))
    assert "use" not in (history.archive.root / "rules" / f"{RULE}-1.json").read_text()
    history.load(version(1), TIMES[2])
    assert history.uses() == [(1, TIMES[0], TIMES[1]), (2, TIMES[1], TIMES[2]), (1, TIMES[2], None)]


def expected(numbers: Sequence[int | None]) -> list[tuple[int, datetime, datetime | None]]:
    """Every stretch of the same version is a use; reckoned by hand."""
    uses: list[tuple[int, datetime, datetime | None]] = []
    before: int | None = None
    for number, at in zip(numbers, TIMES, strict=False):
        if number != before:
            if before is not None:
                uses[-1] = (*uses[-1][:2], at)
            if number is not None:
                uses.append((number, at, None))
        before = number
    return uses


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from([None, 1, 2, 3]), min_size=1, max_size=6))
def test_whatever_the_code_does_the_history_is_that_of_its_versions_and_loading_again_changes_nothing(
    warehouse: duckdb.DuckDBPyConnection, tmp_path_factory: pytest.TempPathFactory, numbers: list[int | None]
) -> None:
    history = History(warehouse, tmp_path_factory.mktemp("history"))
    for number, at in zip(numbers, TIMES, strict=False):
        history.load(version(number), at)
    assert history.uses() == expected(numbers)
    assert sum(valid_to is None for *_, valid_to in history.uses()) == (numbers[-1] is not None)
    history.load(version(numbers[-1]), TIMES[-1])
    assert history.uses() == expected(numbers), "a rebuild, later, says the same"
