"""Feeds of kind prometheus: what a real Prometheus with a real prober has seen comes out as service-days, and whatever else may answer in its place
is a failure with a reason. Nothing here leaves this machine."""

import gc
import json
import re
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from threading import Barrier
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from assets import http
from assets.uptime import prometheus
from expectations import intake
from expectations.intake import Arrival, FeedOutcome, Parsed, Unreadable
from tests import monitor
from tests.conftest import ROOT, kesiapan, published
from tests.monitor import NEEDS_PROMETHEUS
from tests.site import NOON, Site, incidents_of
from tests.test_http import drip, raw_server
from tests.waiting import wait_until
from warehouse import database
from warehouse.archive import Artifact
from warehouse.registry import Credential, Feed, FeedKind, Government, Service
from warehouse.workers import ahead

SAMPLE = ROOT / "samples" / "uptime" / "kalbar_checks.csv"
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
HOLD_S = 150  # two and a half intervals of a minute
MAKASSAR = Government("99", "Contoh", "Asia/Makassar")
REPLY = Artifact("0" * 64, 0, "application/json", "checks", "probe_success 2026-09-10T00:00Z", NOON)
DINKES = "https://dinkes.contoh.go.id"
ODD_JOB = 'pemantau "luar" (a|b)\\c'


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prometheus, "PER_SECOND", 200.0)


def feed(url: str | None, **more: object) -> Feed:
    known = Feed("checks", FeedKind.PROMETHEUS, MAKASSAR, url=url, allow_loopback=True, max_hold_s=HOLD_S, objective=0.99, declared="sources.toml:9: feed.url")
    return replace(known, **more)  # type: ignore[arg-type]


# Against the real thing.


@NEEDS_PROMETHEUS
def test_what_a_real_prober_saw_comes_out_as_seconds_up_down_and_unknown(tmp_path: Path) -> None:
    """A service that goes down and comes back, and a prober that is dead for a while: then nobody knows."""
    port = monitor.free_port()
    with ExitStack() as stack:
        address, answers = stack.enter_context(monitor.site())
        steady, flaky = f"{address}/steady", f"{address}/flaky"
        answers |= {"/steady": 200, "/flaky": 200}
        first_prober = stack.enter_context(monitor.prober(tmp_path, port))
        url = stack.enter_context(monitor.prometheus(tmp_path, [steady, flaky], port))
        site = Site(tmp_path, feed(url, max_hold_s=3))

        def refresh() -> FeedOutcome:
            site.now = datetime.now(UTC)
            return site.refresh()

        def seen(status: int) -> Callable[[], bool]:
            return lambda: [one["value"][1] for one in monitor.ask(url, f'probe_http_status_code{{instance="{flaky}"}}')] == [str(status)]

        wait_until("both services are probed", lambda: len(monitor.ask(url, "probe_success == 1")) == 2, limit_s=60)
        answers["/flaky"] = 503
        went_down = time.monotonic()
        wait_until("the outage is seen", seen(503), limit_s=30)
        time.sleep(4)  # the outage must last: there is nothing to wait for
        answers["/flaky"] = 200
        down_s = time.monotonic() - went_down
        wait_until("its end is seen", seen(200), limit_s=30)
        first = refresh()
        assert (first.status, first.messages, first.rejected) == ("ok", (), 0)
        assert first.added == first.read > 10

        first_prober.kill()
        died = time.monotonic()
        wait_until("the prober is missed", lambda: (monitor.seconds_ago(url, "probe_success") or 0) > 7, limit_s=60)
        missed = refresh()
        assert missed.status == "failed"
        assert re.search(r"sources.toml:9: feed.url: no probe_success since .* UTC: other scrapes succeeded \(up is 1\)", "; ".join(missed.messages))
        site.feed = replace(site.feed, job="blackbox")
        (message,) = refresh().messages
        assert "the prober could not be reached (up is 0), so nobody knows whether the services were up" in message
        stack.enter_context(monitor.prober(tmp_path, port))
        wait_until("it is back", lambda: len(monitor.ask(url, "probe_success == 1")) == 2, limit_s=60)
        dead_s = time.monotonic() - died
        time.sleep(2)  # checks on both sides of the gap
        last = refresh()
        assert (last.status, last.rejected) == ("ok", 0)

        spans = dict(
            site.query(f"select service, epoch(max(checked_at)) - epoch(min(checked_at)) from read_parquet('{tmp_path}/lake/**/*.parquet') group by service")
        )
        assert spans.keys() == {steady, flaky}
        for service, whole_s in spans.items():
            up_s, service_down_s = site.told(str(service))
            unknown_s = float(whole_s) - up_s - service_down_s  # type: ignore[arg-type]
            assert service_down_s == (pytest.approx(down_s, abs=2.1) if service == flaky else 0)
            assert unknown_s == pytest.approx(dead_s - 1.2, abs=2.2), "the time without a prober is neither up nor down, from its first scrape on"
        known_at, again = site.now, refresh()
        assert again.added <= 2 * ((site.now - known_at).total_seconds() + 2), "two services, a check a second: what is known is not added again"
        with site.warehouse.open_for_reading() as connection:
            assert [(service, is_open) for service, _, _, _, is_open in incidents_of(connection)] == [(flaky, False)]
        assert site.query("select count(*) from uptime.service_day where latency_p50_ms between 0.01 and 1000") == [(len(site.days()),)]


@NEEDS_PROMETHEUS
def test_two_real_probers_are_two_vantages_and_the_real_certificate_is_known_until_when(tmp_path: Path) -> None:
    """The same targets from two places, one of which dies: nobody knows from there any more, the other's checks go on."""
    until = datetime.now(UTC).replace(microsecond=0) + 30 * DAY
    ports = {"dalam": monitor.free_port(), "luar": monitor.free_port()}
    with ExitStack() as stack:
        secure, its_answers = stack.enter_context(monitor.site(monitor.certificate_until(tmp_path, until)))
        plain, answers = stack.enter_context(monitor.site())
        its_answers["/"] = answers["/"] = 200
        stack.enter_context(monitor.prober(tmp_path, ports["dalam"]))
        outside = stack.enter_context(monitor.prober(tmp_path, ports["luar"]))
        targets = {f"{secure}/": until, f"{plain}/": None}
        url = stack.enter_context(monitor.prometheus(tmp_path, list(targets), probers=ports))
        site = Site(tmp_path, feed(url, job="blackbox", vantage="prober"))

        def refresh() -> FeedOutcome:
            site.now = datetime.now(UTC)
            return site.refresh()

        wait_until("both services are probed from both places", lambda: len(monitor.ask(url, "probe_success == 1")) == 4, limit_s=60)
        time.sleep(1)  # whole seconds are asked for
        first = refresh()
        assert (first.status, first.messages, first.rejected) == ("ok", (), 0)
        assert site.checks("service, vantage, certificate_expires_at, status") == sorted(
            (target, place, expires, "up") for target, expires in targets.items() for place in ports
        )

        outside.kill()
        died = datetime.now(UTC)
        later = f'up{{prober="luar"}} == 0 or timestamp(probe_success{{prober="dalam"}}) > {died.timestamp() + 1}'
        wait_until("the dead prober is seen, and the other goes on", lambda: len(monitor.ask(url, later)) == 4, limit_s=30)
        assert refresh().status == "ok"
        seen = site.checks("vantage, status, max(checked_at)", "group by vantage, status")
        assert [(place, status) for place, status, at in seen if at > died] == [("dalam", "up"), ("luar", "unknown")]
        assert site.checks("status") == [("unknown",), ("up",)], "nobody checked is not down"


@NEEDS_PROMETHEUS
def test_the_real_history_of_kalimantan_barat_comes_out_as_from_its_log(tmp_path: Path) -> None:
    """Every check of the log is a sample at its own time, and so the same seconds, to the last one."""
    with duckdb.connect() as connection:
        log = connection.execute(
            f"select slug, url, last_updated::timestamptz, status, http_code, response_time_ms::double from read_csv('{SAMPLE}') order by last_updated"
        ).fetchall()
    history: dict[str, list[tuple[str, datetime, str]]] = {name: [] for name in prometheus.METRICS}
    for _, url, at, status, code, latency_ms in log:
        values = {"probe_success": int(status == "up"), "probe_http_status_code": code, "probe_duration_seconds": (latency_ms or 0) / 1000, "up": 1}
        for name, value in values.items():
            history[name].append((url, at, str(value)))
    monitor.backfill(tmp_path, history)
    services = tuple({url: Service(url, slug) for slug, url, *_ in log}.values())
    common = feed(None, max_hold_s=26 * 3600, hosts=(".go.id",))
    folders = [tmp_path / name for name in ("log", "monitor")]
    by_log = Site(folders[0], replace(common, kind=FeedKind.CHECK_LOG, path=SAMPLE))
    assert by_log.refresh().status == "ok"
    with monitor.prometheus(tmp_path) as url:
        monitor.ask(url, prometheus.Monitor(lambda query, at: query.encode(), ODD_JOB).samples([ODD_JOB], NOON - HOUR, NOON).decode())  # it is PromQL
        by_monitor = Site(folders[1], replace(common, url=url, job="blackbox", since_s=92 * 86400, services=services), now=log[-1][2] + HOUR)
        outcome = by_monitor.refresh()
        assert (outcome.status, outcome.messages) == ("ok", ())
        assert outcome.batches > 60
    tables = []
    for site in (by_log, by_monitor):
        with site.warehouse.open_for_reading() as connection:
            days = connection.execute("select * from uptime.service_day order by service_id, day").fetchall()
            tables.append((days, incidents_of(connection)))
    assert len(tables[0][0]) > 5000
    assert tables[0] == tables[1]


