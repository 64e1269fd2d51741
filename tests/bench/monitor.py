"""A monitor's history through the product's own connector, beside a mere download of the same replies: a real Prometheus on this machine, whose history is
generated (government 99 does not exist). `python -m tests.bench.monitor` prints a JSON line for each history and then a table; it measures and never fails.

The product's way ends where the checks are in the lake: archived, parsed, staged, judged, promoted. The download asks for the same addresses, one after the
other with the same session settings, and throws the bodies away. It does not keep the connector's pace: what must be waited for would hide work."""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock
from zoneinfo import ZoneInfo

from assets import http
from assets.uptime import prometheus
from expectations.intake import FeedOutcome, take_in
from tests import monitor
from tests.bench import measure
from warehouse import reference
from warehouse.archive import Archive
from warehouse.database import Warehouse
from warehouse.lake import Lake
from warehouse.registry import Feed, FeedKind, Government

GOVERNMENT = Government("99", "Pemerintah contoh (data buatan)", "Asia/Makassar")
MINUTES_A_DAY = 1440
# Services and days: a short history, where what is done after the last reply has come weighs most; a longer one; one of which a day is of many replies.
CASES = ((60, 3), (60, 10), (500, 3))
START = datetime(2026, 9, 1, tzinfo=ZoneInfo(GOVERNMENT.timezone)).astimezone(UTC)
UNPACED = 10_000.0  # requests a second
RUNS = 5
RATIO_BOUND = 1.5


def history(services: int, days: int) -> dict[str, Iterator[tuple[str, datetime, str]]]:
    """A check a minute of each service, at a millisecond of its own; 98 in 100 succeed."""
    certificate = f"{(START + timedelta(days=60)).timestamp():.0f}"

    def samples(place: int) -> Iterator[tuple[str, datetime, str]]:
        drawn = Random(99)
        for service in range(services):
            instance, offset = f"https://generated-{service:03}.go.id/", timedelta(milliseconds=drawn.randrange(60_000))
            for minute in range(days * MINUTES_A_DAY):
                at, is_up = START + offset + timedelta(minutes=minute), drawn.random() < 0.98
                values = (str(int(is_up)), f"{0.02 + drawn.random():.9f}", "200" if is_up else "503", certificate, "1")
                yield instance, at, values[place]

    return {name: samples(place) for place, name in enumerate(prometheus.METRICS)}


class Product:
    """An installation of its own, in a new folder."""

    def __init__(self, root: Path, address: str, days: int) -> None:
        self.end = START + timedelta(days=days)
        self.feed = Feed(
            "generated",
            FeedKind.PROMETHEUS,
            GOVERNMENT,
            url=address,
            allow_loopback=True,
            job="blackbox",
            hosts=(".go.id",),
            max_hold_s=150,
            since_s=days * 86_400,
            objective=0.99,
        )
        self.archive, self.lake, self.warehouse = Archive(root / "archive"), Lake(root / "lake"), Warehouse(root / "warehouse.duckdb")
        with self.warehouse.open_for_writing() as connection:
            reference.load(connection, (GOVERNMENT,))

    def ingest(self) -> FeedOutcome:
        """As the feed's asset does."""
        arriving = prometheus.arrive_from(self.warehouse)(self.feed, self.archive, lambda: self.end)
        reader = prometheus.reader(self.feed, self.lake)
        return take_in(self.warehouse, self.archive, self.feed, reader, arriving, "bench", lambda: self.end, lambda message: None)


@contextmanager
def installation(folder: Path, address: str, days: int) -> Iterator[Product]:
    root = Path(tempfile.mkdtemp(dir=folder))
    try:
        yield Product(root, address, days)
    finally:
        shutil.rmtree(root)


def asked_for(product: Product) -> list[tuple[str, dict[str, str] | None]]:
    """What the connector asks for, in its order; and everything is warm."""
    asked = []

    def noted(session: Any, url: str, params: dict[str, str] | None = None) -> bytes:
        asked.append((url, params))
        return get(session, url, params)

    get = http.get
    with mock.patch.object(http, "get", noted):
        product.ingest()
    return asked


def download(asked: list[tuple[str, dict[str, str] | None]]) -> int:
    """Bytes that were read."""
    limits = http.Limits()
    with http.session(allow_loopback=True, per_second=UNPACED) as session:
        return sum(len(session.get(url, params=params, timeout=(limits.connect_s, limits.read_s)).content) for url, params in asked)


def run(address: str, folder: Path, services: int, days: int) -> dict[str, Any]:
    checks = services * days * MINUTES_A_DAY
    with installation(folder, address, days) as product:
        asked = asked_for(product)
    taken: list[float] = []
    merely: list[float] = []
    outcomes: list[FeedOutcome] = []
    sizes: list[int] = []
    for _ in range(RUNS):
        with installation(folder, address, days) as product:
            taken.append(measure.seconds(lambda: outcomes.append(product.ingest())))
        merely.append(measure.seconds(lambda: sizes.append(download(asked))))
    return {
        "bench": "monitor",
        "case": f"{services} services, {days} days, {checks * len(prometheus.METRICS):,} samples",
        **measure.summary(taken, merely),
        "requests": len(asked),
        "mib": round(sizes[0] / 2**20, 1),
        "peak_mib": round(measure.peak_mib()),
        "right": all((one.status, one.added, one.rejected) == ("ok", checks, 0) for one in outcomes),
    }


def table(lines: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    shown = Table(title="From a monitor into the lake; generated history")
    for heading in ("case", "s", "download s", "x (best runs)", "peak MiB", "rows", "bounds"):
        shown.add_column(heading, justify="left" if heading in ("case", "bounds") else "right")
    for line in lines:
        shown.add_row(
            line["case"],
            f"{line['median_s']:.2f}",
            f"{line['hand_written_s']:.2f}",
            f"{line['ratio']:.2f} ({line['ratio_of_best']:.2f})",
            str(line["peak_mib"]),
            "right" if line["right"] else "WRONG",
            f"x {line['ratio']:.2f} <= {RATIO_BOUND}: {'ok' if line['ratio'] <= RATIO_BOUND else 'OVER'}",
        )
    Console(width=None if sys.stdout.isatty() else 160).print(shown)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--services", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--days", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.address is not None:
        measure.emit(run(arguments.address, arguments.folder, arguments.services, arguments.days))
        return 0
    missing = [name for name in ("prometheus", "promtool") if shutil.which(name) is None]
    if missing:
        measure.emit({"bench": "monitor", "error": f"needs {', '.join(missing)} on the path"})
        return 0
    lines = []
    for services, days in CASES:
        with tempfile.TemporaryDirectory() as folder:
            monitor.backfill(Path(folder), history(services, days))
            with monitor.prometheus(Path(folder)) as address:
                given = ("--address", address, "--folder", folder, "--services", str(services), "--days", str(days))
                lines.append(measure.in_own_process("monitor", f"{services} services, {days} days", *given))
    table([line for line in lines if line is not None])
    return 0


if __name__ == "__main__":
    sys.exit(main())
