"""Prometheus with a blackbox exporter: what its API is asked for, and how a reply becomes checks. Raw samples at their true scrape times, never
resampled: an instant query with a range selector. Promotion is that of check logs."""

import gc
import json
import math
import re
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import combinations, compress, pairwise
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from assets import arrival, http
from assets.arrival import Arrive, Clock
from assets.uptime import check_log, lake_day
from expectations import check
from expectations.drift import source_columns, with_source_columns
from expectations.intake import Arrival, Parsed, Reader, Unreadable, understood
from warehouse.archive import Archive, Artifact
from warehouse.database import Warehouse
from warehouse.lake import Lake
from warehouse.registry import Feed
from warehouse.workers import ahead

SUCCESS, DURATION, HTTP_STATUS, CERTIFICATE, UP = METRICS = (
    "probe_success",
    "probe_duration_seconds",
    "probe_http_status_code",
    "probe_ssl_earliest_cert_expiry",
    "up",
)
AT_ONCE = 2  # requests for replies that are taken in together
PER_SECOND = 20.0  # it is the government's own monitor, and makes no more than some large replies a second: this bounds the small ones
MOST_CHECKS = 100_000  # in one reply: about 12 MB, and a hundredth of the samples that Prometheus allows a query by default
MOST_TOGETHER = 1_000_000  # in the replies that are taken in at once
SHORTEST = timedelta(minutes=2)  # no stretch is cut shorter
OVERLAP = timedelta(hours=2)  # so late an agent may usually deliver, or a block of samples be appended to
DAY = timedelta(days=1)
LATE = 7 * DAY  # days of so long ago are counted again, and asked for again if there are more checks than there were

# How Prometheus writes samples, between the first two and the last two brackets of a series: [[1795485009.123,"0"],[1795485069.123,"1"]]
_VALUES, _BETWEEN = re.compile(rb'"values":\[\['), b"],["
_SAMPLE = r'(?:0|[1-9][0-9]{0,10})(?:\.[0-9]{1,9})?,"[0-9A-Za-z.+-]*"'
_AS_WRITTEN = rf"^(?:\],\[{_SAMPLE})+$"
_AS_LINES = bytes.maketrans(b"][", b"\n ")  # of which each is nothing, a time, a value

_NEXT_TEXT = b"\x1e"  # RFC 7464: it stands in no JSON

Labels = tuple[tuple[str, str], ...]
Numbers = np.ndarray[Any, Any]


# What is asked for.


@dataclass(frozen=True)
class _Days:
    """Of 24 hours each, which begin so long before midnight UTC."""

    ahead: timedelta = timedelta(0)

    def first_of(self, at: datetime) -> datetime:
        """The moment at which the day of another moment begins."""
        return at - (at - datetime.fromtimestamp(0, UTC) + self.ahead) % DAY


def _days(feed: Feed) -> _Days:
    """The government's, as are the lake's: what is asked for at once is a file of it, which is written once. Where clocks are put forward and back, they are
    an hour off for half of the year, and a few files are written twice."""
    offset = datetime(2026, 1, 1, tzinfo=ZoneInfo(feed.government.timezone)).utcoffset()
    return _Days((offset or timedelta(0)) % DAY)


