"""The archive: every received byte under its sha256, and beside it small JSON files that say what it was and what was decided of it.
The archive alone rebuilds the warehouse. Nothing here parses what it stores.

    objects/ab/abcdef...              the bytes
    artifacts/<feed>/<sha256>.json    where and when a feed brought them
    again/<feed>/<id>.json            that the same bytes came under another name, or in the place of others of their name
    batches/<feed>/<batch_id>.json    when a batch was first judged (`known_at`) and by which versions
    releases/<release_id>.json        when a release was made
    rules/<rule_id>-<version>.json    since when a version of a rule is used, and what it says (.retired: until when; -2, -3: used again)
    evidence/<feed>/<id>.json         a file that was delivered beside another, as evidence
    reviews/<id>.json                 what a verifier said of an evidence file
"""

import json
import mimetypes
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import duckdb

from warehouse.files import identifier, is_whole, sha256_of, sql_of, write_atomically

Record = TypeVar("Record")


class CorruptArtifact(RuntimeError):
    """Archived bytes no longer have the hash they are named by, or are gone; or what lies beside them cannot be read. The message names the file."""


@dataclass(frozen=True)
class Artifact:
    """One file as a feed brought it. Times are aware, in UTC."""

    sha256: str
    bytes: int
    media_type: str
    feed_id: str
    source_name: str
    received_at: datetime


@dataclass(frozen=True)
class BatchRecord:
    """What must survive a rebuild about a batch. `parser_version` and `suite_version` with the artifact make the id."""

    batch_id: str
    artifact_sha256: str
    feed_id: str
    parser_version: str
    suite_version: str
    known_at: datetime
    run_id: str


@dataclass(frozen=True)
class ReleaseRecord:
    release_id: str
    period: str
    as_of: datetime
    input_fingerprint: str
    reference_fingerprint: str
    code_version: str
    created_at: datetime
    run_id: str


@dataclass(frozen=True)
class RuleRecord:
    """A version of a rule over a time of its use; the columns of `quality.rule`. `use` counts the times, since a version can come back."""

    rule_id: str
    version: int
    suite: str
    table_name: str
    column_name: str | None
    expectation_type: str
    dimension: str
    severity: str
    scope: str
    owner: str
    sentence_id: str
    sentence_en: str
    valid_from: datetime
    valid_to: datetime | None = None
    use: int = 1


@dataclass(frozen=True)
class Delivered:
    """An evidence file, and the artifact it was delivered with. `media_type` is told by its content."""

    feed_id: str
    artifact_sha256: str
    file_name: str
    sha256: str
    bytes: int
    media_type: str
    received_at: datetime


@dataclass(frozen=True)
class Review:
    """What a verifier said of an evidence file of an owner: `accepted` or `returned`, with the reason."""

    government_code: str
    agency_code: str
    file_name: str
    sha256: str
    status: str
    reason: str | None
    document: str | None
    reviewed_by: str
    reviewed_at: datetime


