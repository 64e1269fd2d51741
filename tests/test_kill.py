"""A refresh that is killed with SIGKILL, at many moments and just before its swap: the next one completes it, and nobody who reads the
published file notices. Homes are fresh, two at a time. The settings hold every product in three stretches of quarters: enough for every kind of
moment, and short enough for so many runs."""

import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pytest
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus

from tests.conftest import ROOT, environment, kesiapan, published
from tests.published_tables import BETWEEN_RUNS, differences, tables
from tests.waiting import wait_until
from tests.warm_refresh import Lane, has_ended, lane, writes
from warehouse.home import Home

pytestmark = pytest.mark.timeout(1200)  # 54 refreshes, the killed ones counted

LANES = 2
MOMENTS = 20
SAMPLES = ROOT / "samples"
CHECKS = 2500
SETTINGS = """
[[government]]
code = "63"
name = "Provinsi Kalimantan Selatan"
timezone = "Asia/Makassar"

[[government]]
code = "61"
name = "Provinsi Kalimantan Barat"
timezone = "Asia/Pontianak"

[[government]]
code = "51.71"
name = "Kota Denpasar"
timezone = "Asia/Makassar"

[[government]]
code = "16.03"
name = "Kab. Muara Enim"
timezone = "Asia/Jakarta"

[[feed]]
id = "denpasar_spbe"
kind = "submission"
government = "51.71"
path = "submissions/denpasar_2021_*"

[[feed]]
id = "spbe_published"
kind = "published_index"
government = "63"
path = "published/spbe_published.csv"

[[feed]]
id = "kalbar_checks"
kind = "check_log"
government = "61"
path = "uptime/kalbar_checks.csv"
hosts = [".go.id"]
max_hold = "26h"
objective = 0.99

[[feed]]
id = "muaraenim_catalogue"
kind = "ckan"
government = "16.03"
path = "open_data/muaraenim_package_search.json"
"""


class Reader:
    """Opens the published file again and again, as analysts and dashboards do, and notes every error but that it is not there yet."""

    def __init__(self, home: Path) -> None:
        self._path = Home(home).published
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read)
        self.reads = 0
        self.errors: list[str] = []

    def __enter__(self) -> "Reader":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(timeout=30)
        assert not self._thread.is_alive()

    def _read(self) -> None:
        seen = False
        while not self._stop.wait(0.2):
            if not self._path.exists():
                if seen:
                    self.errors.append("the published file is gone")
                continue
            seen = True
            try:
                with duckdb.connect(str(self._path), read_only=True) as connection:
                    connection.execute("select max(index_value) from readiness.latest_index").fetchall()
                    (row,) = connection.execute("select count(*) from meta.publication").fetchall()
                    assert row == (1,)
                self.reads += 1
            except Exception as error:
                self.errors.append(str(error))


@dataclass
class Killed:
    """What became of a home whose first refresh was killed."""

    home: Path
    moment: str
    first_end: str = ""
    left: list[str] = field(default_factory=list)
    readable_releases: int | None = None
    second_end: str = ""
    second_s: float = 0.0
    log: str = ""
    pid: int = 0
    reads: int = 0
    errors: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Undisturbed:
    home: Path
    other: Path
    took_s: float
    writes: int


