"""The Dagster side: definitions, jobs, schedules, the asset graph, one quarter in process, and a night as the daemon runs it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from dagster import AssetKey, DagsterInstance, DagsterRunStatus

from assets.readiness.assets import DUE, DUE_QUARTER, UNSCORED
from pipelines import launch, settings
from pipelines.definitions import build_definitions
from pipelines.sensors import RANGE_END, RANGE_START
from tests.conftest import KESIAPAN, ROOT, environment, published
from tests.dagster_server import Server, dev
from tests.waiting import wait_until
from warehouse.home import Home

GRAPH = Path(__file__).with_name("asset_graph.txt")
JOBS = ("ingest", "inbox", "readiness", "quality", "publish", "refresh")
NIGHT_LIMIT_S = 300


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> settings.Settings:
    """The samples' settings, on a home of their own."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("KESIAPAN_HOME", str(tmp_path_factory.mktemp("definitions") / "home"))
        patched.delenv("KESIAPAN_SOURCES", raising=False)
        return settings.load()


@pytest.fixture(scope="module")
def definitions(loaded: settings.Settings) -> dg.Definitions:
    return build_definitions(loaded)


def test_definitions_load(definitions: dg.Definitions) -> None:
    dg.Definitions.validate_loadable(definitions)
    assert {job.name for job in definitions.resolve_all_job_defs()} >= {*JOBS, "rebuild"}


@pytest.mark.parametrize("job", JOBS)
def test_every_job_selects_assets(definitions: dg.Definitions, job: str) -> None:
    selected = definitions.resolve_job_def(job).asset_layer.selected_asset_keys
    assert len(selected) > 0
    assert selected <= set(definitions.resolve_asset_graph().get_all_asset_keys())


def test_refresh_covers_every_asset_but_the_inbox_which_is_taken_in_as_it_fills(definitions: dg.Definitions) -> None:
    everything = {key for key in definitions.resolve_asset_graph().get_all_asset_keys() if definitions.resolve_asset_graph().get(key).is_executable}
    inbox = AssetKey(["submissions", "inbox"])
    assert set(definitions.resolve_job_def("refresh").asset_layer.selected_asset_keys) == everything - {inbox}
    assert inbox in definitions.resolve_job_def("inbox").asset_layer.selected_asset_keys


def test_asset_graph_is_the_one_that_was_agreed(definitions: dg.Definitions) -> None:
    """A change of the graph shows in review: `python -m tests.test_dagster` writes the file anew."""
    assert graph_lines(definitions) == GRAPH.read_text(encoding="utf-8").splitlines()


def graph_lines(definitions: dg.Definitions) -> list[str]:
    graph = definitions.resolve_asset_graph()
    return sorted(
        f"{key.to_user_string()} <- {', '.join(sorted(parent.to_user_string() for parent in graph.get(key).parent_keys))}".rstrip()
        for key in graph.get_all_asset_keys()
    )


