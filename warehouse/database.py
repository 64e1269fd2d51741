"""The one DuckDB file: opening it for writing or reading, and nothing else. No other code opens the live file, not even to read its bytes:
closing any other handle on it drops DuckDB's POSIX lock, and a second writer then destroys tables without an error."""

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from warehouse import migrations

SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "python_enable_replacements": False,  # a missing table must be an error, not a Python variable of the same name
    "autoinstall_known_extensions": False,  # a fast, clear error where there is no network
}


class WarehouseBusy(RuntimeError):
    """Another process kept the warehouse open for longer than we were told to wait."""


class WarehouseMissing(RuntimeError):
    """There is no warehouse file yet."""


class Warehouse:
    """Hands out connections to the live file and always closes them."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def open_for_writing(self, wait_s: float = 60.0) -> Iterator[duckdb.DuckDBPyConnection]:
        """The only writer. Waits at most `wait_s` seconds for DuckDB's own lock; a killed holder frees it at once. Applies migrations."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = _connect(self.path, read_only=False, wait_s=wait_s)
        try:
            migrations.apply(connection)
            yield connection
        finally:
            connection.close()

    @contextmanager
    def open_for_reading(self, wait_s: float = 60.0) -> Iterator[duckdb.DuckDBPyConnection]:
        """Read-only. A reader keeps writers out while it lasts: be short, and let people read the published copy instead."""
        if not self.path.exists():
            raise WarehouseMissing(f"{self.path} does not exist yet; `make run` (or `kesiapan refresh`) creates it")
        connection = _connect(self.path, read_only=True, wait_s=wait_s)
        try:
            yield connection
        finally:
            connection.close()


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """BEGIN ... COMMIT, or ROLLBACK on any error: DuckDB's COMMIT after an error rolls back without saying so."""
    connection.execute("begin")
    try:
        yield
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")


def run_script(connection: duckdb.DuckDBPyConnection, script: str, parameters: Mapping[str, object]) -> None:
    """Run the statements of a SQL file one after the other, each with those parameters that it names."""
    for statement in connection.extract_statements(script):
        connection.execute(statement, {name: parameters[name] for name in statement.named_parameters})


def run_on_incoming(connection: duckdb.DuckDBPyConnection, incoming: pa.Table, script: str, parameters: Mapping[str, object] | None = None) -> None:
    """Run a script that finds the Arrow table under the name `incoming`."""
    connection.register("incoming", incoming)
    try:
        run_script(connection, script, parameters or {})
    finally:
        connection.unregister("incoming")


@contextmanager
def scratch() -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty database in memory with the warehouse's settings, for parsing and for looking at a staged batch."""
    connection = _in_utc(duckdb.connect(config=SETTINGS))
    try:
        yield connection
    finally:
        connection.close()


def open_published(path: Path) -> duckdb.DuckDBPyConnection:
    """The published copy, read-only. It is never locked by us: a refresh replaces the file and leaves open readers their old one."""
    if not path.exists():
        raise WarehouseMissing(f"{path} does not exist yet; `make run` (or `kesiapan refresh`) publishes it")
    return _in_utc(duckdb.connect(str(path), read_only=True, config=SETTINGS))


def _in_utc(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    connection.execute("set timezone = 'UTC'")
    return connection


def _connect(path: Path, *, read_only: bool, wait_s: float) -> duckdb.DuckDBPyConnection:
    deadline = time.monotonic() + wait_s
    pause_s = 0.05
    while True:
        try:
            return _in_utc(duckdb.connect(str(path), read_only=read_only, config=SETTINGS))
        except duckdb.IOException as error:
            if "Could not set lock" not in str(error):
                raise
            if time.monotonic() >= deadline:
                raise WarehouseBusy(f"{path} is held by {lock_holder(str(error))}; waited {wait_s:.0f} s. Let it finish, or stop it.") from error
            time.sleep(pause_s)
            pause_s = min(pause_s * 1.5, 1.0)


def lock_holder(message: str) -> str:
    """Who holds the lock, out of DuckDB's error message: the process number and its command line."""
    match = re.search(r"\(PID (\d+)\)", message)
    if match is None:
        return "another process"
    try:
        command = Path(f"/proc/{match[1]}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        command = ""
    return f"process {match[1]}" + (f" ({command[:120]})" if command else "")
