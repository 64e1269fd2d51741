"""Great Expectations in its own forms: a suite as its JSON, and its Data Docs (static HTML) for batches that are staged again, under an index of ours:
that of Great Expectations draws its tables by scripts from the web, so that without a network it is empty."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

import duckdb

from expectations import engine, gate
from expectations.rules import Rule, Steady, Suite

if TYPE_CHECKING:
    from great_expectations.core import ExpectationValidationResult

STOCK_INDEX = "great_expectations.html"


def suite_json(suite: Suite) -> str:
    """The suite as Great Expectations saves it, of stock expectation types only, so that any Great Expectations can load it."""
    import great_expectations as gx

    exported = gx.ExpectationSuite(name=suite.name, expectations=list(_expectations(suite)))
    return json.dumps(exported.to_json_dict(), indent=2, ensure_ascii=False, default=str)


@dataclass(frozen=True)
class Judged:
    """What Great Expectations says of one batch, by rule; of rules that had nothing to check it says that they hold. `at` is when the batch was first judged;
    `suite_page` and `result_page` are addresses in the site."""

    name: str
    suite: Suite
    rows: int
    at: datetime
    verdicts: Mapping[str, bool]
    unchecked: frozenset[str]
    suite_page: str
    result_page: str

    @property
    def failed(self) -> list[Rule]:
        return [rule for rule in self.suite.rules if self.verdicts.get(rule.rule_id) is False]


def write_docs(folder: Path, batches: Iterator[tuple[str, datetime, duckdb.DuckDBPyConnection, Suite]]) -> Path:
    """Judge each batch (its name, when it was first judged, a connection with TEMP table `batch`, its suite) and render suites and results. Returns the
    index page."""
    import great_expectations as gx
    from great_expectations.checkpoint import UpdateDataDocsAction

    made = engine.context()
    site = "kesiapan"
    store = {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)}
    config: Any = {"class_name": "SiteBuilder", "store_backend": store, "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"}}
    made.add_data_docs_site(site_name=site, site_config=config)
    judged = []
    for name, at, connection, suite in batches:
        data = engine.batch_definition(made, connection, "batch", name=name)
        known = made.suites.add(gx.ExpectationSuite(name=f"{suite.name}.{name}", expectations=list(_expectations(suite))))
        validation = made.validation_definitions.add(gx.ValidationDefinition(name=name, data=data, suite=known))
        checkpoint = gx.Checkpoint(name=name, validation_definitions=[validation], actions=[UpdateDataDocsAction(name="docs", site_names=[site])])
        [(identifier, result)] = made.checkpoints.add(checkpoint).run().run_results.items()
        judged.append(
            Judged(
                name=name,
                suite=suite,
                rows=len(connection.table("batch")),
                at=at,
                verdicts=dict(map(_verdict, result.results)),
                unchecked=frozenset(rule.rule_id for rule in _told(suite) if not gate.has_rows_for(connection, rule)),
                suite_page="/".join(("expectations", *known.name.split("."))) + ".html",
                result_page="/".join(("validations", *identifier.to_tuple())) + ".html",  # type: ignore[no-untyped-call]
            )
        )
    made.build_data_docs(site_names=[site])
    index = folder / "index.html"
    index.replace(folder / STOCK_INDEX)
    index.write_text(index_page(judged), encoding="utf-8")
    return index


def _verdict(outcome: "ExpectationValidationResult") -> tuple[str, bool]:
    assert outcome.expectation_config is not None
    return (outcome.expectation_config.meta or {})["rule_id"], bool(outcome.success)


def index_page(judged: list[Judged]) -> str:
    """A page that is all there is to it: no script, no style and no picture of the web."""
    page = Template(files("expectations").joinpath("data_docs.html").read_text(encoding="utf-8"))
    return page.substitute(
        verdicts="\n".join(map(_verdict_row, judged)),
        failed="\n".join(_failed_row(batch, rule) for batch in judged for rule in batch.failed) or _row(_both("tidak ada", "none"), "", "", ""),
        stock_index=STOCK_INDEX,
    )


def _both(indonesian: str, english: str) -> str:
    return f'{indonesian} <span lang="en">/ {english}</span>'


_VERDICTS = {
    "critical": _both("Gagal", "Failed"),
    "warning": _both("Peringatan", "Warnings"),
    "info": _both("Catatan", "Notes"),
    None: _both("Lulus", "Passed"),
}  # by the gravest rule that does not hold


_SEVERITIES = {
    "critical": _both("kritis", "critical"),
    "warning": _both("peringatan", "warning"),
    "info": _both("catatan", "note"),
}


def _verdict_row(batch: Judged) -> str:
    failed, unchecked = len(batch.failed), len(batch.unchecked)
    worst = next((severity for severity in _VERDICTS if severity in {rule.severity for rule in batch.failed}), None)
    return _row(
        f'<th scope="row">{escape(batch.name)}</th>',
        escape(batch.suite.name),
        f"<code>{escape(batch.suite.table_name)}</code>",
        f'<td class="{worst or "passed"}">{_VERDICTS[worst]}</td>',
        *(f'<td class="number">{count}</td>' for count in (batch.rows, len(batch.verdicts) - failed - unchecked, failed, unchecked)),
        f"{batch.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
        f'<a href="{escape(batch.result_page)}">{_both("hasil", "results")}</a><br><a href="{escape(batch.suite_page)}">{_both("aturan", "rules")}</a>',
    )


def _failed_row(batch: Judged, rule: Rule) -> str:
    sentences = f'{escape(rule.sentence_id)}<br><span lang="en">{escape(rule.sentence_en)}</span>'
    return _row(f'<th scope="row">{escape(batch.name)}</th>', f"<code>{escape(rule.rule_id)}</code>", _SEVERITIES[rule.severity], sentences)


def _row(*cells: str) -> str:
    return "<tr>" + "".join(cell if cell.startswith(("<td", "<th")) else f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _told(suite: Suite) -> list[Rule]:
    """All rules but those that compare with the feed's history, of which Great Expectations knows nothing."""
    return [rule for rule in suite.rules if not isinstance(rule.constraint, Steady)]


def _expectations(suite: Suite) -> Iterator[Any]:
    for rule in _told(suite):
        meta = {"rule_id": rule.rule_id, "dimension": rule.dimension, "scope": rule.scope, "owner": rule.owner, "sentence_id": rule.sentence_id}
        yield rule.constraint.expectation(stock=True, severity=rule.severity, description=rule.sentence_en, meta=meta)
