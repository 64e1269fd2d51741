"""Great Expectations in its own forms: a suite as its JSON, and its Data Docs (static HTML) for batches that are staged again."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from expectations import engine
from expectations.rules import Steady, Suite


def suite_json(suite: Suite) -> str:
    """The suite as Great Expectations saves it, of stock expectation types only, so that any Great Expectations can load it."""
    import great_expectations as gx

    exported = gx.ExpectationSuite(name=suite.name, expectations=list(_expectations(suite)))
    return json.dumps(exported.to_json_dict(), indent=2, ensure_ascii=False, default=str)


def write_docs(folder: Path, batches: Iterator[tuple[str, duckdb.DuckDBPyConnection, Suite]]) -> Path:
    """Judge each batch (its name, a connection with TEMP table `batch`, its suite) and render suites and results. Returns the index page."""
    import great_expectations as gx
    from great_expectations.checkpoint import UpdateDataDocsAction

    made = engine.context()
    site = "kesiapan"
    store = {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)}
    config: Any = {"class_name": "SiteBuilder", "store_backend": store, "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"}}
    made.add_data_docs_site(site_name=site, site_config=config)
    for name, connection, suite in batches:
        data = engine.batch_definition(made, connection, "batch", name=name)
        known = made.suites.add(gx.ExpectationSuite(name=f"{suite.name}.{name}", expectations=list(_expectations(suite))))
        validation = made.validation_definitions.add(gx.ValidationDefinition(name=name, data=data, suite=known))
        checkpoint = gx.Checkpoint(name=name, validation_definitions=[validation], actions=[UpdateDataDocsAction(name="docs", site_names=[site])])
        made.checkpoints.add(checkpoint).run()
    made.build_data_docs(site_names=[site])
    return folder / "index.html"


def _expectations(suite: Suite) -> Iterator[Any]:
    """All rules but those that compare with the feed's history, of which Great Expectations knows nothing."""
    for rule in suite.rules:
        if not isinstance(rule.constraint, Steady):
            meta = {"rule_id": rule.rule_id, "dimension": rule.dimension, "scope": rule.scope, "owner": rule.owner, "sentence_id": rule.sentence_id}
            yield rule.constraint.expectation(stock=True, severity=rule.severity, description=rule.sentence_en, meta=meta)
