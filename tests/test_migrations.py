"""The schema: every table of the contract is there and explained in two languages, and older files are brought up to date once, or not at all."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from warehouse import database, migrations
from warehouse.database import Warehouse
from warehouse.migrations import Migration, NewerWarehouse

# docs: design.md, section 3. What others build on: a change is a migration and a line in docs/changes.md.
CONTRACT = {
    "ref.government": "code name valid_from valid_to aliases",
    "ref.agency": "code name valid_from valid_to aliases",
    "ref.service": "code name valid_from valid_to",
    "ref.region": "code name valid_from valid_to",
    "ref.instrument": "instrument_id valid_from valid_to known_at source",
    "ref.component": "instrument_id component_id level weight_num weight_den valid_from valid_to known_at source",
    "ref.band": "instrument_id valid_from valid_to known_at source",
    "ref.measurement_rule": "valid_from valid_to known_at source",
    "core.assessment": "government_code agency_code period instrument_id indicator_id stage value explanation evidence_id known_at artifact_sha256 source_row",
    "core.published_index": "government_code period instrument_id component_id value source",
    "core.evidence": "evidence_id file_name sha256 evidence_date status",
    "uptime.service_day": "service_id government_code day up_s down_s unknown_s maintenance_s checks failed_checks latency_p50_ms latency_p95_ms "
    "latency_p99_ms availability availability_strict coverage",
    "uptime.service_quarter": "period service_id government_code up_s down_s unknown_s maintenance_s checks failed_checks availability "
    "availability_strict coverage objective error_budget_remaining incidents mttr_s mtbf_s verdict",
    "uptime.incident": "incident_id service_id started_at ended_at duration_s is_open",
    "open_data.dataset": "feed_id dataset_id title publisher modified first_seen last_seen deleted_at",
    "open_data.distribution": "feed_id government_code dataset_id version position title description access_url download_url format media_type license "
    "rights byte_size issued modified checksum batch_id artifact_sha256 source_row",
    "open_data.dataset_score": "feed_id dataset_id day findability accessibility interoperability reusability contextuality score evaluable_points "
    "rating stars",
    "open_data.dataset_indicator": "feed_id dataset_id day indicator status points max_points reason",
    "quality.expectation_result": "result_id run_id batch_id feed_id government_code agency_code suite table_name column_name rule_id expectation_type "
    "kwargs dimension severity status element_count unexpected_count missing_count observed_value reproduce_sql detected_at",
    "quality.failed_row": "result_id row_key business_key row reason resolved_by_batch",
    "quality.score": "period government_code agency_code feed_id dimension score rules passed rows_checked rows_failed",
    "readiness.index_score": "government_code agency_code period instrument_id stage score_num score_den score index_value predicate answered_weight "
    "low high obs_status as_of release_id",
    "readiness.component_score": "release_id government_code agency_code period instrument_id stage level component_id weight value contribution na_reason",
    "readiness.latest_index": "government_code agency_code period instrument_id stage score_num score_den score index_value predicate answered_weight "
    "low high obs_status as_of release_id",
    "readiness.discrepancy": "release_id claimed measured_cap signal signal_value rule_id severity",
    "readiness.next_step": "rank indicator_id from_value to_value gain effort reaches_predicate advice_id advice_en",
    "readiness.lineage": "release_id component_id artifact_sha256 batch_id result_id",
    "meta.ingest_run": "feed_id started_at finished_at status read added updated unchanged deleted rejected expected cursor message",
    "meta.artifact": "sha256 bytes media_type feed_id source_name received_at",
    "meta.batch": "batch_id known_at",
    "meta.lake_partition": "sha256 bytes feed_id",
    "meta.release": "release_id period as_of input_fingerprint code_version created_at",
    "meta.dictionary": "table_schema table_name column_name data_type unit description_id description_en",
}
ADDED = Migration(1, "agency_seat", "alter table ref.agency add column seat varchar; update ref.agency set seat = 'Banjarbaru';")
BROKEN = Migration(2, "half_way", "alter table ref.agency add column floor integer; insert into ref.no_such_table values (1);")
SCHEMA = migrations.schema_statements()
# What a checkout with `ADDED` has in its schema files: the new column stands in the table's own text too.
SCHEMA_WITH_SEAT = SCHEMA.replace(
    "comment on table ref.agency is",
    "alter table ref.agency add column if not exists seat varchar;\ncomment on column ref.agency.seat is 'Seat | Kedudukan';\ncomment on table ref.agency is",
)
# `schema/uptime.sql` as it was up to migration 2, without its comments.
UPTIME_BEFORE_SERVICE_HOURS = """
create schema if not exists uptime;
create table uptime.service_day (
    feed_id varchar not null,
    service_id varchar not null,
    government_code varchar not null,
    agency_code varchar not null,
    day date not null,
    up_s bigint not null,
    down_s bigint not null,
    unknown_s bigint not null,
    maintenance_s bigint not null,
    checks bigint not null,
    failed_checks bigint not null,
    latency_p50_ms double,
    latency_p95_ms double,
    latency_p99_ms double,
    availability double,
    availability_strict double,
    coverage double
);
create table uptime.service_quarter (
    period varchar not null,
    feed_id varchar not null,
    service_id varchar not null,
    government_code varchar not null,
    agency_code varchar not null,
    up_s bigint not null,
    down_s bigint not null,
    unknown_s bigint not null,
    maintenance_s bigint not null,
    checks bigint not null,
    failed_checks bigint not null,
    availability double,
    availability_strict double,
    coverage double,
    objective double,
    error_budget_remaining double,
    incidents bigint not null,
    mttr_s double,
    mtbf_s double,
    verdict varchar not null
);
create table uptime.incident (
    incident_id varchar not null,
    feed_id varchar not null,
    service_id varchar not null,
    government_code varchar not null,
    agency_code varchar not null,
    started_at timestamptz not null,
    ended_at timestamptz,
    duration_s bigint not null,
    is_open boolean not null
);
create table uptime.touched_day (
    feed_id varchar not null,
    from_at timestamptz not null
);
create table uptime.rolled_up (
    feed_id varchar not null,
    settings_fingerprint varchar not null,
    latest_check_at timestamptz not null
);
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A warehouse file of before `ADDED`, with a row in it."""
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        migrations.apply(connection, [], SCHEMA)
        connection.execute("insert into ref.agency values ('99', '001', 'Dinas Contoh', [], null, null, null)")
    return path


@pytest.fixture(scope="module")
def fresh() -> Iterator[duckdb.DuckDBPyConnection]:
    with database.scratch() as connection:
        migrations.apply(connection)
        yield connection


def columns(connection: duckdb.DuckDBPyConnection) -> dict[str, set[str]]:
    rows = connection.execute("select schema_name || '.' || table_name, list(column_name) from duckdb_columns() where not internal group by all").fetchall()
    return {table: set(names) for table, names in rows}


def history(connection: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    return connection.execute("select * from meta.migration order by applied_at").fetchall()


def everything(connection: duckdb.DuckDBPyConnection) -> list[list[tuple[object, ...]]]:
    """The state of a file: schema, comments, dictionary, history, and the row that was there."""
    return [
        connection.execute(query).fetchall()
        for query in (
            "select schema_name, table_name, column_name, data_type, comment from duckdb_columns() where not internal order by all",
            "select schema_name, table_name, sql from duckdb_tables() order by all",
            "select schema_name, view_name, sql from duckdb_views() where not internal order by all",
            "select * from meta.dictionary order by all",
            "select * from meta.migration order by all",
            "select * from ref.agency",
        )
    ]


def test_a_fresh_warehouse_has_every_table_of_the_contract(fresh: duckdb.DuckDBPyConnection) -> None:
    present = columns(fresh)
    lacking = {table: set(names.split()) - present.get(table, set()) for table, names in CONTRACT.items()}
    assert {table: names for table, names in lacking.items() if names} == {}


def test_every_table_and_view_says_what_it_is_in_english_and_indonesian(fresh: duckdb.DuckDBPyConnection) -> None:
    listed = fresh.execute(
        """
        select schema_name || '.' || table_name, comment from duckdb_tables()
        union all
        select schema_name || '.' || view_name, comment from duckdb_views() where not internal
        """
    ).fetchall()
    assert len(listed) > 30
    assert [name for name, comment in listed if not two_languages(comment)] == []


def test_every_column_of_tables_and_views_says_what_it_is_in_english_and_indonesian(fresh: duckdb.DuckDBPyConnection) -> None:
    listed = fresh.execute(
        """
        select schema_name || '.' || table_name || '.' || column_name, comment
        from duckdb_columns()
        where not internal
        """
    ).fetchall()
    assert len(listed) > 500
    assert [name for name, comment in listed if not two_languages(comment)] == []


def test_columns_of_views_say_what_the_dictionary_says(fresh: duckdb.DuckDBPyConnection) -> None:
    fresh.execute("comment on column core.assessment.value is 'Level that counts | Tingkat yang dihitung | level'")
    fresh.execute("create or replace view core.assessment_current as from core.assessment")
    migrations.fill_dictionary(fresh)
    found = fresh.execute("select comment from duckdb_columns() where table_name = 'assessment_current' and column_name = 'value'").fetchall()
    assert found == [("Level that counts | Tingkat yang dihitung | level",)]


def two_languages(comment: str | None) -> bool:
    texts = (comment or "").split("|")
    return len(texts) in (2, 3) and all(text.strip() for text in texts)


def test_the_dictionary_explains_every_column_of_every_table_and_view(fresh: duckdb.DuckDBPyConnection) -> None:
    listed = fresh.execute("select schema_name, table_name, column_name, data_type from duckdb_columns() where not internal order by all").fetchall()
    explained = fresh.execute("select table_schema, table_name, column_name, data_type from meta.dictionary order by all").fetchall()
    assert explained == listed
    silent = fresh.execute(
        """
        select table_schema || '.' || table_name || '.' || column_name
        from meta.dictionary
        where coalesce(trim(description_en), '') = '' or coalesce(trim(description_id), '') = ''
        order by all
        """
    ).fetchall()
    assert silent == []


def test_units_stand_beside_what_is_measured(fresh: duckdb.DuckDBPyConnection) -> None:
    units = dict(fresh.execute("select column_name, unit from meta.dictionary where table_name = 'service_day'").fetchall())
    assert (units["up_s"], units["latency_p95_ms"], units["availability"], units["day"]) == ("s", "ms", "ratio", None)


def test_applying_the_schema_twice_does_nothing(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "warehouse.duckdb")
    with warehouse.open_for_writing() as connection:
        before = everything(connection)
        migrations.apply(connection)
        assert everything(connection) == before
    with warehouse.open_for_writing() as connection:
        assert everything(connection) == before
        assert len(history(connection)) == 1


def test_an_old_file_is_migrated_once(old: Path) -> None:
    for seat in ("Banjarbaru", "Banjarmasin"):
        with duckdb.connect(str(old)) as connection:
            migrations.apply(connection, [ADDED], SCHEMA_WITH_SEAT)
            assert connection.execute("select name, seat from ref.agency").fetchall() == [("Dinas Contoh", seat)]
            assert [row[0] for row in history(connection)] == [0, 1]
            described = connection.execute("select description_en, description_id from meta.dictionary where column_name = 'seat'").fetchall()
            assert described == [("Seat", "Kedudukan")]
            connection.execute("update ref.agency set seat = 'Banjarmasin'")  # a second application would take this back


def test_a_fresh_file_does_not_go_through_old_migrations(tmp_path: Path) -> None:
    must_not_run = Migration(1, "agency_seat", "select error('a fresh file has this already')")
    with duckdb.connect(str(tmp_path / "fresh.duckdb")) as connection:
        migrations.apply(connection, [must_not_run], SCHEMA_WITH_SEAT)
        assert "seat" in columns(connection)["ref.agency"]
        assert [row[0] for row in history(connection)] == [1]


def test_only_migrations_newer_than_the_file_are_applied(old: Path) -> None:
    second = Migration(2, "seat_upper", "update ref.agency set seat = upper(seat)")
    with duckdb.connect(str(old)) as connection:
        migrations.apply(connection, [ADDED], SCHEMA_WITH_SEAT)
        migrations.apply(connection, [ADDED, second], SCHEMA_WITH_SEAT)
        assert connection.execute("select seat from ref.agency").fetchall() == [("BANJARBARU",)]
        assert [row[0] for row in history(connection)] == [0, 1, 2]


def test_a_file_of_a_newer_checkout_is_refused_and_left_alone(old: Path) -> None:
    with duckdb.connect(str(old)) as connection:
        migrations.apply(connection, [ADDED], SCHEMA_WITH_SEAT)
        before = everything(connection)
        with pytest.raises(NewerWarehouse, match="schema 1, this code knows 0: update the checkout"):
            migrations.apply(connection, [], SCHEMA)
        assert everything(connection) == before


def test_a_migration_that_fails_leaves_the_file_as_it_was(old: Path) -> None:
    with duckdb.connect(str(old)) as connection:
        before = everything(connection)
        with pytest.raises(duckdb.Error, match="no_such_table"):
            migrations.apply(connection, [ADDED, BROKEN], SCHEMA_WITH_SEAT)
        assert everything(connection) == before
    with duckdb.connect(str(old)) as connection:
        assert everything(connection) == before
        migrations.apply(connection, [ADDED], SCHEMA_WITH_SEAT)
        assert connection.execute("select seat from ref.agency").fetchall() == [("Banjarbaru",)]


def test_a_schema_file_that_fails_leaves_the_file_as_it_was(old: Path) -> None:
    with duckdb.connect(str(old)) as connection:
        before = everything(connection)
        with pytest.raises(duckdb.Error):
            migrations.apply(connection, [ADDED], SCHEMA_WITH_SEAT + "\nselect no_such_column;")
        assert everything(connection) == before


def test_a_changed_view_reaches_an_old_file_without_a_migration(old: Path) -> None:
    with duckdb.connect(str(old)) as connection:
        migrations.apply(connection, [], SCHEMA + "\ncreate or replace view ref.agency_name as select name from ref.agency;")
        assert connection.execute("select * from ref.agency_name").fetchall() == [("Dinas Contoh",)]
        assert [row[0] for row in history(connection)] == [0, 0]
        described = connection.execute("select description_en from meta.dictionary where table_name = 'agency_name'").fetchall()
        assert described == connection.execute("select description_en from meta.dictionary where table_name = 'agency' and column_name = 'name'").fetchall()


def test_migrations_are_numbered_files(tmp_path: Path) -> None:
    (tmp_path / "0002_second.sql").write_text("select 2;", encoding="utf-8")
    (tmp_path / "0001_first.sql").write_text("select 1;", encoding="utf-8")
    assert migrations.known_migrations(tmp_path) == [Migration(1, "first", "select 1;"), Migration(2, "second", "select 2;")]
    (tmp_path / "third.sql").write_text("select 3;", encoding="utf-8")
    with pytest.raises(ValueError, match=r"third\.sql: a migration is named NNNN_what_it_does\.sql"):
        migrations.known_migrations(tmp_path)


def test_a_file_of_before_service_hours_keeps_its_days_quarters_and_incidents(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    before = [migration for migration in migrations.known_migrations() if migration.number < 3]
    folder = Path(migrations.__file__).parent / "schema"
    others = "\n".join((folder / f"{name}.sql").read_text(encoding="utf-8") for name in migrations.SCHEMA_FILES if name != "uptime")
    with duckdb.connect(str(path)) as connection:
        migrations.apply(connection, before, UPTIME_BEFORE_SERVICE_HOURS + others)
        connection.execute(
            """
            insert into uptime.service_day values ('f', 'a', '99', '-', '2026-10-22', 82800, 3600, 0, 0, 3, 1, 9, 9, 9, 0.9583, 0.9583, 1);
            insert into uptime.service_quarter
            values ('2026-Q4', 'f', 'a', '99', '-', 82800, 3600, 0, 0, 3, 1, 0.9583, 0.9583, 1, 0.99, -3.17, 1, 3600, 82800, 'missed');
            insert into uptime.incident values ('x', 'f', 'a', '99', '-', '2026-10-22 01:00:00+00', '2026-10-22 02:00:00+00', 3600, false);
            insert into uptime.rolled_up values ('f', 'settings', '2026-10-22 16:00:00+00');
            """
        )
    with Warehouse(path).open_for_writing() as connection, database.scratch() as fresh:
        migrations.apply(fresh)
        assert columns(connection) == columns(fresh)
        described = "select table_name, column_name, data_type, is_nullable, comment from duckdb_columns() where schema_name = 'uptime' order by all"
        assert connection.execute(described).fetchall() == fresh.execute(described).fetchall()
    with Warehouse(path).open_for_reading() as connection:
        assert connection.execute("select up_s, down_s, off_hours_s from uptime.service_day").fetchall() == [(82800, 3600, 0)]
        assert connection.execute("select incidents, off_hours_s, incidents_merged, open_incidents from uptime.service_quarter").fetchall() == [
            (1, 0, None, None)
        ]
        assert connection.execute("select incident_id, duration_s, is_open from uptime.incident").fetchall() == [("x", 3600, False)]


def test_windows_announced_before_there_was_a_cap_are_kept_until_they_are_reckoned_again(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    before = SCHEMA.replace("reason varchar,\n    counted_s bigint,\n    over_cap_s bigint\n", "reason varchar\n")
    without_cap = "\n".join(line for line in before.splitlines() if "maintenance.counted_s" not in line and "maintenance.over_cap_s" not in line)
    row = ("f", 2, "*", "2026-10-22", "2026-10-23", "2026-10-01", "jaringan", True, None)
    with duckdb.connect(str(path)) as connection:
        migrations.apply(connection, [migration for migration in migrations.known_migrations() if migration.number < 5], without_cap)
        connection.execute("insert into uptime.maintenance values ($1, $2, $3, $4, $5, $6, $7, $8, $9)", row)
    with Warehouse(path).open_for_writing() as connection, database.scratch() as fresh:
        migrations.apply(fresh)
        described = "select column_index, column_name, data_type, comment from duckdb_columns() where table_name = 'maintenance' order by all"
        assert connection.execute(described).fetchall() == fresh.execute(described).fetchall()
        kept = connection.execute("select source_row, note, counts, counted_s, over_cap_s from uptime.maintenance").fetchall()
        assert kept == [(2, "jaringan", True, None, None)]


def test_checks_that_were_set_aside_before_they_had_a_vantage_can_still_come_right(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        migrations.apply(connection, [migration for migration in migrations.known_migrations() if migration.number < 4])
        connection.execute(
            """
            insert into quality.failed_row by name
            select 'r' as result_id, 'b' as batch_id, 'f' as feed_id, rule_id, 'critical' as severity, 'a:2' as row_key, key as business_key,
                '{}' as row, 'why' as reason
            from (values ('check.status_known', 'dinkes | 2026-09-01T00:00:00Z'), ('submission.level_known', '99 | -')) as failed (rule_id, key)
            """
        )
    with Warehouse(path).open_for_writing() as connection:
        assert connection.execute("select business_key from quality.failed_row order by rule_id").fetchall() == [
            ("dinkes | 2026-09-01T00:00:00Z | -",),
            ("99 | -",),
        ]
