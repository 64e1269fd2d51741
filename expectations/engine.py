"""Great Expectations on a DuckDB connection that is already open: its documented SQL data source, SQLAlchemy and a DBAPI connection whose
begin, commit, rollback and close do nothing. So it sees the caller's TEMP tables, its statements run inside DuckDB and never through a
data frame, and it cannot end the caller's transaction. Importing Great Expectations takes seconds: this module does so only when it judges."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import duckdb

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuite, ExpectationSuiteValidationResult
    from great_expectations.core.batch_definition import BatchDefinition
    from great_expectations.data_context import EphemeralDataContext
    from great_expectations.datasource.fluent.interfaces import Batch
    from great_expectations.expectations.expectation import Expectation


class _Cursor:
    """A DBAPI cursor on the connection itself: DuckDB's own cursor() would be another connection, blind to uncommitted rows."""

    arraysize = 1
    rowcount = -1

    def __init__(self, connection: "_OpenConnection") -> None:
        self._connection = connection
        self.description: list[tuple[Any, ...]] | None = None

    def execute(self, sql: str, parameters: Any = None, context: Any = None) -> "_Cursor":
        raw = self._connection.raw
        self._connection.active = self
        if parameters:
            raw.execute(sql, parameters)
        else:
            raw.execute(sql)
        self.description = [(column[0], str(column[1]), *column[2:]) for column in raw.description or []] or None
        return self

    def fetchone(self) -> Any:
        return self._source().fetchone()

    def fetchmany(self, size: int = 1) -> list[Any]:
        return self._source().fetchmany(size)

    def fetchall(self) -> list[Any]:
        return self._source().fetchall()

    def close(self) -> None:
        """Rows stay in DuckDB's result: Great Expectations fetches them after SQLAlchemy has let go of the cursor."""

    def _source(self) -> duckdb.DuckDBPyConnection:
        if self._connection.active is not self:
            raise RuntimeError("stale cursor: another statement ran on this connection since")
        return self._connection.raw


class _OpenConnection:
    """A connection that is lent, which nobody here may end."""

    def __init__(self, raw: duckdb.DuckDBPyConnection | None = None) -> None:
        self._raw = raw
        self.active: _Cursor | None = None
        self.notices: list[str] = []

    @property
    def raw(self) -> duckdb.DuckDBPyConnection:
        if self._raw is None:
            raise RuntimeError("no connection is lent")
        return self._raw

    @contextmanager
    def lent(self, raw: duckdb.DuckDBPyConnection) -> Iterator[None]:
        self._raw = raw
        try:
            yield
        finally:
            self._raw = self.active = None

    def cursor(self) -> _Cursor:
        return _Cursor(self)

    def begin(self) -> None: ...

    def commit(self) -> None: ...

    def rollback(self) -> None: ...

    def close(self) -> None: ...

    def __getattr__(self, name: str) -> Any:
        return getattr(self.raw, name)


def context() -> "EphemeralDataContext":
    """A Great Expectations context in memory, silent and without its usage statistics."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")  # without a network it waits seconds for nothing
    import great_expectations as gx

    made = gx.get_context(mode="ephemeral")
    made.variables.progress_bars = {"globally": False, "metric_calculations": False}  # type: ignore[assignment]
    return made


def batch_definition(made: "EphemeralDataContext", connection: duckdb.DuckDBPyConnection, table: str, name: str = "warehouse") -> "BatchDefinition[Any]":
    """The whole table (a TEMP table too) as a Great Expectations batch."""
    return _batch_definition(made, _OpenConnection(connection), table, name)


def _batch_definition(made: "EphemeralDataContext", connection: _OpenConnection, table: str, name: str) -> "BatchDefinition[Any]":
    from sqlalchemy.pool import StaticPool

    source = made.data_sources.add_sql(
        name,
        connection_string="duckdb:///:memory:",  # only names the dialect: the pool hands out the open connection
        kwargs={"creator": lambda: connection, "poolclass": StaticPool},  # type: ignore[call-arg]  # documented, missing in the stub
    )
    asset = source.add_table_asset("batch", table_name=table)
    return asset.add_batch_definition_whole_table("all")


_LENT = _OpenConnection()
_ALONE = threading.Lock()


@cache
def _batch() -> "Batch":
    """TEMP table `batch` of whatever connection is lent: context and data source cost 40 ms, so a process makes them once."""
    return _batch_definition(context(), _LENT, "batch", "warehouse").get_batch()


def validate(connection: duckdb.DuckDBPyConnection, suite: "ExpectationSuite") -> "ExpectationSuiteValidationResult":
    """Judge TEMP table `batch` of `connection`. One thread at a time: the others wait."""
    with _ALONE, _LENT.lent(connection):
        return _batch().validate(suite, result_format="BASIC")


def expectation(expectation_type: str, breaking: str, **common: Any) -> "Expectation":
    """That the aggregate `breaking` (SQL) is 0, under the name of `expectation_type`."""
    return _expectation_class(expectation_type)(breaking=breaking, **common)  # type: ignore[call-arg]


@cache
def _expectation_class(expectation_type: str) -> "type[Expectation]":
    """Great Expectations takes an expectation's type from its class name."""
    name = "".join(word.capitalize() for word in expectation_type.split("_"))
    return type(name, (_nothing_breaks(),), {"__module__": __name__, "__doc__": _nothing_breaks().__doc__})


@cache
def _nothing_breaks() -> "type[Expectation]":
    """An expectation on an aggregate metric, which Great Expectations bundles: one query and one scan for a whole suite, where the stock types ask a
    query each. It says itself which metric it needs: having that worked out takes 1 ms per expectation, most of the judgement of a small file."""
    from great_expectations.core.metric_domain_types import MetricDomainTypes
    from great_expectations.core.metric_function_types import MetricPartialFunctionTypes
    from great_expectations.execution_engine import SqlAlchemyExecutionEngine
    from great_expectations.expectations.expectation import BatchExpectation
    from great_expectations.expectations.metrics.metric_provider import metric_partial
    from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider
    from great_expectations.validator.metric_configuration import MetricConfiguration
    from great_expectations.validator.validator import ValidationDependencies
    from sqlalchemy import literal_column

    metric = "batch.breaking"

    class BatchBreaking(TableMetricProvider):
        metric_name = metric
        value_keys = ("breaking",)

        @metric_partial(SqlAlchemyExecutionEngine, MetricPartialFunctionTypes.AGGREGATE_FN, MetricDomainTypes.TABLE)
        def _sqlalchemy(cls, metric_domain_kwargs: dict[str, Any], metric_value_kwargs: dict[str, Any], **_: Any) -> tuple[Any, dict[str, Any], dict[str, Any]]:
            return literal_column(metric_value_kwargs["breaking"]), metric_domain_kwargs, {}

    class ExpectNothingToBreak(BatchExpectation):
        """Nothing in the batch breaks the rule."""

        breaking: str
        metric_dependencies = (metric,)
        success_keys = ("breaking",)

        def get_validation_dependencies(self, execution_engine: Any = None, runtime_configuration: Any = None) -> ValidationDependencies:
            needed = MetricConfiguration(metric, {"batch_id": self.batch_id}, {"breaking": self.breaking})
            return ValidationDependencies({metric: needed}, (runtime_configuration or {}).get("result_format", {}))

        def _validate(self, metrics: dict[str, Any], runtime_configuration: Any = None, execution_engine: Any = None) -> dict[str, Any]:
            return {"success": metrics[metric] == 0, "result": {"observed_value": metrics[metric]}}

    return ExpectNothingToBreak
