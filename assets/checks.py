"""Rules as Dagster asset checks: what a rule says becomes the check's description, what was stored of it the check's result."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from expectations.record import Outcome
from expectations.rules import Rule, Suite


def check_name(rule: Rule) -> str:
    return rule.rule_id.split(".", 1)[1]


INVARIANTS = "invariants"
DELIVERED = "delivered"


def invariants_spec(key: dg.AssetKey, suite: Suite) -> dg.AssetCheckSpec:
    """One blocking check for all rules on a table that we reckon ourselves: either it contradicts itself, or it does not."""
    return dg.AssetCheckSpec(INVARIANTS, asset=key, blocking=True, description=" ".join(rule.sentence_en for rule in suite.rules))


def invariants_result(key: dg.AssetKey, suite: Suite, stored: Mapping[str, Outcome]) -> dg.AssetCheckResult:
    return _of_all_rules(INVARIANTS, dg.AssetCheckSeverity.ERROR, key, suite, stored)


def delivered_spec(key: dg.AssetKey, suite: Suite) -> dg.AssetCheckSpec:
    """One check that warns, for all rules on what feeds delivered to a table, taken together."""
    return dg.AssetCheckSpec(DELIVERED, asset=key, description=" ".join(f"{rule.sentence_en} / {rule.sentence_id}" for rule in suite.rules))


def delivered_result(key: dg.AssetKey, suite: Suite, stored: Mapping[str, Outcome]) -> dg.AssetCheckResult:
    return _of_all_rules(DELIVERED, dg.AssetCheckSeverity.WARN, key, suite, stored)


def _of_all_rules(name: str, severity: dg.AssetCheckSeverity, key: dg.AssetKey, suite: Suite, stored: Mapping[str, Outcome]) -> dg.AssetCheckResult:
    outcomes = {rule.rule_id: stored.get(rule.rule_id, Outcome()) for rule in suite.rules}
    records = [
        dg.TableRecord({"rule": rule_id, "status": outcome.worst, "rows_checked": outcome.rows_checked, "rows_failed": outcome.rows_failed})
        for rule_id, outcome in outcomes.items()
    ]
    return dg.AssetCheckResult(
        check_name=name,
        asset_key=key,
        passed=all(outcome.worst in ("pass", "not_evaluated") for outcome in outcomes.values()),
        severity=severity,
        metadata={"rules": dg.MetadataValue.table(records=records)},
    )


def spec(key: dg.AssetKey, rule: Rule) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        check_name(rule),
        asset=key,
        description=f"{rule.sentence_en} / {rule.sentence_id}",
        metadata={"rule_id": rule.rule_id, "dimension": rule.dimension, "severity": rule.severity, "scope": rule.scope, "owner": rule.owner},
    )


def results(key: dg.AssetKey, suite: Suite, stored: Mapping[str, Outcome]) -> list[dg.AssetCheckResult]:
    """One per rule of the suite, out of what is stored: a run that finds all unchanged never turns a red check green."""
    return [_result(key, rule, stored.get(rule.rule_id, Outcome())) for rule in suite.rules]


def _result(key: dg.AssetKey, rule: Rule, outcome: Outcome) -> dg.AssetCheckResult:
    """Passed unless it failed, warned or could not run; `not_evaluated` passes and says so, and what is only to be known (severity info) fails nothing."""
    metadata: dict[str, Any] = {"status": outcome.worst}
    if outcome.observed:
        metadata["observed"] = outcome.observed
    if outcome.statuses:
        metadata |= {"rows": outcome.rows, "rows_checked": outcome.rows_checked, "rows_failed": outcome.rows_failed}
        metadata["reproduce_sql"] = dg.MetadataValue.md(f"```sql\n{outcome.reproduce_sql}\n```")
    if outcome.failed_rows:
        records = [dg.TableRecord({"source": source, "key": key_text, "reason": reason}) for source, key_text, reason in outcome.failed_rows]
        metadata["failed_rows"] = dg.MetadataValue.table(records=records)
    return dg.AssetCheckResult(
        check_name=check_name(rule),
        asset_key=key,
        passed=outcome.worst in ("pass", "not_evaluated") or (rule.severity == "info" and outcome.worst != "error"),
        severity=dg.AssetCheckSeverity.ERROR if rule.severity == "critical" else dg.AssetCheckSeverity.WARN,
        metadata=metadata,
    )
