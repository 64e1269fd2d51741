"""The inbox: what the sensor asks for when, what is refused and said so, that failed attempts come back, and one night as the daemon runs it."""

import os
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster import DagsterInstance, DagsterRunStatus

from assets.arrival import is_one_line, recorded
from pipelines import settings
from pipelines.definitions import build_definitions
from pipelines.sensors import INBOX
from tests.conftest import Refreshed, kesiapan, published
from tests.dagster_server import dev
from tests.waiting import wait_until
from warehouse.archive import Archive
from warehouse.home import Home

HEADER = "kode_pemda,periode,instrumen,indikator,tahap,nilai,penjelasan,bukti\n"
ROW = "63,2026-Q1,SPBE2020,{indicator},mandiri,{value},ada,sk.pdf\n"
ARRIVAL_LIMIT_S = 240


@dataclass
class Watched:
    """The inbox of a home and its sensor, looked at by hand, on an instance that starts no run."""

    home: Home
    instance: DagsterInstance
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    cursor: str | None = None

    def __post_init__(self) -> None:
        self.repository = build_definitions(settings.load(), clock=lambda: self.now).get_repository_def()

    def look(self) -> dg.RunRequest | str:
        """One tick: the run it asks for, or the reason why there is none."""
        context = dg.build_sensor_context(instance=self.instance, cursor=self.cursor, repository_def=self.repository)
        said = self.repository.get_sensor_def("inbox_arrivals").evaluate_tick(context)
        self.cursor = said.cursor
        if said.run_requests:
            (request,) = said.run_requests
            return request
        assert said.skip_message is not None
        return said.skip_message

    def run_of(self, request: dg.RunRequest, status: DagsterRunStatus) -> None:
        """As if the daemon had launched what was asked for, and it had come to this."""
        self.instance.create_run_for_job(_nothing, status=status, tags=dict(request.tags))


@dg.job(name="inbox")
def _nothing() -> None:
    """Stands for a run of job `inbox`."""


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    monkeypatch.setenv("KESIAPAN_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("KESIAPAN_SOURCES", raising=False)
    home = Home(tmp_path / "home")
    home.create()
    with DagsterInstance.ephemeral() as instance:
        yield Watched(home, instance)


def test_an_empty_inbox_asks_for_nothing(watched: Watched) -> None:
    assert watched.look() == "nothing to take in"


def test_a_file_is_taken_in_once_it_has_stopped_growing(watched: Watched) -> None:
    file = watched.home.inbox / "kiriman.csv"
    file.write_text(HEADER, encoding="utf-8")
    assert watched.look() == "waiting until they have stopped growing: kiriman.csv"
    with file.open("a", encoding="utf-8") as growing:
        growing.write(ROW.format(indicator=1, value=3))
    assert watched.look() == "waiting until they have stopped growing: kiriman.csv"
    request = watched.look()
    assert isinstance(request, dg.RunRequest)
    assert request.run_key is not None
    assert request.run_key.endswith("-0")


def test_files_that_lie_there_together_are_one_run(watched: Watched) -> None:
    for number in range(200):
        (watched.home.inbox / f"{number}.csv").write_text(HEADER, encoding="utf-8")
    watched.look()
    assert isinstance(watched.look(), dg.RunRequest)


def test_a_failed_run_is_tried_again_after_a_pause_that_grows(watched: Watched) -> None:
    (watched.home.inbox / "kiriman.csv").write_text(HEADER, encoding="utf-8")
    watched.look()
    keys = []
    for minutes in (1, 2, 4):
        request = watched.look()
        assert isinstance(request, dg.RunRequest)
        keys.append(request.run_key)
        watched.run_of(request, DagsterRunStatus.FAILURE)
        reason = watched.look()
        assert isinstance(reason, str)
        assert "the next attempt is due at" in reason
        assert "kiriman.csv" in reason
        watched.now += timedelta(minutes=minutes, seconds=5)
    assert len(set(keys)) == 3


def test_a_corrected_file_does_not_wait_for_the_pause(watched: Watched) -> None:
    file = watched.home.inbox / "kiriman.csv"
    file.write_text(HEADER, encoding="utf-8")
    watched.look()
    request = watched.look()
    assert isinstance(request, dg.RunRequest)
    watched.run_of(request, DagsterRunStatus.FAILURE)
    file.write_text(HEADER + ROW.format(indicator=1, value=3), encoding="utf-8")
    watched.look()
    again = watched.look()
    assert isinstance(again, dg.RunRequest)
    assert again.tags[INBOX] != request.tags[INBOX]


@pytest.mark.parametrize("status", [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED])
def test_while_a_run_is_at_it_no_other_is_asked_for(watched: Watched, status: DagsterRunStatus) -> None:
    (watched.home.inbox / "kiriman.csv").write_text(HEADER, encoding="utf-8")
    watched.look()
    request = watched.look()
    assert isinstance(request, dg.RunRequest)
    watched.run_of(request, status)
    reason = watched.look()
    assert isinstance(reason, str)
    assert reason.startswith("a run is at it")


def plant_what_is_refused(inbox: Path) -> None:
    secret = inbox.parent / "rahasia.txt"
    secret.write_text("rahasia", encoding="utf-8")
    (inbox / "tautan.csv").symlink_to(secret)
    (inbox / "tautan_folder").symlink_to(inbox.parent)
    os.mkfifo(inbox / "pipa")
    (inbox / "dua\nbaris.csv").write_text(HEADER, encoding="utf-8")
    os.close(os.open(os.fsencode(inbox) + b"/bukan\xffutf8.csv", os.O_CREAT | os.O_WRONLY, 0o600))
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(inbox / "soket"))


