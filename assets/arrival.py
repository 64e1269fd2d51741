"""How input arrives: recorded files or a live address, into the archive before anything parses it. What keeps a source from being read is a
message, not an exception: the feed's outcome is `failed`, and the other feeds go on."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import requests

from assets import http
from warehouse.archive import Archive, Artifact
from warehouse.registry import Feed, FeedKind

CKAN_PAGE = 100

Clock = Callable[[], datetime]


def arrive(feed: Feed, archive: Archive, clock: Clock) -> tuple[list[Artifact], tuple[str, ...]]:
    """Archive what the source has now. Returns it, and what went wrong."""
    if feed.path is not None:
        return _recorded(feed, feed.path, archive, clock)
    assert feed.url is not None
    try:
        with http.session(feed.allow_loopback) as session:
            pages = list(_ckan_pages(session, feed.url) if feed.kind is FeedKind.CKAN else _one_file(session, feed.url))
    except http.SourceUnreachable as error:
        return [], (f"{feed.declared}: {error}",)
    return [archive.store(feed.id, name, data, clock()) for name, data in pages], ()


def recorded_files(path: Path) -> list[Path]:
    """The files a path or glob names, in the order of their names; half-written ones (hidden) are left out."""
    return sorted(found for found in path.parent.glob(path.name) if found.is_file() and not found.is_symlink() and not found.name.startswith("."))


def _recorded(feed: Feed, path: Path, archive: Archive, clock: Clock) -> tuple[list[Artifact], tuple[str, ...]]:
    found = recorded_files(path)
    if not found and feed.declared:
        return [], (f"{feed.declared}: {path.name!r} matches no file in {path.parent}; accepted: a file or a glob, relative to the settings file",)
    stored: list[Artifact] = []
    problems: list[str] = []
    for file in found:
        try:
            stored.append(archive.store(feed.id, file.name, file.read_bytes(), clock()))
        except OSError as error:
            problems.append(f"{feed.id}: {file.name} cannot be read ({error.strerror})")
    return stored, tuple(problems)


def _one_file(session: requests.Session, url: str) -> Iterator[tuple[str, bytes]]:
    yield http.redacted(url), http.get(session, url)


def _ckan_pages(session: requests.Session, url: str) -> Iterator[tuple[str, bytes]]:
    """All pages of `package_search`, sorted by id because its own order moves while one pages; two pages alike mean that paging is broken."""
    base = url.rstrip("/") + "/api/3/action/package_search"
    start, before = 0, b""
    while True:
        page = http.get(session, base, {"rows": str(CKAN_PAGE), "start": str(start), "sort": "id asc"})
        if page == before:
            raise http.SourceUnreachable(f"{http.redacted(base)}: page {start // CKAN_PAGE + 1} repeats the one before: paging does not work")
        yield f"package_search start={start}", page
        try:
            result = json.loads(page)["result"]
            got, count = len(result["results"]), int(result["count"])
        except (ValueError, KeyError, TypeError):
            return  # not a reply of package_search: it is archived, and its reader says what is wrong with it
        start += got
        if got == 0 or start >= count:
            return
        before = page
