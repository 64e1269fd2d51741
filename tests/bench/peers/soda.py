"""Soda Core (version 4, a data contract) on the DuckDB table."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from tests.bench.peers.contest import Contestant, main

CONTRACT = Path(__file__).parent / "soda_contract.yml"


def load(path: Path, scratch: Path, collect: bool) -> Any:
    from soda_duckdb.common.data_sources.duckdb_data_source import DuckDBDataSourceImpl

    logging.disable(logging.CRITICAL)
    connection = duckdb.connect(str(path), read_only=True)
    connection.execute("set timezone = 'UTC'")
    contract = scratch / "contract.yml"
    contract.write_text(CONTRACT.read_text(encoding="utf-8").replace("CATALOG", path.stem), encoding="utf-8")
    return DuckDBDataSourceImpl.from_existing_cursor(connection, "bench"), contract


def judge(loaded: Any) -> Mapping[str, int]:
    from soda_core.contracts.api.verify_api import verify_contract_locally

    source, contract = loaded
    outcome = verify_contract_locally(data_sources=[source], contract_file_path=str(contract))
    assert not outcome.has_errors, outcome.get_errors_str()
    found = {}
    for result in outcome.contract_verification_results[0].check_results:
        found[str(result.check.name)] = int(result.threshold_value or 0)
    found["has_rows"] = int(found["has_rows"] == 0)
    return found


if __name__ == "__main__":
    main(Contestant("soda-core", "duckdb", load, judge, "counts only", ("soda_core.contracts.api.verify_api",), notes="duplicates: rows less distinct keys"))