class Lanes:
    """Runs trials on whichever lane is free."""

    def __init__(self, free: "queue.Queue[Lane]", folder: Path, sources: Path) -> None:
        self._free = free
        self._folder = folder
        self.sources = sources

    def undisturbed(self, name: str) -> tuple[Path, float, int]:
        """A home, the seconds its refresh took by the clock, and how many writes it asked the system for."""
        home, log = self._folder / name, self._folder / f"{name}.log"
        using = self._free.get()
        try:
            pid = using.start(home, log)  # answered once all is imported
            began = time.monotonic()
            wait_until("the refresh ends", lambda: has_ended(pid), 120)
            took_s, asked_for = time.monotonic() - began, writes(pid)
            ended = using.end()
        finally:
            self._free.put(using)
        assert ended == "exit 0", log.read_text(encoding="utf-8")
        return home, took_s, asked_for

    def killed(self, name: str, moment: str, come: Callable[[Home, int], bool], every_s: float) -> Killed:
        """Kill a first refresh as soon as the moment has come, then refresh again."""
        trial = Killed(self._folder / name, moment)
        home, log = Home(trial.home), self._folder / f"{name}.log"
        using = self._free.get()
        try:
            with Reader(trial.home) as reader:
                trial.pid = using.start(trial.home, log)
                try:
                    wait_until(moment, lambda: come(home, trial.pid) or has_ended(trial.pid), 120, every_s)
                finally:
                    os.kill(trial.pid, signal.SIGKILL)
                    trial.first_end = using.end()
                trial.left = [path.name for path in home.published.parent.glob("*")]
                trial.readable_releases = _releases(trial.home)
                began = time.monotonic()
                using.start(trial.home, log)
                trial.second_end = using.end()
                trial.second_s = time.monotonic() - began
        finally:
            self._free.put(using)
        trial.log = log.read_text(encoding="utf-8")
        trial.reads, trial.errors = reader.reads, reader.errors
        return trial


def _releases(home: Path) -> int | None:
    """Releases that the published file shows; None while there is no such file."""
    if not Home(home).published.exists():
        return None
    with published(home) as connection:
        return int(connection.execute("select count(*) from meta.release").fetchall()[0][0])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("killed")


@pytest.fixture(scope="module")
def lanes(folder: Path) -> Iterator[Lanes]:
    sources = folder / "sources.toml"
    sources.write_text(SETTINGS, encoding="utf-8")
    for part in ("submissions", "open_data"):
        shutil.copytree(SAMPLES / part, folder / part)
    _cut("uptime/kalbar_checks.csv", folder, lambda rows: rows[:CHECKS])
    _cut("published/spbe_published.csv", folder, lambda rows: [row for row in rows if ",2021-Q4," in row])
    free: queue.Queue[Lane] = queue.Queue()
    with ExitStack() as stack:
        for number in range(LANES):
            free.put(stack.enter_context(lane(folder / f"scratch{number}", sources)))
        yield Lanes(free, folder, sources)


