"""Great Expectations on a DuckDB connection that is already open: its documented SQL data source, SQLAlchemy and a DBAPI connection whose
begin, commit, rollback and close do nothing. So it sees the caller's TEMP tables, its statements run inside DuckDB and never through a
data frame, and it cannot end the caller's transaction. Importing Great Expectations takes seconds: this module does so only when it judges."""

import os
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import duckdb

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuiteValidationResult
    from great_expectations.core.batch_definition import BatchDefinition
    from great_expectations.data_context import EphemeralDataContext
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
    """The caller's connection, which nobody here may end."""

    def __init__(self, raw: duckdb.DuckDBPyConnection) -> None:
        self.raw = raw
        self.active: _Cursor | None = None
        self.notices: list[str] = []

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
    from sqlalchemy.pool import StaticPool

    source = made.data_sources.add_sql(
        name,
        connection_string="duckdb:///:memory:",  # only names the dialect: the pool hands out the open connection
        kwargs={"creator": lambda: _OpenConnection(connection), "poolclass": StaticPool},  # type: ignore[call-arg]  # documented, missing in the stub
    )
    asset = source.add_table_asset("batch", table_name=table)
    return asset.add_batch_definition_whole_table("all")


def run(made: "EphemeralDataContext", name: str, data: "BatchDefinition[Any]", expectations: "Sequence[Expectation]") -> "ExpectationSuiteValidationResult":
    """Validate the batch by a suite made of these expectations."""
    import great_expectations as gx

    suite = made.suites.add(gx.ExpectationSuite(name=name, expectations=list(expectations)))
    validation = gx.ValidationDefinition(name=name, data=data, suite=suite)
    return validation.run(result_format={"result_format": "BASIC", "partial_unexpected_count": 0})


@cache
def no_rows_expectation() -> "type[Expectation]":
    """`UnexpectedRowsExpectation` that counts and does not fetch: the stock one runs its query twice (1.1x hand-written SQL at 1e7 rows)."""
    import great_expectations.expectations as gxe

    class ExpectNoRows(gxe.UnexpectedRowsExpectation):
        metric_dependencies = ("unexpected_rows_query.row_count",)

        def _validate(self, metrics: dict[str, Any], runtime_configuration: Any = None, execution_engine: Any = None) -> dict[str, Any]:
            count = metrics["unexpected_rows_query.row_count"]
            return {"success": count == 0, "result": {"observed_value": count}}

    return ExpectNoRows