REFUSED = {
    "tautan.csv": "is a symbolic link",
    "tautan_folder": "is a symbolic link",
    "pipa": "is a device, pipe or socket",
    "soket": "is a device, pipe or socket",
    "'dua\\nbaris.csv'": "has a name with a line break",
    "'bukan\\udcffutf8.csv'": "has a name with a line break",
}


def test_what_is_refused_is_named_with_the_reason_and_is_not_opened(watched: Watched) -> None:
    plant_what_is_refused(watched.home.inbox)
    began = time.monotonic()
    reason = watched.look()
    assert time.monotonic() - began < 10, "waited for a pipe"
    assert isinstance(reason, str)
    for name, why in REFUSED.items():
        assert f"{name} {why}" in reason
    assert len(reason.splitlines()) == 1
    assert recorded(watched.home.inbox / "*").files == ()


def test_half_written_files_are_left_alone(watched: Watched) -> None:
    (watched.home.inbox / ".writing-abc").write_text("half", encoding="utf-8")
    assert watched.look() == "nothing to take in"


@pytest.mark.parametrize(
    ("name", "accepted"), [("Laporan SPBE – Dinas Kominfo (2).xlsx", True), ("keras\u00a0spasi.csv", True), ("a\tb", False), ("a\u2028b", False)]
)
def test_names_are_one_line_of_text(name: str, accepted: bool) -> None:
    assert is_one_line(name) is accepted


def test_new_rules_judge_what_was_sent_before_once_more(watched: Watched) -> None:
    Archive(watched.home.archive).store(settings.INBOX, "lama.csv", HEADER.encode(), watched.now)
    request = watched.look()
    assert isinstance(request, dg.RunRequest)
    assert request.run_key is not None
    assert request.run_key.startswith("rules ")
    assert watched.look() == "nothing to take in"