@dataclass(frozen=True)
class Monitor:
    """A Prometheus, asked for stretches of time. `get` sends a query, evaluated at a moment; `job` is the prober's, none: any. `days` are those that checks
    are counted by."""

    get: Callable[[str, datetime], bytes]
    job: str | None
    days: _Days = _Days()

    @property
    def selector(self) -> str:
        return "" if self.job is None else f"{{job={_quoted(self.job)}}}"

    def checks(self, start: datetime, end: datetime) -> dict[str, int]:
        """How many checks there are, by job."""
        counted = _result(self.get(f"sum by (job) (count_over_time({SUCCESS}{self.selector}{_back(start, end)}))", end), "vector")
        return {one["metric"].get("job", ""): _count(_value(one)) for one in counted}

    def checks_by_day(self, first: datetime, last: datetime) -> dict[datetime, int]:
        """How many checks there are of each day from one midnight to another, by the midnight it begins at; scrapes that did not reach the prober are among
        them (`_with_missed`). In one query: of a subquery by the day, Prometheus reckons a value at each midnight UTC, here of the day that was over then."""
        offset = self.days.ahead
        day = "[1d]" + f" offset {offset // timedelta(seconds=1)}s" * bool(offset)
        checks = f"count_over_time({SUCCESS}{self.selector}{day})"
        missed = f"count_over_time({UP}{self.selector}{day}) - sum_over_time({UP}{self.selector}{day})"
        of_day = f"(sum({checks}) + (sum({missed} and {checks}) or vector(0)))[{(last - first) // DAY}d:1d]"
        counted = [pair for one in _result(self.get(of_day, last + offset), "matrix") for pair in _samples(one, 1).items()]
        try:
            return {datetime.fromtimestamp(ended, UTC) - offset - DAY: _count(float(count)) for ended, count in counted}
        except (ValueError, OverflowError, OSError) as error:
            raise Unreadable("a day or a count of the reply is no number") from error

    def samples(self, jobs: list[str], start: datetime, end: datetime) -> bytes:
        """The reply with everything that a check is made of."""
        wanted = "|".join(re.escape(job) for job in jobs)
        return self.get(f'{{__name__=~"{"|".join(METRICS)}",job=~{_quoted(wanted)}}}{_back(start, end)}', end)

    def standstill(self, start: datetime, end: datetime) -> str | None:
        """Why there is no check between two moments; None if there are some. An empty result is no success: it may be a prober that died."""
        if self.checks(start, end):
            return None
        reached = _result(self.get(f"max(max_over_time({UP}{self.selector}{_back(start, end)}))", end), "vector")
        if not reached:
            why = "nothing was scraped either: Prometheus stood still, has no such job, or scrapes it less often than `max_hold`"
        elif _value(reached[0]) == 0:
            why = f"the prober could not be reached ({UP} is 0), so nobody knows whether the services were up"
        else:
            why = f"other scrapes succeeded ({UP} is 1): is the prober's job still configured?"
        return f"no {SUCCESS}{self.selector} since {start:%Y-%m-%d %H:%M} UTC: {why}"


@dataclass(frozen=True)
class _Part:
    """Of a stretch of time, what is asked for at once; and how many checks there are, by job."""

    start: datetime
    end: datetime
    jobs: dict[str, int]

    @property
    def checks(self) -> int:
        return sum(self.jobs.values())


@dataclass(frozen=True)
class _Known:
    """The newest check that is committed, and how many there were of each day when it was last asked for, by the midnight it begins at."""

    latest: datetime | None = None
    of_day: dict[datetime, int] = field(default_factory=dict)


def _known(warehouse: Warehouse, feed: Feed) -> _Known:
    if not warehouse.path.exists():
        return _Known()
    with warehouse.open_for_reading() as connection:
        latest = lake_day.latest(connection, feed.id)
        read = connection.execute("select source_name, read from quality.current_batch where feed_id = $1", [feed.id]).fetchall()
    days = _days(feed)
    of_day: dict[datetime, int] = defaultdict(int)
    for name, rows in read:
        if (found := re.fullmatch(rf"{SUCCESS} (\d{{4}}-\d\d-\d\dT\d\d:\d\d)Z", name)) is not None:
            of_day[days.first_of(datetime.fromisoformat(found[1]).replace(tzinfo=UTC))] += rows
    return _Known(None if latest is None else latest.astimezone(UTC), of_day)


def arrive_from(warehouse: Warehouse) -> Arrive:
    """Archive the replies for all time that is not committed yet, one per day of the government; where that would be too much for one, those for its halves
    or quarters together. The day of the newest committed check is asked for again, and so are days of the week before it that have more checks by now: what
    came late is merged. Nothing is archived beyond a reply that cannot be understood, so that no later check hides what is missing. While one day is taken
    in, the next is being parsed, and the reply after that is on its way."""

    def arrive(feed: Feed, archive: Archive, clock: Clock) -> Arrival:
        if feed.url is None:
            return arrival.arrive(feed, archive, clock)
        now = clock().replace(microsecond=0)
        arriving = Arrival()
        arriving.coming = ahead(_coming(feed, archive, clock, arriving, _known(warehouse, feed), now))
        return arriving

    return arrive


