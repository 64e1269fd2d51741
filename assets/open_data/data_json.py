"""`data.json` catalogues (DCAT-US 1.1, Project Open Data), read into DCAT terms."""

from typing import Any

from assets.open_data.catalogue import Record, reader, text
from expectations.intake import Unreadable


def datasets(catalogue: Any) -> list[dict[str, Any]]:
    found = catalogue.get("dataset") if isinstance(catalogue, dict) else None
    if not isinstance(found, list) or not all(isinstance(dataset, dict) for dataset in found):
        raise Unreadable("the catalogue has no list `dataset`; accepted: a data.json (DCAT-US 1.1)")
    return found


def _record(dataset: dict[str, Any]) -> Record:
    contact = dataset.get("contactPoint")
    publisher = dataset.get("publisher")
    return Record(
        dataset_id=text(dataset.get("identifier")),
        title=text(dataset.get("title")),
        description=text(dataset.get("description")),
        publisher=text(publisher.get("name")) if isinstance(publisher, dict) else text(publisher),
        keywords=_texts(dataset.get("keyword")),
        themes=_texts(dataset.get("theme")),
        spatial=text(dataset.get("spatial")),
        temporal=text(dataset.get("temporal")),
        license=text(dataset.get("license")),
        contact=text(contact.get("hasEmail") or contact.get("fn")) if isinstance(contact, dict) else None,
        landing_page=text(dataset.get("landingPage")),
        issued=text(dataset.get("issued")),
        modified=text(dataset.get("modified")),
        distributions=len(dataset.get("distribution") or []),
    )


def _texts(values: object) -> list[str]:
    return [found for value in values if (found := text(value))] if isinstance(values, list) else []


READER = reader("data_json 1", datasets, _record)
