"""Scores of data quality, reckoned again by hand from the stored outcomes: on the samples, and on made-up outcomes of every kind. And the rules'
outcomes themselves: complete, and found again by the query that stands beside each."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest

from assets.ingest import quality_score
from assets.quality.score import reckon
from assets.readiness import release
from expectations import catalogue, derived
from expectations.record import Outcome
from pipelines import inspect_batch
from pipelines.settings import Settings, read_sources
from tests.conftest import ROOT, Refreshed, kesiapan, published
from tests.test_suites import MADE_UP, Installation, as_csv
from warehouse import database, migrations, reference
from warehouse import period as quarter
from warehouse.database import open_published, run_script
from warehouse.home import Home
from warehouse.registry import FeedKind, Government

Key = tuple[str, str, str, str]
START = datetime(2026, 9, 1, tzinfo=UTC)
NOBODY = ("-", "-", "all")
NAMED = (None, "2026-Q1", "2026-Q2", "2026-Q3", "2017-Q4", "2062-Q1")


@dataclass
class Tally:
    """What a score is made of."""

    judged: set[tuple[str, str]]
    broken: set[tuple[str, str]]
    rows_checked: int = 0
    rows_failed: int = 0


def fetched(connection: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    answer = connection.execute(sql)
    names = [column[0] for column in answer.description or []]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


def current_batches(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, Any]]:
    """For each feed and source name the batch judged last, reckoned here."""
    newest: dict[tuple[str, str], dict[str, Any]] = {}
    for batch in fetched(connection, "select * from meta.batch"):
        place = (batch["feed_id"], batch["source_name"])
        order = (batch["received_at"], batch["known_at"], batch["batch_id"])
        if place not in newest or order > tuple(newest[place][name] for name in ("received_at", "known_at", "batch_id")):
            newest[place] = batch
    return {batch["batch_id"]: batch for batch in newest.values()}


def quarters_of(connection: duckdb.DuckDBPyConnection, batches: Mapping[str, dict[str, Any]]) -> dict[str, set[str]]:
    """The quarters that each batch bears on or that its rows name, from 2018 to the one in which it came; where there is none, that one."""
    zones = dict(connection.execute("select code, timezone from ref.government").fetchall())
    feeds = dict(connection.execute("select batch_id, government_code from quality.expectation_result").fetchall())
    named: dict[str, set[str]] = {}
    for batch_id, period in connection.execute("select batch_id, period from quality.result_by_owner where period is not null").fetchall():
        named.setdefault(batch_id, set()).add(period)
    found = {}
    for batch_id, batch in batches.items():
        came_in = quarter.of_day(batch["received_at"].astimezone(ZoneInfo(zones[feeds[batch_id]])).date())
        found[batch_id] = {*batch["periods"], *(period for period in named.get(batch_id, ()) if "2018-Q1" <= period <= came_in)} or {came_in}
    return found


def scores_by_hand(connection: duckdb.DuckDBPyConnection, period: str) -> dict[Key, tuple[Any, ...]]:
    """Score, rules, passed, rows checked, rows failed, and whether there is a reason; by government, agency, feed and dimension. Rules of severity
    info count for nothing."""
    current = current_batches(connection)
    quarters = quarters_of(connection, current)
    results = {result["result_id"]: result for result in fetched(connection, "select * from quality.expectation_result")}
    tallies: dict[Key, Tally] = {}
    for share in fetched(connection, "select * from quality.result_by_owner"):
        result, of_batch = results[share["result_id"]], quarters.get(share["batch_id"], set())
        if period not in ({share["period"]} & of_batch or of_batch) or result["severity"] == "info":
            continue
        about_rows = result["scope"] == "row"
        judged = result["status"] in ("pass", "warn", "fail") and (not about_rows or share["evaluated_count"] > 0)
        broken = share["unexpected_count"] > 0 if about_rows else result["status"] in ("warn", "fail")
        for feed in (result["feed_id"], "all"):
            for dimension in (result["dimension"], "all"):
                tally = tallies.setdefault((share["government_code"], share["agency_code"], feed, dimension), Tally(set(), set()))
                if judged:
                    rule = (result["feed_id"], result["rule_id"])
                    tally.judged.add(rule)
                    if broken:
                        tally.broken.add(rule)
                    if about_rows:
                        tally.rows_checked += share["evaluated_count"]
                        tally.rows_failed += share["unexpected_count"]
    found: dict[Key, tuple[Any, ...]] = {}
    for key, tally in tallies.items():
        score = 1 - tally.rows_failed / tally.rows_checked if tally.rows_checked else None
        found[key] = (score, len(tally.judged), len(tally.judged - tally.broken), tally.rows_checked, tally.rows_failed, score is None)
    with_data = {government for government, *_ in found}
    for (government,) in connection.execute("select code from ref.government where configured").fetchall():
        if government not in with_data:
            found[government, *NOBODY] = (None, 0, 0, 0, 0, True)
    return found


def stored_scores(connection: duckdb.DuckDBPyConnection, period: str) -> dict[Key, tuple[Any, ...]]:
    rows = connection.execute(
        "select government_code, agency_code, feed_id, dimension, score, rules, passed, rows_checked, rows_failed, reason is not null "
        "from quality.score where period = $1",
        [period],
    ).fetchall()
    found = {row[:4]: row[4:] for row in rows}
    assert len(found) == len(rows), "two scores for one government, agency, feed and dimension"
    return found


def assert_same_scores(stored: Mapping[Key, tuple[Any, ...]], reckoned: Mapping[Key, tuple[Any, ...]]) -> None:
    assert set(stored) == set(reckoned)
    for key, values in reckoned.items():
        assert stored[key][1:] == values[1:], key
        assert stored[key][0] == (None if values[0] is None else pytest.approx(values[0], abs=1e-12)), key


@pytest.fixture(scope="module")
def connection(refreshed: Refreshed) -> Iterator[duckdb.DuckDBPyConnection]:
    opened = open_published(Home(refreshed.home).published)
    try:
        yield opened
    finally:
        opened.close()


@pytest.fixture(scope="module")
def scored_periods(connection: duckdb.DuckDBPyConnection) -> list[str]:
    found = [row[0] for row in connection.execute("select distinct period from quality.score order by period").fetchall()]
    assert len(found) >= 3
    return found


# Scores of the samples.


def test_every_score_is_what_the_stored_outcomes_come_to(connection: duckdb.DuckDBPyConnection, scored_periods: list[str]) -> None:
    for period in scored_periods:
        assert_same_scores(stored_scores(connection, period), scores_by_hand(connection, period))


def test_every_quarter_that_has_data_has_scores(connection: duckdb.DuckDBPyConnection, scored_periods: list[str]) -> None:
    spoken_of = {period for periods in quarters_of(connection, current_batches(connection)).values() for period in periods}
    assert spoken_of
    assert spoken_of <= set(scored_periods)


def test_scores_are_given_per_feed_per_dimension_and_in_total(connection: duckdb.DuckDBPyConnection) -> None:
    scored = {(row[0], row[1]) for row in connection.execute("select feed_id, dimension from quality.score where score is not null").fetchall()}
    for feed in ("denpasar_spbe", "spbe_published", "kalbar_checks", "muaraenim_catalogue", "cftc_catalogue"):
        dimensions = {dimension for found, dimension in scored if found == feed}
        assert "all" in dimensions, feed
        assert len(dimensions) >= 4, feed
        assert ("all", "all") in scored


def test_the_monitors_template_rows_count_against_the_accuracy_of_its_feed(connection: duckdb.DuckDBPyConnection) -> None:
    row = connection.execute("select count(*), count(distinct row_key) from quality.failed_row where rule_id = 'check.host_of_government'").fetchall()[0]
    assert row[0] > 0
    accuracy = connection.execute("select sum(rows_failed) from quality.score where feed_id = 'kalbar_checks' and dimension = 'accuracy'").fetchall()[0][0]
    assert accuracy == row[0] == row[1]


def test_a_government_without_data_has_no_score_and_is_told_why(connection: duckdb.DuckDBPyConnection, scored_periods: list[str]) -> None:
    configured = {row[0] for row in connection.execute("select code from ref.government where configured").fetchall()}
    assert len(configured) == 5
    without_data = 0
    for period in scored_periods:
        stored = stored_scores(connection, period)
        assert {government for government, *_ in stored} >= configured, period
        for (government, *rest), values in stored.items():
            if tuple(rest) == NOBODY:
                without_data += 1
                assert values == (None, 0, 0, 0, 0, True)
                assert [key for key in stored if key[0] == government] == [(government, *NOBODY)]
    assert without_data > 0


def test_no_score_stands_for_data_that_are_not_there(connection: duckdb.DuckDBPyConnection) -> None:
    rows = connection.execute("select score, rows_checked, rows_failed, rules, passed, reason from quality.score").fetchall()
    assert {score is None for score, *_ in rows} == {True, False}
    for score, rows_checked, rows_failed, rules, passed, reason in rows:
        assert (score is None) == (rows_checked == 0) == (reason is not None)
        assert 0 <= rows_failed <= rows_checked
        assert 0 <= passed <= rules
        if score is not None:
            assert (score == 1) == (rows_failed == 0)
            assert (score == 0) == (rows_failed == rows_checked)


@pytest.mark.parametrize(
    ("checked", "failed", "said"),
    [(100_000, 0, 1.0), (100_000, 4, 0.9999), (3_000_000, 1, 0.9999), (3, 1, 0.6666), (10, 1, 0.9), (4, 4, 0.0)],
)
def test_dagster_shows_a_perfect_score_only_where_nothing_failed(checked: int, failed: int, said: float) -> None:
    stored = {"contoh.satu": Outcome(rows_checked=checked - 1, rows_failed=failed), "contoh.dua": Outcome(rows_checked=1)}
    assert quality_score(stored) == {"quality_score": said, "rows_failed": failed}
    assert quality_score({"contoh.satu": Outcome()}) == {}


def trend_by_hand(connection: duckdb.DuckDBPyConnection) -> set[tuple[Any, ...]]:
    earlier: dict[Key, tuple[str, float]] = {}
    found = set()
    for row in fetched(connection, "select * from quality.score where score is not null order by period"):
        key = (row["government_code"], row["agency_code"], row["feed_id"], row["dimension"])
        period, score = earlier.get(key, (None, None))
        found.add((row["period"], *key, period, None if score is None else round(row["score"] - score, 12)))
        earlier[key] = (row["period"], row["score"])
    return found


def stored_trend(connection: duckdb.DuckDBPyConnection) -> set[tuple[Any, ...]]:
    rows = connection.execute(
        "select period, government_code, agency_code, feed_id, dimension, earlier_period, round(delta, 12) from quality.score_trend"
    ).fetchall()
    assert len(set(rows)) == len(rows)
    return set(rows)


def test_the_trend_says_what_changed_since_the_last_quarter_that_had_a_score(connection: duckdb.DuckDBPyConnection) -> None:
    stored = stored_trend(connection)
    assert stored == trend_by_hand(connection)
    assert [row for row in stored if row[5] is not None], "no quarter of the samples has an earlier one"


def costliest_by_hand(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, int, int, int]]:
    current = current_batches(connection)
    totals: dict[str, list[Any]] = {}
    for result in fetched(connection, "select * from quality.expectation_result where scope = 'row' and unexpected_count > 0"):
        if result["batch_id"] in current:
            total = totals.setdefault(result["rule_id"], [0, 0, set()])
            total[0] += result["unexpected_count"]
            total[1] += result["evaluated_count"]
            total[2].add(result["feed_id"])
    ranked = sorted(totals.items(), key=lambda item: (-item[1][0], item[0]))
    return [(rule_id, failed, checked, len(feeds)) for rule_id, (failed, checked, feeds) in ranked[:10]]


def stored_costliest(connection: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    return connection.execute("select rule_id, rows_failed, rows_checked, feeds from quality.costliest_rule").fetchall()


def test_the_costliest_rules_come_first_with_what_they_say(connection: duckdb.DuckDBPyConnection) -> None:
    stored = stored_costliest(connection)
    assert stored == costliest_by_hand(connection)
    assert len(stored) >= 2
    said = dict(connection.execute("select rule_id, sentence_id from quality.costliest_rule").fetchall())
    sentences = {rule.rule_id: rule.sentence_id for suite in catalogue.suites() for rule in suite.rules}
    assert said == {rule_id: sentences[rule_id] for rule_id in said}


# Scores of made-up outcomes: every status, several owners, several quarters, old batches beside current ones.


def invented_outcomes(connection: duckdb.DuckDBPyConnection, seed: int) -> None:
    """Made-up batches and outcomes of three feeds; government 99 has none and does not exist."""
    chance = random.Random(seed)
    migrations.apply(connection)
    governments = tuple(Government(code, f"Pemerintah contoh {code} (data buatan)", "Asia/Makassar") for code in ("97", "98", "99"))
    reference.load(connection, governments)
    dimensions = ("accuracy", "completeness", "timeliness")
    for number in range(9):
        feed, batch_id = f"buatan_{number % 3}", f"batch-{number}"
        at = START + timedelta(days=chance.randrange(5))
        periods = [] if number == 4 else sorted({chance.choice(("2026-Q1", "2026-Q2", "2026-Q3")) for _ in range(2)})
        connection.execute(
            "insert into meta.batch values ($1, 'sha', $2, $3, 'p', 's', $4, $5, 'run', 'promoted', 0, 0, 0, 0, 0, $6, null)",
            [batch_id, feed, f"berkas {chance.randrange(2)}", at, at + timedelta(minutes=number), periods],
        )
        for rule in range(14):
            scope = "batch" if rule % 7 == 0 else "row"
            status = chance.choice(("pass", "warn", "fail", "error", "not_evaluated"))
            owners = [(chance.choice(("97", "98")), chance.choice(("-", "001")), chance.choice(NAMED)) for _ in range(3)]
            shares = []
            for owner in sorted(set(owners), key=str):
                evaluated = 0 if status in ("error", "not_evaluated") else chance.randrange(0, 50)
                unexpected = chance.randrange(0, evaluated + 1) if scope == "row" and status in ("warn", "fail") else 0
                shares.append((*owner, evaluated, unexpected))
            evaluated, unexpected = sum(share[3] for share in shares), sum(share[4] for share in shares)
            connection.execute(
                "insert into quality.expectation_result by name "
                "select $1 as result_id, 'run' as run_id, $2 as batch_id, $3 as feed_id, '97' as government_code, "
                "'-' as agency_code, 'buatan' as suite, 'buatan' as table_name, $4 as rule_id, 'buatan' as expectation_type, '{}' as kwargs, $5 as dimension, "
                "'warning' as severity, $6 as scope, $7 as status, 50 as element_count, $8 as evaluated_count, $9 as unexpected_count, 0 as missing_count, "
                "'' as reproduce_sql, $10 as detected_at",
                [f"{batch_id}-{rule}", batch_id, feed, f"buatan.{rule:02}", dimensions[rule % 3], scope, status, evaluated, unexpected, at],
            )
            for government, agency, period, judged, broken in shares:
                connection.execute(
                    "insert into quality.result_by_owner values ($1, $2, $3, $4, $5, $6, $7, $8)",
                    [f"{batch_id}-{rule}", batch_id, f"buatan.{rule:02}", government, agency, period, judged, broken],
                )


# Rows that were set aside count too.


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return Installation(tmp_path / "home")


def claims(agency: str, values: Sequence[str], period: str = "2025-Q4") -> bytes:
    rows = [
        {
            "government_code": "63",
            "agency_code": agency,
            "period": period,
            "instrument_id": "SPBE2020",
            "indicator_id": str(number),
            "stage": "self",
            "value": value,
            "explanation": MADE_UP,
        }
        for number, value in enumerate(values, start=1)
    ]
    return as_csv(rows)


def scored(installation: Installation, feed_id: str, dimension: str) -> dict[tuple[str, str], tuple[int, int]]:
    """Scores by quarter and agency, as rows checked and failed, once all quarters that wait for their scores have them."""
    with installation.warehouse.open_for_writing() as connection:
        for period in {*release.periods_with_input(connection), *release.unscored_periods(connection, [])}:
            reckon(connection, period)
        assert release.unscored_periods(connection, []) == []
    rows = installation.query(
        "select period, agency_code, rows_checked, rows_failed from quality.score where feed_id = $1 and dimension = $2 and rows_checked > 0",
        feed_id,
        dimension,
    )
    return {(period, agency): (checked, failed) for period, agency, checked, failed in rows}


def test_an_agency_whose_rows_are_all_set_aside_has_the_score_of_those_rows(installation: Installation) -> None:
    feed = installation.feed("kiriman", FeedKind.SUBMISSION, Government("63", "Provinsi Kalimantan Selatan", "Asia/Makassar"))
    installation.bring(feed, claims("102", ["9"] * 5), "semua_salah.csv")
    installation.bring(feed, claims("103", [*["9"] * 5, "3"]), "hampir_semua_salah.csv")
    installation.bring(feed, claims("010", ["3"] * 5), "benar.csv")
    installation.bring(feed, claims("010", ["9"] * 5, "2025-Q3"), "salah.csv")
    found = scored(installation, feed.id, "conformity")
    assert {key: failed for key, (_, failed) in found.items()} == {
        ("2025-Q4", "102"): 5,
        ("2025-Q4", "103"): 5,
        ("2025-Q4", "010"): 0,
        ("2025-Q3", "010"): 5,
    }
    assert found["2025-Q4", "102"] == found["2025-Q3", "010"]
    with installation.warehouse.open_for_reading() as connection:
        assert release.stale_periods(connection, datetime.now(UTC)) == ["2025-Q4"]


@pytest.mark.parametrize("named", ["2062-Q4", "1999-Q1", "kapan-kapan"])
def test_rows_that_name_no_quarter_count_in_those_of_their_file_or_when_it_came(installation: Installation, named: str) -> None:
    feed = installation.feed("kiriman", FeedKind.SUBMISSION, Government("63", "Provinsi Kalimantan Selatan", "Asia/Makassar"))
    installation.bring(feed, claims("102", ["3"] * 5, named))
    installation.bring(feed, claims("103", ["3"], "2025-Q1") + claims("103", ["3"] * 4, named).split(b"\n", 1)[1])
    found = scored(installation, feed.id, "conformity")
    assert {key: failed > 0 for key, (_, failed) in found.items()} == {("2026-Q3", "102"): True, ("2025-Q1", "103"): True}


def test_a_check_log_whose_rows_are_all_set_aside_counts_in_the_quarters_of_its_checks(installation: Installation) -> None:
    feed = installation.feed("pantauan", FeedKind.CHECK_LOG)
    lines = [f"a,https://a.example.com,{at},up" for at in ("2026-06-30T15:59:00Z", "2026-06-30T16:00:00Z", "2026-08-01T00:00:00Z", "kemarin")]
    brought = installation.bring(feed, "\n".join(["service,url,checked_at,status", *lines]).encode())
    assert installation.batch(brought)["rejected"] == 4
    assert {key: failed for key, (_, failed) in scored(installation, feed.id, "accuracy").items()} == {("2026-Q2", "-"): 2, ("2026-Q3", "-"): 3}
    with installation.warehouse.open_for_reading() as connection:
        assert release.stale_periods(connection, datetime.now(UTC)) == []


def test_the_command_scores_a_quarter_of_which_only_rows_set_aside_speak_and_releases_nothing(tmp_path: Path) -> None:
    sources = tmp_path / "sources.toml"
    sources.write_text('[[government]]\ncode = "63"\nname = "Provinsi Kalimantan Selatan"\ntimezone = "Asia/Makassar"\n', encoding="utf-8")
    (tmp_path / "semua_salah.csv").write_bytes(claims("102", ["9"] * 5, "2025-Q3"))
    home = tmp_path / "home"
    done = kesiapan(home, "ingest", str(tmp_path / "semua_salah.csv"), KESIAPAN_SOURCES=str(sources))
    assert "quarters due for data quality alone: 2025-Q3" in done.stdout, done.stdout + done.stderr
    scores = "select period, agency_code, feed_id, dimension, rows_checked, rows_failed from quality.score order by all"
    with published(home) as connection:
        found = connection.execute(scores).fetchall()
        assert connection.execute("from meta.release").fetchall() == []
    assert ("2025-Q3", "102", "inbox", "conformity", 5) in [(*row[:4], row[5]) for row in found]
    again = kesiapan(home, "refresh", KESIAPAN_SOURCES=str(sources))
    assert "Nothing was new" in again.stdout, again.stdout + again.stderr
    rebuilt = kesiapan(home, "rebuild", KESIAPAN_SOURCES=str(sources))
    assert rebuilt.returncode == 0, rebuilt.stdout + rebuilt.stderr
    with published(home) as connection:
        assert connection.execute(scores).fetchall() == found


@pytest.fixture(params=range(4), ids=lambda seed: f"seed {seed}")
def invented(request: pytest.FixtureRequest) -> Iterator[duckdb.DuckDBPyConnection]:
    script = files("assets.quality").joinpath("score.sql").read_text(encoding="utf-8")
    with database.scratch() as opened:
        invented_outcomes(opened, request.param)
        for period in ("2026-Q1", "2026-Q2", "2026-Q3"):
            run_script(opened, script, {"period": period})
        yield opened


def test_errors_and_rules_that_had_nothing_to_judge_count_neither_for_nor_against(invented: duckdb.DuckDBPyConnection) -> None:
    for period in ("2026-Q1", "2026-Q2", "2026-Q3"):
        reckoned = scores_by_hand(invented, period)
        assert ("99", *NOBODY) in reckoned
        assert len(reckoned) > 10
        assert_same_scores(stored_scores(invented, period), reckoned)


def test_reckoning_a_quarter_again_gives_the_same_scores(invented: duckdb.DuckDBPyConnection) -> None:
    before = fetched(invented, "select * from quality.score order by all")
    run_script(invented, files("assets.quality").joinpath("score.sql").read_text(encoding="utf-8"), {"period": "2026-Q2"})
    assert fetched(invented, "select * from quality.score order by all") == before


def test_the_trend_of_made_up_quarters_is_right_too(invented: duckdb.DuckDBPyConnection) -> None:
    assert stored_trend(invented) == trend_by_hand(invented)


def test_at_most_ten_rules_are_called_the_costliest(invented: duckdb.DuckDBPyConnection) -> None:
    for rule in range(12):
        invented.execute(
            "update quality.expectation_result set unexpected_count = $1, status = 'warn', scope = 'row' where rule_id = $2",
            [1 + rule // 2, f"buatan.{rule:02}"],
        )
    stored = stored_costliest(invented)
    assert stored == costliest_by_hand(invented)
    assert len(stored) == 10


# Outcomes.


def test_every_outcome_of_every_rule_on_every_batch_is_published(connection: duckdb.DuckDBPyConnection) -> None:
    rules = {suite.name: {rule.rule_id for rule in suite.rules} for suite in catalogue.suites()}
    kinds = {feed.id: feed.kind.value for feed in read_sources(ROOT / "samples" / "sources.toml")[1]}
    suites = {"check_log": "check", "ckan": "dataset", "data_json": "dataset"}
    batches = dict(connection.execute("select batch_id, feed_id from meta.batch").fetchall())
    assert len(batches) >= 8
    outcomes: dict[str, list[str]] = {}
    for batch_id, rule_id in connection.execute("select batch_id, rule_id from quality.expectation_result where feed_id <> '-'").fetchall():
        outcomes.setdefault(batch_id, []).append(rule_id)
    assert set(outcomes) == set(batches)
    for batch_id, feed_id in batches.items():
        expected = rules[suites.get(kinds[feed_id], kinds[feed_id])] | (rules["distribution"] if kinds[feed_id] in ("ckan", "data_json") else set())
        assert sorted(outcomes[batch_id]) == sorted(expected), feed_id


def test_every_outcome_of_the_tables_we_reckon_ourselves_is_published(connection: duckdb.DuckDBPyConnection) -> None:
    stored = connection.execute(
        "select suite, batch_id, list(rule_id order by rule_id) from quality.expectation_result where feed_id = '-' group by all"
    ).fetchall()
    expected = {suite.name: sorted(rule.rule_id for rule in suite.rules) for suite in derived.SUITES}
    assert {suite for suite, *_ in stored} == set(expected)
    for suite, batch_id, rule_ids in stored:
        assert rule_ids == expected[suite], batch_id


def test_every_outcome_adds_up_and_its_failed_rows_are_all_there(connection: duckdb.DuckDBPyConnection) -> None:
    rows = connection.execute(
        """
        select result.*, count(failed_row.row_key) as kept, count(distinct failed_row.row_key) as distinct_rows
        from (
            select result_id, rule_id, status, element_count, evaluated_count, unexpected_count, missing_count, scope
            from quality.expectation_result
        ) as result
        left join quality.failed_row as failed_row on failed_row.result_id = result.result_id
        group by all
        """
    ).fetchall()
    assert len(rows) > 50
    for _, rule_id, status, elements, evaluated, unexpected, missing, scope, kept, distinct_rows in rows:
        assert elements == evaluated + missing, rule_id
        assert 0 <= unexpected <= evaluated, rule_id
        assert kept == distinct_rows == unexpected, rule_id
        if scope == "row":
            assert (status in ("warn", "fail")) == (unexpected > 0), rule_id
        assert status != "error", rule_id


def test_outcomes_split_by_owner_sum_to_the_whole(connection: duckdb.DuckDBPyConnection) -> None:
    whole = connection.execute("select result_id, evaluated_count, unexpected_count from quality.expectation_result").fetchall()
    split = connection.execute("select result_id, sum(evaluated_count), sum(unexpected_count) from quality.result_by_owner group by all").fetchall()
    sums = {result_id: counts for result_id, *counts in split}
    assert sums
    assert {result_id: counts for result_id, *counts in whole if result_id in sums} == sums
    assert all(counts == [0, 0] for result_id, *counts in whole if result_id not in sums)


def test_the_query_beside_each_rule_finds_its_failed_rows_again_in_the_archived_file(refreshed: Refreshed) -> None:
    home = Home(refreshed.home)
    sources = ROOT / "samples" / "sources.toml"
    loaded = Settings(home, sources, *read_sources(sources))
    opened = open_published(home.published)
    found = 0
    try:
        for batch_id, sha256 in opened.execute("select batch_id, artifact_sha256 from meta.batch where status = 'promoted'").fetchall():
            inspect_batch.stage(opened, loaded, batch_id)
            outcomes = opened.execute(
                "select rule_id, unexpected_count, reproduce_sql from quality.expectation_result "
                "where batch_id = $1 and scope = 'row' and suite <> 'distribution'",
                [batch_id],
            ).fetchall()
            assert outcomes
            for rule_id, unexpected_count, reproduce_sql in outcomes:
                again = {f"{sha256}:{row['source_row']}" for row in fetched(opened, reproduce_sql)}
                kept = {
                    row[0]
                    for row in opened.execute("select row_key from quality.failed_row where batch_id = $1 and rule_id = $2", [batch_id, rule_id]).fetchall()
                }
                assert len(again) == unexpected_count, rule_id
                assert again == kept, rule_id
                found += unexpected_count
    finally:
        opened.close()
    assert found > 0


@pytest.mark.parametrize("of_distributions", [False, True])
def test_the_batch_command_shows_as_many_rows_as_a_rule_says_it_found(
    refreshed: Refreshed, connection: duckdb.DuckDBPyConnection, of_distributions: bool
) -> None:
    batch_id, rule_id, count = connection.execute(
        "select batch_id, rule_id, unexpected_count from quality.expectation_result "
        "where unexpected_count > 0 and (suite = 'distribution') = $1 order by unexpected_count, rule_id limit 1",
        [of_distributions],
    ).fetchall()[0]
    shown = kesiapan(refreshed.home, "batch", batch_id[:10], "--rule", rule_id, "--format", "json")
    assert shown.returncode == 0, shown.stderr
    assert len(shown.stdout.splitlines()) == count
