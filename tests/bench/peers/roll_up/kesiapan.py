"""Our own roll-up of the same lake: `--days` generates it, without it is measured. All that it writes besides is in its time: the warehouse's tables, their
keys and indices, the transaction. Runs of equal checks were found when the files were written; how long it takes with these sought anew is told too."""

import argparse
from datetime import timedelta
from pathlib import Path

from assets.uptime import roll_up
from tests.bench import measure
from tests.bench.peers.roll_up import contest
from tests.bench.uptime import FEED, GOVERNMENT, LAST_DAY
from warehouse import reference
from warehouse.database import Warehouse
from warehouse.lake import Lake

SERVICES = 500
GENERATED = Path(__file__).with_name("generated_probe.sql")
WRITTEN = {
    "service_day": "select service_id as service, * exclude (service_id) from uptime.service_day",
    "outage": "select service_id as service, * exclude (service_id) from uptime.outage",
}


def generate(home: Path, days: int) -> None:
    warehouse, lake = Warehouse(home / "warehouse.duckdb"), Lake(home / "lake")
    generated = GENERATED.read_text(encoding="utf-8")
    with warehouse.open_for_writing() as connection:
        reference.load(connection, (GOVERNMENT,))
        for number in range(1, days + 1):
            day = LAST_DAY - timedelta(days=days - number)
            rows = connection.sql(generated, params={"day": day, "services": SERVICES, "day_number": number})
            lake.list_in_manifest(connection, lake.write(FEED, day, rows))


def run(home: Path) -> None:
    lake = Lake(home / "lake")
    taken: list[float] = []
    runs_anew: list[float] = []
    done: list[roll_up.RollUp] = []
    with Warehouse(home / "warehouse.duckdb").open_for_writing() as connection:
        for times, forgotten in ((taken, ("uptime.rolled_up",)), (runs_anew, ("uptime.rolled_up", "meta.lake_run"))):
            for _ in range(contest.RUNS):
                for table in forgotten:  # and so everything is reckoned anew
                    connection.execute(f"delete from {table}")
                times.append(measure.seconds(lambda: done.append(roll_up.roll_up(connection, lake, FEED))))
        assert all(one.from_day is not None for one in done)
        peak_mib = measure.peak_mib()
        for table, query in WRITTEN.items():
            connection.sql(query).write_parquet(str(home / f"kesiapan_{table}.parquet"))
    contest.emit("kesiapan", roll_up.METHOD, taken, peak_mib, runs_anew_s=round(min(runs_anew), 3))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--days", type=int)
    arguments = parser.parse_args()
    if arguments.days is None:
        run(arguments.home)
    else:
        generate(arguments.home, arguments.days)
