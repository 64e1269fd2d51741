"""The gate: judges the staged batch (TEMP table `batch`) by a suite, inside DuckDB. In: an open connection and a suite. Out: plain results,
and in TEMP table `failed` every failed row with its key and the reason. It writes nothing that lasts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import duckdb

from expectations.rules import BatchConstraint, Fresh, HasRows, Rule, Steady, Suite
from warehouse.files import sql_of

MISSING = "<kosong>"
Status = Literal["pass", "warn", "fail", "error", "not_evaluated"]


@dataclass(frozen=True)
class Result:
    """A rule's outcome on one batch. Counts are rows: in the batch, the rule applied to, that broke it, it did not apply to."""

    rule: Rule
    status: Status
    element_count: int
    evaluated_count: int
    unexpected_count: int
    observed_value: str | None = None

    @property
    def missing_count(self) -> int:
        return self.element_count - self.evaluated_count

    @property
    def rejects_batch(self) -> bool:
        """A critical batch rule that failed; or any critical rule that could not be run: an unjudged batch is not let through."""
        return self.rule.severity == "critical" and (self.status == "error" or (self.status == "fail" and self.rule.scope == "batch"))


def judge(connection: duckdb.DuckDBPyConnection, suite: Suite) -> list[Result]:
    """Run every rule of `suite` on TEMP table `batch`. Call it outside a transaction: a rule that cannot run must not poison one."""
    _prepare(connection)
    rows, applied = _rows_applied_to(connection, suite)
    verdicts = _verdicts(connection, suite)
    results = [_result(connection, suite, rule, rows, applied[rule.rule_id], verdicts[rule.rule_id]) for rule in suite.rules]
    _count_failed_by_owner(connection, suite)
    return results


def not_evaluated(connection: duckdb.DuckDBPyConnection, suite: Suite) -> list[Result]:
    """Results for a batch that could not be staged: nothing was checked, and that is what they say."""
    _prepare(connection)
    return [Result(rule, "not_evaluated", 0, 0, 0) for rule in suite.rules]


