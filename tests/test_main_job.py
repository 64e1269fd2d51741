"""The main job on the samples, as whoever runs it the first time sees it: golden numbers, failed rows, the ledger, lineage; and a second run."""

import csv
import os
import shutil
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dagster import AssetCheckKey, AssetKey, DagsterEventType, DagsterInstance, DagsterRun

from tests.conftest import ROOT, Refreshed, kesiapan, published
from warehouse.home import Home

CHECKS = ROOT / "samples" / "uptime" / "kalbar_checks.csv"
MAX_HOLD = timedelta(hours=26)
FOREIGN = {"google", "hacker-news", "test-broken-site", "wikipedia"}

KALSEL, KALTENG, DENPASAR = "63", "62", "51.71"


@pytest.fixture(scope="module")
def release(refreshed: Refreshed) -> Iterator[duckdb.DuckDBPyConnection]:
    with published(refreshed.home) as connection:
        yield connection


@pytest.mark.parametrize(
    ("government", "period", "stage", "index"),
    [
        (DENPASAR, "2021-Q4", "final", "3.19"),
        (DENPASAR, "2021-Q4", "self", "3.75"),
        (DENPASAR, "2018-Q4", "final", "2.64"),
        (DENPASAR, "2018-Q4", "self", "3.67"),
        (KALTENG, "2025-Q4", "published", "3.41"),
        (KALSEL, "2018-Q4", "published", "3.05"),
    ],
)
def test_indices_are_those_that_were_officially_reckoned(release: duckdb.DuckDBPyConnection, government: str, period: str, stage: str, index: str) -> None:
    found = release.execute(
        "select index_value from readiness.latest_index where government_code = $1 and agency_code = '-' and period = $2 and stage = $3",
        [government, period, stage],
    ).fetchall()
    assert found == [(Decimal(index),)]


def test_domains_of_denpasar_2021_are_those_of_the_assessor(release: duckdb.DuckDBPyConnection) -> None:
    found = release.execute(
        """
        select component_id, readiness.half_up(value_num, value_den)
        from readiness.component_score
        inner join readiness.latest_index using (release_id, government_code, agency_code, period, instrument_id, stage)
        where government_code = $1 and period = '2021-Q4' and stage = 'final' and level = 'domain'
        order by component_id
        """,
        [DENPASAR],
    ).fetchall()
    assert [value for _, value in found] == [Decimal("3.00"), Decimal("3.30"), Decimal("2.18"), Decimal("3.55")]


def test_sites_of_others_are_set_aside_with_key_and_reason(release: duckdb.DuckDBPyConnection) -> None:
    found = release.execute(
        "select business_key, reason, row ->> 'host', row_key from quality.failed_row where rule_id = 'check.host_of_government'"
    ).fetchall()
    assert {key.split(" | ")[0] for key, *_ in found} == FOREIGN
    assert len(found) == len(FOREIGN)
    assert all(host in reason and not host.endswith(".go.id") for _, reason, host, _ in found)
    assert len({row_key for *_, row_key in found}) == len(FOREIGN)
    counted = release.execute("select read, added, rejected, status from meta.batch where feed_id = 'kalbar_checks'").fetchall()
    assert counted == [(9692, 9688, 4, "promoted")]
    assert release.execute("select sum(rows)::bigint from meta.lake_partition").fetchone() == (9688,)


@pytest.mark.parametrize("table", ["meta.ingest_run", "meta.batch"])
def test_every_row_read_is_accounted_for(release: duckdb.DuckDBPyConnection, table: str) -> None:
    rows = release.execute(f"select read, added + updated + unchanged + rejected from {table}").fetchall()
    assert len(rows) >= 5
    assert [read for read, _ in rows] == [accounted for _, accounted in rows]
    assert sum(read for read, _ in rows) == 7 + 1 + 168 + 29 + 9692


def _reckoned() -> dict[str, tuple[float, float, int]]:
    """Seconds up, seconds down and outages per service, straight from the sample: a check holds until the service's next one, at most 26 h,
    and at most until the latest check of the file."""
    checks: dict[str, dict[datetime, str]] = defaultdict(dict)
    with CHECKS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["slug"] not in FOREIGN:
                checks[row["slug"]][_time(row["last_updated"])] = "down" if row["status"] == "down" else "up"
    latest = max(moment for of_service in checks.values() for moment in of_service)
    reckoned = {}
    for service, of_service in checks.items():
        moments = sorted(of_service)
        seconds = {"up": 0.0, "down": 0.0}
        outages = 0
        before = "up"
        for moment, following in zip(moments, [*moments[1:], latest], strict=True):
            status = of_service[moment]
            seconds[status] += (min(following, moment + MAX_HOLD) - moment).total_seconds()
            outages += status == "down" and before == "up"
            before = status
        reckoned[service] = (seconds["up"], seconds["down"], outages)
    return reckoned


