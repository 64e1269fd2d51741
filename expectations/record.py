"""Keeps the outcomes of batches, and reads them again: `quality.expectation_result`, one row per rule and batch, passes included."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa

from expectations.gate import Result
from expectations.rules import Rule, Suite
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


@dataclass(frozen=True)
class Judgement:
    """The results of one batch, and what it is known by."""

    batch_id: str
    feed_id: str
    government_code: str
    run_id: str
    detected_at: datetime
    results: Sequence[Result]


def write(connection: duckdb.DuckDBPyConnection, suite: Suite, judgements: Sequence[Judgement]) -> None:
    """Keep what the gate said of one batch, or of the files it judged at once, in their order. Call it in the transaction that commits what the results
    speak of."""
    of_rules = {rule.rule_id: _about(rule) for rule in suite.rules}
    rows = [
        of_rules[result.rule.rule_id]
        | {
            "result_id": result_id(judgement.batch_id, result.rule.rule_id),
            "batch_id": judgement.batch_id,
            "feed_id": judgement.feed_id,
            "government_code": judgement.government_code,
            "run_id": judgement.run_id,
            "detected_at": judgement.detected_at,
            "status": result.status,
            "element_count": result.element_count,
            "evaluated_count": result.evaluated_count,
            "unexpected_count": result.unexpected_count,
            "missing_count": result.missing_count,
            "observed_value": result.observed_value,
        }
        for judgement in judgements
        for result in judgement.results
    ]
    of_all = {"suite": suite.name, "table_name": suite.table_name}
    run_on_incoming(connection, pa.Table.from_pylist(rows, schema=_RESULT), sql_of("expectations", "result.sql"), of_all)
    connection.execute(sql_of("expectations", "result_by_owner.sql"), {"batch_ids": [judgement.batch_id for judgement in judgements]})


def _about(rule: Rule) -> dict[str, Any]:
    """What a result says of its rule."""
    return {
        "column_name": rule.constraint.column,
        "rule_id": rule.rule_id,
        "expectation_type": rule.constraint.expectation_type,
        "kwargs": json.dumps(rule.constraint.kwargs(), ensure_ascii=False),
        "dimension": rule.dimension,
        "severity": rule.severity,
        "scope": rule.scope,
        "reproduce_sql": rule.reproduce_sql(),
    }


_COUNTS = ("element_count", "evaluated_count", "unexpected_count", "missing_count")
_KNOWN_BY = ("result_id", "batch_id", "feed_id", "government_code", "run_id")
_OF_RULE = ("column_name", "rule_id", "expectation_type", "kwargs", "dimension", "severity", "scope", "reproduce_sql")
_TEXTS = (*_KNOWN_BY, *_OF_RULE, "status", "observed_value")
_TIMES = [("detected_at", pa.timestamp("us", tz="UTC"))]
_RESULT = pa.schema([(name, pa.string()) for name in _TEXTS] + [(name, pa.int64()) for name in _COUNTS] + _TIMES)
