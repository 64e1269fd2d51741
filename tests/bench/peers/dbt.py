"""dbt tests on the DuckDB file, in one process that keeps its manifest; failures are stored as tables where failed rows are wanted."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.bench.peers.contest import Contestant, main

PROJECT = Path(__file__).parent / "dbt_project"


def load(path: Path, scratch: Path, collect: bool) -> Any:
    from dbt.cli.main import dbtRunner

    os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
    own = scratch / "dbt.duckdb"  # it writes, and we read the original meanwhile
    shutil.copyfile(path, own)
    os.environ["BENCH_DATABASE"] = str(own.resolve())
    project = scratch / "project"
    shutil.copytree(PROJECT, project, dirs_exist_ok=True)
    where = ["--project-dir", str(project), "--profiles-dir", str(project), "--target-path", str(scratch / "target"), "--log-path", str(scratch / "logs")]
    quiet = ["--quiet", "--no-use-colors", "--log-level", "none", "--log-level-file", "none", "--no-version-check"]
    parsed = dbtRunner().invoke([*quiet, "parse", *where])
    assert parsed.success, parsed.exception
    command = [*quiet, "test", *where, *(["--store-failures"] if collect else [])]
    return dbtRunner(manifest=parsed.result), command


def judge(loaded: Any) -> Mapping[str, int]:
    runner, command = loaded
    outcome = runner.invoke(command)
    assert outcome.exception is None, outcome.exception
    return {result.node.alias.removeprefix("rule_"): int(result.failures or 0) for result in outcome.result.results}


if __name__ == "__main__":
    main(
        Contestant(
            "dbt-duckdb",
            "duckdb",
            load,
            judge,
            "all, whole rows in tables",
            ("dbt.cli.main",),
            notes="accepted values: distinct bad values; duplicates: doubled keys",
        )
    )
