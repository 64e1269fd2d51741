"""The archive alone rebuilds everything: with warehouse, lake and published file gone, a rebuild publishes the same rows, ids and times."""

import shutil
import subprocess
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.conftest import KESIAPAN, RUN_LIMIT_S, Refreshed, environment, kesiapan, published
from tests.published_tables import AFTER_REBUILD, differences, tables
from tests.waiting import wait_until
from warehouse.database import Warehouse, WarehouseBusy
from warehouse.home import Home


class Rebuilt:
    def __init__(self, home: Path, done: CompletedProcess[str]) -> None:
        self.home = home
        self.done = done


@pytest.fixture(scope="module")
def rebuilt(refreshed: Refreshed, tmp_path_factory: pytest.TempPathFactory) -> Rebuilt:
    home = Home(tmp_path_factory.mktemp("rebuilt") / "home")
    shutil.copytree(refreshed.home, home.root, symlinks=True)
    home.warehouse.unlink()
    shutil.rmtree(home.lake)
    shutil.rmtree(home.published.parent)
    done = kesiapan(home.root, "rebuild")
    assert done.returncode == 0, done.stdout + done.stderr
    return Rebuilt(home.root, done)


def test_rebuild_publishes_the_same_tables(rebuilt: Rebuilt, refreshed: Refreshed) -> None:
    assert tables(rebuilt.home) == tables(refreshed.home)


def test_rebuild_gives_the_same_rows_in_every_table(rebuilt: Rebuilt, refreshed: Refreshed) -> None:
    assert differences(refreshed.home, rebuilt.home, AFTER_REBUILD) == {}


@pytest.mark.parametrize(
    "query",
    [
        "select batch_id, known_at, received_at, run_id from meta.batch",
        "select release_id, as_of, created_at from meta.release",
        "select result_id, detected_at from quality.expectation_result",
        "select incident_id from uptime.incident",
        "select artifact_sha256, source_row, known_at from core.assessment",
        "select feed_id, day, sha256 from meta.lake_partition",
    ],
)
def test_rebuild_keeps_ids_and_the_times_at_which_things_became_known(rebuilt: Rebuilt, refreshed: Refreshed, query: str) -> None:
    with published(refreshed.home) as connection:
        before = sorted(connection.execute(query).fetchall())
    with published(rebuilt.home) as connection:
        after = sorted(connection.execute(query).fetchall())
    assert len(before) > 0
    assert after == before


def test_rebuild_writes_every_lake_file_its_manifest_lists(rebuilt: Rebuilt) -> None:
    with published(rebuilt.home) as connection:
        listed = {row[0] for row in connection.execute("select file from meta.lake_partition").fetchall()}
    lake = Home(rebuilt.home).lake
    assert {str(path.relative_to(lake)) for path in lake.glob("feed=*/day=*/*")} == listed
    assert len(listed) > 90


def test_refresh_after_a_rebuild_finds_all_unchanged(rebuilt: Rebuilt) -> None:
    done = kesiapan(rebuilt.home, "refresh")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "new release" not in done.stdout
    assert "quarters due: none" in done.stdout


def test_nobody_else_writes_while_a_rebuild_works(refreshed: Refreshed, tmp_path: Path) -> None:
    """A refresh would delete the lake files that only the new warehouse lists; a second rebuild the new warehouse."""
    home = Home(tmp_path / "home")
    shutil.copytree(refreshed.home, home.root, symlinks=True)
    with subprocess.Popen([KESIAPAN, "rebuild"], env=environment(home.root), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as rebuilding:
        wait_until("the rebuild to begin", home.root.joinpath("warehouse.rebuilding.duckdb").exists, RUN_LIMIT_S, every_s=0.05)
        with pytest.raises(WarehouseBusy, match=f"process {rebuilding.pid} .*kesiapan rebuild"), Warehouse(home.warehouse).open_for_writing(wait_s=0):
            pass
        said, _ = rebuilding.communicate(timeout=RUN_LIMIT_S)
    assert rebuilding.returncode == 0, said
    assert tables(home.root) == tables(refreshed.home)