class Archive:
    def __init__(self, root: Path) -> None:
        self.root = root

    def store(self, feed_id: str, source_name: str, data: bytes | Sequence[bytes], received_at: datetime) -> Artifact:
        """Keep the bytes, which may come as parts that follow each other. What a feed brought before is returned as it was first received; that it came under
        another name is noted."""
        parts = (data,) if isinstance(data, bytes) else data
        sha256, size = self._keep(*parts)
        sidecar = self._artifact_path(feed_id, sha256)
        media_type = mimetypes.guess_type(source_name)[0] or "application/octet-stream"
        artifact = Artifact(sha256, size, media_type, feed_id, source_name, received_at)
        if not sidecar.exists():
            _write_json(sidecar, asdict(artifact))
            return artifact
        first = _artifact(sidecar)
        if first.source_name != source_name and not self._again_path(feed_id, sha256, source_name).exists():
            self.note_again(artifact)
        return first

    def artifacts(self, feed_id: str) -> list[Artifact]:
        """All of a feed, in the order they came."""
        return self._received("artifacts", feed_id)

    def again(self, feed_id: str) -> list[Artifact]:
        """Those of a feed that came once more, by the name under which they did, in the order they came so."""
        return self._received("again", feed_id)

    def note_again(self, artifact: Artifact) -> None:
        """That the bytes came once more, under this name and then; of several times the last."""
        _write_json(self._again_path(artifact.feed_id, artifact.sha256, artifact.source_name), asdict(artifact))

    def _received(self, folder: str, feed_id: str) -> list[Artifact]:
        found = [_artifact(path) for path in (self.root / folder / feed_id).glob("*.json")]
        return sorted(found, key=lambda artifact: (artifact.received_at, artifact.source_name, artifact.sha256))

    def read(self, sha256: str) -> bytes:
        """The bytes, checked against their hash."""
        path = self._object(sha256)
        if not path.exists():
            raise CorruptArtifact(f"archive: {path} is gone; put the original file back where it came from and ingest it again")
        data = path.read_bytes()
        if sha256_of(data) != sha256:
            raise CorruptArtifact(f"archive: {path} no longer has the hash it is named by; restore it from a backup")
        return data

    def batch(self, feed_id: str, batch_id: str) -> BatchRecord | None:
        path = self._batch_path(feed_id, batch_id)
        return _batch(path) if path.exists() else None

    def batches(self, feed_id: str) -> list[BatchRecord]:
        found = [_batch(path) for path in (self.root / "batches" / feed_id).glob("*.json")]
        return sorted(found, key=lambda record: (record.known_at, record.batch_id))

    def record_batch(self, record: BatchRecord) -> BatchRecord:
        """Write it once: whoever asks again, also after a kill, gets what was written first."""
        path = self._batch_path(record.feed_id, record.batch_id)
        if path.exists():
            return _batch(path)
        _write_json(path, asdict(record))
        return record

    def releases(self) -> list[ReleaseRecord]:
        found = [_release(path) for path in (self.root / "releases").glob("*.json")]
        return sorted(found, key=lambda record: (record.created_at, record.release_id))

    def record_release(self, record: ReleaseRecord) -> ReleaseRecord:
        path = self._release_path(record.release_id)
        if path.exists():
            return _release(path)
        _write_json(path, asdict(record))
        return record

    def rules(self) -> list[RuleRecord]:
        """By rule, in the order of their use. A use ends where the rule was given up, or where the next use begins: one is in force, or none."""
        found = sorted((_rule(path) for path in (self.root / "rules").glob("*.json")), key=lambda record: (record.rule_id, record.valid_from, record.version))
        following = [*found[1:], None]
        return [
            replace(record, valid_to=after.valid_from) if record.valid_to is None and after is not None and after.rule_id == record.rule_id else record
            for record, after in zip(found, following, strict=False)
        ]

    def record_rule(self, record: RuleRecord) -> None:
        """Write what a rule says in this use of it; better wording takes the place of what was written before."""
        values = asdict(record)
        del values["valid_to"]
        _write_json(self._rule_path(record), values)

    def retire_rule(self, record: RuleRecord, at: datetime) -> None:
        """Since when a rule is no longer in use."""
        write_atomically(self._rule_path(record).with_suffix(".retired"), at.isoformat().encode())

    def _rule_path(self, record: RuleRecord) -> Path:
        return self.root / "rules" / (f"{record.rule_id}-{record.version}" + (f"-{record.use}" if record.use > 1 else "") + ".json")

    def deliver(self, artifact: Artifact, file_name: str, data: bytes, media_type: str, received_at: datetime) -> Delivered:
        """Keep an evidence file that came beside an artifact. What was delivered before is returned as it was first received."""
        sha256, _ = self._keep(data)
        path = self._delivered_path(artifact.feed_id, artifact.sha256, file_name, sha256)
        if not path.exists():
            _write_json(path, asdict(Delivered(artifact.feed_id, artifact.sha256, file_name, sha256, len(data), media_type, received_at)))
        return _delivered(path)

    def delivered(self, feed_id: str) -> list[Delivered]:
        found = [_delivered(path) for path in (self.root / "evidence" / feed_id).glob("*.json")]
        return sorted(found, key=lambda one: (one.received_at, one.file_name, one.sha256))

    def record_review(self, review: Review) -> None:
        _write_json(self.root / "reviews" / f"{identifier(*map(str, asdict(review).values()))}.json", asdict(review))

    def reviews(self) -> list[Review]:
        found = [_review(path) for path in (self.root / "reviews").glob("*.json")]
        return sorted(found, key=lambda review: (review.reviewed_at, review.government_code, review.agency_code, review.file_name))

    def lost(self, connection: duckdb.DuckDBPyConnection, by_hash: bool = True) -> list[str]:
        """What the warehouse was made of and the archive no longer has whole, a line each: its name, and the file within the archive that is gone or
        damaged. Unless they are looked at `by_hash`, bytes of the right size are taken for whole."""
        path_of: dict[str, Callable[..., Path]] = {
            "artifact": self._artifact_path,
            "batch": self._batch_path,
            "delivered": self._delivered_path,
            "release": self._release_path,
        }
        found = []
        for name, kind, known_by, sha256, size in connection.execute(sql_of("warehouse", "archived.sql")).fetchall():
            sidecar = path_of[kind](*known_by)
            if not _is_readable(sidecar):
                found.append(f"{name}: {sidecar.relative_to(self.root)}")
            elif sha256 is not None and not is_whole(self._object(sha256), size, sha256 if by_hash else None):
                found.append(f"{name}: {self._object(sha256).relative_to(self.root)}")
        return found

    def _artifact_path(self, feed_id: str, sha256: str) -> Path:
        return self.root / "artifacts" / feed_id / f"{sha256}.json"

    def _again_path(self, feed_id: str, sha256: str, source_name: str) -> Path:
        return self.root / "again" / feed_id / f"{identifier(sha256, source_name)}.json"

    def _batch_path(self, feed_id: str, batch_id: str) -> Path:
        return self.root / "batches" / feed_id / f"{batch_id}.json"

    def _delivered_path(self, feed_id: str, artifact_sha256: str, file_name: str, sha256: str) -> Path:
        return self.root / "evidence" / feed_id / f"{identifier(artifact_sha256, file_name, sha256)}.json"

    def _release_path(self, release_id: str) -> Path:
        return self.root / "releases" / f"{release_id}.json"

    def _keep(self, *parts: bytes) -> tuple[str, int]:
        """Hash and size."""
        sha256, size = sha256_of(*parts), sum(map(len, parts))
        path = self._object(sha256)
        if not path.exists() or path.stat().st_size != size:
            write_atomically(path, *parts)
        return sha256, size

    def _object(self, sha256: str) -> Path:
        return self.root / "objects" / sha256[:2] / sha256


