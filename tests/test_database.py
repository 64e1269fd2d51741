"""The one warehouse file: one writer at a time, across processes, and a published copy that shows what people may see and nothing else."""

import json
import os
import select
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from assets.publish import publication
from tests.conftest import ROOT
from warehouse import database, migrations, reference
from warehouse.database import Warehouse, WarehouseBusy, WarehouseMissing, run_script, transaction
from warehouse.registry import Government

NOW = datetime(2026, 9, 30, 12, 0, tzinfo=UTC)
START_LIMIT_S = 60.0

HOLD = """
import sys
from pathlib import Path
from warehouse.database import Warehouse

warehouse = Warehouse(Path(sys.argv[1]))
opened = warehouse.open_for_writing if sys.argv[2] == "writing" else warehouse.open_for_reading
with opened(30) as connection:
    connection.execute("select 1")
    print("open", flush=True)
    sys.stdin.readline()
    if sys.argv[2] == "writing":
        connection.execute("create table if not exists meta.left_by_holder (value integer)")
print("closed", flush=True)
"""

TRY = """
import sys
from pathlib import Path
from warehouse.database import Warehouse, WarehouseBusy

try:
    with Warehouse(Path(sys.argv[1])).open_for_writing(float(sys.argv[2])):
        print("got in")
except WarehouseBusy as error:
    print(f"busy: {error}")
"""


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    made = Warehouse(tmp_path / "warehouse.duckdb")
    with made.open_for_writing() as connection:
        connection.execute("create table meta.note (value integer)")
    return made


