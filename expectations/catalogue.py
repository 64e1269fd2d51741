"""All suites there are, and the catalogue of their rules: `quality.rule`, with the time each version came into use."""

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from datetime import datetime

import duckdb

from expectations import check, dataset, derived, distribution, published_index, submission
from expectations.rules import BatchConstraint, Holds, Rule, Suite
from warehouse.archive import Archive, RuleRecord
from warehouse.database import scratch, transaction

COLUMNS = tuple(field.name for field in fields(RuleRecord) if field.name != "use")  # of quality.rule


class RuleError(ValueError):
    """A rule that cannot hold or fail, because it cannot be asked: it names a column the batch does not have, say."""


def suites() -> tuple[Suite, ...]:
    """One of each kind; the rules of a feed's own suite differ from these only in the feed's settings."""
    return (submission.SUITE, published_index.SUITE, check.suite(()), dataset.SUITE, distribution.SUITE, *derived.SUITES)


def validate(suite: Suite) -> None:
    """Ask every rule of an empty batch with the suite's columns. Raises `RuleError` for the first that cannot be asked."""
    with scratch() as connection:
        columns = ", ".join(f'"{name}" {kind}' for name, kind in suite.columns.items())
        connection.execute(f"create temp table batch ({columns})")
        for rule in suite.rules:
            for query in _questions(rule):
                try:
                    connection.execute(query)
                except duckdb.Error as error:
                    first = str(error).splitlines()[0]
                    raise RuleError(f"rule {rule.rule_id} cannot be asked of {suite.table_name}: {first}; columns: {', '.join(suite.columns)}") from error
        for column in (*suite.key, *suite.owners.columns, *suite.watched, *(column for rule in suite.rules for column in rule.shows)):
            if column not in suite.columns:
                raise RuleError(f"suite {suite.name} names a column {column!r} that {suite.table_name} does not have; columns: {', '.join(suite.columns)}")


def _questions(rule: Rule) -> Iterator[str]:
    if isinstance(rule.constraint, BatchConstraint):
        if rule.constraint.column is not None:
            yield rule.constraint.reproduce()
    else:
        yield rule.reproduce_sql()
        yield f"select count(*) filter (where {rule.constraint.applies()}) from batch"
    if isinstance(rule.constraint, Holds) and rule.constraint.column is not None:
        yield f'select "{rule.constraint.column}" from batch'


def load(connection: duckdb.DuckDBPyConnection, archive: Archive, clock: Callable[[], datetime]) -> int:
    """Bring `quality.rule` up to the code: what a rule says is what the code says, since when is kept in the archive, so that a rebuild says the same. A
    version that was left and comes back is used a second time, from now on."""
    now = clock()
    recorded = archive.rules()
    in_force = {record.rule_id: record for record in recorded if record.valid_to is None}
    said = [_record(suite, rule, now) for suite in suites() for rule in suite.rules]
    for record in said:
        before = in_force.pop(record.rule_id, None)
        if before is not None and before.version == record.version:
            today = replace(record, valid_from=before.valid_from, use=before.use)
        else:
            today = replace(record, use=1 + sum((other.rule_id, other.version) == (record.rule_id, record.version) for other in recorded))
        if today != before:
            archive.record_rule(today)
    for record in in_force.values():
        archive.retire_rule(record, now)
    rows = [tuple(getattr(record, column) for column in COLUMNS) for record in archive.rules()]
    with transaction(connection):
        connection.execute("delete from quality.rule")
        connection.executemany(f"insert into quality.rule ({', '.join(COLUMNS)}) values ({', '.join('?' * len(COLUMNS))})", rows)
    return len(rows)


def _record(suite: Suite, rule: Rule, valid_from: datetime) -> RuleRecord:
    return RuleRecord(
        rule_id=rule.rule_id,
        version=rule.version,
        suite=suite.name,
        table_name=suite.table_name,
        column_name=rule.constraint.column,
        expectation_type=rule.constraint.expectation_type,
        dimension=rule.dimension,
        severity=rule.severity,
        scope=rule.scope,
        owner=rule.owner,
        sentence_id=rule.sentence_id,
        sentence_en=rule.sentence_en,
        valid_from=valid_from,
    )
