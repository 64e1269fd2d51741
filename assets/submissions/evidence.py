"""Evidence that comes with a submission: beside `laporan.xlsx` a folder `laporan/` or a `laporan.zip`. Every file of it is archived under its hash,
with its kind told by its content. What the register says of it is reckoned in `warehouse/schema/evidence.sql`; nothing here judges it."""

import io
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path, PurePosixPath

import duckdb
import filetype
import pyarrow as pa

from assets.arrival import Clock, Lying, is_one_line, refusal, shown
from warehouse.archive import Archive
from warehouse.database import run_on_incoming, transaction
from warehouse.files import sha256_of
from warehouse.registry import Feed

MAX_BYTES = 50 * 2**20
MAX_BUNDLE_BYTES = 500 * 2**20
MAX_FILES = 1000
LEFT_BY_SYSTEMS = ("__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini")
OFFICE = {
    "word/document.xml": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xl/workbook.xml": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
PDF_WITHIN_BYTES = 1024  # what stands before its mark every reader of PDF passes over
ACCEPTED = "accepted: at most 1,000 files of at most 50 MB each, 500 MB together, unencrypted"


class Refused(ValueError):
    """A bundle, or a file of it, that is not taken; says why and what is accepted."""


def bundles(lying: Lying) -> list[Path]:
    return [*lying.folders, *(file for file in lying.files if file.suffix.lower() == ".zip")]


def collect(feed: Feed, bundles: Sequence[Path], archive: Archive, clock: Clock) -> list[str]:
    """Archive what lies in each bundle, beside the newest submission of its name. Returns a sentence for each thing that was not taken."""
    problems: list[str] = []
    received = sorted([*archive.artifacts(feed.id), *archive.again(feed.id)], key=lambda artifact: artifact.received_at) if bundles else []
    submissions = {Path(artifact.source_name).stem: artifact for artifact in received}
    for bundle in bundles:
        stem = bundle.name if bundle.is_dir() else bundle.stem
        if stem not in submissions:
            problems.append(f"{bundle.name} belongs to no submission; accepted: evidence named like the file it comes with, such as {stem}.xlsx")
            continue
        try:
            files, refused = _files_of(bundle)
        except Refused as error:
            problems.append(f"{bundle.name}: {error}")
            continue
        for name, data in files:
            archive.deliver(submissions[stem], name, data, kind_of(data), clock())
        problems += [f"{bundle.name}: {sentence}" for sentence in refused]
    return problems


def remove(feed: Feed, bundles: Sequence[Path], archive: Archive) -> None:
    """Remove the bundles of which every file is in the archive. One that holds more by now stays for the next run."""
    archived = {one.sha256 for one in archive.delivered(feed.id)} if bundles else set()
    for bundle in bundles:
        with suppress(Refused):
            files, refused = _files_of(bundle)
            if files and not refused and all(sha256_of(data) in archived for _, data in files):
                shutil.rmtree(bundle) if bundle.is_dir() else bundle.unlink()


def kind_of(data: bytes) -> str:
    """Media type by content; what no signature tells is text, if it reads as text."""
    guessed = filetype.guess(data)
    if guessed is not None:
        return _kind_of_zip(data) if guessed.mime == "application/zip" else str(guessed.mime)
    if b"%PDF-" in data[:PDF_WITHIN_BYTES]:
        return "application/pdf"
    try:
        text = data[:4096].decode("utf-8", errors="strict" if len(data) <= 4096 else "ignore")
    except UnicodeDecodeError:
        return "application/octet-stream"
    return "text/plain" if data and "\0" not in text else "application/octet-stream"


def _kind_of_zip(data: bytes) -> str:
    """Documents of Office are ZIPs, whose parts may come in any order."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as opened:
            return next((kind for part, kind in OFFICE.items() if part in opened.namelist()), "application/zip")
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, ValueError):
        return "application/zip"


Files = list[tuple[str, bytes]]


def _files_of(bundle: Path) -> tuple[Files, list[str]]:
    """Names and contents, and a sentence for each thing that is refused. Raises Refused for a bundle that is refused as a whole."""
    files, refused = _in_folder(bundle) if bundle.is_dir() else _unpacked(bundle)
    return files, [*refused, *_twice(files)]


def _in_folder(folder: Path) -> tuple[Files, list[str]]:
    files: Files = []
    refused: list[str] = []
    for found in sorted(folder.rglob("*")):
        if found.name in LEFT_BY_SYSTEMS or found.name.startswith(".") or (found.is_dir() and not found.is_symlink()):
            continue
        reason = refusal(found.name, found.lstat().st_mode)
        if reason is None and found.stat().st_size > MAX_BYTES:
            reason = f"has {found.stat().st_size / 2**20:.0f} MB; {ACCEPTED}"
        if reason is not None:
            refused.append(f"{shown(found.name)} {reason}")
            continue
        files.append((found.name, found.read_bytes()))
        if len(files) > MAX_FILES or sum(len(data) for _, data in files) > MAX_BUNDLE_BYTES:
            raise Refused(f"it is too large; {ACCEPTED}")
    return files, refused


def _unpacked(bundle: Path) -> tuple[Files, list[str]]:
    """Entries are read, never written to disk; of a path inside the ZIP only the last part is a name."""
    files: Files = []
    refused: list[str] = []
    try:
        with zipfile.ZipFile(bundle) as opened:
            entries = [entry for entry in opened.infolist() if not entry.is_dir() and not _left_by_systems(entry.filename)]
            if len(entries) > MAX_FILES or sum(entry.file_size for entry in entries) > MAX_BUNDLE_BYTES:
                raise Refused(f"it is too large; {ACCEPTED}")
            for entry in entries:
                name = PurePosixPath(entry.filename.replace("\\", "/")).name
                reason = _refusal_of(entry, name)
                if reason is not None:
                    refused.append(f"{shown(entry.filename)} {reason}")
                    continue
                with opened.open(entry) as content:
                    data = content.read(entry.file_size + 1)
                if len(data) > entry.file_size:
                    raise Refused(f"{shown(name)} is larger than the ZIP says: it is damaged or made to harm; {ACCEPTED}")
                files.append((name, data))
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, ValueError) as error:
        if isinstance(error, Refused):
            raise
        raise Refused(f"it cannot be unpacked ({error}); accepted: a whole ZIP") from error
    return files, refused


def _left_by_systems(path: str) -> bool:
    return any(part in LEFT_BY_SYSTEMS for part in PurePosixPath(path).parts)


def _refusal_of(entry: zipfile.ZipInfo, name: str) -> str | None:
    if not is_one_line(name) or not name.strip(". "):
        return "has a name with a line break or a control character; accepted: a name of letters, digits and signs"
    if entry.flag_bits & 0x1:
        return f"is protected by a password; {ACCEPTED}"
    if entry.file_size > MAX_BYTES:
        return f"has {entry.file_size / 2**20:.0f} MB; {ACCEPTED}"
    return None


def _twice(files: Files) -> Iterator[str]:
    seen: dict[str, bytes] = {}
    for name, data in files:
        if seen.setdefault(name.lower(), data) != data:
            yield f"{name} is there twice with different content; accepted: one file of each name"


def load(connection: duckdb.DuckDBPyConnection, archive: Archive, feed_id: str) -> None:
    """Bring the feed's part of `core.evidence_file`, and `core.evidence_review`, up to the archive."""
    files = pa.Table.from_pylist([asdict(one) for one in archive.delivered(feed_id)], schema=_FILE)
    reviews = pa.Table.from_pylist([{"review_id": number} | asdict(review) for number, review in enumerate(archive.reviews(), start=1)], schema=_REVIEW)
    with transaction(connection):
        connection.execute("delete from core.evidence_file where feed_id = $1", [feed_id])
        run_on_incoming(connection, files, "insert into core.evidence_file by name from incoming")
        for table, columns in (("core.evidence_review", "* exclude (reviewed_by)"), ("core.reviewer", "review_id, reviewed_by")):
            connection.execute(f"delete from {table}")
            run_on_incoming(connection, reviews, f"insert into {table} by name select {columns} from incoming")


_TIME = pa.timestamp("us", tz="UTC")
_FILE = pa.schema(
    [
        ("feed_id", pa.string()),
        ("artifact_sha256", pa.string()),
        ("file_name", pa.string()),
        ("sha256", pa.string()),
        ("bytes", pa.int64()),
        ("media_type", pa.string()),
        ("received_at", _TIME),
    ]
)
_REVIEW = pa.schema(
    [
        ("review_id", pa.int64()),
        ("government_code", pa.string()),
        ("agency_code", pa.string()),
        ("file_name", pa.string()),
        ("sha256", pa.string()),
        ("status", pa.string()),
        ("reason", pa.string()),
        ("document", pa.string()),
        ("reviewed_by", pa.string()),
        ("reviewed_at", _TIME),
    ]
)
