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
    home = _copy(refreshed, tmp_path)
    with subprocess.Popen([KESIAPAN, "rebuild"], env=environment(home.root), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as rebuilding:
        wait_until("the rebuild to begin", home.root.joinpath("warehouse.rebuilding.duckdb").exists, RUN_LIMIT_S, every_s=0.05)
        with pytest.raises(WarehouseBusy, match=f"process {rebuilding.pid} .*kesiapan rebuild"), Warehouse(home.warehouse).open_for_writing(wait_s=0):
            pass
        said, _ = rebuilding.communicate(timeout=RUN_LIMIT_S)
    assert rebuilding.returncode == 0, said
    assert tables(home.root) == tables(refreshed.home)


def _copy(refreshed: Refreshed, folder: Path) -> Home:
    home = Home(folder / "home")
    shutil.copytree(refreshed.home, home.root, symlinks=True)
    return home


def _objects(home: Home) -> dict[str, Path]:
    """The archived bytes, by the name they came under."""
    with published(home.root) as connection:
        rows = connection.execute("select source_name, sha256 from meta.artifact").fetchall()
    return {name: home.archive / "objects" / sha256[:2] / sha256 for name, sha256 in rows}


def _held(home: Home) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in [home.warehouse, home.published, *home.lake.rglob("*.parquet")]}


def test_a_rebuild_from_an_archive_that_lacks_something_changes_nothing_and_names_it(refreshed: Refreshed, tmp_path: Path) -> None:
    home = _copy(refreshed, tmp_path)
    objects = _objects(home)
    gone, rotten, emptied = objects["denpasar_2018_final.csv"], objects["kalbar_checks.csv"], objects["spbe_published.csv"]
    gone.unlink()
    rotten.write_bytes(b"?" + rotten.read_bytes()[1:])
    sidecar = home.archive / "artifacts" / "spbe_published" / f"{emptied.name}.json"
    sidecar.write_bytes(b"")
    release = next(home.archive.glob("releases/*.json"))
    release.unlink()
    before = _held(home)
    done = kesiapan(home.root, "rebuild")
    assert done.returncode == 2
    for name, path in (
        ("denpasar_spbe: denpasar_2018_final.csv", gone),
        ("kalbar_checks: kalbar_checks.csv", rotten),
        ("spbe_published: spbe_published.csv", sidecar),
        ("release of ", release),
    ):
        (line,) = [line for line in done.stdout.splitlines() if line.endswith(str(path.relative_to(home.archive)))]
        assert name in line
    assert "Restore the archive from a backup" in done.stdout
    assert _held(home) == before


def test_a_rebuild_without_the_archive_changes_nothing(refreshed: Refreshed, tmp_path: Path) -> None:
    """A share that is not mounted, for one."""
    home = _copy(refreshed, tmp_path)
    shutil.rmtree(home.archive)
    before = _held(home)
    done = kesiapan(home.root, "rebuild")
    assert done.returncode == 2
    assert " more\n" in done.stdout
    assert _held(home) == before


@pytest.mark.parametrize("warehouse", ["whole", "gone", "damaged"])
def test_a_rebuild_that_goes_on_without_a_file_names_it(refreshed: Refreshed, tmp_path: Path, warehouse: str) -> None:
    """Where the loss is accepted, and where no warehouse is left that could say what is lost."""
    home = _copy(refreshed, tmp_path)
    rotten = _objects(home)["muaraenim_package_search.json"]
    rotten.write_bytes(b"?" + rotten.read_bytes()[1:])
    if warehouse != "whole":
        home.warehouse.unlink()
    if warehouse == "damaged":
        home.warehouse.write_bytes(b"no database")
    done = kesiapan(home.root, "rebuild", *(["--accept-loss"] if warehouse == "whole" else []))
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"muaraenim_catalogue: muaraenim_package_search.json: rejected: archive: {rotten} no longer has the hash" in done.stdout
    with published(home.root) as connection:
        assert connection.execute("select feed_id from meta.batch where status = 'rejected'").fetchall() == [("muaraenim_catalogue",)]
    aside = home.root / "warehouse.damaged.duckdb"
    assert [path.read_bytes() for path in home.root.glob("warehouse.*") if path != home.warehouse] == ([b"no database"] if warehouse == "damaged" else [])
    assert aside.exists() == (aside.name in done.stdout)