def _coming(feed: Feed, archive: Archive, clock: Clock, arriving: Arrival, known: _Known, now: datetime) -> Iterator[Parsed]:
    """The replies, parsed, as they come; `arriving` is told of them, and of what went wrong."""
    address = f"{feed.url}".rstrip("/") + "/api/v1/query"
    problems: list[str] = []
    warned: dict[str, None] = {}
    replies: list[bytes] = []  # of one stretch
    tables: list[pa.Table] = []

    def kept(name: str, unreadable: Unreadable | None = None) -> Parsed:
        artifact = archive.store(feed.id, name, _together(replies), clock())
        arriving.present.append(artifact)
        parsed = Parsed(artifact, unreadable or understood(partial(_one_after_another, tables)))
        replies.clear()
        tables.clear()
        return parsed

    def ask(query: str, at: datetime) -> bytes:
        data = http.get(session, address, {"query": query, "time": f"{at.timestamp():.3f}"})
        warned.update(dict.fromkeys(f"until {at:%Y-%m-%d %H:%M} UTC: Prometheus warns: {warning}" for warning in _warnings(data)))
        return data

    try:
        with http.session_of(feed, per_second=PER_SECOND) as session:
            monitor = Monitor(ask, feed.job, _days(feed))
            for name, part, is_last, data in ahead(_replies(monitor, known, feed, now)):
                table = understood(partial(_checks, data, feed.vantage))
                if isinstance(table, Unreadable):
                    replies.append(data)
                    yield kept(name, table)
                    raise Unreadable(f"{name}: {table}")
                _refuse_cut_short(table, part, name)
                replies.append(data)
                tables.append(table)
                if is_last:
                    yield kept(name)
            problems += filter(None, [monitor.standstill(now - timedelta(seconds=max(feed.max_hold_s, 1)), now)])
    except (http.SourceUnreachable, http.BadCredential) as error:
        problems.append(str(error))
    except Unreadable as error:
        problems.append(f"{http.redacted(address)}: {error}; nothing later was taken")
    except Exception as error:  # of one feed: it must not keep the others from being reckoned
        problems.append(f"{http.redacted(address)}: what came could not be coped with ({http.redacted(f'{type(error).__name__}: {error}')}); please report it")
    arriving.problems += [f"{feed.declared}: {problem}" for problem in [*sorted(warned), *problems]]
    if replies:  # what came before the source failed
        yield kept(name)


def _replies(monitor: Monitor, known: _Known, feed: Feed, until: datetime) -> Iterator[tuple[str, _Part, bool, bytes]]:
    """Each with the name of the stretch it is of, what was asked for, and whether it is the stretch's last. Of a stretch of several, which are only taken in
    when all have come, the next is asked for before the one before it has come."""
    with ThreadPoolExecutor(AT_ONCE) as asking:
        coming: deque[tuple[str, _Part, bool, Future[bytes]]] = deque()
        for start, parts in _stretches(monitor, known, feed, until):
            at_once = min(AT_ONCE, len(parts))
            for part in parts:
                reply = asking.submit(monitor.samples, [*part.jobs], part.start, part.end)
                coming.append((f"{SUCCESS} {start:%Y-%m-%dT%H:%M}Z", part, part is parts[-1], reply))
                while len(coming) >= at_once:
                    yield _come(*coming.popleft())
        yield from (_come(*one) for one in coming)


def _come(name: str, part: _Part, is_last: bool, reply: "Future[bytes]") -> tuple[str, _Part, bool, bytes]:
    return name, part, is_last, reply.result()


def _refuse_cut_short(table: pa.Table, part: _Part, name: str) -> None:
    """What is not taken is asked for again, so nothing after it may be. Whether a check at the very start of a stretch is of it, not all that speak Prometheus'
    language see alike: one of each service may be missing."""
    held = table.num_rows - table["success"].null_count
    if held + pc.count_distinct(table["service"].cast(pa.string())).as_py() < part.checks:
        raise Unreadable(f"{name}: it holds {held} of the {part.checks} checks that Prometheus had just counted")


def _warnings(data: bytes) -> list[str]:
    """Reading a reply again costs 0.1 s, so only where it speaks of any, before or after its samples. One that cannot be read is judged where it is read."""
    if b'"warnings"' not in data[:1024] + data[-65536:]:
        return []
    with suppress(Unreadable):
        warnings = _reply(data).get("warnings")
        return [http.redacted(str(warning)) for warning in warnings] if isinstance(warnings, list) else []
    return []


