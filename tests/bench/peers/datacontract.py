"""datacontract-cli: an ODCS contract tested on the DuckDB file."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.bench.peers.contest import Contestant, main

CONTRACT = Path(__file__).parent / "datacontract_contract.yml"


def load(path: Path, scratch: Path, collect: bool) -> Any:
    logging.disable(logging.CRITICAL)
    contract = scratch / "contract.yml"
    contract.write_text(CONTRACT.read_text(encoding="utf-8").replace("DATABASE", str(path.resolve())), encoding="utf-8")
    return contract, collect


def judge(loaded: Any) -> Mapping[str, int]:
    from datacontract.data_contract import DataContract

    contract, collect = loaded
    run = DataContract(data_contract_file=str(contract), check_categories={"quality"}, include_failed_samples=collect).test()
    checks = {check.qualityId: check for check in run.checks}
    unexpected = [check for check in run.checks if check.qualityId is None or str(check.result) not in ("ResultEnum.passed", "ResultEnum.failed")]
    assert not unexpected, unexpected
    return {rule: _count(check) for rule, check in checks.items()}


def _count(check: Any) -> int:
    """It says how many in its diagnostics or in the reason, or only that it failed."""
    value = (check.diagnostics or {}).get("value", (check.diagnostics or {}).get("actual"))
    if check.qualityId == "has_rows":
        return 0 if str(check.result) == "ResultEnum.passed" else 1
    return int(value) if isinstance(value, int | float) else (0 if str(check.result) == "ResultEnum.passed" else -1)


if __name__ == "__main__":
    main(Contestant("datacontract-cli", "duckdb", load, judge, "5 samples a rule", ("datacontract.data_contract",), notes="duplicates: doubled keys"))
