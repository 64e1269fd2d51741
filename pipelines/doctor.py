"""`kesiapan doctor`: what this installation stands on, and how to mend what is wrong. Each finding is one line."""

import importlib.metadata
import os
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import duckdb

from assets import http
from assets.uptime.spark import Spark, SparkUnavailable
from pipelines import settings as settings_
from pipelines.settings import ROOT, Settings, SettingsError
from pipelines.words import first_of
from warehouse import migrations
from warehouse.archive import Archive
from warehouse.database import Warehouse, WarehouseBusy, WarehouseMissing, open_published
from warehouse.lake import Lake
from warehouse.registry import Product

HASHED_BYTES = 2 * 2**30  # some seconds' work
SHOWN = 3
PINNED = ("dagster", "duckdb", "great-expectations", "duckdb-sqlalchemy", "pandas", "pyarrow", "requests")


@dataclass(frozen=True)
class Finding:
    """`mend` says what to do; it is empty when there is nothing to do. What is not there yet is not wrong."""

    what: str
    found: str
    mend: str = ""
    not_there_yet: bool = False

    @property
    def is_wrong(self) -> bool:
        return bool(self.mend) and not self.not_there_yet


def examine() -> Iterator[Finding]:
    yield from _versions()
    try:
        loaded = settings_.load()
    except SettingsError as error:
        for line in str(error).splitlines():
            yield Finding("settings", line, "correct this line; samples/sources.toml is an example")
        return
    yield Finding("settings", f"{loaded.sources}: {len(loaded.governments)} governments, {len(loaded.feeds)} feeds")
    yield from _feeds(loaded)
    yield from _paths(loaded)
    yield from engine(loaded)
    yield from _warehouse(loaded)
    yield from _published(loaded)


