"""Service levels by quarter: sums of service-days, the incidents that began in it, the error budget and the verdict."""

from datetime import datetime

import duckdb

from warehouse import period as quarter
from warehouse.database import run_script, transaction
from warehouse.files import sql_of


def reckon(connection: duckdb.DuckDBPyConnection, period: str, now: datetime) -> int:
    """`uptime.service_quarter` of one quarter, anew, as of now: whether it is over. Returns its rows."""
    with transaction(connection):
        write(connection, period, now)
    row = connection.execute("select count(*) from uptime.service_quarter where period = $1", [period]).fetchone()
    assert row is not None
    return int(row[0])


def write(connection: duckdb.DuckDBPyConnection, period: str, now: datetime) -> None:
    """The same, within the caller's transaction."""
    days = {"first_day": quarter.first_day(period), "last_day": quarter.last_day(period)}
    parameters = {"period": period, "first_period": quarter.FIRST, "now": now, **days}
    run_script(connection, sql_of("assets.uptime", "service_quarter.sql"), parameters)