def _stretches(monitor: Monitor, known: _Known, feed: Feed, until: datetime) -> Iterator[tuple[datetime, list[_Part]]]:
    """What is taken in together: where it starts, and its parts with checks in them, in the order of time. Days are halved, not cut at `until`: a stretch
    keeps its start."""
    first = until - timedelta(seconds=feed.since_s) if known.latest is None else known.latest - OVERLAP
    first = monitor.days.first_of(first)
    earliest = min(known.of_day, default=first)
    if earliest < first:
        for day, checks in monitor.checks_by_day(max(earliest, first - LATE), first).items():
            if earliest <= day and checks > known.of_day.get(day, 0):
                yield from _halved(monitor, day, day + DAY, until)
    while first < until:
        yield from _halved(monitor, first, first + DAY, until)
        first += DAY


def _halved(monitor: Monitor, start: datetime, end: datetime, until: datetime) -> list[tuple[datetime, list[_Part]]]:
    """Those of the halves are one where they are not too much together."""
    if start >= until:
        return []
    found = monitor.checks(start, min(end, until)) or monitor.checks(start, min(end, until))  # a day that is passed over may never be asked for again
    checks = sum(found.values())
    if checks <= MOST_CHECKS or end - start < SHORTEST:
        return [(start, [_Part(start, min(end, until), dict(sorted(found.items())))])] if found else []
    middle = start + (end - start) / 2
    halves = _halved(monitor, start, middle, until) + _halved(monitor, middle, end, until)
    return [(start, [part for _, parts in halves for part in parts])] if halves and checks <= MOST_TOGETHER else halves


def _back(start: datetime, end: datetime) -> str:
    return f"[{round((end - start) / timedelta(milliseconds=1))}ms]"


def _quoted(text: str) -> str:
    """A string of PromQL, which escapes as JSON does."""
    return json.dumps(text, ensure_ascii=False)


# How a reply is read.