def _cut(sample: str, folder: Path, kept: Callable[[list[str]], list[str]]) -> None:
    header, *rows = (SAMPLES / sample).read_text(encoding="utf-8").splitlines()
    target = folder / sample
    target.parent.mkdir(exist_ok=True)
    target.write_text("\n".join([header, *kept(rows)]) + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def undisturbed(lanes: Lanes) -> Undisturbed:
    """Both lanes at once, as the trials run."""
    with ThreadPoolExecutor(LANES) as pool:
        (one, one_s, one_writes), (other, other_s, other_writes) = pool.map(lanes.undisturbed, ["undisturbed", "undisturbed_too"])
    return Undisturbed(one, other, max(one_s, other_s), min(one_writes, other_writes))


@pytest.fixture(scope="module")
def killed(lanes: Lanes, undisturbed: Undisturbed) -> list[Killed]:
    """One trial per moment, the moments spread evenly over the writes of an undisturbed refresh: a kill shows by what was written before it, and how
    many those are hangs on no machine's speed. The last twentieth is left out: whoever watches may come late."""

    def trial(number: int) -> Killed:
        moment = round(undisturbed.writes * (number + 0.5) / MOMENTS * 0.95)
        return lanes.killed(f"killed{number:02}", f"write {moment}", lambda _, pid: writes(pid) >= moment, every_s=0.005)

    with ThreadPoolExecutor(LANES) as pool:
        return list(pool.map(trial, range(MOMENTS)))


def _publishing(home: Home, _: int) -> bool:
    return any(home.published.parent.glob(".publishing-*"))


MOMENTS_BEFORE_A_SWAP: dict[str, Callable[[Home, int], bool]] = {
    "the first release is recorded": lambda home, _: any((home.archive / "releases").glob("*.json")),
    "the first published file is being written": _publishing,
    "a later published file is being written": lambda home, pid: home.published.exists() and _publishing(home, pid),
}


@pytest.fixture(scope="module")
def before_a_swap(lanes: Lanes, undisturbed: Undisturbed) -> dict[str, Killed]:
    """Killed after a release was made and before the file that shows it was swapped in."""
    with ThreadPoolExecutor(LANES) as pool:
        trials = pool.map(
            lambda entry: lanes.killed(f"before_a_swap_{entry[0]}", entry[1][0], entry[1][1], every_s=0.001), enumerate(MOMENTS_BEFORE_A_SWAP.items())
        )
        return {trial.moment: trial for trial in trials}


def test_two_undisturbed_runs_publish_the_same(undisturbed: Undisturbed) -> None:
    assert tables(undisturbed.home) == tables(undisturbed.other)
    assert len(tables(undisturbed.home)) > 25
    assert differences(undisturbed.home, undisturbed.other, BETWEEN_RUNS) == {}


def test_every_trial_was_killed(killed: list[Killed]) -> None:
    assert {trial.moment: trial.first_end for trial in killed if trial.first_end != "signal 9"} == {}
    assert len({trial.moment for trial in killed}) == MOMENTS


def test_next_refresh_after_a_kill_completes(killed: list[Killed]) -> None:
    assert {trial.moment: trial.log for trial in killed if trial.second_end != "exit 0"} == {}


def test_next_refresh_after_a_kill_waits_for_no_lock(killed: list[Killed], undisturbed: Undisturbed) -> None:
    assert {trial.moment: trial.second_s for trial in killed if trial.second_s > 2 * undisturbed.took_s + 15} == {}


def test_what_is_published_after_a_kill_is_what_an_undisturbed_run_publishes(killed: list[Killed], undisturbed: Undisturbed) -> None:
    found = {trial.moment: differences(undisturbed.home, trial.home, BETWEEN_RUNS) for trial in killed if Home(trial.home).published.exists()}
    assert len(found) == MOMENTS
    assert {moment: different for moment, different in found.items() if different} == {}


def test_a_kill_doubles_nothing_in_the_ledger(killed: list[Killed], undisturbed: Undisturbed) -> None:
    query = "select feed_id, sum(added)::bigint, sum(updated)::bigint from meta.ingest_run group by feed_id order by feed_id"
    with published(undisturbed.home) as connection:
        expected = connection.execute(query).fetchall()
    assert [(feed, added) for feed, added, _ in expected if feed == "kalbar_checks"] == [("kalbar_checks", CHECKS - 4)]
    found = {}
    for trial in killed:
        with published(trial.home) as connection:
            found[trial.moment] = connection.execute(query).fetchall()
    assert {moment: ledger for moment, ledger in found.items() if ledger != expected} == {}


def test_no_ledger_row_says_running_after_the_next_refresh(killed: list[Killed]) -> None:
    left = {}
    for trial in killed:
        with published(trial.home) as connection:
            left[trial.moment] = connection.execute("select feed_id, status from meta.ingest_run where status = 'running'").fetchall()
    assert {moment: rows for moment, rows in left.items() if rows} == {}


def test_a_killed_run_is_a_failed_run_in_dagster(killed: list[Killed]) -> None:
    failed = 0
    for trial in killed:
        with DagsterInstance.from_config(os.fspath(Home(trial.home).dagster)) as instance:
            runs = list(instance.get_runs())
        of_killed = [run for run in runs if run.tags["kesiapan/process"].startswith(f"{trial.pid}-")]
        assert {run.status for run in runs if run not in of_killed} == {DagsterRunStatus.SUCCESS}, trial.moment
        assert _ended(of_killed), (trial.moment, [(run.job_name, run.status) for run in of_killed])
        killed_runs = [run for run in of_killed if run.status is DagsterRunStatus.FAILURE]
        assert len(killed_runs) <= 1, trial.moment
        assert len(killed_runs) == trial.log.count("was killed before it could end"), trial.moment
        failed += len(killed_runs)
    assert failed >= MOMENTS // 2


def _ended(runs: list[DagsterRun]) -> bool:
    return {run.status for run in runs} <= {DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE}


def test_readers_of_the_published_file_never_meet_an_error(killed: list[Killed], before_a_swap: dict[str, Killed]) -> None:
    trials = [*killed, *before_a_swap.values()]
    assert {trial.moment: trial.errors for trial in trials if trial.errors} == {}
    assert sum(trial.reads for trial in trials) > 5 * len(trials)


def test_nothing_half_written_is_left_behind(killed: list[Killed], before_a_swap: dict[str, Killed]) -> None:
    for trial in [*killed, *before_a_swap.values()]:
        home = Home(trial.home)
        assert [path.name for path in home.published.parent.iterdir()] == [home.published.name], trial.moment
        with published(trial.home) as connection:
            listed = {row[0] for row in connection.execute("select file from meta.lake_partition").fetchall()}
        assert {str(path.relative_to(home.lake)) for path in home.lake.glob("feed=*/day=*/*")} == listed, trial.moment


@pytest.mark.parametrize("moment", list(MOMENTS_BEFORE_A_SWAP))
def test_a_kill_before_the_swap_is_mended_by_the_next_run(before_a_swap: dict[str, Killed], undisturbed: Undisturbed, moment: str) -> None:
    trial = before_a_swap[moment]
    assert trial.first_end == "signal 9"
    assert trial.second_end == "exit 0", trial.log
    assert differences(undisturbed.home, trial.home, BETWEEN_RUNS) == {}


def test_a_kill_before_the_first_swap_leaves_no_published_file(before_a_swap: dict[str, Killed]) -> None:
    trial = before_a_swap["the first published file is being written"]
    assert trial.readable_releases is None
    assert any(name.startswith(".publishing-") for name in trial.left)


def test_a_kill_before_a_later_swap_leaves_the_published_file_as_it_was(before_a_swap: dict[str, Killed]) -> None:
    trial = before_a_swap["a later published file is being written"]
    assert trial.readable_releases is not None
    assert 0 < trial.readable_releases < (_releases(trial.home) or 0)
    assert any(name.startswith(".publishing-") for name in trial.left)


_KILLED_WHILE_JUDGING = """
import os, signal, sys
from expectations import derived
from pipelines import command
judge = derived.judge
def killed(connection, suite, *others):
    if suite.name == sys.argv[1]:
        os.kill(os.getpid(), signal.SIGKILL)
    return judge(connection, suite, *others)
derived.judge = killed
command.main(["refresh"])
"""


SUITES_OF_OURS = ("index_score", "service_day")


@pytest.fixture(scope="module")
def killed_while_judging(lanes: Lanes, folder: Path, undisturbed: Undisturbed) -> dict[str, Path]:
    """Homes whose first refresh was killed when it had committed what it reckoned and was about to judge it, and that were refreshed again."""

    def trial(suite: str) -> Path:
        settings = {"KESIAPAN_SOURCES": str(lanes.sources)}
        home = folder / f"killed_while_judging_{suite}"
        arguments = [sys.executable, "-c", _KILLED_WHILE_JUDGING, suite]
        killed = subprocess.run(arguments, env=environment(home, **settings), capture_output=True, text=True, timeout=120, check=False, cwd=ROOT)
        assert killed.returncode == -signal.SIGKILL, killed.stdout + killed.stderr
        done = kesiapan(home, "refresh", **settings)
        assert done.returncode == 0, done.stdout + done.stderr
        return home

    with ThreadPoolExecutor(LANES) as pool:
        return dict(zip(SUITES_OF_OURS, pool.map(trial, SUITES_OF_OURS), strict=True))


@pytest.mark.parametrize("suite", SUITES_OF_OURS)
def test_a_kill_before_the_invariants_are_judged_leaves_none_unjudged(killed_while_judging: dict[str, Path], undisturbed: Undisturbed, suite: str) -> None:
    assert differences(undisturbed.home, killed_while_judging[suite], BETWEEN_RUNS) == {}