def _time(text: str) -> datetime:
    """Both spellings in the file: `2023-08-24T06:43:03.123Z` and `Thu Aug 24 2023 06:43:03 GMT+0000 (Coordinated Universal Time)`."""
    if text.endswith("Z"):
        return datetime.fromisoformat(text.replace("Z", "+00:00"))
    return datetime.strptime(text.partition(" (")[0], "%a %b %d %Y %H:%M:%S GMT%z").astimezone(UTC)


def test_seconds_up_and_down_agree_with_a_reckoning_from_the_raw_file(release: duckdb.DuckDBPyConnection) -> None:
    ours = release.execute(
        "select service_id, sum(up_s)::bigint, sum(down_s)::bigint from uptime.service_day where feed_id = 'kalbar_checks' group by service_id"
    ).fetchall()
    reckoned = _reckoned()
    assert len(ours) == 71
    assert {service for service, *_ in ours} == set(reckoned)
    off = {
        service: (up - reckoned[service][0], down - reckoned[service][1])
        for service, up, down in ours
        if abs(up - reckoned[service][0]) > 60 or abs(down - reckoned[service][1]) > 60
    }
    assert off == {}


def test_outages_are_those_of_the_raw_file(release: duckdb.DuckDBPyConnection) -> None:
    ours = dict(release.execute("select service_id, count(*) from uptime.incident group by service_id").fetchall())
    reckoned = {service: outages for service, (_, _, outages) in _reckoned().items() if outages}
    assert sum(reckoned.values()) == 2078
    assert ours == reckoned


def test_every_service_of_the_quarter_has_a_verdict(release: duckdb.DuckDBPyConnection) -> None:
    found = release.execute("select period, count(*), count(distinct service_id), count(verdict) from uptime.service_quarter group by period").fetchall()
    assert sorted(found) == [("2023-Q3", 71, 71, 71), ("2023-Q4", 71, 71, 71)]


def test_names_of_submitters_are_not_published(release: duckdb.DuckDBPyConnection) -> None:
    columns = release.execute(
        "select schema_name, table_name, column_name from duckdb_columns() where column_name like '%submitt%' or table_name like '%submitter%'"
    ).fetchall()
    assert columns == [("core", "assessment", "submitted_at"), ("core", "assessment_current", "submitted_at")]


def test_every_index_leads_back_to_archived_rows(release: duckdb.DuckDBPyConnection, refreshed: Refreshed) -> None:
    untraced = release.execute(
        """
        select index_score.*
        from readiness.index_score as index_score
        where not exists (
            from readiness.lineage as lineage
            inner join meta.artifact as artifact on artifact.sha256 = lineage.artifact_sha256
            where
                lineage.release_id = index_score.release_id
                and lineage.government_code = index_score.government_code
                and lineage.agency_code = index_score.agency_code
                and lineage.instrument_id = index_score.instrument_id
                and lineage.stage = index_score.stage
        )
        """
    ).fetchall()
    assert untraced == []
    lost = release.execute(
        """
        select lineage.* from readiness.lineage as lineage
        left join meta.artifact as artifact on artifact.sha256 = lineage.artifact_sha256
        where artifact.sha256 is null or lineage.source_row is null
        """
    ).fetchall()
    assert lost == []
    objects = Home(refreshed.home).archive / "objects"
    for (sha256,) in release.execute("select distinct artifact_sha256 from readiness.lineage").fetchall():
        assert (objects / sha256[:2] / sha256).is_file()


def test_a_value_stands_in_the_row_its_lineage_names(release: duckdb.DuckDBPyConnection, refreshed: Refreshed) -> None:
    sample = ROOT / "samples" / "submissions" / "denpasar_2018_final.csv"
    with sample.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    found = release.execute(
        """
        select component_id, value, source_row from readiness.component_score
        where government_code = $1 and period = '2018-Q4' and stage = 'final' and level = 'indicator' and value is not null
        """,
        [DENPASAR],
    ).fetchall()
    assert len(found) == len(lines)
    for indicator, value, source_row in found:
        line = lines[source_row - 2]
        assert (line["indicator_id"], float(line["value"])) == (indicator, value)