@contextmanager
def _uncollected() -> Iterator[None]:
    """While a reply's samples become objects, Python looks through all that there are for circles, again and again, and there are none: beside Dagster and
    Great Expectations that takes 0.6 of the 0.8 s of a reply of 8 MB."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def parse(data: bytes, artifact: Artifact, vantage: str | None = None) -> pa.Table:
    """Of one reply, or of several that were taken in together: one row per sample of `probe_success` and scrape that did not reach the prober, which
    `source_row` counts: its target (service, url, vantage), `second` since 1970, and the values that the metrics have then, as Prometheus writes them.
    `vantage` is the label that says from where it was checked."""
    replies = data.split(_NEXT_TEXT)[1:] if data.startswith(_NEXT_TEXT) else [data]
    return _one_after_another([_checks(reply, vantage) for reply in replies])


def _together(replies: Sequence[bytes]) -> list[bytes]:
    """Several as a sequence of JSON texts, whose parts are not put together: a day of 500 services is 90 MB."""
    return [*replies] if len(replies) == 1 else [part for reply in replies for part in (_NEXT_TEXT, reply, b"\n")]


def _one_after_another(tables: Sequence[pa.Table]) -> pa.Table:
    """The checks of replies that follow each other in time. A moment between two may be of both: a check that the one ends with is passed over in the other."""
    if len(tables) == 1:
        return tables[0]
    checks = pa.concat_tables([tables[0], *map(_without_those_of, tables[1:], tables)])
    checks = checks.set_column(checks.column_names.index("source_row"), "source_row", pa.array(np.arange(1, checks.num_rows + 1)))
    return with_source_columns(checks, sorted({name for table in tables for name in source_columns(table)}))


def _without_those_of(table: pa.Table, before: pa.Table) -> pa.Table:
    last = pc.max(before["second"])
    if pc.greater(pc.min(table["second"]), last).as_py():
        return table

    def of_it(some: pa.Table) -> list[tuple[object, ...]]:
        return [tuple(row.values()) for row in some.filter(pc.equal(some["second"], last)).drop_columns("source_row").to_pylist()]

    known = set(of_it(before))
    is_known = np.zeros(table.num_rows, np.bool_)
    is_known[np.flatnonzero(np.asarray(table["second"]) == last.as_py())] = [one in known for one in of_it(table)]
    return table.filter(pa.array(~is_known))


def _checks(data: bytes, vantage: str | None) -> pa.Table:
    """Those of one reply."""
    series, counts, samples = _series(data)
    place_of: dict[Labels, int] = {}
    metrics = [one.pop("__name__", "") for one in series]
    targets = np.fromiter((place_of.setdefault(tuple(sorted(one.items())), len(place_of)) for one in series), np.int64)
    ends = np.cumsum(counts)

    def of_metric(name: str) -> pa.Table:
        mine = np.flatnonzero([metric == name for metric in metrics])
        mine = mine[np.argsort(targets[mine], kind="stable")]
        before = np.repeat(ends[mine] - np.cumsum(counts[mine]), counts[mine])  # how many samples of others stand before each
        return samples.take(before + np.arange(len(before))).append_column("target", pa.array(np.repeat(targets[mine], counts[mine])))

    successes, ups = of_metric(SUCCESS), of_metric(UP)
    ups = ups.filter(pc.not_equal(ups["value"], "1"))  # of a scrape that reached the prober there is what it found
    if not successes.num_rows:
        raise Unreadable(f"there is no sample of {SUCCESS} in it; accepted: the metrics of a blackbox exporter ({', '.join(METRICS)})")
    labels = [dict(one) for one in place_of]
    _refuse_doubled(labels, successes, vantage)
    checks = _with_missed(successes, ups)
    has_code = {target for target, name in zip(targets, metrics, strict=True) if name == HTTP_STATUS}
    urls = [_url(one.get("instance"), "http" if target in has_code else "probe") for target, one in enumerate(labels)]

    target = checks["target"].combine_chunks().cast(pa.int32())

    def of_target(values: Iterable[str | None]) -> pa.Array:
        return pa.DictionaryArray.from_arrays(target, pa.array(values, pa.string()))

    columns = {
        "source_row": pa.array(np.arange(1, checks.num_rows + 1)),
        "service": of_target(one.get("instance") for one in labels),
        "url": of_target(urls),
        "vantage": of_target(None if vantage is None else one.get(vantage) for one in labels),
        "second": checks["at"],
        "millisecond": _milliseconds(np.asarray(checks["at"])),
        "success": checks["value"],
        "up": _beside(checks, ups),
        "duration": _beside(checks, of_metric(DURATION)),
        "code": _beside(checks, of_metric(HTTP_STATUS)),
        "certificate": _beside(checks, of_metric(CERTIFICATE)),
    }
    names = {*metrics, *(name for one in labels for name in one)}
    return with_source_columns(pa.table(columns), sorted(names))


def _series(data: bytes) -> tuple[list[dict[str, str]], Numbers, pa.Table]:
    """The labels of each series of a reply, how many samples it has, and those of all, one series after the other: `at` in seconds, `value`."""
    with suppress(ValueError):
        return _series_as_written(data)
    read = {tuple(sorted(one["metric"].items())): _samples(one, place) for place, one in enumerate(_result(data, "matrix"), start=1)}
    times = pa.array([_seconds(at) for samples in read.values() for at in samples], pa.float64())
    values = pa.array([value for samples in read.values() for value in samples.values()], pa.string())
    return [dict(labels) for labels in read], np.fromiter(map(len, read.values()), np.int64), pa.table({"at": times, "value": values})


def _series_as_written(data: bytes) -> tuple[list[dict[str, str]], Numbers, pa.Table]:
    """Of a reply as Prometheus writes it, the samples are cut out of the text and read as a CSV file: no Python object for each, and other threads are not
    held up. Those that say that the prober was reached each time are passed over. ValueError where anything is unusual."""
    inside, around = _cut_out(data)
    series = _result(around, "matrix")
    if [one.get("values") for one in series] != [*range(len(inside))] or len({tuple(sorted(one["metric"].items())) for one in series}) < len(series):
        raise ValueError("not as Prometheus writes series")
    is_read = np.array([one["metric"].get("__name__") != UP or not _are_all_1(bytes(samples)) for one, samples in zip(series, inside, strict=True)], np.bool_)
    read, passed_over = list(compress(inside, is_read)), compress(inside, ~is_read)
    samples = _BETWEEN.join([b"", *read, *passed_over])
    if not pc.match_substring_regex(pa.array([samples], pa.binary()), _AS_WRITTEN)[0].as_py():
        raise ValueError("not as Prometheus writes samples")
    size = sum(len(_BETWEEN) + len(of_series) for of_series in read)
    sampled = pa_csv.read_csv(
        pa.py_buffer(samples.translate(_AS_LINES)).slice(0, size),
        read_options=pa_csv.ReadOptions(column_names=["", "at", "value"], use_threads=False, block_size=size),
        convert_options=pa_csv.ConvertOptions(
            column_types={"at": pa.float64(), "value": pa.string()}, include_columns=["at", "value"], strings_can_be_null=False
        ),
    )
    counts = np.zeros(len(series), np.int64)
    counts[is_read] = [1 + np.count_nonzero(np.frombuffer(of_series, np.uint8) == ord("]")) for of_series in read]
    goes_back = np.flatnonzero(np.diff(sampled["at"]) <= 0) + 1
    if len(np.setdiff1d(goes_back, np.cumsum(counts))):  # where the next series begins, it may
        raise ValueError("not in the order of time")
    return [one["metric"] for one in series], counts, sampled


def _cut_out(data: bytes) -> tuple[list[memoryview], bytes]:
    """The samples of each series, and the text around them, where each series has its number in their place."""
    inside: list[memoryview] = []
    around: list[bytes] = []
    done = 0
    for number, (begin, following) in enumerate(pairwise([*(found.end() for found in _VALUES.finditer(data)), len(data)])):
        end = data.rindex(b"]]", begin, following)
        around += [data[done : begin - 2], b"%d" % number]
        inside.append(memoryview(data)[begin:end])
        done = end + 2
    return inside, b"".join([*around, data[done:]])


def _are_all_1(samples: bytes) -> bool:
    return samples.endswith(b',"1"') and samples.count(b',"1"],[') == samples.count(b"]")


def _seconds(at: float) -> float:
    try:
        return float(at)
    except OverflowError:  # a whole number that is too long
        return math.inf


def _milliseconds(seconds: Numbers) -> pa.Array:
    """To the millisecond below, as Python's datetime reads and writes it, which knows the years from 1 to 9999; null where a time is of none of them."""
    is_known = (seconds >= -62135596800) & (seconds < 253402300800)
    whole = np.floor(np.where(is_known, seconds, 0))
    microseconds = np.rint((np.where(is_known, seconds, 0) - whole) * 1e6).astype(np.int64)
    return pa.array(whole.astype(np.int64) * 1000 + microseconds // 1000, mask=~is_known)


def _with_missed(successes: pa.Table, ups: pa.Table) -> pa.Table:
    """The checks of a reply. Of a scrape that did not reach the prober there is `up` alone, which is 0: from then on nobody knows. So it is a check too,
    without a value, of the targets that have others."""
    missed = ups.filter(pc.equal(ups["value"], "0"))
    missed = missed.filter(pc.is_in(missed["target"], value_set=pc.unique(successes["target"])))
    missed = missed.filter(pc.is_null(_beside(missed, successes)))
    if not missed.num_rows:
        return successes
    unsaid = missed.set_column(missed.column_names.index("value"), "value", pa.nulls(missed.num_rows, pa.string()))
    return pa.concat_tables([successes, unsaid]).sort_by([("target", "ascending"), ("at", "ascending")])


def _beside(checks: pa.Table, others: pa.Table) -> pa.ChunkedArray:
    """The values of another metric of the same targets at the moments of the checks; null where there is none."""
    if not others.num_rows:
        return pa.chunked_array([pa.nulls(checks.num_rows, pa.string())])
    if others["target"].equals(checks["target"]) and others["at"].equals(checks["at"]):
        return others["value"]
    moments = pc.unique(checks["at"])

    def key(table: pa.Table) -> pa.ChunkedArray:
        return pc.add(pc.multiply(table["target"], len(moments)), pc.index_in(table["at"], value_set=moments).cast(pa.int64()))

    return others["value"].take(pc.index_in(key(checks), value_set=key(others)))


def _url(instance: str | None, scheme: str) -> str | None:
    return instance if instance is None or "://" in instance else f"{scheme}://{instance}"


def _refuse_doubled(labels: list[dict[str, str]], checks: pa.Table, vantage: str | None) -> None:
    """Two series may follow each other, as when labels were changed, and changed back. Side by side from one vantage, nobody can say which of them is the
    service."""
    probes = defaultdict(list)
    for target in pc.unique(checks["target"]).to_pylist():
        probes[tuple(labels[target].get(name, "") for name in ("instance", vantage or ""))].append(target)
    for (service, _), targets in probes.items():
        times = {target: np.sort(checks.filter(pc.equal(checks["target"], target))["at"]) for target in targets} if service and len(targets) > 1 else {}
        for one, other in combinations(times, 2):
            if _are_side_by_side(times[one], times[other]):
                mine, theirs = set(labels[one].items()), set(labels[other].items())
                apart = " and ".join(", ".join(f"{name}={value!r}" for name, value in sorted(here)) or "none of it" for here in (mine - theirs, theirs - mine))
                accepted = "one probe of each target, chosen by job in the settings, or for each value of the label that vantage names there"
                raise Unreadable(f"{service} is probed twice at the same time ({apart}); accepted: {accepted}")


def _are_side_by_side(one: Numbers, other: Numbers) -> bool:
    """Whether half of the fewer checks or more stand between two of the other series that are no further apart than usual. Both are moments, ascending."""
    few, many = sorted((one, other), key=len)
    if len(many) == 1:
        return bool(few[0] == many[0])
    steps = np.diff(many)
    after = np.searchsorted(many, few).clip(1, len(steps))
    is_within = (many[after - 1] <= few) & (few <= many[after]) & (steps[after - 1] < 2 * np.median(steps))
    return bool(2 * is_within.sum() >= len(few))


@_uncollected()
def _reply(data: bytes) -> dict[str, Any]:
    if data.lstrip()[:1] == b"<":
        raise Unreadable("this is a web page, not a reply of Prometheus; is there a login or a block in front of it?")
    try:
        reply = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"this is no JSON ({str(error)[:100]}); accepted: a reply of Prometheus' /api/v1/query") from error
    if not isinstance(reply, dict) or "status" not in reply:
        raise Unreadable("this is no reply of Prometheus: it has no status")
    if reply["status"] != "success":
        raise Unreadable(f"Prometheus says {reply['status']}: {reply.get('errorType')}: {http.redacted(str(reply.get('error')))[:300]}")
    return reply