@NEEDS_PROMETHEUS
def test_a_block_that_is_appended_days_later_is_read_and_reckoned_as_if_it_had_been_there(tmp_path: Path) -> None:
    minutes = [NOON - 4 * DAY + number * MINUTE for number in range(4 * 1440)]
    late = {at for at in minutes if NOON - 3 * DAY <= at < NOON - 3 * DAY + HOUR}
    unreached = {at for at in minutes if NOON - 2 * DAY <= at < NOON - 2 * DAY + HOUR}
    sites = [Site(tmp_path / name, feed(None, since_s=5 * 86400, max_hold_s=120)) for name in ("at once", "late")]
    for site, parts in zip(sites, ([set(minutes)], [{*minutes} - late, late]), strict=True):
        for part in parts:
            samples = {
                "probe_success": [(DINKES, at, "1") for at in sorted(part - unreached)],
                "up": [(DINKES, at, "0" if at in unreached else "1") for at in sorted(part)],
            }
            monitor.backfill(site.root, samples)
            with monitor.prometheus(site.root) as url:
                site.feed = replace(site.feed, url=url)
                outcome = site.refresh()
                assert (outcome.status, outcome.added, outcome.messages) == ("ok", len(part), ())
    assert sites[0].tables() == sites[1].tables()
    assert sites[0].told(DINKES) == ((4 * 1440 - 60 - 1) * 60, 0)


# Against a stand-in that can be told to misbehave.


Answer = Callable[[Request], Response]


def reply(series: list[dict[str, object]], kind: str = "matrix", **more: object) -> str:
    return json.dumps({"status": "success", "data": {"resultType": kind, "result": series}} | more)


@dataclass
class StandIn:
    """Answers the four queries of ours out of its samples: (metric, job, instance, prober) to (time, value). `faults` come first, by the beginning of a
    query."""

    samples: dict[tuple[str, str, str, str], list[tuple[datetime, str]]] = field(default_factory=dict)
    faults: dict[str, Answer | None] = field(default_factory=dict)
    asked: list[tuple[str, datetime]] = field(default_factory=list)
    largest: int = 0

    def check(
        self,
        at: datetime,
        value: str = "1",
        instance: str = DINKES,
        job: str = "blackbox",
        up: str = "1",
        duration: str = "0.12",
        code: str = "200",
        prober: str = "",
        certificate: str | None = None,
    ) -> None:
        said = {"probe_success": value, "up": up, "probe_duration_seconds": duration, "probe_http_status_code": code}
        for metric, text in (said if certificate is None else said | {"probe_ssl_earliest_cert_expiry": certificate}).items():
            self.samples.setdefault((metric, job, instance, prober), []).append((at, text))

    def minutes(self, start: datetime, count: int, value: str = "1", **more: str) -> None:
        for number in range(count):
            self.check(start + number * MINUTE, value, **more)

    def missed(self, at: datetime, instance: str = DINKES) -> None:
        """A scrape that did not reach the prober."""
        self.samples.setdefault(("up", "blackbox", instance, ""), []).append((at, "0"))

    def __call__(self, request: Request) -> Response:
        query = request.args["query"]
        end = datetime.fromtimestamp(float(request.args["time"]), UTC)
        self.asked.append((query, end))
        for start, fault in self.faults.items():
            if query.startswith(start) and fault is not None:
                return fault(request)
        if days := re.search(r"\[(\d+)d:1d\]", query):
            late = re.search(r" offset (\d+)s", query)
            return self._by_day(end, int(days[1]), timedelta(seconds=int(late[1]) if late else 0))
        found = re.search(r"\[(\d+)ms\]", query)
        assert found is not None, query
        begin = end - timedelta(milliseconds=int(found[1]))
        jobs = re.search(r'job=~?"([^"]*)"', query)
        wanted = re.compile(json.loads(f'"{jobs[1]}"')) if jobs else re.compile(".*")
        within = {
            key: [(at, value) for at, value in sorted(samples) if begin <= at <= end] for key, samples in self.samples.items() if wanted.fullmatch(key[1])
        }
        within = {key: samples for key, samples in within.items() if samples}
        if query.startswith("sum by (job)"):
            counts: dict[str, int] = {}
            for (metric, job, *_), samples in within.items():
                if metric == "probe_success":
                    counts[job] = counts.get(job, 0) + len(samples)
            return Response(reply([{"metric": {"job": job}, "value": [0, str(count)]} for job, count in counts.items()], "vector"))
        if query.startswith("max("):
            ups = [float(value) for (metric, *_), samples in within.items() for _, value in samples if metric == "up"]
            return Response(reply([{"metric": {}, "value": [0, f"{max(ups):g}"]}] if ups else [], "vector"))
        self.largest = max(self.largest, sum(len(samples) for (metric, *_), samples in within.items() if metric == "probe_success"))
        return Response(
            reply(
                [
                    {
                        "metric": {"__name__": metric, "job": job, "instance": instance} | ({"prober": prober} if prober else {}),
                        "values": [[at.timestamp(), value] for at, value in samples],
                    }
                    for (metric, job, instance, prober), samples in within.items()
                ]
            )
        )

    def _by_day(self, end: datetime, days: int, late: timedelta) -> Response:
        """As Prometheus 2 does: a day has the checks of both its midnights, and the midnight that the range begins at a value too."""
        assert end.hour == 0, "it reckons at midnights UTC"
        midnights = [end - number * DAY for number in range(days, -1, -1)]
        checks = [at for (metric, *_), samples in self.samples.items() for at, value in samples if metric == "probe_success" or (metric, value) == ("up", "0")]
        counted = [(midnight, sum(midnight - late - DAY <= at <= midnight - late for at in checks)) for midnight in midnights]
        values = [[midnight.timestamp(), str(count)] for midnight, count in counted if count]
        return Response(reply([{"metric": {}, "values": values}] if values else []))


SAMPLES = "{__name__"


@pytest.fixture
def stand_in(httpserver: HTTPServer) -> StandIn:
    made = StandIn()
    httpserver.expect_request("/prometheus/api/v1/query").respond_with_handler(made)
    return made


@pytest.fixture
def site(httpserver: HTTPServer, tmp_path: Path) -> Site:
    return Site(tmp_path, feed(httpserver.url_for("/prometheus/"), since_s=2 * 86400))


def test_checks_come_with_their_latency_and_code_and_each_service_has_its_days(stand_in: StandIn, site: Site) -> None:
    stand_in.minutes(NOON - HOUR, 30)
    stand_in.minutes(NOON - 30 * MINUTE, 31, "0", code="503")
    outcome = site.refresh()
    assert (outcome.status, outcome.read, outcome.added, outcome.rejected) == ("ok", 61, 61, 0)
    assert site.days() == [(DINKES, date(2026, 9, 10), 1800, 1800, 82800, 0, 61, 31)]
    assert site.query("select latency_p50_ms from uptime.service_day") == [(120.0,)]
    assert site.query(f"select distinct http_code, status, url from read_parquet('{site.root}/lake/**/*.parquet') order by all") == [
        (200, "up", DINKES),
        (503, "down", DINKES),
    ]
    with site.warehouse.open_for_reading() as connection:
        assert incidents_of(connection) == [(DINKES, NOON - 30 * MINUTE, None, 1800, True)]