def test_output_names_the_tables_and_where_to_look_next(refreshed: Refreshed) -> None:
    for said in ("Readiness", "uptime", "Data quality", "Where to look next", "kesiapan query", "make dev", str(Home(refreshed.home).published)):
        assert said in refreshed.output
    denpasar = [line for line in refreshed.output.splitlines() if "Kota Denpasar" in line and "2021-Q4" in line and "final" in line]
    assert len(denpasar) == 1
    assert "3.19" in denpasar[0]


def test_runs_carry_their_repository_and_process(refreshed: Refreshed) -> None:
    with _instance(refreshed.home) as instance:
        runs = instance.get_runs()
    assert {run.job_name for run in runs} == {"ingest", "readiness"}
    assert all(run.tags.get(".dagster/repository", "").startswith("__repository__@") for run in runs)
    assert len({run.tags["kesiapan/process"] for run in runs}) == 1
    assert all(run.tags["kesiapan/process"].split("-")[0].isdigit() for run in runs)


class Again:
    """A second run on a copy of the home, and how the published file was before it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.before = self._published_file()
        self.releases_before = self._releases()
        self.done = kesiapan(home, "refresh")

    def _published_file(self) -> tuple[int, int, bytes]:
        path = Home(self.home).published
        return path.stat().st_ino, path.stat().st_mtime_ns, path.read_bytes()

    def _releases(self) -> list[Any]:
        with published(self.home) as connection:
            return connection.execute("select * from meta.release order by all").fetchall()

    @property
    def after(self) -> tuple[int, int, bytes]:
        return self._published_file()

    @property
    def releases_after(self) -> list[Any]:
        return self._releases()


@pytest.fixture(scope="module")
def again(refreshed: Refreshed, tmp_path_factory: pytest.TempPathFactory) -> Again:
    home = tmp_path_factory.mktemp("again") / "home"
    shutil.copytree(refreshed.home, home, symlinks=True)
    return Again(home)


def test_summary_says_why_rows_were_set_aside(refreshed: Refreshed, release: duckdb.DuckDBPyConnection) -> None:
    broken = "select count(*) from quality.failed_row where rule_id = 'check.host_of_government'"
    (line,) = [line for line in refreshed.output.splitlines() if "check.host_of_government" in line]
    assert line.split()[1::2][:3] == ["kalbar_checks", "check.host_of_government", str(release.execute(broken).fetchall()[0][0])]
    assert "The address checked must be one of the government's" in line


def test_second_run_says_unchanged(again: Again) -> None:
    assert again.done.returncode == 0, again.done.stdout + again.done.stderr
    feeds = [line for line in again.done.stdout.splitlines() if ": read " in line]
    assert len(feeds) == 5
    assert all(": unchanged: " in line and " 0 added, 0 updated" in line for line in feeds)
    assert "new release" not in again.done.stdout


def test_second_run_makes_no_release_and_leaves_the_published_file_alone(again: Again) -> None:
    assert again.releases_after == again.releases_before
    assert len(again.releases_after) > 0
    assert again.after == again.before


def test_second_run_turns_no_red_check_green(again: Again) -> None:
    with _instance(again.home) as instance:
        first, second = _runs(instance, "ingest")
        red = _verdicts(instance, first)
        red_again = _verdicts(instance, second)
        host_rule = AssetCheckKey(AssetKey(["uptime", "kalbar_checks"]), "host_of_government")
        latest = instance.event_log_storage.get_latest_asset_check_execution_by_key([host_rule])[host_rule]
        assert latest.run_id == second.run_id
        assert latest.status.value == "FAILED"
    assert not red[host_rule]
    assert red_again == red


def test_ingest_run_stays_under_a_hundred_check_events(again: Again) -> None:
    with _instance(again.home) as instance:
        for run in _runs(instance, "ingest"):
            assert 50 < len(instance.all_logs(run.run_id, of_type=DagsterEventType.ASSET_CHECK_EVALUATION)) < 100


def _instance(home: Path) -> DagsterInstance:
    return DagsterInstance.from_config(os.fspath(Home(home).dagster))


def _runs(instance: DagsterInstance, job: str) -> list[DagsterRun]:
    """Oldest first."""
    return [run for run in reversed(list(instance.get_runs())) if run.job_name == job]


def _verdicts(instance: DagsterInstance, run: DagsterRun) -> dict[AssetCheckKey, bool]:
    verdicts = {}
    for entry in instance.all_logs(run.run_id, of_type=DagsterEventType.ASSET_CHECK_EVALUATION):
        evaluation = entry.get_dagster_event().asset_check_evaluation_data
        verdicts[evaluation.asset_check_key] = evaluation.passed
    return verdicts
