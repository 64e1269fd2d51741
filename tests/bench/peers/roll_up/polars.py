"""The reckoning in polars, lazily and by its streaming engine. What is read lies in the order of time for each service, as the lake's files do, so that
nothing is sorted; names of services and statuses are numbers (Categorical, Enum) from the start."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.bench.peers.roll_up.contest import DAY_S, LATENCIES, OUTAGE, SERVICE_DAY, Contestant, main

STATUSES = ["up", "down", "unknown", "maintenance"]


def reckon(files: list[str], max_hold: timedelta) -> tuple[Any, Any]:
    import polars as pl

    service, status, checked_at, until_at = map(pl.col, ("service", "status", "checked_at", "until_at"))
    checks = pl.scan_parquet(files, hive_partitioning=False).select(
        service.cast(pl.Categorical), checked_at, status.cast(pl.Enum(STATUSES)), "latency_ms", day=checked_at.dt.truncate("1d")
    )
    held = checks.with_columns(
        until_at=pl.min_horizontal(checked_at.shift(-1).over("service").fill_null(checked_at.max()), checked_at + max_hold),
        midnight_at=pl.col("day") + timedelta(days=1),
    )
    before_midnight = held.select("service", "status", "day", held=pl.min_horizontal("until_at", "midnight_at") - checked_at)
    after_midnight = held.filter(until_at > pl.col("midnight_at")).select("service", "status", day="midnight_at", held=until_at - pl.col("midnight_at"))
    seconds = (
        pl.concat([before_midnight, after_midnight])
        .group_by("service", "day")
        .agg(_seconds(pl.col("held").filter(status == "up")).alias("up_s"), _seconds(pl.col("held").filter(status == "down")).alias("down_s"))
    )
    latency = pl.col("latency_ms").filter(status == "up")
    checked = checks.group_by("service", "day").agg(
        checks=pl.len(),
        failed_checks=(status == "down").sum(),
        **{name: latency.quantile(share, "linear") for name, share in LATENCIES.items()},
    )
    outages = (
        held.filter(status.is_in(["up", "down"]))
        .with_columns(next_at=checked_at.shift(-1).over("service"), run=status.rle_id().over("service"))
        .filter(status == "down")
        .group_by("service", "run")
        .agg(started_at=checked_at.min(), ended_at=pl.col("next_at").last(), duration_s=_seconds(until_at - checked_at), failed_checks=pl.len())
        .select(OUTAGE)
    )
    seconds_frame, checked_frame, outage = pl.collect_all([seconds, checked, outages], engine="streaming")
    first = checked_frame.group_by("service").agg(pl.col("day").min())
    watched = first.select("service", pl.datetime_ranges("day", checked_frame["day"].max(), "1d", time_zone="UTC")).explode("day")
    service_day = (
        watched.join(seconds_frame, on=["service", "day"], how="left")
        .join(checked_frame, on=["service", "day"], how="left")
        .with_columns(pl.col("up_s", "down_s", "checks", "failed_checks").fill_null(0))
        .with_columns(pl.col("day").dt.date(), unknown_s=DAY_S - pl.col("up_s") - pl.col("down_s"))
        .select(SERVICE_DAY)
    )
    return service_day, outage


def _seconds(held: Any) -> Any:
    """Whole seconds of a column of durations, together."""
    return (held.sum().dt.total_microseconds() + 500_000) // 1_000_000


def write(frame: Any, path: Path) -> None:
    import polars as pl

    frame.with_columns(pl.col("service").cast(pl.String)).write_parquet(path)


if __name__ == "__main__":
    __import__("polars")  # not timed
    main(Contestant("polars", reckon, write))