def _versions() -> Iterator[Finding]:
    python = ".".join(map(str, sys.version_info[:3]))
    yield Finding("python", python, "" if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed: remove .venv and run make with PYTHON=python3.11")
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    for name in PINNED:
        locked = re.findall(rf"^{re.escape(name)}==([^ ;\\]+)", lock, re.MULTILINE)
        installed = importlib.metadata.version(name)
        yield Finding(name, installed, "" if installed in locked else f"the lock says {' or '.join(locked)}: run make setup")


def _feeds(loaded: Settings) -> Iterator[Finding]:
    for feed in loaded.feeds:
        if feed.path is not None and feed.id != settings_.INBOX and not any(feed.path.parent.glob(feed.path.name)):
            yield Finding(f"feed {feed.id}", f"{feed.declared}: {str(feed.path)!r} matches no file", "put the file there, or correct the path")
        if feed.credential is not None:
            try:
                http.authorization(feed.credential)
            except http.BadCredential as error:
                yield Finding(f"feed {feed.id}", str(error), "set it where `kesiapan` runs, and the daemon; until then this feed fails")


def _paths(loaded: Settings) -> Iterator[Finding]:
    home = loaded.home.root
    existing = next(folder for folder in (home, *home.parents) if folder.exists())
    writable = os.access(existing, os.W_OK)
    yield Finding("home", str(home), "" if writable else f"{existing} cannot be written to: choose another KESIAPAN_HOME, or change its owner")
    free_gb = os.statvfs(existing).f_bavail * os.statvfs(existing).f_frsize / 1e9
    yield Finding("free space", f"{free_gb:.1f} GB", "" if free_gb > 1 else "under 1 GB: make room, or move KESIAPAN_HOME")
    link = loaded.home.dagster / "dagster.yaml"
    if loaded.home.dagster.exists() and link.resolve() != (ROOT / "dagster.yaml").resolve():
        yield Finding("dagster.yaml", f"{link} is not the project's", "run `make run` or `make dev`: they link it again")


def engine(loaded: Settings) -> Iterator[Finding]:
    if isinstance(loaded.engine, Spark):
        try:
            loaded.engine.examine()
        except SparkUnavailable as error:
            yield Finding("roll-up on Spark", error.found, error.mend)
        else:
            yield Finding("roll-up on Spark", f"{loaded.engine.master} answers")


def _warehouse(loaded: Settings) -> Iterator[Finding]:
    path = loaded.home.warehouse
    further: list[Finding] = []
    try:
        with Warehouse(path).open_for_reading(wait_s=1) as connection:
            row = connection.execute("select max(schema_version), (select count(*) from meta.batch) from meta.migration").fetchone()
            with suppress(duckdb.CatalogException):  # of an older version
                further += [*_services(loaded, connection), *_archive(loaded, connection), *_lake(loaded, connection)]
    except WarehouseMissing:
        yield Finding("warehouse", f"{path}: not there yet", "run `make run`", not_there_yet=True)
    except WarehouseBusy as error:
        yield Finding("warehouse", str(error), "a run is writing; wait for it, or stop that process")
    except duckdb.Error as error:
        yield Finding("warehouse", f"{path}: {str(error).splitlines()[0]}", "run `kesiapan rebuild`, which sets the file aside: the archive holds all it needs")
    else:
        assert row is not None
        newest = max((migration.number for migration in migrations.known_migrations()), default=0)
        mend = "" if int(row[0]) <= newest else "written by a newer version of this code: update the checkout"
        yield Finding("warehouse", f"{path}: schema {row[0]}, {row[1]} batches, not locked", mend)
    yield from further


def _services(loaded: Settings, connection: duckdb.DuckDBPyConnection) -> Iterator[Finding]:
    """Services of the settings that no check names."""
    for feed in (feed for feed in loaded.feeds if feed.services):
        known = [row[0] for row in connection.execute("select distinct service from uptime.target where feed_id = $1 order by service", [feed.id]).fetchall()]
        for service in feed.services:
            if known and service.match not in known:
                near = ", ".join(get_close_matches(service.match, known, cutoff=0.4) or known[:3])
                mend = f"write `match` as the checks name it: {near}; until then all that is said of it has no effect"
                yield Finding(f"feed {feed.id}", f"{feed.declared}: no check names the service {service.match!r}", mend)


def _archive(loaded: Settings, connection: duckdb.DuckDBPyConnection) -> Iterator[Finding]:
    """What the warehouse was made of. The bytes of a large archive are held against their sizes alone."""
    row = connection.execute("select count(*), coalesce(sum(bytes), 0) from meta.artifact").fetchone()
    assert row is not None
    by_hash = row[1] <= HASHED_BYTES
    folder = loaded.home.archive
    if lost := Archive(folder).lost(connection, by_hash):
        yield Finding("archive", f"{folder}: {len(lost)} files are gone or damaged: {first_of(lost, SHOWN)}", "restore the archive from a backup")
    else:
        yield Finding("archive", f"{folder}: {row[0]} files" + ("" if by_hash else ", of which only the sizes were looked at"))


def _lake(loaded: Settings, connection: duckdb.DuckDBPyConnection) -> Iterator[Finding]:
    lake = Lake(loaded.home.lake)
    feeds = loaded.of(Product.UPTIME)
    if damaged := [file for feed in feeds for _, file in lake.damaged(connection, feed.id)]:
        mend = "run `kesiapan refresh`: it makes them again from the archive"
        yield Finding("lake", f"{lake.root}: {len(damaged)} files are gone or damaged: {first_of(damaged, SHOWN)}", mend)
    else:
        yield Finding("lake", f"{lake.root}: {sum(len(lake.files(connection, feed.id)) for feed in feeds)} files")


def _published(loaded: Settings) -> Iterator[Finding]:
    path = loaded.home.published
    try:
        with open_published(path) as connection:
            row = connection.execute("select published_at, (select count(*) from meta.release) from meta.publication").fetchone()
            _read_through(connection)
        assert row is not None
        yield Finding("published file", f"{path}: of {row[0]:%Y-%m-%d %H:%M} UTC, {row[1]} releases")
    except WarehouseMissing:
        yield Finding("published file", f"{path}: not there yet", "run `make run`", not_there_yet=True)
        return
    except duckdb.Error as error:
        yield Finding("published file", f"{path}: {str(error).splitlines()[0]}", "remove it and run `make run`: it is published again")
        return
    wal = Path(f"{path}.wal")
    if wal.exists():
        yield Finding("published file", f"{wal} lies beside it: somebody opened the file for writing", "run `make run`: publishing removes it")


def _read_through(connection: duckdb.DuckDBPyConnection) -> None:
    """Every value of every table: a damaged block is noticed as it is read, not as the file is opened."""
    for schema, table in connection.execute("select schema_name, table_name from duckdb_tables()").fetchall():
        connection.execute(f"select bit_xor(hash(columns(*))) from {schema}.{table}").fetchall()