@contextmanager
def holder(warehouse: Warehouse, how: str) -> Iterator["subprocess.Popen[str]"]:
    """Another process that has the warehouse open; it lets go when it gets a line."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(warehouse.path), how], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], START_LIMIT_S)
        assert ready, "the holder did not start"
        line = process.stdout.readline()
        assert line == "open\n", process.communicate(timeout=START_LIMIT_S)[1]
        yield process
    finally:
        process.kill()
        process.communicate(timeout=START_LIMIT_S)


def let_go(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def second_process(warehouse: Warehouse, wait_s: float = 0.0) -> str:
    done = subprocess.run(
        [sys.executable, "-c", TRY, str(warehouse.path), str(wait_s)], cwd=ROOT, capture_output=True, text=True, timeout=START_LIMIT_S, check=True
    )
    return done.stdout.strip()


def test_a_second_process_waits_and_gets_in_when_the_first_lets_go(warehouse: Warehouse) -> None:
    with holder(warehouse, "writing") as process:
        waiting = subprocess.Popen([sys.executable, "-c", TRY, str(warehouse.path), "50"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        try:
            with pytest.raises(subprocess.TimeoutExpired):
                waiting.wait(timeout=3)
            let_go(process)
            output, _ = waiting.communicate(timeout=START_LIMIT_S)
        finally:
            waiting.kill()
        assert output.strip() == "got in"
    with warehouse.open_for_reading() as connection:
        assert connection.execute("select count(*) from meta.left_by_holder").fetchall() == [(0,)]


@pytest.mark.parametrize(("held", "wanted"), [("writing", "writing"), ("reading", "writing"), ("writing", "reading")])
def test_who_cannot_get_in_is_told_which_process_is_in_the_way(warehouse: Warehouse, held: str, wanted: str) -> None:
    with holder(warehouse, held) as process:
        opened = warehouse.open_for_writing if wanted == "writing" else warehouse.open_for_reading
        began = time.monotonic()
        with pytest.raises(WarehouseBusy) as caught, opened(0.6):
            pytest.fail("got in beside the holder")
        waited = time.monotonic() - began
    assert f"process {process.pid} " in str(caught.value)
    assert sys.executable in str(caught.value)
    assert 0.6 <= waited < 5


def test_readers_do_not_keep_each_other_out(warehouse: Warehouse) -> None:
    with holder(warehouse, "reading"), warehouse.open_for_reading(0) as connection:
        assert connection.execute("select count(*) from meta.note").fetchall() == [(0,)]


@pytest.mark.parametrize("held", ["writing", "reading"])
def test_a_killed_process_frees_the_warehouse_at_once(warehouse: Warehouse, held: str) -> None:
    with holder(warehouse, held) as process:
        with pytest.raises(WarehouseBusy), warehouse.open_for_writing(0):
            pytest.fail("got in beside the holder")
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait(timeout=10) == -signal.SIGKILL
        with warehouse.open_for_writing(0) as connection:
            assert connection.execute("select count(*) from meta.note").fetchall() == [(0,)]


@pytest.mark.parametrize("how", ["open_for_writing", "open_for_reading"])
def test_the_warehouse_is_closed_again_also_after_an_error(warehouse: Warehouse, how: str) -> None:
    kept: list[duckdb.DuckDBPyConnection] = []

    def fail_inside() -> None:
        with getattr(warehouse, how)() as connection:
            kept.append(connection)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_inside()
    with pytest.raises(duckdb.ConnectionException):
        kept[0].execute("select 1")
    assert second_process(warehouse) == "got in"


def test_a_migration_that_cannot_run_closes_the_warehouse(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(connection: duckdb.DuckDBPyConnection) -> None:
        raise migrations.NewerWarehouse("newer")

    with monkeypatch.context() as patched:
        patched.setattr(migrations, "apply", refuse)
        with pytest.raises(migrations.NewerWarehouse), warehouse.open_for_writing():
            pytest.fail("opened a file that cannot be migrated")
    assert second_process(warehouse) == "got in"


def test_reading_before_the_first_run_says_how_to_make_one(tmp_path: Path) -> None:
    missing = tmp_path / "none" / "warehouse.duckdb"
    with pytest.raises(WarehouseMissing, match="kesiapan refresh"), Warehouse(missing).open_for_reading():
        pytest.fail("opened what is not there")
    assert not missing.exists()
    with pytest.raises(WarehouseMissing, match="publishes it"):
        database.open_published(missing)


def test_a_file_that_is_no_database_is_not_taken_for_a_busy_one(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    path.write_bytes(b"this is no database" * 1000)
    began = time.monotonic()
    with pytest.raises(duckdb.IOException), Warehouse(path).open_for_writing(30):
        pytest.fail("opened what is no database")
    assert time.monotonic() - began < 10


def test_a_transaction_that_fails_leaves_nothing(warehouse: Warehouse) -> None:
    def insert_and_fail(connection: duckdb.DuckDBPyConnection) -> None:
        with transaction(connection):
            connection.execute("insert into meta.note values (1)")
            raise ZeroDivisionError

    def insert_and_ask_wrongly(connection: duckdb.DuckDBPyConnection) -> None:
        with transaction(connection):
            connection.execute("insert into meta.note values (2)")
            connection.execute("select no_such_column from meta.note")

    with warehouse.open_for_writing() as connection:
        with pytest.raises(ZeroDivisionError):
            insert_and_fail(connection)
        with pytest.raises(duckdb.Error):
            insert_and_ask_wrongly(connection)
        with transaction(connection):
            connection.execute("insert into meta.note values (3)")
    with warehouse.open_for_reading() as connection:
        assert connection.execute("select value from meta.note").fetchall() == [(3,)]


def test_a_kill_inside_a_transaction_leaves_nothing(warehouse: Warehouse) -> None:
    code = """
import os, signal, sys
from pathlib import Path
from warehouse.database import Warehouse, transaction
with Warehouse(Path(sys.argv[1])).open_for_writing() as connection, transaction(connection):
    connection.execute("insert into meta.note select range from range(100000)")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = subprocess.run([sys.executable, "-c", code, str(warehouse.path)], cwd=ROOT, timeout=START_LIMIT_S, check=False)
    assert killed.returncode == -signal.SIGKILL
    with warehouse.open_for_reading(0) as connection:
        assert connection.execute("select count(*) from meta.note").fetchall() == [(0,)]


