"""Bringing a warehouse file to this code's schema. `schema/*.sql` says what the schema is today, and is safe to run again;
`migrations/NNNN_name.sql` says how an older file gets there where running it again is not enough (a column added, renamed, retyped)."""

import re
from dataclasses import dataclass
from pathlib import Path

import duckdb

from warehouse.files import sha256_of

_HERE = Path(__file__).parent
SCHEMA_FILES = ("meta", "ref", "core", "uptime", "open_data", "quality", "evidence", "readiness")


class NewerWarehouse(RuntimeError):
    """The file was written by a later version of this code."""


@dataclass(frozen=True)
class Migration:
    number: int
    name: str
    sql: str


def known_migrations(folder: Path = _HERE / "migrations") -> list[Migration]:
    found = []
    for path in sorted(folder.glob("*.sql")):
        match = re.fullmatch(r"(\d{4})_(\w+)", path.stem)
        if match is None:
            raise ValueError(f"{path.name}: a migration is named NNNN_what_it_does.sql")
        found.append(Migration(int(match[1]), match[2], path.read_text(encoding="utf-8")))
    return found


def schema_statements(folder: Path = _HERE / "schema") -> str:
    return "\n".join((folder / f"{name}.sql").read_text(encoding="utf-8") for name in SCHEMA_FILES)


def apply(connection: duckdb.DuckDBPyConnection, migrations: list[Migration] | None = None, schema: str | None = None) -> None:
    """Idempotent, in one transaction: pending migrations, then the schema files if their text changed, then the data dictionary."""
    migrations = known_migrations() if migrations is None else migrations
    schema = schema_statements() if schema is None else schema
    fingerprint = sha256_of(schema.encode())
    newest = max((migration.number for migration in migrations), default=0)
    state = _state(connection)
    if state == (newest, fingerprint):
        return
    if state is not None and state[0] > newest:
        raise NewerWarehouse(f"the warehouse is at schema {state[0]}, this code knows {newest}: update the checkout")
    connection.execute("begin")
    try:
        if state is not None:
            for migration in migrations:
                if migration.number > state[0]:
                    connection.execute(migration.sql)
        connection.execute(schema)
        connection.execute("insert into meta.migration values ($1, $2, now())", [newest, fingerprint])
        fill_dictionary(connection)
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")


def fill_dictionary(connection: duckdb.DuckDBPyConnection) -> None:
    """`meta.dictionary` out of the column comments of the current database: `English | Bahasa Indonesia | unit`. The columns of views, whose comments do not
    outlive `create or replace view`, get theirs from it."""
    connection.execute((_HERE / "dictionary.sql").read_text(encoding="utf-8"))
    for view, column, text in connection.execute((_HERE / "view_comment.sql").read_text(encoding="utf-8")).fetchall():
        connection.execute(f"comment on column {view}.{column} is {text}")


def _state(connection: duckdb.DuckDBPyConnection) -> tuple[int, str] | None:
    exists = connection.execute("select 1 from duckdb_tables() where schema_name = 'meta' and table_name = 'migration'").fetchone()
    if exists is None:
        return None
    row = connection.execute("select schema_version, schema_fingerprint from meta.migration order by applied_at desc, schema_version desc limit 1").fetchone()
    return None if row is None else (int(row[0]), str(row[1]))