def test_only_days_that_are_not_committed_are_asked_for_and_the_last_of_them_again(stand_in: StandIn, site: Site) -> None:
    stand_in.minutes(NOON - 2 * DAY, 2 * 1440)
    first = site.refresh()
    assert first.status == "ok"
    assert [artifact.source_name for artifact in site.archive.artifacts("checks")] == [f"probe_success 2026-09-{day:02}T16:00Z" for day in (7, 8, 9)]
    stand_in.asked.clear()
    site.now += 3 * HOUR
    stand_in.minutes(NOON, 180)
    second = site.refresh()
    assert (second.status, second.added, second.updated, second.unchanged) == ("ok", 180, 0, 1200)
    assert [end for query, end in stand_in.asked if query.startswith(SAMPLES)] == [site.now]
    stand_in.asked.clear()
    third = site.refresh()
    assert (third.status, third.added, third.batches_unchanged) == ("unchanged", 0, 1)


def test_a_day_is_committed_first_and_then_passed_over(stand_in: StandIn, site: Site) -> None:
    """What is archived but was not committed is judged by the next run; what was not understood is asked for again."""
    stand_in.minutes(NOON - 2 * DAY, 2 * 1440)
    list(prometheus.arrive_from(site.warehouse)(site.feed, site.archive, site.clock).coming)  # and then the run is killed
    asked = len(stand_in.asked)
    outcome = site.refresh()
    assert (outcome.status, outcome.added) == ("ok", 2880)
    assert len(stand_in.asked) == 2 * asked


