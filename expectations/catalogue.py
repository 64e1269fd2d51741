"""All suites there are, and the catalogue of their rules: `quality.rule`, with the time each version came into use."""

from collections.abc import Callable, Iterator
from datetime import datetime

import duckdb

from expectations import check, dataset, derived, distribution, published_index, submission
from expectations.rules import BatchConstraint, Holds, Rule, Suite
from warehouse.archive import Archive, RuleRecord
from warehouse.database import scratch, transaction


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
    """Bring `quality.rule` up to the code. When a version was first used is kept in the archive, so that a rebuild says the same."""
    for suite in suites():
        for rule in suite.rules:
            archive.record_rule(
                RuleRecord(
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
                    valid_from=clock(),
                )
            )
    in_use = {(rule.rule_id, rule.version) for suite in suites() for rule in suite.rules}
    recorded = archive.rules()
    with transaction(connection):
        connection.execute("delete from quality.rule")
        for record in recorded:
            later = [other.valid_from for other in recorded if other.rule_id == record.rule_id and other.version > record.version]
            in_force = (record.rule_id, record.version) in in_use
            valid_to = min(later) if later else None if in_force else archive.retire_rule(record.rule_id, record.version, clock())
            connection.execute(
                "insert into quality.rule values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
                [
                    record.rule_id,
                    record.version,
                    record.suite,
                    record.table_name,
                    record.column_name,
                    record.expectation_type,
                    record.dimension,
                    record.severity,
                    record.scope,
                    record.owner,
                    record.sentence_id,
                    record.sentence_en,
                    record.valid_from,
                    valid_to,
                ],
            )
    return len(recorded)
