"""The gate: judges the staged batch (TEMP table `batch`) by a suite, inside DuckDB. In: an open connection and a suite. Out: plain results,
and in TEMP table `failed` every failed row with its key and the reason. It writes nothing that lasts."""

from dataclasses import dataclass
from typing import Any, Literal

import duckdb

from expectations.rules import HasRows, Rule, Suite

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
    connection.execute(
        "create or replace temp table failed (rule_id varchar, severity varchar, source_row bigint, business_key varchar, row json, reason varchar)"
    )
    applied = _rows_applied_to(connection, suite)
    verdicts = _verdicts(connection, suite)
    return [_result(connection, suite, rule, applied, verdicts[rule.rule_id]) for rule in suite.rules]


def not_evaluated(suite: Suite) -> list[Result]:
    """Results for a batch that could not be staged: nothing was checked, and that is what they say."""
    return [Result(rule, "not_evaluated", 0, 0, 0) for rule in suite.rules]


@dataclass(frozen=True)
class _Verdict:
    success: bool
    raised: str | None
    observed_value: str | None


def _rows_applied_to(connection: duckdb.DuckDBPyConnection, suite: Suite) -> dict[str, int]:
    """Rows in the batch under `''`, and rows each rule applies to; -1 where asking was an error. One scan when all is well."""

    def count(rules: tuple[Rule, ...]) -> dict[str, int]:
        filters = ", ".join(f"count(*) filter (where {rule.constraint.applies()})" for rule in rules)
        row = connection.execute(f"select count(*){', ' if filters else ''}{filters} from batch").fetchone()
        assert row is not None
        return {"": int(row[0])} | {rule.rule_id: int(value) for rule, value in zip(rules, row[1:], strict=True)}

    try:
        return count(suite.rules)
    except duckdb.Error:
        counts = count(())
        for rule in suite.rules:
            try:
                counts |= count((rule,))
            except duckdb.Error:
                counts[rule.rule_id] = -1
        return counts


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


def _result(connection: duckdb.DuckDBPyConnection, suite: Suite, rule: Rule, applied: dict[str, int], verdict: _Verdict) -> Result:
    elements = applied[""]
    evaluated = applied[rule.rule_id]
    if verdict.raised is not None or evaluated < 0:
        return Result(rule, "error", elements, 0, 0, verdict.raised or "could not run")
    if verdict.success:
        nothing_to_check = evaluated == 0 and not isinstance(rule.constraint, HasRows)
        return Result(rule, "not_evaluated" if nothing_to_check else "pass", elements, evaluated, 0, verdict.observed_value)
    failed = 0 if isinstance(rule.constraint, HasRows) else _collect_failed_rows(connection, suite, rule)
    if failed == 0 and not isinstance(rule.constraint, HasRows):
        return Result(rule, "error", elements, evaluated, 0, "Great Expectations found failing rows that the rule's SQL does not find")
    return Result(rule, "fail" if rule.severity == "critical" else "warn", elements, evaluated, failed, verdict.observed_value)


def _collect_failed_rows(connection: duckdb.DuckDBPyConnection, suite: Suite, rule: Rule) -> int:
    """All of them, found and kept inside DuckDB."""
    key = ", ".join(f"coalesce(\"{column}\"::varchar, '?')" for column in suite.key)
    shown = "".join(f" || ' [{column} = ' || coalesce(\"{column}\"::varchar, 'kosong') || ']'" for column in rule.shows)
    row = connection.execute(
        f"""
        insert into failed
        select $rule_id, $severity, source_row, concat_ws(' | ', {key}), to_json(batch), $sentence{shown}
        from batch
        where {rule.constraint.failing()}
        """,
        {"rule_id": rule.rule_id, "severity": rule.severity, "sentence": rule.sentence_id},
    ).fetchone()
    return int(row[0]) if row is not None else 0
