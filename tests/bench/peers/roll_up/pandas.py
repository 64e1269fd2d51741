"""The reckoning in pandas: names of services and statuses are categories, times are compared with the row below, once all is in order."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.bench.peers.roll_up.contest import DAY_S, LATENCIES, OUTAGE, SERVICE_DAY, Contestant, main

COLUMNS = ["service", "checked_at", "status", "latency_ms"]
KEY = ["service", "day"]


def reckon(files: list[str], max_hold: timedelta) -> tuple[Any, Any]:
    import pandas as pd

    checks = pd.read_parquet(files, columns=COLUMNS, partitioning=None, read_dictionary=["service", "status"])
    checks = checks.sort_values(["service", "checked_at"], ignore_index=True)
    latest_at = checks["checked_at"].max()
    day = checks["checked_at"].dt.floor("D")
    midnight_at = day + pd.Timedelta(days=1)
    until_at = _next(checks, latest_at).clip(upper=checks["checked_at"] + max_hold)
    checks = checks.assign(day=day, until_at=until_at, held=until_at.clip(upper=midnight_at) - checks["checked_at"], failed=checks["status"] == "down")

    over = until_at > midnight_at
    after_midnight = checks.loc[over, ["service", "status"]].assign(day=midnight_at[over], held=until_at[over] - midnight_at[over])
    pieces = pd.concat([checks[["service", "status", "day", "held"]], after_midnight], ignore_index=True)
    held = pieces.groupby([*KEY, "status"], observed=True)["held"].sum().unstack("status")
    by_day = checks.groupby(KEY, observed=True)
    up = checks.loc[checks["status"] == "up"]
    latency = up.groupby(KEY, observed=True)["latency_ms"].quantile(list(LATENCIES.values())).unstack().set_axis(list(LATENCIES), axis="columns")
    counted = pd.DataFrame({"checks": by_day.size(), "failed_checks": by_day["failed"].sum()})
    seconds = pd.DataFrame({"up_s": _seconds(held["up"]), "down_s": _seconds(held["down"])})
    first = checks.groupby("service", observed=True)["day"].min()
    watched = pd.DataFrame({"day": [pd.date_range(day, latest_at.floor("D")) for day in first]}, index=first.index).explode("day").reset_index()
    watched["day"] = watched["day"].astype(checks["day"].dtype)
    service_day = watched.join(seconds, on=KEY).join(counted, on=KEY).join(latency, on=KEY)
    whole = ["up_s", "down_s", "checks", "failed_checks"]
    service_day[whole] = service_day[whole].fillna(0).astype("int64")
    service_day["unknown_s"] = DAY_S - service_day["up_s"] - service_day["down_s"]

    told = checks.loc[checks["status"].isin(["up", "down"]), ["service", "status", "checked_at", "until_at"]]
    turned = (told["service"] != told["service"].shift()) | (told["status"] != told["status"].shift())
    down = told.assign(next_at=_next(told, None), run=turned.cumsum(), held=told["until_at"] - told["checked_at"]).loc[told["status"] == "down"]
    outage = down.groupby("run").agg(
        service=("service", "first"),
        started_at=("checked_at", "first"),
        duration_s=("held", "sum"),
        failed_checks=("held", "size"),
    )
    outage["ended_at"] = down.drop_duplicates("run", keep="last").set_index("run")["next_at"]  # the aggregate `last` passes over an outage that is open
    outage["duration_s"] = _seconds(outage["duration_s"])
    return service_day.loc[:, list(SERVICE_DAY)], outage.loc[:, list(OUTAGE)]


def _next(checks: Any, otherwise: Any) -> Any:
    """When the service's next check is."""
    return checks["checked_at"].shift(-1).where(checks["service"] == checks["service"].shift(-1), otherwise)


def _seconds(held: Any) -> Any:
    return held.dt.round("s").dt.total_seconds()


def write(frame: Any, path: Path) -> None:
    frame = frame.assign(service=frame["service"].astype("str"))
    frame.to_parquet(path, index=False)


if __name__ == "__main__":
    __import__("pandas")  # not timed
    main(Contestant("pandas", reckon, write))
