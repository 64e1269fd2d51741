"""What the gate judges in the benchmark: twelve rules, nine of check logs and three more of the same kinds; and a workbook by the submissions' rules."""

from dataclasses import replace

import duckdb

from expectations import check, submission
from expectations.rules import Between, Holds, NotNull, Rule, Suite, Unique
from tests.bench.data import HERE, RULES

MORE = (
    Rule("check.row_numbered", NotNull("source_row"), "completeness", "critical", "row", "Baris harus bernomor.", "A row must have its number."),
    Rule(
        "check.code_plausible",
        Between("http_code", 100, 599),
        "conformity",
        "warning",
        "row",
        "Kode HTTP harus antara 100 dan 599.",
        "The HTTP code must be between 100 and 599.",
        shows=("http_code",),
    ),
    Rule(
        "check.url_web",
        Holds("starts_with(url, 'https://') or starts_with(url, 'http://')", when="url is not null", column="url"),
        "conformity",
        "warning",
        "row",
        "Alamat harus http atau https.",
        "The address must be http or https.",
        shows=("url",),
    ),
)


def twelve_rules() -> Suite:
    """The suite of check logs with the benchmark's rules: those that compare a batch with earlier ones are left out, hand-written SQL has no such. The
    generated checks are all made from one place, so that the one rule that asks for the place is asked without."""
    suite = check.suite((".go.id",))
    rules = [rule for rule in suite.rules + MORE if rule.rule_id.removeprefix("check.") in RULES]
    rules = [replace(rule, constraint=Unique(("service", "checked_at"))) if isinstance(rule.constraint, Unique) else rule for rule in rules]
    suite = replace(suite, rules=tuple(rules), key=("service", "checked_at_text"))
    assert len(suite.rules) == len(RULES) == 12, "the hand-written rules are others than the gate's"
    return suite


def stage_workbook(connection: duckdb.DuckDBPyConnection) -> Suite:
    """TEMP table `batch`: 47 sound rows, as one agency sends them. Returns the suite they are judged by."""
    columns = ", ".join(f'"{name}" {kind}' for name, kind in submission.SUITE.columns.items())
    connection.execute(f"create or replace temp table batch ({columns})")
    connection.execute("insert into batch by name " + (HERE / "generated_workbook.sql").read_text(encoding="utf-8"))
    return submission.SUITE
