"""CKAN's `package_search` replies (Action API v3), read into DCAT terms."""

from typing import Any

from assets.open_data.catalogue import Record, objects, reader, text
from assets.open_data.distribution import Distribution
from expectations.intake import Unreadable


def datasets(reply: Any) -> list[dict[str, Any]]:
    if not isinstance(reply, dict) or reply.get("success") is not True:
        said = reply.get("error") if isinstance(reply, dict) else reply
        raise Unreadable(f"CKAN did not answer with success: {str(said)[:200]}")
    result = reply.get("result")
    packages = result.get("results") if isinstance(result, dict) else None
    if not isinstance(packages, list) or not all(isinstance(package, dict) for package in packages):
        raise Unreadable("the reply has no result.results; accepted: a reply of package_search")
    return packages


def _record(package: dict[str, Any]) -> Record:
    """CKAN's fields in DCAT terms, as ckanext-dcat maps them; its timestamps are UTC without saying so."""
    extras = {extra.get("key"): text(extra.get("value")) for extra in package.get("extras") or []}
    organization = package.get("organization") or {}
    return Record(
        dataset_id=text(package.get("id")),
        title=text(package.get("title")) or text(package.get("name")),
        description=text(package.get("notes")),
        publisher=text(organization.get("title")) or text(organization.get("name")),
        keywords=[name for tag in package.get("tags") or [] if (name := text(tag.get("display_name") or tag.get("name")))],
        themes=[name for group in package.get("groups") or [] if (name := text(group.get("display_name") or group.get("name")))],
        spatial=extras.get("spatial"),
        temporal=extras.get("temporal"),
        license=text(package.get("license_id")),
        contact=text(package.get("maintainer_email")) or text(package.get("author_email")),
        landing_page=text(package.get("url")),
        issued=text(package.get("metadata_created")),
        modified=text(package.get("metadata_modified")),
        distribution=[_distribution(resource) for resource in objects(package.get("resources"))],
    )


def _distribution(resource: dict[str, Any]) -> Distribution:
    """A resource's `url` is where it is had; of one that was uploaded it is the file itself. CKAN states a licence for the dataset only."""
    url = text(resource.get("url"))
    return Distribution(
        title=text(resource.get("name")),
        description=text(resource.get("description")),
        access_url=text(resource.get("access_url")) or url,
        download_url=text(resource.get("download_url")) or (url if resource.get("url_type") == "upload" else None),
        format=text(resource.get("format")),
        media_type=text(resource.get("mimetype")),
        license=text(resource.get("license")),
        rights=text(resource.get("rights")),
        byte_size=text(resource.get("size")),
        issued=text(resource.get("created")),
        modified=text(resource.get("last_modified")) or text(resource.get("metadata_modified")),
        checksum=text(resource.get("hash")),
    )


READER = reader("ckan 2", datasets, _record)