def test_every_asset_says_what_it_is_and_whose(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    keys = sorted(graph.get_all_asset_keys())
    assert len(keys) > 10
    for key in keys:
        asset = graph.get(key)
        assert asset.description, key
        assert asset.owners, key
        assert asset.group_name != "default", key
        assert asset.kinds, key


def test_no_asset_has_more_checks_than_the_ui_can_show(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    counts = {key: len(graph.get(key).check_keys) for key in graph.get_all_asset_keys()}
    assert max(counts.values()) < 50
    assert counts[AssetKey(["uptime", "kalbar_checks"])] >= 10


def test_feeds_run_at_night_and_quarters_when_they_are_over(definitions: dg.Definitions) -> None:
    repository = definitions.get_repository_def()
    schedules = {schedule.name: (schedule.job_name, schedule.cron_schedule, schedule.execution_timezone) for schedule in repository.schedule_defs}
    assert schedules["ingest_nightly"][0] == "ingest"
    assert schedules["refresh_quarterly"] == ("refresh", "0 3 5 1,4,7,10 *", "Asia/Makassar")
    assert schedules["ingest_nightly"][2] == "Asia/Makassar"


@pytest.mark.parametrize(
    ("at", "quarter"), [((2026, 10, 5), "2026-07-01"), ((2027, 1, 5), "2026-10-01"), ((2026, 4, 5), "2026-01-01"), ((2026, 7, 5), "2026-04-01")]
)
def test_quarterly_refresh_asks_for_the_quarter_that_ended(definitions: dg.Definitions, at: tuple[int, int, int], quarter: str) -> None:
    schedule = definitions.get_repository_def().get_schedule_def("refresh_quarterly")
    with DagsterInstance.ephemeral() as instance:
        context = dg.build_schedule_context(
            instance=instance,
            scheduled_execution_time=datetime(*at, 3, tzinfo=ZoneInfo("Asia/Makassar")),
            repository_def=definitions.get_repository_def(),
        )
        evaluated = schedule.evaluate_tick(context)
    assert evaluated.run_requests is not None
    assert [request.partition_key for request in evaluated.run_requests] == [quarter]


@pytest.mark.parametrize(
    ("due", "unscored", "asked"),
    [
        (["2025-Q4"], ["2025-Q1", "2025-Q2"], [("readiness", "2025-10-01", "2025-10-01"), ("quality", "2025-01-01", "2025-04-01")]),
        ([], ["2025-Q3"], [("quality", "2025-07-01", "2025-07-01")]),
        ([], [], [("publish", None, None)]),
    ],
)
def test_quarters_that_only_rows_set_aside_speak_of_are_scored_and_not_released(
    definitions: dg.Definitions, due: list[str], unscored: list[str], asked: list[tuple[str, str | None, str | None]]
) -> None:
    repository = definitions.get_repository_def()
    with DagsterInstance.ephemeral() as instance:
        said = {DUE: dg.MetadataValue.json(due), UNSCORED: dg.MetadataValue.json(unscored)}
        instance.report_runless_asset_event(dg.AssetMaterialization(DUE_QUARTER, metadata=said))
        ended = _nothing.execute_in_process(instance=instance)
        context = dg.build_run_status_sensor_context("due_quarters", ended.all_events[-1], instance, ended.dagster_run)
        requests = list(repository.get_sensor_def("due_quarters")(context))
    assert [(request.job_name, request.tags.get(RANGE_START), request.tags.get(RANGE_END)) for request in requests] == asked


def test_refresh_job_of_one_quarter_publishes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path / "home")
    monkeypatch.setenv("KESIAPAN_HOME", str(home.root))
    monkeypatch.delenv("KESIAPAN_SOURCES", raising=False)
    own = settings.load()
    own.home.create()
    with DagsterInstance.ephemeral() as instance:
        job = build_definitions(own).resolve_job_def("refresh")
        result = job.execute_in_process(instance=instance, partition_key="2021-10-01", raise_on_error=False)
        assert result.success, [event.message for event in result.get_step_failure_events()]
    with published(home.root) as connection:
        assert connection.execute("select period from meta.release").fetchall() == [("2021-Q4",)]
        found = connection.execute("select stage, index_value from readiness.latest_index where government_code = '51.71' order by stage").fetchall()
    assert found == [("final", Decimal("3.19")), ("published", Decimal("3.19")), ("self", Decimal("3.75"))]


def test_dagsters_files_stay_open_for_as_long_as_they_are_held(tmp_path: Path) -> None:
    with DagsterInstance.local_temp(str(tmp_path)) as instance:
        with launch.journals_open(instance, "one-run"):
            instance.event_log_storage.get_logs_for_run("one-run")  # makes the tables of a run that no file was there of
            assert sorted(path.name for path in tmp_path.rglob("*.db-wal")) == ["index.db-wal", "one-run.db-wal", "runs.db-wal"]
        assert list(tmp_path.rglob("*.db-wal")) == []
        assert instance.event_log_storage.get_logs_for_run("one-run") == []


def test_a_storage_without_such_files_gets_none(tmp_path: Path) -> None:
    with DagsterInstance.ephemeral(tempdir=str(tmp_path)) as instance, launch.journals_open(instance, "one-run"):
        pass
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


_LAUNCH = """
mutation Launch($location: String!) {
  launchRun(executionParams: {
    selector: {repositoryLocationName: $location, repositoryName: "__repository__", jobName: "ingest"}, mode: "default", runConfigData: {}
  }) { __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } }
}
"""
_SENSOR = """
query Sensor($location: String!) {
  sensorOrError(sensorSelector: {repositoryLocationName: $location, repositoryName: "__repository__", sensorName: "due_quarters"}) {
    __typename ... on Sensor { sensorState { status ticks(limit: 1) { status } } }
  }
}
"""
_RUNS = "{ runsOrError { ... on Runs { results { runId jobName status tags { key value } } } } }"


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Server]]:
    """A fresh home under `kesiapan dev`: the daemon's own sensors and queue do the work."""
    folder = tmp_path_factory.mktemp("night")
    with dev(folder / "home", folder) as server:
        yield folder / "home", server


