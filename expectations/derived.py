"""Tables judged as they stand in the warehouse, by the same gate as a feed's batch. Invariants of what we reckon ourselves: what breaks one is a fault
of ours, and it blocks publication. And rules on what a feed delivered, taken together: those warn its publisher. No row is set aside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from expectations import gate, record
from expectations.rules import Between, Holds, Rule, Suite, Unique
from warehouse.database import transaction
from warehouse.files import sql_of
from warehouse.registry import Feed

SERVICE_DAY = Suite(
    name="service_day",
    table_name="uptime.service_day",
    key=("feed_id", "service_id", "day"),
    columns={
        "source_row": "BIGINT",
        "feed_id": "VARCHAR",
        "service_id": "VARCHAR",
        "day": "DATE",
        "up_s": "BIGINT",
        "down_s": "BIGINT",
        "unknown_s": "BIGINT",
        "maintenance_s": "BIGINT",
        "off_hours_s": "BIGINT",
        "availability": "DOUBLE",
        "day_s": "BIGINT",
    },
    rules=(
        Rule(
            "service_day.seconds_add_up",
            Holds("up_s + down_s + unknown_s + maintenance_s + off_hours_s = day_s"),
            "consistency",
            "critical",
            "row",
            "Detik aktif, mati, tidak diketahui, pemeliharaan dan di luar jam layanan berjumlah satu hari.",
            "Seconds up, down, unknown, in maintenance and outside service hours add up to the day.",
            shows=("up_s", "down_s", "unknown_s", "maintenance_s", "off_hours_s", "day_s"),
        ),
        Rule(
            "service_day.key_unique",
            Unique(("feed_id", "service_id", "day")),
            "uniqueness",
            "critical",
            "row",
            "Satu baris per sumber, layanan dan hari.",
            "One row per feed, service and day.",
        ),
        Rule(
            "service_day.availability_is_a_share",
            Between("availability", 0, 1),
            "conformity",
            "critical",
            "row",
            "Ketersediaan antara 0 dan 1.",
            "Availability is between 0 and 1.",
            shows=("availability",),
        ),
    ),
)

INDEX_SCORE = Suite(
    name="index_score",
    table_name="readiness.index_score",
    key=("government_code", "agency_code", "period", "instrument_id", "stage"),
    columns={
        "source_row": "BIGINT",
        "government_code": "VARCHAR",
        "agency_code": "VARCHAR",
        "period": "VARCHAR",
        "instrument_id": "VARCHAR",
        "stage": "VARCHAR",
        "score_num": "BIGINT",
        "index_value": "DECIMAL(5,2)",
        "predicate": "VARCHAR",
        "low": "DECIMAL(5,2)",
        "high": "DECIMAL(5,2)",
        "obs_status": "VARCHAR",
        "value_min": "INTEGER",
        "value_max": "INTEGER",
        "levels_off": "BIGINT",
    },
    rules=(
        Rule(
            "index_score.contributions_sum",
            Holds("levels_off = 0"),
            "consistency",
            "critical",
            "row",
            "Sumbangan setiap tingkat komponen berjumlah tepat indeksnya.",
            "The contributions of each level of components sum to the index exactly.",
            shows=("score_num", "levels_off"),
        ),
        Rule(
            "index_score.within_scale",
            Holds("index_value between value_min and value_max and low <= index_value and index_value <= high"),
            "conformity",
            "critical",
            "row",
            "Indeks dalam skala instrumen dan di antara batas bawah dan atasnya.",
            "The index is on the instrument's scale and within its own bounds.",
            shows=("index_value", "low", "high"),
        ),
        Rule(
            "index_score.predicate_given",
            Holds("predicate is not null", when="obs_status = 'A'"),
            "completeness",
            "critical",
            "row",
            "Indeks yang lengkap mempunyai predikat.",
            "A complete index has a predicate.",
            shows=("index_value",),
        ),
        Rule(
            "index_score.key_unique",
            Unique(("government_code", "agency_code", "period", "instrument_id", "stage")),
            "uniqueness",
            "critical",
            "row",
            "Satu indeks per pemerintah daerah, SKPD, periode, instrumen dan tahap.",
            "One index per government, agency, period, instrument and stage.",
        ),
    ),
)


INSTRUMENT = Suite(
    name="instrument",
    table_name="ref.instrument",
    key=("instrument_id",),
    columns={
        "source_row": "BIGINT",
        "instrument_id": "VARCHAR",
        "domain_weight": "DOUBLE",
        "aspect_weight": "DOUBLE",
        "indicator_weight": "DOUBLE",
        "mixed_denominators": "BIGINT",
        "band_gaps": "BIGINT",
        "bands": "BIGINT",
        "lowest_band": "DECIMAL(5,2)",
        "highest_band": "DECIMAL(5,2)",
        "value_min": "INTEGER",
        "value_max": "INTEGER",
    },
    rules=(
        Rule(
            "instrument.weights_sum",
            Holds("coalesce(domain_weight, 100) = 100 and aspect_weight = 100 and indicator_weight = 100"),
            "consistency",
            "critical",
            "row",
            "Bobot domain, aspek dan indikator masing-masing berjumlah 100.",
            "The weights of domains, of aspects and of indicators each sum to 100.",
            shows=("instrument_id", "domain_weight", "aspect_weight", "indicator_weight"),
        ),
        Rule(
            "instrument.one_denominator",
            Holds("mixed_denominators = 0"),
            "consistency",
            "critical",
            "row",
            "Bobot indikator dalam satu aspek mempunyai penyebut yang sama: perhitungan eksak mengandalkannya.",
            "Within an aspect the weights of indicators have one denominator: the exact reckoning relies on it.",
            shows=("instrument_id",),
        ),
        Rule(
            "instrument.bands_without_gap",
            Holds("bands > 0 and band_gaps = 0 and lowest_band <= value_min and highest_band > value_max"),
            "coverage",
            "critical",
            "row",
            "Predikat mencakup seluruh skala tanpa celah dan tanpa tumpang tindih.",
            "The predicates cover the whole scale without a gap or an overlap.",
            shows=("instrument_id", "band_gaps"),
        ),
    ),
)

SUITES = (SERVICE_DAY, INDEX_SCORE, INSTRUMENT)


@dataclass(frozen=True)
class Judged:
    """What judged tables are known by: an id (a release, a roll-up), the run and the time."""

    batch_id: str
    run_id: str
    at: datetime


def judge(connection: duckdb.DuckDBPyConnection, suite: Suite, parameters: Mapping[str, object], judged: Judged) -> Sequence[gate.Result]:
    """Stage the rows that `parameters` name (`stage_<suite>.sql`), judge them, keep the outcome."""
    connection.execute(sql_of("expectations", f"stage_{suite.name}.sql"), dict(parameters))
    results = gate.judge(connection, suite)
    with transaction(connection):
        forget(connection, judged.batch_id)
        record.write(connection, suite, [record.Judgement(judged.batch_id, "-", "-", judged.run_id, judged.at, results)])
    return results


def forget(connection: duckdb.DuckDBPyConnection, batch_id: str) -> None:
    """What was judged under this id has changed. Call it in the transaction that changes it."""
    for table in ("quality.expectation_result", "quality.result_by_owner"):
        connection.execute(f"delete from {table} where batch_id = $1", [batch_id])


def judge_delivered(connection: duckdb.DuckDBPyConnection, suite: Suite, feed: Feed) -> str | None:
    """Judge what the warehouse holds of `feed` (`stage_<suite>.sql`, whose rows have a `row_key`) and keep the outcome with its failed rows, under the
    feed's newest promoted batch and that batch's run and time: so it counts in the feed's score, and a rebuild says the same. What was judged by
    today's rules already stays. Returns the batch's id; None while nothing of the feed was promoted."""
    newest = connection.execute(
        """
        select batch_id, run_id, known_at from meta.batch
        where feed_id = $1 and status = 'promoted'
        order by known_at desc, received_at desc, batch_id desc limit 1
        """,
        [feed.id],
    ).fetchone()
    if newest is None:
        return None
    batch_id, run_id, known_at = newest
    if record.is_judged(connection, suite, batch_id):
        return str(batch_id)
    stage_delivered(connection, suite, feed)
    results = gate.judge(connection, suite)
    with transaction(connection):
        forget_delivered(connection, suite, feed)
        record.write(connection, suite, [record.Judgement(batch_id, feed.id, feed.government.code, run_id, known_at, results)])
        connection.execute(sql_of("expectations", "delivered_failed_row.sql"), {"batch_id": batch_id})
    return str(batch_id)


def stage_delivered(connection: duckdb.DuckDBPyConnection, suite: Suite, feed: Feed) -> None:
    """TEMP table `batch`: what is promoted of `feed` now, as `judge_delivered` judges it."""
    connection.execute(sql_of("expectations", f"stage_{suite.name}.sql"), {"feed_id": feed.id})


def forget_delivered(connection: duckdb.DuckDBPyConnection, suite: Suite, feed: Feed) -> None:
    """What was judged of the feed by this suite has changed. Call it in the transaction that changes it."""
    of_feed = "select result_id from quality.expectation_result where suite = $1 and feed_id = $2"
    for table in ("quality.failed_row", "quality.result_by_owner", "quality.expectation_result"):
        connection.execute(f"delete from {table} where result_id in ({of_feed})", [suite.name, feed.id])