def _write_json(path: Path, values: dict[str, Any]) -> None:
    text = json.dumps(values, indent=1, default=lambda value: value.isoformat())
    write_atomically(path, text.encode())


def _read(kind: type[Record], path: Path, *times: str, **more: Any) -> Record:
    """What `_write_json` wrote of one, with these of its values being times."""
    try:
        values = json.loads(path.read_bytes())
        return kind(**{**values, **{name: datetime.fromisoformat(values[name]) for name in times}}, **more)
    except (ValueError, TypeError, LookupError) as error:
        raise CorruptArtifact(f"archive: {path} is empty or not what was written there; restore the archive from a backup") from error


def _is_readable(path: Path) -> bool:
    try:
        return isinstance(json.loads(path.read_bytes()), dict)
    except (OSError, ValueError):
        return False


def _artifact(path: Path) -> Artifact:
    return _read(Artifact, path, "received_at")


def _batch(path: Path) -> BatchRecord:
    return _read(BatchRecord, path, "known_at")


def _release(path: Path) -> ReleaseRecord:
    return _read(ReleaseRecord, path, "as_of", "created_at")


def _rule(path: Path) -> RuleRecord:
    retired = path.with_suffix(".retired")
    return _read(RuleRecord, path, "valid_from", valid_to=datetime.fromisoformat(retired.read_text()) if retired.exists() else None)


def _delivered(path: Path) -> Delivered:
    return _read(Delivered, path, "received_at")


def _review(path: Path) -> Review:
    return _read(Review, path, "reviewed_at")