def _prepare(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(sql_of("expectations", "judged.sql"))


@dataclass(frozen=True)
class _Verdict:
    success: bool
    raised: str | None
    observed_value: str | None


def _rows_applied_to(connection: duckdb.DuckDBPyConnection, suite: Suite) -> tuple[int, dict[str, int]]:
    """Rows in the batch, and rows each rule applies to (for a rule about the batch: all of them, or 0 if there is nothing to judge); -1 where
    asking was an error. One scan when all is well. Leaves in TEMP table `judged` the same by owner of the rows."""

    def ask(rules: tuple[Rule, ...]) -> list[tuple[Any, ...]]:
        asked = [
            f"case when {rule.constraint.evaluated()} then count(*) else 0 end"
            if isinstance(rule.constraint, BatchConstraint)
            else f"count(*) filter (where {rule.constraint.applies()})"
            for rule in rules
        ]
        grouped = f" group by {', '.join(map(str, range(1, 4)))}" if suite.owners.columns else ""
        return connection.execute(f"select {', '.join([*suite.owners.expressions(), 'count(*)', *asked])} from batch{grouped}").fetchall()

    try:
        answers = ask(suite.rules)
        asked = suite.rules
    except duckdb.Error:
        asked = tuple(rule for rule in suite.rules if _can_ask(ask, rule))
        answers = ask(asked)
    applied = {rule.rule_id: -1 for rule in suite.rules}
    counted = []
    for index, rule in enumerate(asked, start=4):
        applied[rule.rule_id] = sum(int(answer[index]) for answer in answers)
        counted += [(rule.rule_id, *answer[:3], int(answer[index])) for answer in answers]
    if counted:
        columns = [list(values) for values in zip(*counted, strict=True)]
        connection.execute("insert into judged select unnest($1), unnest($2), unnest($3), unnest($4), unnest($5), 0", columns)
    return sum(int(answer[3]) for answer in answers), applied


def _can_ask(ask: Callable[[tuple[Rule, ...]], object], rule: Rule) -> bool:
    try:
        ask((rule,))
    except duckdb.Error:
        return False
    return True


def _count_failed_by_owner(connection: duckdb.DuckDBPyConnection, suite: Suite) -> None:
    government, agency, period = suite.owners.expressions("batch.")
    connection.execute(
        f"""
        update judged set unexpected_count = found.unexpected_count
        from (
            select failed.rule_id, {government} as government_code, {agency} as agency_code, {period} as period, count(*) as unexpected_count
            from failed inner join batch using (source_row)
            group by all
        ) as found
        where
            judged.rule_id = found.rule_id
            and judged.government_code is not distinct from found.government_code
            and judged.agency_code is not distinct from found.agency_code
            and judged.period is not distinct from found.period
        """
    )


def _verdicts(connection: duckdb.DuckDBPyConnection, suite: Suite) -> dict[str, _Verdict]:
    """What Great Expectations says of each rule. Its results come in another order than the suite: they are matched by `meta`."""
    from expectations import engine

    made = engine.context()
    definition = engine.batch_definition(made, connection, "batch")
    expectations = [rule.constraint.expectation(severity=rule.severity, meta={"rule_id": rule.rule_id}) for rule in suite.rules]
    judged = engine.run(made, suite.name, definition, expectations)
    verdicts = {}
    for outcome in judged.results:
        assert outcome.expectation_config is not None
        meta = outcome.expectation_config.meta or {}
        verdicts[meta["rule_id"]] = _Verdict(bool(outcome.success), _raised(outcome.exception_info), _observed(outcome.result.get("observed_value")))
    return verdicts


def _raised(info: dict[str, Any] | None) -> str | None:
    """The first exception message in Great Expectations' exception info, which nests by metric."""
    if not info:
        return None
    if "raised_exception" in info:
        return str(info.get("exception_message") or "could not run") if info["raised_exception"] else None
    return next((message for nested in info.values() if isinstance(nested, dict) and (message := _raised(nested)) is not None), None)


def _observed(value: object) -> str | None:
    return None if value is None else str(value)


def _result(connection: duckdb.DuckDBPyConnection, suite: Suite, rule: Rule, rows: int, applied: int, verdict: _Verdict) -> Result:
    if verdict.raised is not None or applied < 0:
        return Result(rule, "error", rows, 0, 0, verdict.raised or "could not run")
    broken: Status = "fail" if rule.severity == "critical" else "warn"
    if isinstance(rule.constraint, BatchConstraint):
        nothing_to_judge = applied == 0 and not isinstance(rule.constraint, HasRows)
        status: Status = "not_evaluated" if nothing_to_judge else "pass" if verdict.success else broken
        return Result(rule, status, rows, applied, 0, _observed_of_batch(connection, rule.constraint, verdict))
    if verdict.success:
        return Result(rule, "pass" if applied else "not_evaluated", rows, applied, 0, verdict.observed_value)
    failed = _collect_failed_rows(connection, suite, rule)
    if failed == 0:
        return Result(rule, "error", rows, applied, 0, "Great Expectations found failing rows that the rule's SQL does not find")
    return Result(rule, broken, rows, applied, failed, verdict.observed_value)


def _observed_of_batch(connection: duckdb.DuckDBPyConnection, constraint: BatchConstraint, verdict: _Verdict) -> str | None:
    """What a rule about the batch has seen, in words."""
    match constraint:
        case Steady(aspect=aspect):
            row = connection.execute("select string_agg(finding, '; ' order by finding) from drift where aspect = $1", [aspect]).fetchone()
        case Fresh():
            row = connection.execute(f"select newest || ' of ' || reference from ({constraint.reproduce()})").fetchone()
        case HasRows():
            return verdict.observed_value
    return None if row is None else row[0]


def _collect_failed_rows(connection: duckdb.DuckDBPyConnection, suite: Suite, rule: Rule) -> int:
    """All of them, found and kept inside DuckDB."""
    assert not isinstance(rule.constraint, BatchConstraint)
    shown = "".join(f" || ' [{column} = ' || coalesce(\"{column}\"::varchar, 'kosong') || ']'" for column in rule.shows)
    row = connection.execute(
        f"""
        insert into failed
        select $rule_id, $severity, source_row, {business_key(suite)}, to_json(batch), $sentence{shown}
        from batch
        where {rule.constraint.failing()}
        """,
        {"rule_id": rule.rule_id, "severity": rule.severity, "sentence": rule.sentence_id},
    ).fetchone()
    return int(row[0]) if row is not None else 0


def business_key(suite: Suite) -> str:
    """SQL of what a row is about, as text; a missing part is `MISSING`."""
    return "concat_ws(' | ', " + ", ".join(f"coalesce(\"{column}\"::varchar, '{MISSING}')" for column in suite.key) + ")"
