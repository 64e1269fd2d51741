"""What people see when something is wrong: a missing file, garbage, mistakes in settings, bad rows in a submission, wrong SQL, a held lock."""

import contextlib
import csv
import io
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from dagster import AssetCheckKey, AssetKey, DagsterInstance

from pipelines import command
from tests.conftest import ROOT, Refreshed, environment, kesiapan, published
from tests.test_settings import MONITOR
from tests.waiting import wait_until
from warehouse.home import Home

SAMPLES = ROOT / "samples"
BEARER = 'bearer = "env:MONITOR_TOKEN"\n'
HEADER = "government_code,agency_code,period,instrument_id,indicator_id,stage,value,explanation,evidence_file,evidence_date,submitted_by,submitted_at"
GOVERNMENTS = """
[[government]]
code = "51.71"
name = "Kota Denpasar"
timezone = "Asia/Makassar"

[[government]]
code = "61"
name = "Provinsi Kalimantan Barat"
timezone = "Asia/Pontianak"
"""
FEEDS = """
[[feed]]
id = "denpasar_spbe"
kind = "submission"
government = "51.71"
path = "submissions/denpasar_2018_*"

[[feed]]
id = "not_there"
kind = "submission"
government = "51.71"
path = "submissions/nothing_here.csv"

[[feed]]
id = "garbage"
kind = "check_log"
government = "61"
path = "uptime/garbage.csv"
hosts = [".go.id"]
max_hold = "26h"
"""
CHECKS_OF_FEEDS = {"not_there": AssetKey(["submissions", "not_there"]), "garbage": AssetKey(["uptime", "garbage"])}


class Faulty:
    """A home with its own settings: one sound feed, one whose file is missing, one whose file is random bytes."""

    def __init__(self, home: Path) -> None:
        self.home = home
        (home / "submissions").mkdir(parents=True)
        (home / "uptime").mkdir()
        for stage in ("self", "final"):
            shutil.copy(SAMPLES / "submissions" / f"denpasar_2018_{stage}.csv", home / "submissions")
        self.garbage = home / "uptime" / "garbage.csv"
        self.garbage.write_bytes(random.Random(20261124).randbytes(4096))
        self.missing = home / "submissions" / "nothing_here.csv"
        self.sources = home / "sources.toml"
        self.sources.write_text(GOVERNMENTS + FEEDS, encoding="utf-8")

    def refresh(self) -> "Seen":
        done = kesiapan(self.home, "refresh")
        with DagsterInstance.from_config(os.fspath(Home(self.home).dagster)) as instance:
            keys = {feed: AssetCheckKey(asset, "arrived") for feed, asset in CHECKS_OF_FEEDS.items()}
            keys["denpasar_spbe"] = AssetCheckKey(AssetKey(["submissions", "denpasar_spbe"]), "arrived")
            latest = instance.event_log_storage.get_latest_asset_check_execution_by_key(list(keys.values()))
            arrived = {feed: latest[key].status.value for feed, key in keys.items()}
        with published(self.home) as connection:
            index = connection.execute("select stage, index_value from readiness.latest_index where period = '2018-Q4'").fetchall()
            ledger = connection.execute("select feed_id, status, read, rejected, message from meta.ingest_run order by started_at").fetchall()
            results = connection.execute("select feed_id, status, count(*) from quality.expectation_result where feed_id = 'garbage' group by all").fetchall()
            batches = connection.execute("select feed_id, status, read, message from meta.batch where feed_id <> 'denpasar_spbe'").fetchall()
        return Seen(done, arrived, dict(index), ledger, results, batches)


class Seen:
    """What a person, Dagster and an analyst see after a refresh."""

    def __init__(
        self,
        done: subprocess.CompletedProcess[str],
        arrived: dict[str, str],
        index: dict[str, Decimal],
        ledger: list[tuple[Any, ...]],
        results: list[tuple[Any, ...]],
        batches: list[tuple[Any, ...]],
    ) -> None:
        self.done = done
        self.arrived = arrived
        self.index = index
        self.ledger = ledger
        self.results = results
        self.batches = batches


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Faulty:
    return Faulty(tmp_path_factory.mktemp("faulty") / "home")