def test_a_script_gets_just_the_parameters_that_each_statement_names() -> None:
    script = """
    -- two statements, each with its own parameters; a third with none
    create table note as select $value::integer as value, $word::varchar as word;
    insert into note select $value + 1, 'fixed; not a statement';
    delete from note where value is null;
    """
    with database.scratch() as connection:
        run_script(connection, script, {"value": 7, "word": "tujuh; $value", "unused": object()})
        assert connection.execute("select * from note order by value").fetchall() == [(7, "tujuh; $value"), (8, "fixed; not a statement")]
        with pytest.raises(KeyError):
            run_script(connection, "select $missing", {"value": 7})


def test_times_are_shown_in_utc_and_python_variables_are_no_tables(warehouse: Warehouse) -> None:
    note_of_ours = [1, 2, 3]
    assert note_of_ours
    with warehouse.open_for_writing() as connection, database.scratch() as empty:
        for opened in (connection, empty):
            assert opened.execute("select '2026-09-30 19:00:00+07'::timestamptz::varchar").fetchall() == [("2026-09-30 12:00:00+00",)]
            with pytest.raises(duckdb.CatalogException):
                opened.execute("select * from note_of_ours")


# The published copy.


def fill(connection: duckdb.DuckDBPyConnection, known_at: datetime = NOW, value: int = 3) -> None:
    """One government that answered one indicator, and a row that was set aside."""
    reference.load(connection, (Government("99", "Contoh", "Asia/Makassar"),))
    connection.execute(
        """
        insert into core.assessment by name
        select
            '99' as government_code, '-' as agency_code, '2026-Q3' as period, 'PEMDI2026' as instrument_id, '1' as indicator_id, 'final' as stage,
            $value as value, $known_at as known_at, $known_at as received_at, 'inbox' as feed_id, 'batch' as batch_id, 'hash' as artifact_sha256,
            2 as source_row
        """,
        {"known_at": known_at, "value": value},
    )
    connection.execute("insert into core.submitter values ('hash', 2, 'Nama Pengirim')")
    connection.execute(
        """
        insert into quality.failed_row values
            ('result', 'batch', 'inbox', 'submission.stage_allowed', 'critical', 'hash:3', '99 | -',
            '{"source_row": 3, "stage": "akhir", "submitted_by": "Nama Pengirim", "value": null}', 'Tahap', null, null)
        """
    )
    batch = f"batch of {known_at.isoformat()}"
    connection.execute(
        """
        insert into meta.batch
        values ($1, 'hash', 'inbox', 'kiriman.csv', 'submission 1', 'suite', $2, $2, 'run', 'promoted', 2, 1, 0, 0, 1, ['2026-Q3'], null)
        """,
        [batch, known_at],
    )


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "published"
    folder.mkdir()
    return folder / "kesiapan.duckdb"


def publish(connection: duckdb.DuckDBPyConnection, target: Path) -> bool:
    return publication.publish(connection, target, lambda: NOW)


def test_publishing_never_lets_a_second_writer_in(warehouse: Warehouse, target: Path) -> None:
    """Closing any other handle on the live file drops DuckDB's lock: the publisher must not open one."""
    with warehouse.open_for_writing() as connection:
        fill(connection)
        assert publish(connection, target)
        assert second_process(warehouse).startswith(f"busy: {warehouse.path} is held by process {os.getpid()} ")
        assert not publish(connection, target)
        fill(connection, datetime(2026, 10, 1, tzinfo=UTC), 4)
        assert publish(connection, target)
        assert second_process(warehouse).startswith("busy: ")
    assert second_process(warehouse) == "got in"


def test_what_did_not_change_is_not_published_again(warehouse: Warehouse, target: Path) -> None:
    with warehouse.open_for_writing() as connection:
        fill(connection)
        assert publish(connection, target)
        inode = target.stat().st_ino
        assert not publish(connection, target)
        assert target.stat().st_ino == inode
        fill(connection, datetime(2026, 10, 1, tzinfo=UTC), 4)
        assert publish(connection, target)
        assert target.stat().st_ino != inode