def _result(data: bytes, kind: str) -> list[dict[str, Any]]:
    """The series of a reply, each with the labels in `metric`."""
    body = _reply(data).get("data")
    found = body.get("resultType") if isinstance(body, dict) else None
    if not isinstance(body, dict) or found != kind:
        raise Unreadable(f"the reply's resultType is {found!r}; accepted: {kind!r}" + (" (a range selector, such as probe_success[1d])" * (kind == "matrix")))
    series = body.get("result")
    if not isinstance(series, list) or not all(isinstance(one, dict) and isinstance(one.get("metric"), dict) for one in series):
        raise Unreadable("the reply's result is no list of series with their labels (metric)")
    if not all(_is_text(word) for one in series for label in one["metric"].items() for word in label):
        raise Unreadable("a label of a series is no text")
    return series


def _is_text(value: object) -> bool:
    """Half a surrogate pair, which JSON can write, is none."""
    try:
        return isinstance(value, str) and value.encode() is not None
    except UnicodeEncodeError:
        return False


def _samples(series: dict[str, Any], place: int) -> dict[float, str]:
    """Value by time, in seconds."""
    values = series.get("values")
    try:
        samples: dict[float, str] | None = dict(values) if isinstance(values, list) else None
    except (TypeError, ValueError):
        samples = None
    if samples is None or not {*map(type, samples)} <= {int, float} or not {*map(type, samples.values())} <= {str}:
        raise Unreadable(f"series {place}: its values are not pairs of a time and a number written as text")
    return samples


def _count(value: float) -> int:
    try:
        return int(value)
    except (ValueError, OverflowError) as error:
        raise Unreadable(f"a count of the reply is {value}") from error


def _value(series: dict[str, Any]) -> float:
    try:
        return float(series["value"][1])
    except (LookupError, TypeError, ValueError) as error:
        raise Unreadable("a value of the reply is no number") from error


stage = partial(check_log.stage, name="stage_sample.sql")


def reader(feed: Feed, lake: Lake) -> Reader:
    """Another `vantage` is another reading of the same replies."""
    version = "prometheus 4" if feed.vantage is None else f"prometheus 4, vantage {feed.vantage}"
    return Reader(version, check.suite_of(feed), partial(parse, vantage=feed.vantage), stage, partial(lake_day.promote, lake=lake))