@pytest.fixture(scope="module")
def first(faulty: Faulty) -> Seen:
    return faulty.refresh()


@pytest.fixture(scope="module")
def second(faulty: Faulty, first: Seen) -> Seen:
    return faulty.refresh()


@pytest.fixture(scope="module")
def corrected(faulty: Faulty, second: Seen) -> Seen:
    """Both faults mended: the missing file is there, and the monitor's export is one again."""
    shutil.copy(SAMPLES / "submissions" / "denpasar_2018_final.csv", faulty.missing)
    lines = (SAMPLES / "uptime" / "kalbar_checks.csv").read_text(encoding="utf-8").splitlines()
    faulty.garbage.write_text("\n".join([lines[0], *[line for line in lines[1:300] if ".go.id" in line]]) + "\n", encoding="utf-8")
    return faulty.refresh()


def test_faulty_feeds_stop_no_other_feed(first: Seen) -> None:
    assert first.done.returncode == 1, first.done.stdout + first.done.stderr
    assert first.index == {"self": Decimal("3.67"), "final": Decimal("2.64")}
    assert first.arrived["denpasar_spbe"] == "SUCCEEDED"


def test_summary_names_the_faulty_feeds_and_where_to_mend_them(first: Seen, faulty: Faulty) -> None:
    verdict = _verdict(first)
    assert set(verdict) == {"not_there", "garbage"}
    line = 1 + faulty.sources.read_text(encoding="utf-8").splitlines().index('path = "submissions/nothing_here.csv"')
    assert f"{faulty.sources}:{line}: feed.path" in verdict["not_there"]
    assert "nothing_here.csv" in verdict["not_there"]
    assert "accepted" in verdict["not_there"]
    assert "garbage.csv" in verdict["garbage"]
    assert "accepted" in verdict["garbage"]


def test_faulty_feeds_have_a_failed_check_in_dagster(first: Seen) -> None:
    assert {feed: first.arrived[feed] for feed in CHECKS_OF_FEEDS} == dict.fromkeys(CHECKS_OF_FEEDS, "FAILED")


def test_a_rejected_batch_leaves_its_results_and_its_ledger_row(first: Seen) -> None:
    assert [(feed, status) for feed, status, _ in first.results] == [("garbage", "not_evaluated")]
    assert first.results[0][2] >= 8
    assert [(feed, status, read) for feed, status, read, _ in first.batches] == [("garbage", "rejected", 0)]
    assert "garbage.csv" in first.batches[0][3]
    ledger = {feed: (status, message) for feed, status, _, _, message in first.ledger}
    assert ledger["garbage"][0] == "rejected"
    assert ledger["not_there"][0] == "failed"
    assert "nothing_here.csv" in ledger["not_there"][1]


def test_run_after_run_stays_red_until_the_fault_is_mended(second: Seen) -> None:
    assert second.done.returncode == 1, second.done.stdout + second.done.stderr
    assert set(_verdict(second)) == {"not_there", "garbage"}
    assert {feed: second.arrived[feed] for feed in CHECKS_OF_FEEDS} == dict.fromkeys(CHECKS_OF_FEEDS, "FAILED")
    assert len(second.batches) == 1


def test_mending_the_faults_turns_all_green(corrected: Seen) -> None:
    assert corrected.done.returncode == 0, corrected.done.stdout + corrected.done.stderr
    assert _verdict(corrected) == {}
    assert corrected.arrived == dict.fromkeys([*CHECKS_OF_FEEDS, "denpasar_spbe"], "SUCCEEDED")
    assert ("garbage", "promoted") in {(feed, status) for feed, status, *_ in corrected.batches}
    assert ("garbage", "rejected") in {(feed, status) for feed, status, *_ in corrected.batches}


