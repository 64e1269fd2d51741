"""`data.json` catalogues (DCAT-US 1.1, Project Open Data), read into DCAT terms."""

from typing import Any

from assets.open_data.catalogue import Record, objects, reader, text
from assets.open_data.distribution import Distribution
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
        distribution=[_distribution(offered) for offered in objects(dataset.get("distribution"))],
    )


def _distribution(offered: dict[str, Any]) -> Distribution:
    """DCAT-US 1.1 states a licence for the dataset only; licence, rights, size, dates and checksum are those of DCAT-US 3."""
    checksum = offered.get("checksum")
    return Distribution(
        title=text(offered.get("title")),
        description=text(offered.get("description")),
        access_url=text(offered.get("accessURL")),
        download_url=text(offered.get("downloadURL")),
        format=text(offered.get("format")),
        media_type=text(offered.get("mediaType")),
        license=text(offered.get("license")),
        rights=text(offered.get("rights")),
        byte_size=text(offered.get("byteSize")),
        issued=text(offered.get("issued")),
        modified=text(offered.get("modified")),
        checksum=text(checksum.get("checksumValue")) if isinstance(checksum, dict) else text(checksum),
    )


def _texts(values: object) -> list[str]:
    return [found for value in values if (found := text(value))] if isinstance(values, list) else []


READER = reader("data_json 2", datasets, _record)
