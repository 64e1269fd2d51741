"""Our own gate on the same file, measured the same way."""

from collections.abc import Mapping
from pathlib import Path

import duckdb

from tests.bench.peers.contest import Contestant, main


def load(path: Path, scratch: Path, collect: bool) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(str(path), read_only=True)  # its TEMP tables are elsewhere
    connection.execute("set timezone = 'UTC'")
    return connection


def judge(connection: duckdb.DuckDBPyConnection) -> Mapping[str, int]:
    from expectations import gate
    from tests.bench.suite import twelve_rules

    results = gate.judge(connection, twelve_rules())
    return {result.rule.rule_id.removeprefix("check."): result.unexpected_count for result in results if result.status != "error"}


if __name__ == "__main__":
    main(Contestant("kesiapan", "duckdb", load, judge, "all, with key, reason and the row as JSON", ("great_expectations",)))