def test_a_feed_whose_checks_are_damaged_beyond_mending_stops_no_other_and_loses_nothing(faulty: Faulty, corrected: Seen) -> None:
    with published(faulty.home) as connection:
        (sha256,) = connection.execute("select artifact_sha256 from meta.batch where feed_id = 'garbage' and status = 'promoted'").fetchone() or ("",)
        days = connection.execute("from uptime.service_day order by all").fetchall()
    kept = faulty.home / "archive" / "objects" / sha256[:2] / sha256
    whole = kept.read_bytes()
    kept.write_bytes(whole[:-1])
    next((faulty.home / "lake").glob("feed=garbage/*/*.parquet")).unlink()
    shutil.copy(SAMPLES / "submissions" / "denpasar_2018_self.csv", faulty.home / "submissions" / "denpasar_2018_self_again.csv")
    seen = faulty.refresh()
    assert seen.done.returncode == 1, seen.done.stdout + seen.done.stderr
    assert set(_verdict(seen)) == {"garbage"}
    assert kept.name in _verdict(seen)["garbage"]
    assert "restore" in _verdict(seen)["garbage"]
    assert seen.arrived["garbage"] == "FAILED"
    assert seen.arrived["denpasar_spbe"] == "SUCCEEDED"
    kept.write_bytes(whole)
    mended = faulty.refresh()
    assert (mended.done.returncode, _verdict(mended), mended.arrived["garbage"]) == (0, {}, "SUCCEEDED"), mended.done.stdout
    with published(faulty.home) as connection:
        assert connection.execute("from uptime.service_day order by all").fetchall() == days


def _verdict(seen: Seen) -> dict[str, str]:
    """The lines after `Not everything went through`, by feed."""
    _, said, after = seen.done.stdout.partition("Not everything went through")
    return {line.split(":", 1)[0].strip(): line for line in after.splitlines()[1:] if line.strip()} if said else {}


STRANGE = {
    "latin_1_log": ("check_log", "layanan,waktu diperiksa,status é\n".encode("latin-1")),
    "no_parquet": ("check_log", b"PAR1 and nothing that is Parquet PAR1"),
    "no_workbook": ("submission", b"PK\x03\x04 and nothing that is a workbook"),
    "no_text": ("published_index", b"\xff\xfe\x00"),
    "error_page": ("ckan", b"<html>Service Unavailable</html>"),
    "cut_off": ("data_json", b"[1, 2"),
}


class Judged:
    """One refresh of a home with a sound feed beside all strange ones."""

    def __init__(self, home: Path) -> None:
        home.mkdir()
        shutil.copy(SAMPLES / "submissions" / "denpasar_2018_final.csv", home)
        feeds = ['[[feed]]\nid = "sound"\nkind = "submission"\ngovernment = "51.71"\npath = "denpasar_2018_final.csv"\n']
        for name, (kind, data) in STRANGE.items():
            (home / name).write_bytes(data)
            hold = 'max_hold = "26h"\n' if kind == "check_log" else ""
            feeds.append(f'[[feed]]\nid = "{name}"\nkind = "{kind}"\ngovernment = "61"\npath = "{name}"\n{hold}')
        (home / "sources.toml").write_text("\n".join([GOVERNMENTS, *feeds]), encoding="utf-8")
        self.done = kesiapan(home, "refresh")
        with published(home) as connection:
            self.status = dict(connection.execute("select feed_id, status from meta.ingest_run").fetchall())
            self.message = dict(connection.execute("select feed_id, message from meta.batch").fetchall())
            self.indices = connection.execute("select index_value from readiness.latest_index").fetchall()


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    return Judged(tmp_path_factory.mktemp("strange") / "home")


def test_files_that_no_reader_can_read_stop_no_other_feed(judged: Judged) -> None:
    assert judged.done.returncode == 1, judged.done.stdout + judged.done.stderr
    assert judged.status["sound"] == "ok"
    assert judged.indices == [(Decimal("2.64"),)]


@pytest.mark.parametrize("feed", STRANGE)
def test_a_file_that_no_reader_can_read_is_rejected_and_said_why(judged: Judged, feed: str) -> None:
    assert judged.status[feed] == "rejected"
    assert judged.message[feed].startswith(f"{feed}: ")
    assert "accepted" in judged.message[feed].lower()