def test_the_command_refuses_what_the_inbox_would_and_loses_nothing(refreshed: Refreshed, tmp_path: Path) -> None:
    """Checked before anything is written, so the home stays as it is."""
    odd = tmp_path / "dua\nbaris.csv"
    odd.write_text(HEADER, encoding="utf-8")
    done = kesiapan(refreshed.home, "ingest", str(odd))
    assert done.returncode == 2
    assert "has a name with a line break" in done.stderr
    twins = []
    for folder, content in (("a", HEADER), ("b", HEADER + ROW.format(indicator=1, value=3))):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "laporan.csv").write_text(content, encoding="utf-8")
        twins.append(str(tmp_path / folder / "laporan.csv"))
    done = kesiapan(refreshed.home, "ingest", *twins)
    assert done.returncode == 2
    assert "two different files are called laporan.csv" in done.stderr
    assert list(Home(refreshed.home).inbox.iterdir()) == []


_SENSOR = """
query Sensor($location: String!) {
  sensorOrError(sensorSelector: {repositoryLocationName: $location, repositoryName: "__repository__", sensorName: "inbox_arrivals"}) {
    ... on Sensor { sensorState { ticks(limit: 20) { status skipReason } } }
  }
}
"""
_RUNS = "{ runsOrError { ... on Runs { results { jobName status } } } }"


def test_files_that_arrive_are_taken_in_by_the_daemon_and_their_senders_told(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    with dev(home.root, tmp_path, KESIAPAN_SOURCES=str(_no_feeds(tmp_path))) as server:
        rows = "".join(ROW.format(indicator=number, value=3) for number in range(1, 48))
        (home.inbox / "kiriman.csv").write_text(HEADER + rows, encoding="utf-8")
        (home.inbox / "laporan.pdf").write_bytes(b"%PDF-1.4")
        (home.inbox / "tautan.csv").symlink_to("/etc/hostname")

        def ticks() -> list[Any]:
            found: list[Any] = server.ask(_SENSOR, {"location": server.location})["sensorOrError"]["sensorState"]["ticks"]
            return found

        def taken() -> bool:
            runs = [(run["jobName"], run["status"]) for run in server.ask(_RUNS)["runsOrError"]["results"]]
            assert "FAILURE" not in {status for _, status in runs}, server.log.read_text()[-3000:]
            return {("inbox", "SUCCESS"), ("readiness", "SUCCESS")} <= set(runs) and all(status == "SUCCESS" for _, status in runs)

        wait_until("the inbox to be taken in and its quarter released", taken, ARRIVAL_LIMIT_S, every_s=1)
        wait_until(
            "a tick that names what is refused",
            lambda: any("tautan.csv is a symbolic link" in (tick["skipReason"] or "") for tick in ticks()),
            ARRIVAL_LIMIT_S,
            every_s=1,
        )
    assert [path.name for path in home.inbox.iterdir()] == ["tautan.csv"]
    assert "47 baris: 47 diterima" in (home.feedback / "kiriman.csv.txt").read_text(encoding="utf-8")
    assert "seluruh berkas ditolak" in (home.feedback / "laporan.pdf.txt").read_text(encoding="utf-8")
    with published(home.root) as connection:
        assert connection.execute("select source_name, status, read, added from meta.batch order by 1").fetchall() == [
            ("kiriman.csv", "promoted", 47, 47),
            ("laporan.pdf", "rejected", 0, 0),
        ]
        (ledger,) = connection.execute("select distinct message from meta.ingest_run where feed_id = 'inbox'").fetchall()
        assert "tautan.csv is a symbolic link" in ledger[0]
        assert "laporan.pdf: the file is a PDF" in ledger[0]
        (index,) = connection.execute("select index_value, answered_weight from readiness.latest_index where government_code = '63'").fetchall()
        assert str(index[0]) == "3.00"


def _no_feeds(folder: Path) -> Path:
    """Settings of an office that has nothing but its inbox."""
    path = folder / "sources.toml"
    path.write_text('[[government]]\ncode = "63"\nname = "Provinsi Kalimantan Selatan"\ntimezone = "Asia/Makassar"\n', encoding="utf-8")
    return path
