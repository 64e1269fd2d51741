"""Keeps the outcomes of batches, and reads them again: `quality.expectation_result`, one row per rule and batch, passes included."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb
import pyarrow as pa

from expectations.gate import Result
from expectations.rules import Suite
from warehouse.database import run_on_incoming
from warehouse.files import identifier, sql_of


@dataclass(frozen=True)
class Outcome:
    """A rule's stored outcome over one or several batches: the statuses met; rows in all, checked, failed; the first few failed rows
    (source, key, reason)."""

    statuses: frozenset[str] = frozenset()
    rows: int = 0
    rows_checked: int = 0
    rows_failed: int = 0
    reproduce_sql: str = ""
    observed: str = ""
    failed_rows: tuple[tuple[str, str, str], ...] = ()

    @property
    def worst(self) -> str:
        return next((status for status in ("fail", "error", "warn", "pass") if status in self.statuses), "not_evaluated")


def outcomes(connection: duckdb.DuckDBPyConnection, batch_ids: Sequence[str], shown: int = 5) -> dict[str, Outcome]:
    """What is stored of some batches, by rule id; a rule without any row is not in it. At most `shown` failed rows each."""
    statement = sql_of("expectations", "outcome.sql")
    rows = connection.execute(statement, {"batch_ids": list(batch_ids), "shown": shown}).fetchall()
    found = {}
    for rule_id, statuses, total, checked, failed, reproduce_sql, observed, sample in rows:
        failed_rows = tuple((row["source"], row["key"], row["reason"]) for row in sample)
        found[rule_id] = Outcome(frozenset(statuses), total, checked, failed, reproduce_sql, observed, failed_rows)
    return found


def result_id(batch_id: str, rule_id: str) -> str:
    return identifier(batch_id, rule_id)


def is_judged(connection: duckdb.DuckDBPyConnection, suite: Suite, batch_id: str) -> bool:
    """Whether the stored outcomes of a batch are those of the suite's rules as they are today."""
    stored = connection.execute(
        "select rule_id, severity, reproduce_sql from quality.expectation_result where batch_id = $1 and suite = $2", [batch_id, suite.name]
    )
    return set(stored.fetchall()) == {(rule.rule_id, rule.severity, rule.reproduce_sql()) for rule in suite.rules}


def write(
    connection: duckdb.DuckDBPyConnection,
    suite: Suite,
    results: Sequence[Result],
    batch_id: str,
    feed_id: str,
    government_code: str,
    run_id: str,
    detected_at: datetime,
) -> None:
    """Call it in the transaction that commits what the results speak of."""
    rows = [
        {
            "result_id": result_id(batch_id, result.rule.rule_id),
            "column_name": result.rule.constraint.column,
            "rule_id": result.rule.rule_id,
            "expectation_type": result.rule.constraint.expectation_type,
            "kwargs": json.dumps(result.rule.constraint.kwargs(), ensure_ascii=False),
            "dimension": result.rule.dimension,
            "severity": result.rule.severity,
            "scope": result.rule.scope,
            "status": result.status,
            "element_count": result.element_count,
            "evaluated_count": result.evaluated_count,
            "unexpected_count": result.unexpected_count,
            "missing_count": result.missing_count,
            "observed_value": result.observed_value,
            "reproduce_sql": result.rule.reproduce_sql(),
        }
        for result in results
    ]
    of_all = {
        "run_id": run_id,
        "batch_id": batch_id,
        "feed_id": feed_id,
        "government_code": government_code,
        "suite": suite.name,
        "table_name": suite.table_name,
        "detected_at": detected_at,
    }
    run_on_incoming(connection, pa.Table.from_pylist(rows, schema=_RESULT), sql_of("expectations", "result.sql"), of_all)
    connection.execute(sql_of("expectations", "result_by_owner.sql"), {"batch_id": batch_id})


_COUNTS = ("element_count", "evaluated_count", "unexpected_count", "missing_count")
_TEXTS = ("result_id", "column_name", "rule_id", "expectation_type", "kwargs", "dimension", "severity", "scope", "status", "observed_value", "reproduce_sql")
_RESULT = pa.schema([(name, pa.string()) for name in _TEXTS] + [(name, pa.int64()) for name in _COUNTS])