@pytest.mark.parametrize(
    ("broken", "place", "said"),
    [
        (GOVERNMENTS + FEEDS.replace('kind = "check_log"', 'kind = "ping_log"'), 'kind = "ping_log"', ["feed.kind", "'ping_log'", "check_log"]),
        (GOVERNMENTS + FEEDS.replace("max_hold", "max_holds"), 'max_holds = "26h"', ["max_holds", "unknown key", "max_hold"]),
        (GOVERNMENTS.replace("Asia/Pontianak", "Asia/Pontianac") + FEEDS, 'timezone = "Asia/Pontianac"', ["government.timezone", "Asia/Pontianac", "IANA"]),
        (GOVERNMENTS + FEEDS.replace('path = "uptime/garbage.csv"', 'url = "ftp://x.go.id/a"'), 'url = "ftp://x.go.id/a"', ["feed.url", "https"]),
    ],
)
def test_a_mistake_in_the_settings_is_one_line_with_its_place_and_what_is_accepted(tmp_path: Path, broken: str, place: str, said: Sequence[str]) -> None:
    sources = tmp_path / "sources.toml"
    sources.write_text(broken, encoding="utf-8")
    home = tmp_path / "home"
    done = kesiapan(home, "refresh", KESIAPAN_SOURCES=str(sources))
    mistakes = [line for line in done.stderr.splitlines() if str(sources) in line]
    assert done.returncode == 2
    number = 1 + broken.splitlines().index(place)
    assert any(line.startswith(f"{sources}:{number}: ") and all(word in line for word in said) for line in mistakes), done.stderr
    assert len(mistakes) == len([line for line in done.stderr.splitlines() if line.strip()])
    assert "Traceback" not in done.stderr
    assert not home.exists()


def test_every_mistake_in_the_settings_is_named_at_once(tmp_path: Path) -> None:
    sources = tmp_path / "sources.toml"
    sources.write_text(GOVERNMENTS.replace('"61"', '"6100"') + FEEDS.replace("26h", "26 hours").replace("denpasar_spbe", "Denpasar-SPBE"), encoding="utf-8")
    done = kesiapan(tmp_path / "home", "refresh", KESIAPAN_SOURCES=str(sources))
    assert done.returncode == 2
    for key in ("government.code", "feed.max_hold", "feed.id"):
        assert any(f": {key}: " in line and "accepted" in line for line in done.stderr.splitlines()), done.stderr