def test_what_is_archived_is_all_judged_though_the_source_has_told_before_that_it_has_nothing(
    stand_in: StandIn, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in.minutes(NOON - 2 * DAY, 2 * 1440)
    list(site.arrive(site.feed, site.archive, site.clock).coming)  # and then the run is killed
    nothing: ahead[Parsed] = ahead(iter(()))
    nothing.begin()
    wait_until("the end", nothing.is_over, limit_s=30, every_s=0.01)
    monkeypatch.setattr(intake, "CHUNK_ROWS", 0)
    monkeypatch.setattr(intake, "CHUNK_FILES", 1)
    outcome = site._take_in(Arrival(coming=nothing))
    assert (outcome.status, outcome.batches, outcome.added) == ("ok", 3, 2880)


@pytest.mark.parametrize(
    ("open_s", "steps"),
    [(1000.0, ["opened", "sat", "sat", "sat"]), (0.0, ["opened", "sat", "opened", "sat", "opened", "sat"])],
    ids=["in time", "when the time is over"],
)
def test_replies_that_have_come_are_taken_in_at_one_opening_and_each_is_committed(
    stand_in: StandIn, site: Site, monkeypatch: pytest.MonkeyPatch, open_s: float, steps: list[str]
) -> None:
    stand_in.minutes(NOON - 2 * DAY, 2 * 1440)
    arriving, opened, taken_in = site.arrive(site.feed, site.archive, site.clock), site.warehouse.open_for_writing, intake.take_in_sitting
    taken: list[str] = []

    def noted(wait_s: float = 60.0) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        taken.append("opened")
        return opened(wait_s)

    def killed_at_the_third(*arguments: Any) -> FeedOutcome:
        assert isinstance(arriving.coming, ahead)
        wait_until("the next reply", arriving.coming.is_ready, limit_s=30, every_s=0.01)
        taken.append("sat")
        if taken.count("sat") == 3:
            raise KeyboardInterrupt
        return taken_in(*arguments)

    monkeypatch.setattr(intake, "CHUNK_S", open_s)
    monkeypatch.setattr(intake, "take_in_sitting", killed_at_the_third)
    monkeypatch.setattr(site.warehouse, "open_for_writing", noted)
    with pytest.raises(KeyboardInterrupt):
        site._take_in(arriving)
    assert taken == ["opened", *steps]  # the first time, to ask what is known
    monkeypatch.undo()
    assert site.query("select source_name, added from meta.batch order by 1") == [
        ("probe_success 2026-09-07T16:00Z", 241),
        ("probe_success 2026-09-08T16:00Z", 1440),
    ]
    assert site.refresh().added == 1199


def test_where_all_has_come_the_verdict_is_written_at_the_same_opening(stand_in: StandIn, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in.minutes(NOON - HOUR, 60)
    arriving, opened, taken_in = site.arrive(site.feed, site.archive, site.clock), site.warehouse.open_for_writing, intake.take_in_sitting
    openings: list[float] = []

    def noted(wait_s: float = 60.0) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        openings.append(wait_s)
        return opened(wait_s)

    def when_all_has_come(*arguments: Any) -> FeedOutcome:
        assert isinstance(arriving.coming, ahead)
        wait_until("the end", arriving.coming.is_over, limit_s=30, every_s=0.01)
        return taken_in(*arguments)

    monkeypatch.setattr(intake, "take_in_sitting", when_all_has_come)
    monkeypatch.setattr(site.warehouse, "open_for_writing", noted)
    outcome = intake.take_in(site.warehouse, site.archive, site.feed, site.reader, arriving, "run", site.clock, lambda message: None)
    assert (outcome.status, outcome.added, len(openings)) == ("ok", 60, 2)  # the first, to ask what is known
    monkeypatch.undo()
    assert site.query("select status, read from meta.ingest_run") == [("ok", 60)]


def test_a_check_that_comes_late_opens_its_day_again(stand_in: StandIn, site: Site) -> None:
    midnight = NOON - 12 * HOUR
    stand_in.minutes(midnight - 4 * HOUR, 225)  # until 23:44; the rest of the day is late
    stand_in.minutes(midnight + MINUTE, 60)
    site.now = midnight + HOUR
    site.refresh()
    before = site.days()
    stand_in.minutes(midnight - 15 * MINUTE, 15, "0")
    late = site.refresh()
    assert (late.status, late.added) == ("ok", 15)
    assert before != site.days()
    assert site.told(DINKES) == (225 * 60 + 59 * 60, 16 * 60)


def test_a_day_of_the_week_before_is_asked_for_again_if_more_of_it_has_come(stand_in: StandIn, site: Site) -> None:
    site.feed = replace(site.feed, since_s=30 * 86400)
    stand_in.minutes(NOON - 9 * DAY, 60)  # out of the week when it is over
    stand_in.minutes(NOON - 4 * DAY, 60)
    stand_in.minutes(NOON, 60)
    site.now = NOON + HOUR
    assert site.refresh().added == 180
    stand_in.asked.clear()
    assert (site.refresh().status, [end for query, end in stand_in.asked if query.startswith(SAMPLES)]) == ("unchanged", [site.now])

    stand_in.minutes(NOON - 9 * DAY + HOUR, 60)
    stand_in.minutes(NOON - 4 * DAY + HOUR, 60, "0")  # more of a day that was seen
    stand_in.minutes(NOON - 3 * DAY, 60, "0")  # a day of which nothing was seen
    late = site.refresh()
    assert (late.status, late.added, late.messages) == ("ok", 120, ())
    assert [(day, checks, failed) for _, day, *_, checks, failed in site.days() if checks] == [
        (date(2026, 9, 1), 60, 0),
        (date(2026, 9, 6), 120, 60),
        (date(2026, 9, 7), 60, 60),
        (date(2026, 9, 10), 60, 0),
    ]
    stand_in.asked.clear()
    assert (site.refresh().status, [end for query, end in stand_in.asked if query.startswith(SAMPLES)]) == ("unchanged", [site.now])


def test_a_day_before_the_first_that_was_asked_for_is_left_alone(stand_in: StandIn, site: Site) -> None:
    stand_in.minutes(NOON - HOUR, 61)
    site.refresh()
    stand_in.minutes(NOON - 4 * DAY, 60)
    site.now += DAY
    stand_in.minutes(NOON + DAY - HOUR, 61)
    assert (site.refresh().added, len(site.days())) == (61, 2)


def test_a_lost_warehouse_and_lake_are_made_again_from_the_archive_without_the_monitor(stand_in: StandIn, site: Site) -> None:
    stand_in.minutes(NOON - 2 * DAY, 2 * 1440)
    site.refresh()
    site.now += HOUR
    stand_in.minutes(NOON, 60, "0")
    site.refresh()
    again = Site(site.root / "again", replace(site.feed, url=None, path=site.root / "nothing"), now=site.now)
    again.archive = site.archive
    again.refresh()
    assert again.days() == site.days()
    assert len(site.days()) == 3


@pytest.mark.parametrize("most", [7, 100, 720])
def test_no_reply_is_larger_than_allowed_and_no_check_is_lost_to_the_cut(stand_in: StandIn, site: Site, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setattr(prometheus, "MOST_CHECKS", most)
    stand_in.minutes(NOON - 3 * HOUR, 180, "1")
    stand_in.minutes(NOON - 3 * HOUR, 180, "0", instance=f"{DINKES}/b")
    assert site.refresh().status == "ok"
    assert 0 < stand_in.largest <= most
    assert site.query("select sum(rows)::integer from meta.lake_partition") == [(360,)]
    assert len({artifact.source_name for artifact in site.archive.artifacts("checks")}) == len(site.archive.artifacts("checks"))


@pytest.fixture
def three_days(stand_in: StandIn) -> StandIn:
    """Two services, with an outage over a midnight and scrapes that did not reach the prober; checks stand exactly where days and their halves begin."""
    stand_in.minutes(NOON - 2 * DAY, 1440, certificate="1793404800")
    stand_in.minutes(NOON - DAY, 1440, "0", code="503")
    stand_in.minutes(NOON - 2 * DAY, 2880, instance=f"{DINKES}/b")
    for number in range(30):
        stand_in.missed(NOON + number * MINUTE)
    stand_in.minutes(NOON + HOUR, 60)
    return stand_in


@pytest.mark.parametrize("together", [1000, 1_000_000], ids=["a day in several", "a day in one"])
def test_a_day_of_several_replies_comes_out_as_of_one(three_days: StandIn, site: Site, monkeypatch: pytest.MonkeyPatch, together: int) -> None:
    site.now = NOON + 2 * HOUR
    in_one = Site(site.root / "in one", site.feed, now=site.now)
    known = in_one.refresh()
    monkeypatch.setattr(prometheus, "MOST_CHECKS", 400)
    monkeypatch.setattr(prometheus, "MOST_TOGETHER", together)
    outcome = site.refresh()
    assert (outcome.status, outcome.added, outcome.rejected, outcome.messages) == ("ok", known.added, 0, ())
    assert site.tables() == in_one.tables()
    assert site.query("select sum(unexpected_count)::integer from quality.expectation_result") == [(0,)], "no check stands there twice"
    extracts = [f"probe_success 2026-09-{day:02}T16:00Z" for day in (7, 8, 9)]
    assert (site.extracts() == extracts) == (together > 1000)
    assert set(extracts) <= set(site.extracts())

    three_days.asked.clear()
    again = site.refresh()
    assert (again.status, again.added, again.updated) == ("unchanged", 0, 0)
    assert [end for query, end in three_days.asked if query.startswith(SAMPLES) and end <= NOON - 20 * HOUR] == [], "days that are known are not asked for"

    rebuilt = Site(site.root / "again", replace(site.feed, url=None, path=site.root / "nothing"), now=site.now)
    rebuilt.archive = site.archive
    rebuilt.refresh()
    assert rebuilt.days() == in_one.days()


@pytest.mark.parametrize("zone", ["Asia/Makassar", "Asia/Kathmandu", "America/Bogota", "Etc/UTC"])
def test_a_day_of_the_lake_is_written_once_and_counted_as_the_government_counts_it(
    stand_in: StandIn, site: Site, monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    site = Site(site.root / "elsewhere", replace(site.feed, government=replace(MAKASSAR, timezone=zone)))
    monkeypatch.setattr(prometheus, "MOST_CHECKS", 400)
    for instance in (DINKES, f"{DINKES}/b"):
        stand_in.minutes(NOON - 2 * DAY + timedelta(seconds=7), 2880, instance=instance)
    assert (site.refresh().status, len(site.extracts())) == ("ok", 3)
    assert site.query("select count(*) from meta.lake_partition") == [(3,)]
    assert len([*(site.root / "lake").rglob("*.parquet")]) == 3

    site.now += 26 * HOUR
    stand_in.minutes(NOON + 25 * HOUR, 60)
    stand_in.minutes(NOON - 40 * HOUR, 10, instance=f"{DINKES}/late")
    outcome = site.refresh()
    assert (outcome.status, outcome.added) == ("ok", 60 + 10), "the day is asked for again that has got more"
    stand_in.asked.clear()
    assert site.refresh().status == "unchanged"
    assert [end for query, end in stand_in.asked if query.startswith(SAMPLES)] == [site.now], "and no other"


def test_the_replies_of_a_day_are_kept_as_they_came(three_days: StandIn, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """As JSON texts in a row (RFC 7464)."""
    monkeypatch.setattr(prometheus, "MOST_CHECKS", 800)
    site.refresh()
    day = next(artifact for artifact in site.archive.artifacts("checks") if artifact.source_name == "probe_success 2026-09-08T16:00Z")
    texts = site.archive.read(day.sha256).split(b"\x1e")
    assert texts[0] == b""
    assert len(texts[1:]) == 4
    replies = [json.loads(text) for text in texts[1:]]
    held = [{at for one in whole["data"]["result"] for at, _ in one["values"]} for whole in replies]
    assert all(max(earlier) <= min(later) for earlier, later in pairwise(held)), "they follow each other"
    assert set().union(*held) == {(NOON - 44 * HOUR + number * MINUTE).timestamp() for number in range(1441)}


def test_two_replies_of_a_day_are_on_their_way_at_once(three_days: StandIn, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are taken in together, so none is waited for before the next is asked for; of days of one reply, the next comes while one is taken in."""
    monkeypatch.setattr(prometheus, "MOST_CHECKS", 800)
    quarters = {NOON - hours * HOUR for hours in (38, 32, 26, 20)}
    two, at_once = Barrier(2), []

    def waits_for_another(request: Request) -> Response:
        if datetime.fromtimestamp(float(request.args["time"]), UTC) in quarters and request.args["query"].startswith(SAMPLES):
            at_once.append(two.wait(timeout=20))
        return three_days(request)

    with HTTPServer(threaded=True) as server:
        server.expect_request("/api/v1/query").respond_with_handler(waits_for_another)
        site.feed = replace(site.feed, url=server.url_for("/"))
        assert site.refresh().status == "ok"
    assert sorted(at_once) == [0, 0, 1, 1]
    in_one = Site(site.root / "in one", site.feed, now=site.now)
    in_one.archive = site.archive
    in_one.feed = replace(site.feed, url=None, path=site.root / "nothing")
    in_one.refresh()
    assert site.days() == in_one.days()


@pytest.mark.parametrize(("fault", "known"), [("gone", "what came before is kept"), ("page", "the day is rejected")], ids=["the source fails", "a web page"])
def test_of_a_day_whose_later_reply_fails_nothing_is_lost(three_days: StandIn, site: Site, monkeypatch: pytest.MonkeyPatch, fault: str, known: str) -> None:
    monkeypatch.setattr(prometheus, "MOST_CHECKS", 800)

    def fails_once(request: Request) -> Response:
        if datetime.fromtimestamp(float(request.args["time"]), UTC) == NOON - 32 * HOUR:  # the second of four; before them is one of the day before
            return html(request) if fault == "page" else Response("gone", status=410)
        three_days.faults.clear()
        try:
            return three_days(request)
        finally:
            three_days.faults[SAMPLES] = fails_once

    three_days.faults[SAMPLES] = fails_once
    outcome = site.refresh()
    assert outcome.status == "failed"
    of_the_day_before = 2 * 241
    quarter = 2 * 361 - 2  # that of midnight is known
    assert outcome.added == of_the_day_before + (quarter if fault == "gone" else 0), known
    if fault == "page":
        assert "probe_success 2026-09-08T16:00Z: this is a web page, not a reply of Prometheus" in outcome.messages[0]
    three_days.faults.clear()
    assert site.refresh().status == "ok"
    in_one = Site(site.root / "in one", site.feed, now=site.now)
    monkeypatch.setattr(prometheus, "MOST_CHECKS", 100_000)
    in_one.refresh()
    assert site.days() == in_one.days()


def test_a_dead_prober_is_unknown_and_a_scrape_that_says_so_is_no_check(stand_in: StandIn, site: Site) -> None:
    stand_in.minutes(NOON - HOUR, 10)
    stand_in.check(NOON - 50 * MINUTE, "0", up="0")
    stand_in.minutes(NOON - 30 * MINUTE, 31)
    outcome = site.refresh()
    assert (outcome.status, outcome.rejected) == ("ok", 0)
    assert site.told(DINKES) == (600 + 1800, 0)


def test_time_is_unknown_from_the_first_scrape_on_that_does_not_reach_the_prober(stand_in: StandIn, site: Site) -> None:
    """It is said of targets that were probed that day: a job that never probed is none of ours."""
    site.feed = replace(site.feed, max_hold_s=600)
    stand_in.minutes(NOON - HOUR, 21)
    for number in range(20):
        stand_in.missed(NOON - (39 - number) * MINUTE)
        stand_in.missed(NOON - (39 - number) * MINUTE, "https://node.contoh.go.id")
    stand_in.minutes(NOON - 19 * MINUTE, 20)
    outcome = site.refresh()
    assert (outcome.status, outcome.added, outcome.rejected) == ("ok", 61, 0)
    assert site.told(DINKES) == (60 * (21 + 19), 0)
    assert {row[0] for row in site.query("select distinct service_id from uptime.service_day")} == {DINKES}


def test_a_day_with_such_scrapes_is_asked_for_again_only_if_more_of_it_has_come(stand_in: StandIn, site: Site) -> None:
    day = NOON - 3 * DAY
    site.feed = replace(site.feed, since_s=4 * 86400)
    stand_in.minutes(day, 30)
    for number in range(30, 40):
        stand_in.missed(day + number * MINUTE)
    stand_in.minutes(NOON - HOUR, 61)
    assert site.refresh().status == "ok"
    before = len(site.extracts())
    site.now += MINUTE
    assert site.refresh().added == 0
    asked = [end for query, end in stand_in.asked if query.startswith(SAMPLES)]
    assert asked.count(asked[0]) == 1
    stand_in.check(day + 50 * MINUTE)
    site.now += MINUTE
    assert site.refresh().added == 1
    assert len(site.extracts()) == before + 1


def test_a_job_is_chosen_and_its_name_may_be_anything() -> None:
    asked = prometheus.Monitor(lambda query, at: query.encode(), ODD_JOB)
    assert asked.selector == '{job="pemantau \\"luar\\" (a|b)\\\\c"}'
    query = asked.samples([ODD_JOB], NOON - HOUR, NOON).decode()
    assert query.endswith('job=~"pemantau\\\\ \\"luar\\"\\\\ \\\\(a\\\\|b\\\\)\\\\\\\\c"}[3600000ms]')


def test_a_target_that_is_probed_by_two_jobs_is_refused_with_both_names(stand_in: StandIn, site: Site) -> None:
    stand_in.minutes(NOON - HOUR, 61, job="http")
    stand_in.minutes(NOON - HOUR, 61, "0", job="ping")
    outcome = site.refresh()
    assert outcome.status == "failed"
    assert f"{DINKES} is probed twice at the same time (job='http' and job='ping'); accepted: one probe of each target, chosen by job" in outcome.messages[0]
    site.feed = replace(site.feed, job="http")
    site.now += MINUTE
    outcome = site.refresh()
    assert (outcome.status, outcome.messages) == ("ok", ()), "once the job is named, the reply takes the other's place"
    assert site.told(DINKES) == (3600, 0)


def test_a_target_whose_labels_change_goes_on(stand_in: StandIn, site: Site) -> None:
    stand_in.minutes(NOON - HOUR, 30, job="old")
    stand_in.minutes(NOON - 30 * MINUTE, 31, job="new")
    assert site.refresh().status == "ok"
    assert site.told(DINKES) == (3600, 0)


def test_a_target_whose_labels_change_and_change_back_goes_on(stand_in: StandIn, site: Site) -> None:
    stand_in.minutes(NOON - HOUR, 20, job="old")
    stand_in.minutes(NOON - 40 * MINUTE, 20, job="new")
    stand_in.minutes(NOON - 20 * MINUTE, 21, job="old")
    outcome = site.refresh()
    assert (outcome.status, outcome.messages, outcome.added) == ("ok", (), 61)
    assert site.told(DINKES) == (3600, 0)


def test_two_probes_of_a_target_are_told_apart_from_one_whose_labels_change(stand_in: StandIn, site: Site) -> None:
    """However often each of them asks, and although one began later than the other."""
    stand_in.minutes(NOON - HOUR, 61, job="http")
    for number in range(10):
        stand_in.check(NOON - 30 * MINUTE + timedelta(seconds=170 * number + 7), job="ping")
    assert "is probed twice at the same time" in site.refresh().messages[0]


def test_each_vantage_has_the_checks_of_its_own_prober(stand_in: StandIn, site: Site) -> None:
    """Where one prober's scrape says `up` 0, nobody checked from there; what the other saw at the same moment stands. A series without the label is '-'."""
    site.feed = replace(site.feed, vantage="prober")
    stand_in.check(NOON - 2 * MINUTE, "1", prober="dalam", code="200")
    stand_in.check(NOON - 2 * MINUTE, "0", prober="luar", code="503", up="0")
    stand_in.check(NOON - MINUTE, "0", prober="dalam", code="503")
    stand_in.check(NOON - MINUTE, "1", prober="luar")
    stand_in.check(NOON - MINUTE, "1")
    outcome = site.refresh()
    assert (outcome.status, outcome.messages, outcome.added, outcome.rejected) == ("ok", (), 5, 0)
    assert site.checks("checked_at, vantage, status, http_code") == [
        (NOON - 2 * MINUTE, "dalam", "up", 200),
        (NOON - 2 * MINUTE, "luar", "unknown", 503),
        (NOON - MINUTE, "-", "up", 200),
        (NOON - MINUTE, "dalam", "down", 503),
        (NOON - MINUTE, "luar", "up", 200),
    ]


def test_a_target_that_is_probed_twice_from_one_vantage_is_refused(stand_in: StandIn, site: Site) -> None:
    site.feed = replace(site.feed, vantage="prober")
    for job in ("http", "ping"):
        stand_in.minutes(NOON - HOUR, 61, job=job, prober="dalam")
    stand_in.minutes(NOON - HOUR, 61, prober="luar")
    message, *_ = site.refresh().messages
    assert f"{DINKES} is probed twice at the same time (job='http' and job='ping'); accepted: one probe of each target, chosen by job" in message
    assert "or for each value of the label that vantage names there" in message


def test_checks_move_to_their_vantage_when_the_settings_name_its_label(stand_in: StandIn, site: Site) -> None:
    """Whatever reply brought them: none of them stays beside itself, and none is lost or counted as new."""
    stand_in.minutes(NOON - DAY, 1441, prober="dalam")
    site.refresh()
    stand_in.minutes(NOON + MINUTE, 59, "0", prober="dalam")
    site.now += HOUR
    site.refresh()
    days = site.days()
    assert site.checks("vantage, count(*)", "group by vantage") == [("-", 1500)]
    site.feed = replace(site.feed, vantage="prober")
    stand_in.minutes(NOON - HOUR, 121, "0", prober="luar")  # refused without the setting, and so not known yet
    again = site.refresh()
    assert (again.status, again.messages, again.added, again.rejected) == ("ok", (), 121, 0)
    assert again.updated == 1500
    assert site.checks("vantage, count(*)", "group by vantage") == [("dalam", 1500), ("luar", 121)]
    assert site.checks("checked_at, status", "where vantage = 'dalam' and status = 'down'")[0][0] == NOON + MINUTE
    assert [day[:2] for day in site.days()] == [day[:2] for day in days]
    assert site.refresh().status == "unchanged"


@pytest.mark.parametrize(
    ("value", "until"),
    [("1801440000", datetime(2027, 2, 1, tzinfo=UTC)), (None, None), ("0", None), ("-62135596800", None), ("NaN", None), ("+Inf", None), ("1e300", None)],
)
def test_an_odd_end_of_a_certificate_is_none_and_the_check_counts(value: str | None, until: datetime | None) -> None:
    stand_in = StandIn()
    stand_in.check(NOON, certificate=value)
    series = [
        {"metric": {"__name__": name, "instance": DINKES}, "values": [[NOON.timestamp(), samples[0][1]]]} for (name, *_), samples in stand_in.samples.items()
    ]
    with database.scratch() as connection:
        prometheus.stage(connection, prometheus.parse(reply(series).encode(), REPLY), feed(None), REPLY)
        assert connection.execute("select status, certificate_expires_at, certificate_expires_at_text from batch").fetchall() == [
            ("up", until, value if until or value in ("+Inf", "1e300") else None)
        ]


@pytest.mark.parametrize("target", ["https://news.example.com/x", "news.example.com", "news.example.com:22"])
def test_checks_of_other_hosts_are_set_aside_however_the_target_is_written(stand_in: StandIn, site: Site, target: str) -> None:
    site.feed = replace(site.feed, hosts=(".go.id",))
    stand_in.minutes(NOON - HOUR, 61)
    stand_in.minutes(NOON - HOUR, 61, instance=target)
    outcome = site.refresh()
    assert (outcome.added, outcome.rejected) == (61, 61)
    assert site.query("select distinct rule_id from quality.failed_row") == [("check.host_of_government",)]


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-Inf", "0.5", "", "2"])
def test_a_value_that_is_neither_up_nor_down_is_set_aside(stand_in: StandIn, site: Site, value: str) -> None:
    stand_in.minutes(NOON - HOUR, 61)
    stand_in.check(NOON - HOUR + timedelta(seconds=30), value)
    outcome = site.refresh()
    assert (outcome.read, outcome.added, outcome.rejected) == (62, 61, 1)
    assert site.told(DINKES) == (3600, 0)


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-Inf", "fast", "1e300", "-3"])
def test_a_latency_that_is_no_latency_is_none_and_the_check_counts(stand_in: StandIn, site: Site, value: str) -> None:
    stand_in.minutes(NOON - HOUR, 61, duration=value, code="NaN")
    outcome = site.refresh()
    assert (outcome.added, outcome.rejected) == (61, 0)
    assert site.query("select latency_p50_ms from uptime.service_day") == [(None,)]


def test_a_check_from_the_future_is_set_aside(stand_in: StandIn, site: Site) -> None:
    """Our clock is behind: only a replayed reply can bring such a check, since nobody asks for what is to come."""
    stand_in.minutes(NOON - HOUR, 61)
    site.feed = replace(site.feed, url=None, path=site.root / "reply.json")
    values = [[(NOON - HOUR).timestamp(), "1"], [(NOON + HOUR).timestamp(), "1"], [NOON.timestamp(), "1"]]
    (site.root / "reply.json").write_text(reply([{"metric": {"__name__": "probe_success", "instance": DINKES}, "values": values}]))
    outcome = site.refresh()
    assert (outcome.status, outcome.read, outcome.added, outcome.rejected) == ("ok", 3, 2, 1)
    assert site.query("select rule_id from quality.failed_row where severity = 'critical'") == [("check.not_in_the_future",)]


# Failures.


def html(_: Request) -> Response:
    return Response("<!DOCTYPE html><title>URL YANG DIMINTA DI TOLAK</title>", content_type="text/html")


def test_nothing_where_there_was_something_is_a_failure(stand_in: StandIn, site: Site) -> None:
    stand_in.minutes(NOON - HOUR, 61)
    assert site.refresh().status == "ok"
    days = site.days()
    site.now += 3 * HOUR
    stand_in.samples.clear()
    outcome = site.refresh()
    assert outcome.status == "failed"
    assert outcome.messages == (
        "sources.toml:9: feed.url: no probe_success since 2026-09-10 14:57 UTC: nothing was scraped either: "
        "Prometheus stood still, has no such job, or scrapes it less often than `max_hold`",
    )
    assert site.days() == days


def test_nothing_from_the_start_is_a_failure(stand_in: StandIn, site: Site) -> None:
    site.feed = replace(site.feed, job="blackbocks")
    (message,) = site.refresh().messages
    assert 'no probe_success{job="blackbocks"} since' in message


def test_a_busy_monitor_is_asked_again_when_it_says(stand_in: StandIn, site: Site) -> None:
    stand_in.minutes(NOON - HOUR, 61)
    told: list[float] = []

    def busy_once(_: Request) -> Response:
        told.append(time.monotonic())
        stand_in.faults.clear()
        return Response("slow down", status=429, headers={"Retry-After": "1"})

    stand_in.faults[SAMPLES] = busy_once
    assert site.refresh().status == "ok"
    assert time.monotonic() - told[0] >= 1


def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "Limits", partial(http.Limits, read_s=1, whole_s=0.8, retries=1, backoff_s=0.01))


@pytest.mark.parametrize("query", ["sum by", SAMPLES, "sum by (job) (count_over_time(probe_success[150000ms]))"])
@pytest.mark.parametrize("status", [400, 401, 422, 503])
def test_a_monitor_that_refuses_fails_the_feed_and_what_was_known_stays(
    stand_in: StandIn, site: Site, monkeypatch: pytest.MonkeyPatch, query: str, status: int
) -> None:
    quick(monkeypatch)
    stand_in.minutes(NOON - HOUR, 61)
    site.refresh()
    days = site.days()
    site.now += HOUR
    body = {"status": "error", "errorType": "execution", "error": "query processing would load too many samples into memory"}
    stand_in.faults[query] = lambda _: Response(json.dumps(body), status=status, content_type="application/json")
    outcome = site.refresh()
    assert outcome.status == "failed"
    assert [f"answered {status} " in message for message in outcome.messages] == [True]
    assert site.days() == days
    stand_in.faults.clear()
    stand_in.minutes(NOON + MINUTE, 60)
    assert site.refresh().status == "ok", "the next run makes up for it"
    assert site.told(DINKES) == (7200, 0)


@pytest.mark.parametrize("body", [b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{", None], ids=["short", "slow"])
def test_half_a_reply_and_one_that_trickles_are_failures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: bytes | None) -> None:
    quick(monkeypatch)
    answer = (
        partial(drip, start=b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n", piece=lambda _: b"x")
        if body is None
        else lambda connection: connection.sendall(body)
    )
    with raw_server(answer) as url:
        site = Site(tmp_path, feed(url, since_s=86400))
        began = time.monotonic()
        outcome = site.refresh()
    assert outcome.status == "failed"
    assert len(outcome.messages) == 1
    assert site.archive.artifacts("checks") == []
    assert time.monotonic() - began < 20


def test_a_web_page_is_archived_and_named_and_nothing_later_is_asked_for_until_it_is_gone(stand_in: StandIn, site: Site) -> None:
    stand_in.minutes(NOON - 2 * DAY, 2 * 1440)

    def page_on_the_ninth(request: Request) -> Response:
        stand_in.faults[SAMPLES] = html  # the first day's reply is let through, the second's is not
        return plain(request)

    def plain(request: Request) -> Response:
        kept, stand_in.faults = stand_in.faults, {}
        try:
            return stand_in(request)
        finally:
            stand_in.faults = kept

    stand_in.faults[SAMPLES] = page_on_the_ninth
    for run in range(2):  # the same page again is the same file, and a failure all the same
        outcome = site.refresh()
        assert outcome.status == "failed", run
        assert "probe_success 2026-09-08T16:00Z: this is a web page, not a reply of Prometheus" in outcome.messages[0]
        assert site.query("select sum(rows)::integer from meta.lake_partition") == [(241,)]  # that of midnight stands in the replies of both days
        stand_in.faults[SAMPLES] = page_on_the_ninth
    stand_in.faults.clear()
    outcome = site.refresh()
    assert (outcome.status, outcome.messages) == ("ok", ())
    assert site.query("select sum(rows)::integer from meta.lake_partition") == [(2880,)]
    assert site.query("select status from quality.current_batch where status = 'rejected'") == []


def test_a_day_that_is_known_is_right_again_when_the_web_page_in_its_place_is_gone(stand_in: StandIn, site: Site) -> None:
    """The day before is asked for again after midnight, and is no longer once there are checks of this one for two hours."""
    site.now = NOON - 19 * HOUR
    stand_in.minutes(NOON - 2 * DAY, 29 * 60 + 1)
    assert site.refresh().status == "ok"
    stand_in.faults[SAMPLES] = html
    assert site.refresh().status == "failed"
    assert site.query("select source_name, status from quality.current_batch where status = 'rejected'") == [("probe_success 2026-09-08T16:00Z", "rejected")]
    stand_in.faults.clear()
    assert site.refresh().status == "unchanged"
    site.now = NOON
    stand_in.minutes(NOON - 19 * HOUR + MINUTE, 19 * 60)
    assert [site.refresh().status for _ in range(2)] == ["ok", "unchanged"]


def test_a_good_reply_that_was_on_its_way_behind_a_web_page_is_not_kept(stand_in: StandIn, site: Site) -> None:
    """Its checks would be the newest, and those that the page stands for never be asked for again."""
    stand_in.minutes(NOON - 2 * DAY, 2 * 1440)
    replies = iter([stand_in, html, stand_in])

    def in_turn(request: Request) -> Response:
        stand_in.faults, answer = {}, next(replies)
        try:
            return answer(request)
        finally:
            stand_in.faults = {SAMPLES: in_turn}

    stand_in.faults[SAMPLES] = in_turn
    outcome = site.refresh()
    assert (outcome.status, outcome.added, len(outcome.messages)) == ("failed", 241, 2)  # both the feed's and the rejected batch's
    assert site.extracts() == ["probe_success 2026-09-07T16:00Z", "probe_success 2026-09-08T16:00Z"]
    stand_in.faults.clear()
    assert site.refresh().added == 2880 - 241


@pytest.mark.parametrize("query", ["sum by", "max("])
def test_a_web_page_in_the_place_of_a_count_is_a_failure(stand_in: StandIn, site: Site, query: str) -> None:
    if query == "sum by":
        stand_in.minutes(NOON - HOUR, 61)
    stand_in.faults[query] = html
    outcome = site.refresh()
    assert outcome.status == "failed"
    assert "this is a web page" in outcome.messages[0]


def test_a_reply_with_fewer_checks_than_were_counted_is_not_taken_and_asked_for_again(stand_in: StandIn, site: Site) -> None:
    stand_in.minutes(NOON - HOUR, 61)

    def half(request: Request) -> Response:
        stand_in.faults.clear()
        whole = json.loads(stand_in(request).data)
        for one in whole["data"]["result"]:
            del one["values"][30:]
        return Response(json.dumps(whole))

    stand_in.faults[SAMPLES] = half
    outcome = site.refresh()
    assert (outcome.status, outcome.added) == ("failed", 0)
    assert "it holds 30 of the 61 checks that Prometheus had just counted; nothing later was taken" in outcome.messages[0]
    outcome = site.refresh()
    assert (outcome.status, outcome.messages) == ("ok", ())
    assert site.told(DINKES) == (3600, 0)


@pytest.mark.parametrize(
    "body",
    [
        reply([{"metric": {"job": "blackbox"}, "value": [0, "NaN"]}], "vector"),
        reply([{"metric": {"job": "blackbox"}, "value": [0, "+Inf"]}], "vector"),
        reply([{"metric": {"job": "\ud800"}, "value": [0, "61"]}], "vector"),
    ],
)
def test_a_count_that_is_none_fails_the_feed_alone(stand_in: StandIn, site: Site, body: str) -> None:
    stand_in.minutes(NOON - HOUR, 61)
    stand_in.faults["sum by"] = lambda _: Response(body)
    outcome = site.refresh()
    assert (outcome.status, outcome.added) == ("failed", 0)
    assert "nothing later was taken" in outcome.messages[0]
    stand_in.faults.clear()
    assert (site.refresh().status, site.told(DINKES)) == ("ok", (3600, 0))


@pytest.mark.parametrize("values", [[[1e300, "5"]], [[0, "NaN"]]])
def test_a_day_that_is_none_fails_the_feed_alone(stand_in: StandIn, site: Site, values: list[list[object]]) -> None:
    stand_in.minutes(NOON - 2 * DAY, 2881)
    assert site.refresh().status == "ok"
    stand_in.faults["(sum(count_over_time"] = lambda _: Response(reply([{"metric": {}, "values": values}]))
    outcome = site.refresh()
    assert outcome.status == "failed"
    assert "is no number; nothing later was taken" in outcome.messages[0]


def test_what_nobody_has_thought_of_fails_the_feed_alone(stand_in: StandIn, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in.minutes(NOON - HOUR, 61)
    monkeypatch.setattr(prometheus, "_warnings", lambda data: data[:0].index(b"x"))
    outcome = site.refresh()
    assert outcome.status == "failed"
    assert "what came could not be coped with (ValueError: subsection not found); please report it" in outcome.messages[0]


def test_what_the_monitor_warns_of_is_told(stand_in: StandIn, site: Site) -> None:
    stand_in.minutes(NOON - HOUR, 61)

    def with_warning(request: Request) -> Response:
        stand_in.faults.clear()
        return Response(json.dumps(json.loads(stand_in(request).data) | {"warnings": ["http://store/?token=SECRET did not answer"]}))

    stand_in.faults[SAMPLES] = with_warning
    outcome = site.refresh()
    assert (outcome.status, outcome.added) == ("failed", 61)
    assert "Prometheus warns: http://store/?token=*** did not answer" in outcome.messages[0]


def test_a_count_that_is_empty_once_hides_no_day(stand_in: StandIn, site: Site) -> None:
    """The first day with checks: those before the first that is known are not looked at again."""
    site.feed = replace(site.feed, since_s=86400)
    stand_in.minutes(NOON - DAY, 1441)

    def nothing_once(_: Request) -> Response:
        stand_in.faults.clear()
        return Response(reply([], "vector"))

    stand_in.faults["sum by (job) (count_over_time(probe_success[86400000ms]))"] = nothing_once
    assert site.refresh().status == "ok"
    assert site.told(DINKES) == (86400, 0)


def test_what_it_warns_of_while_it_counts_is_told_for_it_may_hide_a_day(stand_in: StandIn, site: Site) -> None:
    stand_in.minutes(NOON - HOUR, 61)
    site.refresh()
    warned = Response(reply([], "vector", warnings=["a store did not answer"]))
    stand_in.faults["sum by (job) (count_over_time(probe_success[72000000ms]))"] = lambda _: warned
    outcome = site.refresh()
    assert (outcome.status, outcome.added) == ("failed", 0)
    assert outcome.messages == ("sources.toml:9: feed.url: until 2026-09-10 12:00 UTC: Prometheus warns: a store did not answer",)
    stand_in.faults.clear()
    assert site.refresh().status == "unchanged"


ONE = {"metric": {"__name__": "probe_success", "instance": DINKES}, "values": [[NOON.timestamp(), "1"]]}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "this is no JSON"),
        (b"{", "this is no JSON"),
        (b"\xff\xfe\x00", "this is no JSON"),
        (b"[" * 100_000, "this is no JSON"),
        (b" \n<html>", "this is a web page"),
        (b"[]", "this is no reply of Prometheus"),
        (b"{}", "this is no reply of Prometheus"),
        (b'{"status": "error", "errorType": "bad_data", "error": "parse error"}', "Prometheus says error: bad_data: parse error"),
        (b'{"status": "success"}', "resultType is None"),
        (reply([], "vector").encode(), "resultType is 'vector'; accepted: 'matrix'"),
        (b'{"status": "success", "data": {"resultType": "matrix", "result": {}}}', "no list of series"),
        (reply([{"values": []}]).encode(), "no list of series"),
        (reply([ONE | {"metric": {"instance": 3}}]).encode(), "a label of a series is no text"),
        (reply([ONE | {"metric": {"instance": "\ud800"}}]).encode(), "a label of a series is no text"),
        (reply([ONE | {"metric": {"\ud800": "a"}}]).encode(), "a label of a series is no text"),
        (reply([]).encode(), "there is no sample of probe_success"),
        (reply([ONE | {"metric": {"__name__": "up"}}]).encode(), "there is no sample of probe_success"),
        (reply([ONE | {"values": [[1, 2, 3]]}]).encode(), "series 1: its values are not pairs"),
        (reply([ONE | {"values": [[1, 0]]}]).encode(), "series 1: its values are not pairs"),
        (reply([ONE | {"values": [["1", "0"]]}]).encode(), "series 1: its values are not pairs"),
        (reply([ONE | {"values": {}}]).encode(), "series 1: its values are not pairs"),
        (reply([ONE | {"values": [[[], "0"]]}]).encode(), "series 1: its values are not pairs"),
    ],
)
def test_what_is_no_reply_with_checks_is_refused_in_words(data: bytes, said: str) -> None:
    with pytest.raises(Unreadable, match=re.escape(said)):
        prometheus.parse(data, REPLY)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3), max_leaves=5
)
json_samples = st.lists(st.tuples(st.floats() | st.integers(), st.sampled_from(["0", "1", "NaN", "+Inf", "", "x"])), max_size=5, unique_by=lambda one: one[0])
json_series = st.fixed_dictionaries(
    {
        "metric": st.fixed_dictionaries(
            {"__name__": st.sampled_from(prometheus.METRICS)}, optional={"instance": st.text(max_size=9), "job": st.text(max_size=2)}
        ),
        "values": json_samples | json_values,
    }
)


@settings(max_examples=200, deadline=None)
@given(series=st.lists(json_series, max_size=4) | json_values)
def test_any_reply_is_read_whole_or_refused(series: object) -> None:
    data = json.dumps({"status": "success", "data": {"resultType": "matrix", "result": series}}).encode()
    try:
        table = prometheus.parse(data, REPLY)
    except Unreadable:
        return
    assert table.column("source_row").to_pylist() == list(range(1, table.num_rows + 1))
    with database.scratch() as connection:
        prometheus.stage(connection, table, feed(None), REPLY)
        assert connection.execute("select source_row from batch order by all").fetchall() == [(row + 1,) for row in range(table.num_rows)]


def said_of(data: bytes) -> pa.Table | str:
    try:
        return prometheus.parse(data, REPLY, vantage="job")
    except Unreadable as error:
        return str(error)


def written(series: object, *separators: str) -> bytes:
    return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": series}}, separators=separators or None).encode()


whole_times = st.integers(0, 10**13).map(lambda milliseconds: milliseconds / 1000)
few_times = st.integers(0, 3) | st.sampled_from([0.5, 1.0, 2.0005, -1, 1e300])
values_as_written = st.sampled_from(["0", "1", "200", "NaN", "+Inf", "-Inf", "0.619439101", "1e-07", "1e+22", ""])
samples_as_written = st.lists(st.tuples(few_times | whole_times, values_as_written | st.sampled_from(["],[", "]]", '"', "\n", "x,y"])), max_size=5)
labels_as_written = {"instance": st.sampled_from(["a", "b", "https://c", '"values":[[1,"0"]]', "é\\"]), "job": st.sampled_from(["x", "y"])}
series_as_written = st.fixed_dictionaries(
    {
        "metric": st.fixed_dictionaries({"__name__": st.sampled_from(prometheus.METRICS)} | labels_as_written),
        "values": samples_as_written.map(lambda samples: sorted(samples, key=lambda one: one[0])) | samples_as_written | json_values,
    }
)


@settings(max_examples=500, deadline=None)
@given(st.lists(series_as_written, max_size=6))
def test_a_reply_says_the_same_however_it_is_spaced(series: object) -> None:
    closely, widely = said_of(written(series, ",", ":")), said_of(written(series))
    assert closely == widely or (isinstance(closely, pa.Table) and isinstance(widely, pa.Table) and closely.equals(widely, check_metadata=True))


@pytest.mark.parametrize("place", range(0, 350, 7))
def test_a_reply_as_prometheus_writes_it_that_is_damaged_is_read_whole_or_refused_as_any_other(place: int) -> None:
    of_up = {"metric": {"__name__": "up", "instance": DINKES}, "values": [[1, "1"], [NOON.timestamp(), "0"]]}
    always = {"metric": {"__name__": "up", "instance": "b"}, "values": [[1, "1"], [NOON.timestamp(), "1"]]}
    data = written([ONE, of_up, always], ",", ":")
    assert place < len(data)
    for byte in b'0,[]"':
        damaged = data[:place] + bytes([byte]) + data[place + 1 :]
        closely, widely = said_of(damaged), said_of(damaged.replace(b'"values":', b'"values": '))
        assert type(closely) is type(widely)
        assert not isinstance(closely, pa.Table) or closely.equals(widely, check_metadata=True)


def test_of_a_reply_as_prometheus_writes_it_no_sample_becomes_an_object(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be a fifth of a second for a day of sixty services, in which nothing else can be done."""
    series = [{"metric": {"__name__": name, "instance": DINKES}, "values": [[NOON.timestamp() + at, "1"] for at in range(1000)]} for name in prometheus.METRICS]
    monkeypatch.setattr(prometheus, "_samples", lambda *_: pytest.fail("read one by one"))
    assert prometheus.parse(written(series, ",", ":"), REPLY).num_rows == 1000


def moments_staged(times: list[float]) -> list[str]:
    milliseconds = prometheus._milliseconds(np.asarray(times, np.float64))
    samples = pa.table({"source_row": pa.array(range(len(times)), pa.int64()), "second": pa.array(times, pa.float64()), "millisecond": milliseconds})
    for column in ("service", "url", "vantage", "success", "up", "duration", "code", "certificate"):
        samples = samples.append_column(column, pa.nulls(len(times), pa.string()))
    with database.scratch() as connection:
        prometheus.stage(connection, samples, feed(None), REPLY)
        return [row[0] for row in connection.execute("select checked_at_text from batch order by source_row").fetchall()]


@settings(deadline=None)
@given(st.lists(st.floats(-62_135_596_800, 253_402_300_800, exclude_max=True) | whole_times, max_size=20))
def test_times_are_those_of_pythons_calendar(times: list[float]) -> None:
    assert moments_staged(times) == [datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds") for at in times]


def test_a_time_that_no_calendar_knows_is_shown_as_it_is() -> None:
    odd = [1.5, float("nan"), 253_402_300_800.0, 1e300, -1e300]
    assert moments_staged(odd) == ["1970-01-01T00:00:01.500+00:00", "nan", "253402300800.0", "1e+300", "-1e+300"]


def test_a_time_too_long_for_any_number_is_shown_as_one_without_end() -> None:
    series = {"metric": {"__name__": "probe_success", "instance": DINKES}, "values": [[1.5, "1"], [10**400, "1"]]}
    times = prometheus.parse(written([series], ",", ":"), REPLY)["second"].to_pylist()
    assert moments_staged(times) == ["1970-01-01T00:00:01.500+00:00", "inf"]


@pytest.mark.parametrize("data", [b"{", reply([ONE]).encode()], ids=["refused", "read"])
def test_the_collector_is_at_work_again_once_a_reply_is_read(data: bytes) -> None:
    with suppress(Unreadable):
        prometheus.parse(data, REPLY)
    assert gc.isenabled()


# Credentials.

TOKEN, PASSWORD = "rahasia-token-7", "admin:rahasia-7 kata"


@pytest.mark.parametrize(
    ("scheme", "secret", "header"), [("bearer", TOKEN, f"Bearer {TOKEN}"), ("bearer", f"{TOKEN}\n", f"Bearer {TOKEN}"), ("basic", "a:b c", "Basic YTpiIGM=")]
)
def test_every_request_carries_the_credential(
    httpserver: HTTPServer, stand_in: StandIn, site: Site, monkeypatch: pytest.MonkeyPatch, scheme: str, secret: str, header: str
) -> None:
    netrc = site.root / "netrc"
    netrc.write_text("machine localhost login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("MONITOR_SECRET", secret)
    site.feed = replace(site.feed, credential=Credential(scheme, "MONITOR_SECRET"))
    stand_in.minutes(NOON - HOUR, 61)
    assert site.refresh().status == "ok"
    assert {request.headers.get("Authorization") for request, _ in httpserver.log} == {header}


def test_a_redirect_to_another_place_does_not_get_the_credential(httpserver: HTTPServer, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONITOR_SECRET", TOKEN)
    site.feed = replace(site.feed, credential=Credential("bearer", "MONITOR_SECRET"))
    with HTTPServer(host="127.0.0.1") as elsewhere:
        elsewhere.expect_request("/stolen").respond_with_handler(html)
        httpserver.expect_request("/prometheus/api/v1/query").respond_with_data(b"", status=302, headers={"Location": elsewhere.url_for("/stolen")})
        assert site.refresh().status == "failed"
        assert [request.headers.get("Authorization") for request, _ in elsewhere.log] == [None]


@pytest.mark.parametrize("secret", [None, "", "with a space", "line\nbreak", "pässwörd"])
def test_a_variable_without_a_token_fails_the_feed_and_is_not_shown(stand_in: StandIn, site: Site, monkeypatch: pytest.MonkeyPatch, secret: str | None) -> None:
    if secret is not None:
        monkeypatch.setenv("MONITOR_SECRET", secret)
    site.feed = replace(site.feed, credential=Credential("bearer", "MONITOR_SECRET"))
    outcome = site.refresh()
    assert outcome.status == "failed"
    assert re.search("environment variable MONITOR_SECRET (is not set|holds no bearer token)", outcome.messages[0])
    assert not secret or secret not in outcome.messages[0]
    assert stand_in.asked == []


SOURCES = """
[[government]]
code = "99"
name = "Contoh"
timezone = "Asia/Makassar"

[[feed]]
id = "checks"
kind = "prometheus"
government = "99"
url = "{url}"
allow_loopback = true
job = "blackbox"
basic_auth = "env:MONITOR_SECRET"
hosts = [".contoh.go.id"]
max_hold = "150s"
since = "1d"
objective = 0.99
"""


def test_the_command_refreshes_it_and_keeps_the_secret_to_itself(httpserver: HTTPServer, stand_in: StandIn, tmp_path: Path) -> None:
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    stand_in.minutes(now - 3 * HOUR, 183)
    home = tmp_path / "home"
    home.mkdir()
    (home / "sources.toml").write_text(SOURCES.format(url=httpserver.url_for("/prometheus")))
    done = kesiapan(home, "refresh", MONITOR_SECRET=PASSWORD)
    assert done.returncode == 0, done.stdout + done.stderr
    with published(home) as connection:
        ((checks, up_s, down_s),) = connection.execute(
            "select sum(checks)::integer, sum(up_s)::integer, sum(down_s)::integer from uptime.service_day"
        ).fetchall()
    assert (checks > 180, up_s > 10_000, down_s) == (True, True, 0)
    stand_in.faults["sum by"] = lambda _: Response("no", status=401)
    failed = kesiapan(home, "refresh", MONITOR_SECRET=PASSWORD)
    assert failed.returncode == 1
    assert "answered 401" in failed.stdout
    unset = kesiapan(home, "refresh")
    assert unset.returncode == 1
    assert "checks: failed: " in unset.stdout
    assert "environment variable MONITOR_SECRET is not set" in unset.stdout
    told = "".join(one.stdout + one.stderr for one in (done, failed, unset)).encode()
    everything = told + b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    for secret in (PASSWORD, "rahasia-7", "YWRtaW46cmFoYXNpYS03IGthdGE="):
        assert secret.encode() not in everything
