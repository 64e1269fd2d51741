"""How input arrives: recorded files or a live address, into the archive before anything parses it. What keeps a source from being read is a
message, not an exception: the feed's outcome is `failed`, and the other feeds go on."""

import json
import re
import stat
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import requests

from assets import http
from expectations.intake import Arrival
from warehouse.archive import Archive, Artifact
from warehouse.registry import Feed, FeedKind

CKAN_PAGE = 100

Clock = Callable[[], datetime]
Arrive = Callable[[Feed, Archive, Clock], Arrival]


def arrive(feed: Feed, archive: Archive, clock: Clock) -> Arrival:
    """Archive what the source has now."""
    if feed.path is not None:
        return take(feed, recorded(feed.path), archive, clock)
    assert feed.url is not None
    try:
        with http.session_of(feed) as session:
            pages = list(_ckan_pages(session, feed.url) if feed.kind is FeedKind.CKAN else _one_file(session, feed.url))
    except http.SourceUnreachable as error:
        return Arrival(problems=[f"{feed.declared}: {error}"])
    return Arrival([archive.store(feed.id, name, data, clock()) for name, data in pages])


@dataclass(frozen=True)
class Lying:
    """What lies where a path or glob points: files that are read, folders, and a sentence for each thing that is not taken."""

    files: tuple[Path, ...]
    folders: tuple[Path, ...]
    refused: tuple[str, ...]


def recorded(path: Path) -> Lying:
    """In the order of their names, in which 9 is before 10, and `log` before `log (1)`. Hidden files are being written: they are nobody's business yet. What
    goes away while we look has been taken."""
    files: list[Path] = []
    folders: list[Path] = []
    refused: list[str] = []
    for found in sorted(path.parent.glob(path.name), key=_place):
        if found.name.startswith("."):
            continue
        try:
            mode = found.lstat().st_mode
            reason = refusal(found.name, mode)
            if reason is None and stat.S_ISDIR(mode) and not any(map(_is_content, found.rglob("*"))):
                reason = "is an empty folder; accepted: files, in the inbox also folders of them"
        except FileNotFoundError:
            continue
        if reason is not None:
            refused.append(f"{shown(found.name)} {reason}")
        elif stat.S_ISDIR(mode):
            folders.append(found)
        else:
            files.append(found)
    return Lying(tuple(files), tuple(folders), tuple(refused))


def _is_content(path: Path) -> bool:
    return not path.name.startswith(".") and (path.is_symlink() or not path.is_dir())


def _place(path: Path) -> tuple[list[str | int], str]:
    """Words and numbers of a name in turn, then all of it."""
    return [int(part) if place % 2 else part for place, part in enumerate(re.split(r"([0-9]+)", path.stem))], path.name


def refusal(name: str, mode: int) -> str | None:
    """Why a directory entry is not taken; None for a file or folder."""
    if not is_one_line(name):
        return "has a name with a line break, a control character or bytes that are no UTF-8; accepted: a name of letters, digits and signs: rename it"
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        return f"is {'a symbolic link' if stat.S_ISLNK(mode) else 'a device, pipe or socket'}; accepted: the file itself"
    return None


def shown(name: str) -> str:
    """A file name as one line of text, whatever bytes it is made of."""
    return name if is_one_line(name) else ascii(name)


def is_one_line(name: str) -> bool:
    """No control character, no line or paragraph separator, no byte that is not UTF-8 (Python stands a lone surrogate in for it)."""
    return not any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in name)


def take(feed: Feed, lying: Lying, archive: Archive, clock: Clock) -> Arrival:
    """Archive the files that lie there."""
    assert feed.path is not None
    if not (lying.files or lying.folders or lying.refused) and feed.declared:
        where = f"{feed.path.name!r} matches no file in {feed.path.parent}"
        return Arrival(problems=[f"{feed.declared}: {where}; accepted: a file or a glob, relative to the settings file"])
    stored: list[Artifact] = []
    problems = [f"{feed.declared or feed.id}: {sentence}" for sentence in lying.refused]
    problems += [f"{feed.declared or feed.id}: {folder.name} is a folder; accepted: files" for folder in lying.folders]
    for file in lying.files:
        try:
            stored.append(archive.store(feed.id, file.name, file.read_bytes(), clock()))
        except FileNotFoundError:
            continue  # another run has taken it
        except OSError as error:
            problems.append(f"{feed.id}: {file.name} cannot be read ({error.strerror})")
    return Arrival(stored, problems)


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