def test_an_ingest_on_the_daemon_is_followed_by_the_quarters_that_became_due(night: tuple[Path, Server]) -> None:
    home, server = night

    def ticked() -> bool:
        state = server.ask(_SENSOR, {"location": server.location})["sensorOrError"]["sensorState"]
        return state["status"] == "RUNNING" and len(state["ticks"]) > 0

    wait_until("the sensor to have its first tick (it looks at runs from then on)", ticked, NIGHT_LIMIT_S)
    launched = server.ask(_LAUNCH, {"location": server.location})["launchRun"]
    assert launched["__typename"] == "LaunchRunSuccess", launched

    def all_ended() -> dict[str, list[str]] | None:
        by_job: dict[str, list[str]] = {}
        for run in server.ask(_RUNS)["runsOrError"]["results"]:
            by_job.setdefault(run["jobName"], []).append(run["status"])
        assert "FAILURE" not in {status for statuses in by_job.values() for status in statuses}, server.log.read_text()[-3000:]
        done = len(by_job.get("readiness", [])) == 8 and all(status == "SUCCESS" for statuses in by_job.values() for status in statuses)
        return by_job if done else None

    by_job = wait_until("the readiness runs of all eight stretches of quarters", all_ended, NIGHT_LIMIT_S, every_s=1)
    assert set(by_job) == {"ingest", "readiness"}
    with published(home) as connection:
        found = connection.execute(
            """
            select government_code, period, stage, index_value from readiness.latest_index
            where (government_code, period, stage) in (
                ('51.71', '2021-Q4', 'final'), ('51.71', '2018-Q4', 'self'), ('62', '2025-Q4', 'published'), ('63', '2018-Q4', 'published')
            )
            """
        ).fetchall()
    assert {(government, period, stage): str(value) for government, period, stage, value in found} == {
        ("51.71", "2021-Q4", "final"): "3.19",
        ("51.71", "2018-Q4", "self"): "3.67",
        ("62", "2025-Q4", "published"): "3.41",
        ("63", "2018-Q4", "published"): "3.05",
    }


def test_runs_of_the_daemon_name_their_process(night: tuple[Path, Server]) -> None:
    _, server = night
    runs = [run for run in server.ask(_RUNS)["runsOrError"]["results"] if run["status"] == "SUCCESS"]
    assert len(runs) > 0
    for run in runs:
        tags = {tag["key"]: tag["value"] for tag in run["tags"]}
        assert tags["kesiapan/process"].split("-")[0].isdigit(), run


def test_a_killed_run_of_another_process_is_ended_by_the_next_command(tmp_path: Path) -> None:
    """Its number may be given away again: the start time in the tag tells them apart."""
    home = Home(tmp_path / "home")
    prepared = subprocess.run([KESIAPAN, "doctor"], env=environment(home.root), capture_output=True, text=True, timeout=60, check=False)
    assert prepared.returncode == 0, prepared.stdout
    home.create()
    (home.dagster / "dagster.yaml").symlink_to(ROOT / "dagster.yaml")
    with DagsterInstance.from_config(os.fspath(home.dagster)) as instance:
        left = {
            name: instance.create_run_for_job(_nothing, status=DagsterRunStatus.STARTED, tags={"kesiapan/process": tag}).run_id
            for name, tag in {"gone": "999999999-1", "number_given_away": f"{os.getpid()}-1", "alive": _own_process()}.items()
        }
    script = (
        "import sys; from dagster import DagsterInstance; from pipelines import runs\n"
        "with DagsterInstance.from_config(sys.argv[1]) as instance: print(*runs.fail_orphans(instance))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(home.dagster)], env=environment(home.root), capture_output=True, text=True, timeout=60, check=True, cwd=ROOT
    )
    assert set(done.stdout.split()) == {left["gone"], left["number_given_away"]}
    with DagsterInstance.from_config(os.fspath(home.dagster)) as instance:
        found = {name: run.status for name, run_id in left.items() if (run := instance.get_run_by_id(run_id)) is not None}
    assert found == {"gone": DagsterRunStatus.FAILURE, "number_given_away": DagsterRunStatus.FAILURE, "alive": DagsterRunStatus.STARTED}


def _own_process() -> str:
    started = Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    return f"{os.getpid()}-{started}"


@dg.job
def _nothing() -> None:
    """Stands for a run that some process left behind."""


def test_a_killed_process_that_nobody_has_reaped_counts_as_gone(tmp_path: Path) -> None:
    """In a container whose first process reaps nobody, a killed run stays a zombie for ever."""
    from pipelines import runs

    zombie = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE, cwd=tmp_path)
    try:
        tag = runs.process_tag(zombie.pid)
        assert runs.is_alive(tag)
        zombie.kill()
        state = Path(f"/proc/{zombie.pid}/stat")
        wait_until("the killed process to be a zombie", lambda: state.read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z", 10)
        assert not runs.is_alive(tag)
    finally:
        assert zombie.stdin is not None
        zombie.stdin.close()
        zombie.wait(timeout=10)


if __name__ == "__main__":
    GRAPH.write_text("\n".join(graph_lines(build_definitions())) + "\n", encoding="utf-8")