def _submission(rows: Sequence[tuple[str, str]], period: str = "2021-Q4", submitted_by: str = "Ni Luh Contoh") -> str:
    """A file of Denpasar's self-assessment with SPBE2020: (indicator, value) each."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER.split(","))
    for indicator, value in rows:
        writer.writerow(["51.71", "", period, "SPBE2020", indicator, "self", value, "", "bukti.pdf", "2021-11-01", submitted_by, ""])
    return text.getvalue()


class Submitted:
    """A copy of the refreshed home that got three files: a revision, and one with bad rows beside good ones."""

    def __init__(self, home: Path, folder: Path) -> None:
        self.home = home
        with published(home) as connection:
            self.releases_before = connection.execute("select release_id from meta.release where period = '2021-Q4'").fetchall()
            self.index_before = connection.execute("select * from readiness.index_score where period = '2021-Q4' order by all").fetchall()
            self.values = dict(
                connection.execute(
                    "select indicator_id, value from core.assessment_current where period = '2021-Q4' and stage = 'self' and government_code = '51.71'"
                ).fetchall()
            )
        raised = next(indicator for indicator, value in sorted(self.values.items()) if value == 3)
        self.raised = raised
        good = folder / "perbaikan.csv"
        good.write_text(_submission([(raised, "5")]), encoding="utf-8")
        self.good = kesiapan(home, "ingest", str(good))
        bad = folder / "banyak_salah.csv"
        bad.write_text(_submission([("1", "7"), ("99", "3"), ("2", "4"), ("2", "5"), ("3", "1")]), encoding="utf-8")
        self.bad = kesiapan(home, "ingest", str(bad))


@pytest.fixture(scope="module")
def submitted(refreshed: Refreshed, tmp_path_factory: pytest.TempPathFactory) -> Submitted:
    folder = tmp_path_factory.mktemp("submitted")
    shutil.copytree(refreshed.home, folder / "home", symlinks=True)
    return Submitted(folder / "home", folder)


def test_a_good_submission_is_promoted_and_its_verdict_printed(submitted: Submitted) -> None:
    assert submitted.good.returncode == 0, submitted.good.stdout + submitted.good.stderr
    verdict = [line for line in submitted.good.stdout.splitlines() if "perbaikan.csv" in line and "promoted" in line]
    assert len(verdict) == 1
    with published(submitted.home) as connection:
        counted = connection.execute("select status, read, added, updated, unchanged, rejected from meta.batch where source_name = 'perbaikan.csv'").fetchall()
    assert counted == [("promoted", 1, 0, 1, 0, 0)]


def test_bad_rows_are_set_aside_with_reasons_and_the_good_one_counts(submitted: Submitted) -> None:
    assert submitted.bad.returncode == 1, submitted.bad.stdout + submitted.bad.stderr
    assert any("banyak_salah.csv" in line and "promoted" in line for line in submitted.bad.stdout.splitlines())
    with published(submitted.home) as connection:
        failed = connection.execute(
            """
            select rule_id, row ->> 'indicator_id', row ->> 'value_text', reason
            from quality.failed_row inner join meta.batch using (batch_id)
            where source_name = 'banyak_salah.csv' and severity = 'critical'
            """
        ).fetchall()
        counted = connection.execute("select read, added, updated, unchanged, rejected from meta.batch where source_name = 'banyak_salah.csv'").fetchall()
    assert {(rule, indicator, value) for rule, indicator, value, _ in failed} == {
        ("submission.value_in_scale", "1", "7"),
        ("submission.indicator_known", "99", "3"),
        ("submission.key_unique", "2", "4"),
        ("submission.key_unique", "2", "5"),
    }
    assert all(reason and value in reason for rule, _, value, reason in failed if rule != "submission.indicator_known")
    assert [(read, rejected, added + updated + unchanged) for read, added, updated, unchanged, rejected in counted] == [(5, 4, 1)]


def test_files_leave_the_inbox_once_they_are_judged(submitted: Submitted) -> None:
    assert list(Home(submitted.home).inbox.iterdir()) == []
    with published(submitted.home) as connection:
        archived = {row[0] for row in connection.execute("select source_name from meta.artifact where feed_id = 'inbox'").fetchall()}
    assert archived == {"perbaikan.csv", "banyak_salah.csv"}


def test_a_revised_value_changes_the_index_in_a_new_release_and_the_old_release_stays(submitted: Submitted) -> None:
    with published(submitted.home) as connection:
        releases = connection.execute("select release_id from meta.release where period = '2021-Q4' order by created_at").fetchall()
        newest = connection.execute(
            "select index_value, release_id from readiness.latest_index where period = '2021-Q4' and stage = 'self' and government_code = '51.71'"
        ).fetchall()
        old = connection.execute(
            "select * from readiness.index_score where period = '2021-Q4' and list_contains($1, release_id) order by all",
            [[row[0] for row in submitted.releases_before]],
        ).fetchall()
        now = connection.execute(
            "select value from core.assessment_current where indicator_id = $1 and period = '2021-Q4' and stage = 'self' and government_code = '51.71'",
            [submitted.raised],
        ).fetchall()
    assert submitted.releases_before[0] in releases
    assert len(releases) > len(submitted.releases_before)
    assert old == submitted.index_before
    assert now == [(Decimal(5),)]
    assert newest[0][1] == releases[-1][0]
    assert newest[0][0] != Decimal("3.75")


def test_the_name_of_the_submitter_is_nowhere_in_the_published_file(submitted: Submitted) -> None:
    with published(submitted.home) as connection:
        tables = connection.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall()
        naming = [table for (table,) in tables if connection.execute(f"select count(*) from {table} as t where t::varchar like '%Ni Luh%'").fetchone() != (0,)]
    assert len(tables) > 25
    assert naming == []


def test_the_same_file_again_changes_nothing(submitted: Submitted, tmp_path: Path) -> None:
    again = tmp_path / "perbaikan.csv"
    again.write_text(_submission([(submitted.raised, "5")]), encoding="utf-8")
    with published(submitted.home) as connection:
        before = connection.execute("select (select count(*) from core.assessment), (select count(*) from meta.release)").fetchone()
    done = kesiapan(submitted.home, "ingest", str(again))
    with published(submitted.home) as connection:
        after = connection.execute("select (select count(*) from core.assessment), (select count(*) from meta.release)").fetchone()
    assert done.returncode == 0, done.stdout + done.stderr
    assert after == before
    assert list(Home(submitted.home).inbox.iterdir()) == []


@pytest.mark.parametrize(
    ("differs", "said"),
    [
        (
            {"--value": "9"},
            ["A value must be given, on the instrument's scale", "SPBE2020 1..5 whole", "[instrument_id = SPBE2020] [value_text = 9]"],
        ),
        ({"--indicator": "99"}, ["The indicator must be one of the instrument's.", "[instrument_id = SPBE2020] [indicator_id = 99]"]),
    ],
)
def test_an_override_that_is_refused_says_what_was_wrong_and_what_is_accepted(
    refreshed: Refreshed, tmp_path: Path, differs: dict[str, str], said: list[str]
) -> None:
    home = tmp_path / "home"
    shutil.copytree(refreshed.home, home, symlinks=True)
    given = {
        "--government": "51.71",
        "--period": "2021-Q4",
        "--instrument": "SPBE2020",
        "--indicator": "4",
        "--stage": "final",
        "--value": "3",
        "--by": "Ani",
        "--reason": "data buatan",
    }
    done = kesiapan(home, "override", *(word for option in (given | differs).items() for word in option))
    assert done.returncode == 1, done.stdout + done.stderr
    assert [words for words in said if words not in done.stdout] == []
    verdict = [line for line in done.stdout.splitlines() if line.startswith("│ override-")]
    assert len(verdict) == 1
    assert "set aside" in verdict[0]
    assert "promoted" not in verdict[0]
    assert "feedback" not in done.stdout


def test_a_file_that_does_not_exist_is_said_so(refreshed: Refreshed, tmp_path: Path) -> None:
    done = kesiapan(refreshed.home, "ingest", str(tmp_path / "nowhere.csv"))
    assert done.returncode == 2
    assert "nowhere.csv" in done.stderr
    assert "Traceback" not in done.stderr


QUERY = "select government_code, index_value from readiness.latest_index where period = '2021-Q4' and stage = 'final'"


def test_query_shows_a_table(refreshed: Refreshed) -> None:
    done = kesiapan(refreshed.home, "query", QUERY)
    assert done.returncode == 0, done.stderr
    assert "51.71" in done.stdout
    assert "3.19" in done.stdout


def test_query_gives_csv(refreshed: Refreshed) -> None:
    done = kesiapan(refreshed.home, "query", QUERY, "--format", "csv")
    assert done.returncode == 0, done.stderr
    assert list(csv.reader(io.StringIO(done.stdout))) == [["government_code", "index_value"], ["51.71", "3.19"]]


def test_csv_has_the_line_ends_that_a_shell_expects(refreshed: Refreshed) -> None:
    with published(refreshed.home) as connection:
        relation = connection.sql("select 42 as answer")
        with contextlib.redirect_stdout(io.StringIO(newline="")) as said:
            command._print_rows(relation, "csv")
    assert said.getvalue() == "answer\n42\n"


def test_query_gives_json_lines(refreshed: Refreshed) -> None:
    done = kesiapan(refreshed.home, "query", QUERY, "--format", "json")
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rows) == 1
    assert rows[0]["government_code"] == "51.71"
    assert Decimal(str(rows[0]["index_value"])) == Decimal("3.19")


@pytest.mark.parametrize(("wrong", "said"), [("selec 1", "syntax error"), ("from readiness.lates_index", "lates_index"), ("select 'a'::integer", "a")])
def test_wrong_sql_is_a_message_and_exit_code_2(refreshed: Refreshed, wrong: str, said: str) -> None:
    done = kesiapan(refreshed.home, "query", wrong)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_query_cannot_change_the_published_file(refreshed: Refreshed) -> None:
    done = kesiapan(refreshed.home, "query", "delete from readiness.index_score")
    assert done.returncode == 2
    assert "read-only" in done.stderr
    with published(refreshed.home) as connection:
        assert connection.execute("select count(*) > 0 from readiness.index_score").fetchone() == (True,)


def test_query_without_a_published_file_says_what_to_run(tmp_path: Path) -> None:
    done = kesiapan(tmp_path / "home", "query", "select 1")
    assert done.returncode == 2
    assert "does not exist yet" in done.stderr
    assert "make run" in done.stderr


def test_batch_shows_just_the_rows_that_break_a_rule(refreshed: Refreshed) -> None:
    with published(refreshed.home) as connection:
        (batch_id,) = connection.execute("select batch_id from meta.batch where feed_id = 'kalbar_checks'").fetchall()[0]
    done = kesiapan(refreshed.home, "batch", batch_id, "--rule", "check.host_of_government", "--format", "csv")
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert sorted(row["service"] for row in rows) == ["google", "hacker-news", "test-broken-site", "wikipedia"]


@pytest.mark.parametrize(("arguments", "said"), [(["nosuchbatch"], "0 batches"), (["", "--rule", "no.rule"], "batches begin with")])
def test_batch_that_is_not_one_is_said_so(refreshed: Refreshed, arguments: list[str], said: str) -> None:
    done = kesiapan(refreshed.home, "batch", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_doctor_finds_a_refreshed_home_well(refreshed: Refreshed) -> None:
    done = kesiapan(refreshed.home, "doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "not locked" in done.stdout
    assert "published file" in done.stdout


def test_doctor_names_a_service_that_no_check_names(refreshed: Refreshed, tmp_path: Path) -> None:
    """Its objective, hours and agency would have no effect, and nobody would know."""
    sources = tmp_path / "sources.toml"
    service = '\n[[service]]\nfeed = "kalbar_checks"\nmatch = "{}"\nid = "bapenda"\n'
    settings = (SAMPLES / "sources.toml").read_text(encoding="utf-8").replace('path = "', f'path = "{SAMPLES}/')
    sources.write_text(settings + service.format("Bappenda"), encoding="utf-8")
    done = kesiapan(refreshed.home, "doctor", KESIAPAN_SOURCES=str(sources))
    assert done.returncode == 1, done.stdout
    said = " ".join(done.stdout.split())
    assert "no check names the service 'Bappenda'" in said
    with published(refreshed.home) as connection:
        ((known,),) = connection.execute("select code from ref.service where feed_id = 'kalbar_checks' order by code limit 1").fetchall()
    sources.write_text(settings + service.format(known), encoding="utf-8")
    assert kesiapan(refreshed.home, "doctor", KESIAPAN_SOURCES=str(sources)).returncode == 0


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ({}, "environment variable MONITOR_TOKEN is not set"),
        ({"MONITOR_TOKEN": " "}, "environment variable MONITOR_TOKEN is not set"),
        ({"MONITOR_TOKEN": "rahasia 7"}, "environment variable MONITOR_TOKEN holds no bearer token; accepted:"),
        ({"MONITOR_TOKEN": "rahasia-7"}, ""),
    ],
)
def test_a_secret_that_is_missing_is_a_finding_of_doctor_and_stops_nobody_who_reads(
    refreshed: Refreshed, tmp_path: Path, held: dict[str, str], said: str
) -> None:
    sources = tmp_path / "sources.toml"
    settings = (SAMPLES / "sources.toml").read_text(encoding="utf-8").replace('path = "', f'path = "{SAMPLES}/')
    sources.write_text(settings + MONITOR + BEARER, encoding="utf-8")
    done = kesiapan(refreshed.home, "doctor", KESIAPAN_SOURCES=str(sources), **held)
    wrong = [line for line in done.stdout.splitlines() if line.startswith("mend")]
    assert done.returncode == len(wrong) == (1 if said else 0), done.stdout + done.stderr
    assert all(line.startswith("mend feed monitor") and said in line for line in wrong)
    assert "rahasia" not in done.stdout + done.stderr
    asked = kesiapan(refreshed.home, "query", "select 42 as answer", "--format", "csv", KESIAPAN_SOURCES=str(sources), **held)
    assert (asked.returncode, asked.stdout.split()) == (0, ["answer", "42"]), asked.stderr


def test_a_secret_that_is_missing_fails_its_own_feed_and_no_other(refreshed: Refreshed, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(refreshed.home, home, symlinks=True)
    sources = tmp_path / "sources.toml"
    settings = (SAMPLES / "sources.toml").read_text(encoding="utf-8").replace('path = "', f'path = "{SAMPLES}/')
    sources.write_text(settings + MONITOR + BEARER, encoding="utf-8")
    done = kesiapan(home, "refresh", KESIAPAN_SOURCES=str(sources))
    assert done.returncode == 1, done.stdout + done.stderr
    trouble = done.stdout[done.stdout.index("Not everything went through") :].splitlines()[1:]
    (line,) = [line for line in trouble if line.strip()]
    assert line.startswith("  monitor: failed: ")
    assert line.endswith("environment variable MONITOR_TOKEN is not set")


def test_doctor_names_who_holds_the_warehouse(refreshed: Refreshed, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    shutil.copytree(refreshed.home, home.root, symlinks=True)
    with _holding(home.warehouse) as holder:
        done = kesiapan(home.root, "doctor")
    assert done.returncode == 1
    assert f"process {holder}" in done.stdout
    assert kesiapan(home.root, "doctor").returncode == 0


def test_doctor_names_what_is_damaged_in_archive_lake_and_published_file(refreshed: Refreshed, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    shutil.copytree(refreshed.home, home.root, symlinks=True)
    with published(home.root) as connection:
        ((sha256,),) = connection.execute("select sha256 from meta.artifact where source_name = 'kalbar_checks.csv'").fetchall()
        ((file,), *_) = connection.execute("select file from meta.lake_partition order by day").fetchall()
        ((block,), *_) = connection.execute("select block_id from pragma_storage_info('uptime.service_day') where block_id >= 0").fetchall()
    home.published.chmod(0o644)
    archived = home.archive / "objects" / sha256[:2] / sha256
    for path, place in ((archived, 100), (home.lake / file, 100), (home.published, 3 * 4096 + block * 256 * 1024 + 1000)):
        with path.open("r+b") as opened:
            opened.seek(place)
            byte = opened.read(1)
            opened.seek(place)
            opened.write(bytes([byte[0] ^ 1]))
    done = kesiapan(home.root, "doctor")
    assert done.returncode == 1
    wrong = [line for line in done.stdout.splitlines() if line.startswith("mend")]
    assert [line.split("  ")[0] for line in wrong] == ["mend archive", "mend lake", "mend published file"], done.stdout
    assert f"1 files are gone or damaged: kalbar_checks: kalbar_checks.csv: objects/{sha256[:2]}/{sha256}" in wrong[0]
    assert f"1 files are gone or damaged: {file}" in wrong[1]
    assert "checksum" in wrong[2]


@contextmanager
def _holding(warehouse: Path) -> Iterator[int]:
    """Another process that has the warehouse open for writing."""
    script = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('holding', flush=True); sys.stdin.read()"
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(warehouse)], env=environment(warehouse.parent), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    try:
        said = holder.stdout
        wait_until("the other process to hold the warehouse", lambda: said.readline().strip() == "holding", 30)
        yield holder.pid
    finally:
        holder.stdin.close()
        try:
            holder.wait(timeout=10)
        finally:
            holder.kill()
            holder.stdout.close()


def test_doctor_finds_the_mistake_in_a_settings_file(tmp_path: Path) -> None:
    sources = tmp_path / "sources.toml"
    sources.write_text(GOVERNMENTS + FEEDS.replace("max_hold", "max_holds"), encoding="utf-8")
    done = kesiapan(tmp_path / "home", "doctor", KESIAPAN_SOURCES=str(sources))
    assert done.returncode == 1
    assert f"{sources}:" in done.stdout
    assert "max_holds" in done.stdout
