"""The gate: Great Expectations gives the verdict, the rule's own SQL finds the rows; both must say the same, and say it of the right rows. As both
are of one condition, what is said of any table is compared with pandas and with Great Expectations' own expectation types."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from expectations import engine, gate
from expectations.rules import Between, Constraint, Fresh, HasRows, Holds, InSet, NotNull, Rule, Scope, Severity, Steady, Suite, Unique
from tests.conftest import ROOT, environment
from warehouse import database

Cells = tuple[str | None, str | None, float | None]

COLUMNS = {"source_row": "BIGINT", "name": "VARCHAR", "status": "VARCHAR", "amount": "DOUBLE"}


def rule(rule_id: str, constraint: Constraint, severity: Severity = "critical", scope: Scope = "row", shows: tuple[str, ...] = ()) -> Rule:
    return Rule(rule_id, constraint, "conformity", severity, scope, "Harus benar.", "Must hold.", shows=shows)


def suite(*rules: Rule) -> Suite:
    return Suite(name="example", table_name="core.example", key=("name", "status"), columns=COLUMNS, rules=rules)


def stage(connection: duckdb.DuckDBPyConnection, rows: Sequence[Cells]) -> None:
    """TEMP table `batch`; the first row is row 2 of its file, as after a header."""
    connection.execute("create or replace temp table batch (source_row bigint, name varchar, status varchar, amount double)")
    if rows:
        names, statuses, amounts = (list(column) for column in zip(*rows, strict=True))
        connection.execute(
            "insert into batch select unnest($rows), unnest($names::varchar[]), unnest($statuses::varchar[]), unnest($amounts::double[])",
            {"rows": list(range(2, len(rows) + 2)), "names": names, "statuses": statuses, "amounts": amounts},
        )


def failed(connection: duckdb.DuckDBPyConnection, rule_id: str) -> list[int]:
    return [row[0] for row in connection.execute("select source_row from failed where rule_id = $1 order by source_row", [rule_id]).fetchall()]


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with database.scratch() as opened:
        yield opened


PLANTED: list[Cells] = [
    ("a", "up", 1.0),  # row 2
    (None, "up", 2.0),
    ("c", "sideways", 3.0),
    ("d", None, None),
    ("e", "down", -0.5),
    ("f", "down", 10.5),
    ("a", "up", 4.0),
    ("g", "up", 10.0),
    (None, "up", 0.0),
]


@pytest.mark.parametrize(
    ("constraint", "rows", "evaluated"),
    [
        (NotNull("name"), [3, 10], 9),
        (InSet("status", ("up", "down")), [4], 8),
        (Between("amount", 0, 10), [6, 7], 8),
        (Between("amount", low=1), [6, 10], 8),
        (Between("amount", high=3), [7, 8, 9], 8),
        (Holds("amount >= 1"), [5, 6, 10], 9),
        (Holds("amount >= 1", when="status = 'up'"), [10], 5),
        (Holds("name is not null and amount > 1", when="status is not null", column="name"), [2, 3, 6, 10], 8),
        (Unique(("name",)), [2, 8], 7),
        (Unique(("name", "status")), [2, 8], 6),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, list | int) else "",
)
def test_planted_faults_are_found_in_their_rows_and_no_others(
    connection: duckdb.DuckDBPyConnection, constraint: Constraint, rows: list[int], evaluated: int
) -> None:
    stage(connection, PLANTED)
    (result,) = gate.judge(connection, suite(rule("example.rule", constraint)))
    assert (result.status, result.element_count, result.evaluated_count, result.unexpected_count) == ("fail", 9, evaluated, len(rows))
    assert result.missing_count == 9 - evaluated
    assert failed(connection, "example.rule") == rows
    found = connection.execute("select source_row, business_key from failed order by source_row").fetchall()
    assert found == [(row, f"{PLANTED[row - 2][0] or gate.MISSING} | {PLANTED[row - 2][1] or gate.MISSING}") for row in rows]
    reproduced = connection.execute(result.rule.reproduce_sql()).fetchall()
    assert sorted(row[0] for row in reproduced) == rows


def test_a_failed_row_is_kept_whole_with_a_reason_that_names_what_was_found(connection: duckdb.DuckDBPyConnection) -> None:
    stage(connection, PLANTED)
    gate.judge(
        connection,
        suite(rule("example.rule", InSet("status", ("up", "down")), shows=("name", "status")), rule("example.named", NotNull("name"), shows=("name",))),
    )
    rows = connection.execute("select rule_id, severity, row->>'amount', row->>'source_row', reason from failed order by rule_id, source_row").fetchall()
    assert rows == [
        ("example.named", "critical", "2.0", "3", "Harus benar. [name = kosong]"),
        ("example.named", "critical", "0.0", "10", "Harus benar. [name = kosong]"),
        ("example.rule", "critical", "3.0", "4", "Harus benar. [name = c] [status = sideways]"),
    ]


def reasons(connection: duckdb.DuckDBPyConnection) -> dict[int, str]:
    return dict(connection.execute("select source_row, reason from failed").fetchall())


def test_a_row_that_shares_its_key_names_the_others(connection: duckdb.DuckDBPyConnection) -> None:
    stage(connection, [("a", "up", 1.0), ("b", "up", 2.0), ("a", "up", 3.0), ("c", "up", 4.0), ("a", "up", 5.0), ("b", "down", 6.0)])
    gate.judge(connection, suite(rule("example.once", Unique(("name", "status")), shows=("name",))))
    assert reasons(connection) == {
        2: "Harus benar. [name = a] [baris lain: 4, 6]",
        4: "Harus benar. [name = a] [baris lain: 2, 6]",
        6: "Harus benar. [name = a] [baris lain: 2, 4]",
    }


@pytest.mark.parametrize(("rows", "more"), [(6, ""), (7, " dan 1 lainnya"), (40, " dan 34 lainnya")])
def test_of_many_rows_with_one_key_the_first_five_are_named_and_the_rest_counted(connection: duckdb.DuckDBPyConnection, rows: int, more: str) -> None:
    stage(connection, [("a", "up", 1.0)] * rows)
    (result,) = gate.judge(connection, suite(rule("example.once", Unique(("name",)))))
    assert result.unexpected_count == rows
    found = reasons(connection)
    assert found[2] == f"Harus benar. [baris lain: 3, 4, 5, 6, 7{more}]"
    assert found[5] == f"Harus benar. [baris lain: 2, 3, 4, 6, 7{more}]"
    assert found[rows + 1] == f"Harus benar. [baris lain: 2, 3, 4, 5, 6{more}]"


def test_an_empty_batch_is_noticed_and_nothing_else_is_judged_on_it(connection: duckdb.DuckDBPyConnection) -> None:
    stage(connection, [])
    results = gate.judge(
        connection, suite(rule("example.has_rows", HasRows(), scope="batch"), rule("example.named", NotNull("name")), rule("example.once", Unique(("name",))))
    )
    assert [(result.rule.rule_id, result.status) for result in results] == [
        ("example.has_rows", "fail"),
        ("example.named", "not_evaluated"),
        ("example.once", "not_evaluated"),
    ]
    assert results[0].rejects_batch
    assert not results[1].rejects_batch
    assert connection.execute("select count(*) from failed").fetchall() == [(0,)]


def test_a_batch_that_is_too_small_is_refused_and_says_how_small(connection: duckdb.DuckDBPyConnection) -> None:
    stage(connection, PLANTED)
    enough, too_few = gate.judge(
        connection, suite(rule("example.nine", HasRows(at_least=9), scope="batch"), rule("example.ten", HasRows(at_least=10), scope="batch"))
    )
    assert (enough.status, too_few.status, too_few.observed_value) == ("pass", "fail", "9")
    assert (enough.rejects_batch, too_few.rejects_batch) == (False, True)


def test_the_order_of_results_is_that_of_the_suite(connection: duckdb.DuckDBPyConnection) -> None:
    stage(connection, PLANTED)
    rules = [rule(f"example.{number}", NotNull("name") if number % 2 else Holds("amount >= 0", when="amount is not null")) for number in range(6)]
    rules.insert(3, rule("example.rows", HasRows(), scope="batch"))
    results = gate.judge(connection, suite(*rules))
    assert [result.rule for result in results] == rules
    assert [result.unexpected_count for result in results] == [1, 2, 1, 0, 2, 1, 2]


@pytest.mark.parametrize(
    "constraint",
    [NotNull("nme"), InSet("nme", ("up",)), Between("nme", 0, 1), Holds("nme > 1"), Holds("true", when="nme = 1"), Unique(("name", "nme"))],
    ids=lambda constraint: type(constraint).__name__,
)
@pytest.mark.parametrize("rows", [PLANTED, []], ids=["rows", "empty"])
def test_a_rule_that_cannot_run_is_an_error_and_never_a_verdict(connection: duckdb.DuckDBPyConnection, constraint: Constraint, rows: list[Cells]) -> None:
    stage(connection, rows)
    broken, sound = gate.judge(connection, suite(rule("example.broken", constraint), rule("example.sound", NotNull("name"))))
    assert (broken.status, broken.unexpected_count) == ("error", 0)
    assert broken.rejects_batch, "what could not be judged is not let through"
    assert broken.observed_value
    assert sound.status == ("fail" if rows else "not_evaluated"), "one rule that cannot run stops no other"
    assert failed(connection, "example.broken") == []


def test_rules_that_cannot_run_stop_no_other_kind_of_rule(connection: duckdb.DuckDBPyConnection) -> None:
    stage(connection, PLANTED)
    unknown = [rule("example.unknown", NotNull("nme")), rule("example.unreadable", Holds("name::integer > 0")), rule("example.no_key", Unique(("nme",)))]
    results = gate.judge(connection, replace(ANY_SUITE, rules=(*unknown, *ANY_SUITE.rules)))
    assert [result.status for result in results[:3]] == ["error"] * 3
    assert "nme" in str(results[0].observed_value)
    assert "Could not convert" in str(results[1].observed_value)
    assert results[3:] == gate.judge(connection, ANY_SUITE)


@pytest.mark.parametrize(("first_fine", "collected"), [(5, 0), (20, 2)])
def test_a_rule_that_finds_other_rows_than_great_expectations_counted_is_an_error(
    connection: duckdb.DuckDBPyConnection, first_fine: int, collected: int
) -> None:
    stage(connection, PLANTED)
    connection.execute("create temp sequence asked")  # nine rows: asked by Great Expectations, when the failed are looked for, and what they break
    fickle, sound = gate.judge(connection, suite(rule("example.fickle", Holds(f"nextval('asked') > {first_fine}")), rule("example.sound", NotNull("name"))))
    said = f"Great Expectations found {min(first_fine, 9)} failing rows, the rule's SQL {collected}"
    assert (fickle.status, fickle.unexpected_count, fickle.observed_value) == ("error", 0, said)
    assert (sound.status, sound.unexpected_count) == ("fail", 2)
    assert failed(connection, "example.fickle") == []


def test_a_warning_that_cannot_run_rejects_nothing(connection: duckdb.DuckDBPyConnection) -> None:
    stage(connection, PLANTED)
    (result,) = gate.judge(connection, suite(rule("example.broken", NotNull("nme"), "warning")))
    assert (result.status, result.rejects_batch) == ("error", False)


@pytest.mark.parametrize("constraint", [InSet("status", ("up",)), Between("amount", 0, 1), Unique(("status",)), Holds("false", when="amount > 5")])
def test_where_there_is_nothing_to_check_nothing_is_said(connection: duckdb.DuckDBPyConnection, constraint: Constraint) -> None:
    stage(connection, [("a", None, None), ("b", None, None)])
    (result,) = gate.judge(connection, suite(rule("example.rule", constraint)))
    assert (result.status, result.evaluated_count, result.missing_count) == ("not_evaluated", 0, 2)


@pytest.mark.parametrize("severity", ["warning", "info"])
def test_a_warning_warns_and_keeps_its_rows(connection: duckdb.DuckDBPyConnection, severity: Severity) -> None:
    stage(connection, PLANTED)
    (result,) = gate.judge(connection, suite(rule("example.rule", NotNull("name"), severity)))
    assert (result.status, result.unexpected_count, result.rejects_batch) == ("warn", 2, False)
    assert connection.execute("select distinct severity from failed").fetchall() == [(severity,)]


def test_a_row_rule_never_rejects_a_batch_and_a_batch_rule_does(connection: duckdb.DuckDBPyConnection) -> None:
    stage(connection, [(None, None, None)])
    row, batch = gate.judge(connection, suite(rule("example.row", NotNull("name")), rule("example.batch", HasRows(at_least=2), scope="batch")))
    assert (row.status, row.rejects_batch) == ("fail", False)
    assert (batch.status, batch.rejects_batch) == ("fail", True)


@pytest.mark.parametrize(("within_s", "status"), [(3599, "warn"), (3600, "pass"), (0, "not_evaluated")])
def test_an_old_batch_is_told_by_its_newest_row(connection: duckdb.DuckDBPyConnection, within_s: int, status: str) -> None:
    connection.execute("create temp table batch (source_row bigint, name varchar, status varchar, checked_at timestamptz, received_at timestamptz)")
    for row, checked_at in ((2, "2026-09-30 10:00:00+00"), (3, "2026-09-30 11:00:00+00")):
        connection.execute("insert into batch values ($1, 'a', 'up', $2, '2026-09-30 12:00:00+00')", [row, checked_at])
    (result,) = gate.judge(connection, suite(rule("example.fresh", Fresh("checked_at", "received_at", within_s), "warning", "batch")))
    assert (result.status, result.unexpected_count) == (status, 0)
    assert result.observed_value == "2026-09-30 11:00:00+00 of 2026-09-30 12:00:00+00"


@pytest.mark.parametrize(
    ("constraint", "odd"),
    [
        (InSet("name", ("it's", 'a "quote"', "50 %", "a:b", "{c}", "x\\y")), ["it's", 'a "quote"', "50 %", "a:b", "{c}", "x\\y"]),
        (Holds("regexp_full_match(name, '[a-z]{2,3}')"), ["ab", "abc"]),
        (Holds("name like '%z%'"), ["z", "xzx"]),
        (Holds("name = 'it''s'"), ["it's"]),
        (Holds("amount::integer = 1"), ["x"]),
        (Holds("name <> 'at :time'"), ["x"]),
    ],
    ids=["odd values", "braces", "per cent", "quote", "cast", "colon"],
)
def test_odd_letters_in_a_rule_mean_themselves(connection: duckdb.DuckDBPyConnection, constraint: Constraint, odd: list[str]) -> None:
    stage(connection, [(name, "up", 1.0) for name in odd])
    (result,) = gate.judge(connection, suite(rule("example.rule", constraint)))
    assert (result.status, result.observed_value if result.status == "error" else None) == ("pass", None)
    stage(connection, [*[(name, "up", 1.0) for name in odd], ("at :time", "up", 2.0)])
    (result,) = gate.judge(connection, suite(rule("example.rule", constraint)))
    assert (result.status, result.unexpected_count) == ("fail", 1)
    assert failed(connection, "example.rule") == [len(odd) + 2]


# Against pandas, on any table.

ROWS = st.lists(
    st.tuples(
        st.none() | st.sampled_from(["a", "b", "c", "", " ", "ü"]),
        st.none() | st.sampled_from(["up", "down", "UP", "it's"]),
        st.none() | st.integers(-2, 12).map(lambda halves: halves / 2),
    ),
    max_size=12,
)
ANY: dict[str, Constraint] = {
    "named": NotNull("name"),
    "known": InSet("status", ("up", "down", "it's")),
    "between": Between("amount", 0, 5),
    "at_least": Between("amount", low=1.5),
    "at_most": Between("amount", high=4),
    "holds": Holds("amount > 1", when="status = 'up'"),
    "everywhere": Holds("amount > 1 and name <> 'b'"),
    "once": Unique(("name",)),
    "pair_once": Unique(("name", "status")),
    "has_rows": HasRows(at_least=3),
}
ANY_SUITE = suite(*[rule(f"example.{name}", constraint, scope="batch" if isinstance(constraint, HasRows) else "row") for name, constraint in ANY.items()])


def by_pandas(rows: list[Cells]) -> dict[str, tuple[pd.Series, pd.Series]]:
    """For each rule: the rows it is about, and of those the rows that break it."""
    table = pd.DataFrame(rows, columns=["name", "status", "amount"], index=range(2, len(rows) + 2)).astype(
        {"name": "object", "status": "object", "amount": "float64"}
    )
    everything = pd.Series(True, index=table.index)
    up = table["status"].eq("up")
    amount_known = table["amount"].notna()
    fine = table["amount"].gt(1)
    pair_known = table["name"].notna() & table["status"].notna()
    return {
        "named": (everything, table["name"].isna()),
        "known": (table["status"].notna(), table["status"].notna() & ~table["status"].isin(["up", "down", "it's"])),
        "between": (amount_known, amount_known & ~table["amount"].between(0, 5)),
        "at_least": (amount_known, table["amount"].lt(1.5)),
        "at_most": (amount_known, table["amount"].gt(4)),
        "holds": (up, up & ~fine),
        "everywhere": (everything, ~(fine & table["name"].notna() & table["name"].ne("b"))),
        "once": (table["name"].notna(), table["name"].notna() & table.duplicated(["name"], keep=False)),
        "pair_once": (pair_known, pair_known & table.duplicated(["name", "status"], keep=False)),
    }


@settings(max_examples=25, deadline=None)
@example(rows=[])
@example(rows=[(None, None, None)] * 3)
@example(rows=[("a", "up", 2.0), ("a", "up", 2.0), ("a", None, 2.0)])
@given(rows=ROWS)
def test_the_verdict_on_any_table_is_that_of_pandas(rows: list[Cells]) -> None:
    with database.scratch() as connection:
        stage(connection, rows)
        results = {result.rule.rule_id.split(".")[1]: result for result in gate.judge(connection, ANY_SUITE)}
        assert results["has_rows"].status == ("pass" if len(rows) >= 3 else "fail")
        for name, (about, breaking) in by_pandas(rows).items():
            result = results[name]
            wanted = "fail" if breaking.any() else "pass" if about.any() else "not_evaluated"
            assert (name, result.status, result.evaluated_count, result.unexpected_count) == (name, wanted, about.sum(), breaking.sum())
            assert failed(connection, f"example.{name}") == list(breaking[breaking].index)


@settings(max_examples=25, deadline=None)
@example(rows=[])
@example(rows=[(None, None, None)] * 3)
@example(rows=[("a", "up", 2.0), ("a", "up", 2.0), ("a", None, 2.0)])
@given(rows=ROWS)
def test_the_verdict_on_any_table_is_that_of_great_expectations_own_types(rows: list[Cells]) -> None:
    import great_expectations as gx

    with database.scratch() as connection:
        stage(connection, rows)
        ours = {result.rule.rule_id: result.status != "fail" for result in gate.judge(connection, ANY_SUITE)}
        stock = [rule.constraint.expectation(stock=True, meta={"rule_id": rule.rule_id}) for rule in ANY_SUITE.rules]
        assert {type(expectation).__module__.split(".")[0] for expectation in stock} == {"great_expectations"}
        judged = engine.validate(connection, gx.ExpectationSuite(name="stock", expectations=stock)).results
        assert {result.expectation_config.meta["rule_id"]: result.success for result in judged} == ours
        assert not [result.exception_info for result in judged if result.exception_info.get("raised_exception")]


@settings(max_examples=25, deadline=None)
@example(names=["a"] * 9)
@given(names=st.lists(st.none() | st.sampled_from(["a", "b", "c", "d"]), max_size=20))
def test_keys_taken_a_part_at_a_time_give_the_same_rows_and_reasons(names: list[str | None]) -> None:
    with database.scratch() as connection, pytest.MonkeyPatch.context() as patch:
        stage(connection, [(name, "up", 1.0) for name in names])
        once = suite(rule("example.once", Unique(("name",)), shows=("name",)))
        (whole,), of_whole = gate.judge(connection, once), reasons(connection)
        patch.setattr(gate, "ROWS_AT_ONCE", 2)
        (parts,), of_parts = gate.judge(connection, once), reasons(connection)
        assert (parts, of_parts) == (whole, of_whole)


def test_the_expectation_type_on_record_is_the_one_that_ran() -> None:
    for known in (*ANY.values(), Fresh("checked_at", "received_at", 1), Steady("volume")):
        assert known.expectation().expectation_type == known.expectation_type


# Around the verdict.


def test_great_expectations_asks_a_whole_suite_in_one_query(connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    execute = engine._Cursor.execute

    def noted(cursor: engine._Cursor, sql: str, *arguments: Any) -> engine._Cursor:
        asked.append(sql)
        return execute(cursor, sql, *arguments)

    stage(connection, PLANTED)
    gate.judge(connection, ANY_SUITE)
    monkeypatch.setattr(engine._Cursor, "execute", noted)
    gate.judge(connection, ANY_SUITE)
    assert len([sql for sql in asked if "batch" in sql]) == 1, asked


def test_threads_that_judge_at_the_same_time_each_judge_their_own_batch() -> None:
    def judge(rows: int) -> list[int]:
        with database.scratch() as connection:
            stage(connection, [(None, "up", 1.0)] * rows + [("a", "up", 1.0)] * rows)
            results = gate.judge(connection, suite(rule("example.named", NotNull("name")), rule("example.once", Unique(("name",)))))
            return [results[0].element_count, results[0].unexpected_count, results[1].unexpected_count]

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(judge, range(2, 26))) == [[2 * rows, rows, rows] for rows in range(2, 26)]


def test_judging_leaves_the_callers_transaction_and_tables_alone(tmp_path: Path) -> None:
    connection = duckdb.connect(str(tmp_path / "scratch.duckdb"))
    try:
        connection.execute("create table kept (value integer)")
        connection.execute("begin")
        connection.execute("insert into kept values (1)")
        connection.execute("create temp table mine as select 1 as value")
        stage(connection, PLANTED)
        results = gate.judge(connection, ANY_SUITE)
        assert {result.status for result in results} == {"fail", "pass"}
        assert connection.execute("select * from mine").fetchall() == [(1,)]
        assert connection.execute("select count(*) from batch").fetchall() == [(9,)]
        connection.execute("rollback")  # it is still ours to end
        assert connection.execute("select count(*) from kept").fetchall() == [(0,)]
        connection.execute("begin")
        connection.execute("insert into kept values (2)")
        stage(connection, PLANTED)
        gate.judge(connection, ANY_SUITE)
        connection.execute("commit")
        assert connection.execute("select * from kept").fetchall() == [(2,)]
    finally:
        connection.close()


def test_a_second_judgement_forgets_the_first(connection: duckdb.DuckDBPyConnection) -> None:
    named = suite(rule("example.named", NotNull("name")))
    stage(connection, PLANTED)
    gate.judge(connection, named)
    stage(connection, [("a", "up", 1.0)])
    (result,) = gate.judge(connection, named)
    assert result.status == "pass"
    assert connection.execute("select count(*) from failed").fetchall() == [(0,)]


def test_a_batch_that_could_not_be_staged_is_not_evaluated(connection: duckdb.DuckDBPyConnection) -> None:
    results = gate.not_evaluated(connection, ANY_SUITE)
    assert [result.rule for result in results] == list(ANY_SUITE.rules)
    assert {(result.status, result.element_count, result.rejects_batch) for result in results} == {("not_evaluated", 0, False)}


FIRST = rule("example.known", InSet("status", ("up", "down")))


@pytest.mark.parametrize(
    "changed",
    [
        replace(FIRST, constraint=InSet("status", ("up",))),
        replace(FIRST, constraint=NotNull("status")),
        replace(FIRST, severity="warning"),
        replace(FIRST, scope="batch"),
        replace(FIRST, version=2),
        replace(FIRST, rule_id="example.other"),
    ],
    ids=["values", "constraint", "severity", "scope", "version", "rule"],
)
def test_the_version_of_a_suite_changes_with_its_verdicts(changed: Rule) -> None:
    assert suite(changed).version != suite(FIRST).version
    assert suite(FIRST, changed).version != suite(FIRST).version


@pytest.mark.parametrize(
    "changed", [replace(FIRST, sentence_id="Lain."), replace(FIRST, sentence_en="Other."), replace(FIRST, owner="Bappeda")], ids=["id", "en", "owner"]
)
def test_the_version_of_a_suite_does_not_change_with_its_wording(changed: Rule) -> None:
    assert suite(changed).version == suite(FIRST).version


def test_loading_the_definitions_does_not_wait_for_great_expectations(tmp_path: Path) -> None:
    code = "import sys, pipelines.definitions; print([name for name in ('great_expectations', 'sqlalchemy.dialects.duckdb', 'pandas') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment(tmp_path / "home"), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "great_expectations" not in done.stdout.splitlines()[-1]