def test_the_published_file_cannot_be_written_and_stands_alone(warehouse: Warehouse, target: Path) -> None:
    with warehouse.open_for_writing() as connection:
        fill(connection)
        publish(connection, target)
    assert stat.S_IMODE(target.stat().st_mode) == 0o444
    assert list(target.parent.iterdir()) == [target]


def test_open_readers_keep_the_release_they_have(warehouse: Warehouse, target: Path) -> None:
    query = "select index_value from readiness.index_as_of('2026-12-31'::timestamptz)"
    with warehouse.open_for_writing() as connection:
        fill(connection)
        publish(connection, target)
        reader = subprocess.Popen(
            [
                sys.executable,
                "-c",
                "import sys, duckdb; c = duckdb.connect(sys.argv[1], read_only=True); print('open', flush=True); sys.stdin.readline(); "
                "print(c.execute(sys.argv[2]).fetchall())",
                str(target),
                query,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert reader.stdout is not None
            assert select.select([reader.stdout], [], [], START_LIMIT_S)[0], "the reader did not start"
            assert reader.stdout.readline() == "open\n"
            fill(connection, datetime(2026, 10, 1, tzinfo=UTC), 4)
            assert publish(connection, target)
            output, _ = reader.communicate("\n", timeout=START_LIMIT_S)
        finally:
            reader.kill()
    assert output.strip() == "[(Decimal('3.00'),)]"
    with database.open_published(target) as opened:
        assert [str(row[0]) for row in opened.execute(query).fetchall()] == ["4.00"]


def stale_wal(folder: Path, target: Path) -> bytes:
    """What a process leaves that wrote to a copy of the published file and was killed."""
    copy = folder / "copy.duckdb"
    copy.write_bytes(target.read_bytes())
    code = (
        "import os, signal, sys, duckdb; c = duckdb.connect(sys.argv[1]); c.execute(\"set checkpoint_threshold = '1TB'\"); "
        "c.execute('update core.assessment set value = 1'); c.execute('create table stale (a integer)'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(copy)], timeout=START_LIMIT_S, check=False)
    assert killed.returncode == -signal.SIGKILL
    return copy.with_name(copy.name + ".wal").read_bytes()


@pytest.mark.parametrize("left", ["of a killed writer", "garbage"])
def test_a_stale_wal_does_not_reach_the_next_release(warehouse: Warehouse, target: Path, tmp_path: Path, left: str) -> None:
    wal = target.with_name(target.name + ".wal")
    with warehouse.open_for_writing() as connection:
        fill(connection)
        publish(connection, target)
        wal.write_bytes(stale_wal(tmp_path, target) if left == "of a killed writer" else b"\x00garbage" * 500)
        fill(connection, datetime(2026, 10, 1, tzinfo=UTC), 4)
        assert publish(connection, target)
    assert not wal.exists()
    with database.open_published(target) as opened:
        rows = opened.execute("select value from core.assessment order by known_at").fetchall()
        assert [str(row[0]) for row in rows] == ["3.00", "4.00"]
        assert opened.execute("select count(*) from duckdb_tables() where table_name = 'stale'").fetchall() == [(0,)]


def test_a_broken_published_file_is_replaced(warehouse: Warehouse, target: Path) -> None:
    target.write_bytes(b"no database" * 5000)
    with warehouse.open_for_writing() as connection:
        fill(connection)
        assert publish(connection, target)
    with database.open_published(target) as opened:
        assert opened.execute("select count(*) from core.assessment").fetchall() == [(1,)]


def test_a_publication_that_fails_keeps_the_one_before(warehouse: Warehouse, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with warehouse.open_for_writing() as connection:
        fill(connection)
        publish(connection, target)
        before = target.read_bytes()
        fill(connection, datetime(2026, 10, 1, tzinfo=UTC), 4)
        with monkeypatch.context() as patched:
            patched.setattr(publication, "TABLES", (*publication.TABLES, "core.no_such_table"))
            with pytest.raises(duckdb.Error):
                publish(connection, target)
        assert target.read_bytes() == before
        assert connection.execute("select current_database()").fetchall() == [("warehouse",)]
        assert publish(connection, target)
    assert list(target.parent.iterdir()) == [target]


def test_nothing_is_published_while_an_invariant_is_broken(warehouse: Warehouse, target: Path) -> None:
    with warehouse.open_for_writing() as connection:
        fill(connection)
        connection.execute(
            """
            insert into quality.expectation_result values
                ('result', 'run', 'release', '-', '-', '-', 'index_score', 'readiness.index_score', null, 'index_score.contributions_sum',
                'unexpected_rows_expectation', '{}', 'consistency', 'critical', 'row', 'fail', 1, 1, 1, 0, null, 'select 1', now())
            """
        )
        with pytest.raises(publication.InvariantBroken, match=r"index_score\.contributions_sum"):
            publish(connection, target)
    assert not target.exists()


def test_names_of_people_are_not_published(warehouse: Warehouse, target: Path) -> None:
    with warehouse.open_for_writing() as connection:
        fill(connection)
        publish(connection, target)
    with database.open_published(target) as opened:
        tables = {row[0] for row in opened.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall()}
        assert tables == {*publication.TABLES, *publication.FILLED_HERE}
        assert not tables & set(publication.WITHHELD)
        rows = [json.loads(row[0]) for row in opened.execute("select row::varchar from quality.failed_row").fetchall()]
        assert rows == [{"source_row": 3, "stage": "akhir", "value": None}]
        assert opened.execute("select count(*) from meta.dictionary where table_name = 'submitter' or column_name = 'submitted_by'").fetchall() == [(0,)]
    assert b"Nama Pengirim" not in target.read_bytes()


def test_every_table_of_the_warehouse_is_published_or_withheld_on_purpose(warehouse: Warehouse) -> None:
    with warehouse.open_for_writing() as connection:
        connection.execute("drop table meta.note")
        tables = {row[0] for row in connection.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall()}
    assert tables == {*publication.TABLES, *publication.WITHHELD, *publication.FILLED_HERE}


def test_the_published_file_explains_and_reckons_by_itself(warehouse: Warehouse, target: Path) -> None:
    with warehouse.open_for_writing() as connection:
        fill(connection)
        publish(connection, target)
        live = connection.execute("select * from readiness.index_as_of('2026-12-31'::timestamptz)").fetchall()
    with database.open_published(target) as opened:
        silent = opened.execute("select schema_name, table_name, column_name from duckdb_columns() where not internal and comment is null").fetchall()
        views = {row[0] for row in opened.execute("select schema_name || '.' || view_name from duckdb_views() where not internal").fetchall()}
        assert silent == []
        assert {"readiness.latest_index", "readiness.lineage", "core.assessment_current", "quality.current_batch"} <= views
        for view in sorted(views):
            opened.execute(f"select * from {view}").fetchall()
        assert opened.execute("select count(*) from core.assessment_current").fetchall() == [(1,)]
        assert opened.execute("select count(*) from quality.current_batch").fetchall() == [(1,)]
        assert live
        assert opened.execute("select * from readiness.index_as_of('2026-12-31'::timestamptz)").fetchall() == live
        assert opened.execute("select * from readiness.index_as_of('2026-01-01'::timestamptz)").fetchall() == []
        with pytest.raises(duckdb.InvalidInputException):
            opened.execute("delete from core.assessment")
    with database.scratch() as analyst:
        analyst.execute(f"attach '{target}' as kesiapan (read_only)")
        analyst.execute("use kesiapan")
        assert analyst.execute("select * from readiness.index_as_of('2026-12-31'::timestamptz)").fetchall() == live


def test_a_stale_wal_beside_an_unchanged_release_is_removed(warehouse: Warehouse, target: Path, tmp_path: Path) -> None:
    wal = target.with_name(target.name + ".wal")
    with warehouse.open_for_writing() as connection:
        fill(connection)
        publish(connection, target)
        wal.write_bytes(stale_wal(tmp_path, target))
        publish(connection, target)
    assert not wal.exists()
    with database.open_published(target) as opened:
        assert [str(row[0]) for row in opened.execute("select value from core.assessment").fetchall()] == ["3.00"]
