"""What tests share: the installed command, and a home on which the main job has run once on the samples."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from warehouse.home import Home

ROOT = Path(__file__).resolve().parent.parent
KESIAPAN = Path(sys.executable).with_name("kesiapan")
RUN_LIMIT_S = 180


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: some tests wait, for a daemon or a browser."""
    return len(os.sched_getaffinity(0)) + 1


def environment(home: Path, **more: str) -> dict[str, str]:
    """A clean environment for a process of ours: this home, and nothing of the developer's own settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("KESIAPAN_", "DAGSTER_"))}
    return kept | {"KESIAPAN_HOME": str(home)} | more


def kesiapan(home: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run the installed command as a user would."""
    return subprocess.run(
        [KESIAPAN, *arguments], env=environment(home, **more), capture_output=True, text=True, timeout=RUN_LIMIT_S, check=False, cwd=home.parent
    )


@contextmanager
def published(home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published file of a home, read-only, as an analyst opens it."""
    connection = duckdb.connect(str(Home(home).published), read_only=True)
    try:
        yield connection
    finally:
        connection.close()


@dataclass(frozen=True)
class Refreshed:
    home: Path
    output: str


@pytest.fixture(scope="session")
def refreshed(tmp_path_factory: pytest.TempPathFactory) -> Refreshed:
    """The main job, run once on the samples. Tests must not change this home: copy it first."""
    home = tmp_path_factory.mktemp("refreshed") / "home"
    done = kesiapan(home, "refresh")
    assert done.returncode == 0, done.stdout + done.stderr
    return Refreshed(home, done.stdout)
