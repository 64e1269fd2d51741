"""The archive: what was received stays as it was received, whole or not at all, and what was decided of it is decided once."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import ROOT
from warehouse import files
from warehouse.archive import Archive, Artifact, BatchRecord, CorruptArtifact, ReleaseRecord

SAMPLE = ROOT / "samples" / "submissions" / "denpasar_2018_final.csv"
NOON = datetime(2026, 9, 30, 12, 0, tzinfo=UTC)
LATER = NOON + timedelta(days=3)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive")


def visible(folder: Path) -> list[Path]:
    """Files that a reader of the archive can meet: those still being written are hidden."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))


def record(**changes: object) -> BatchRecord:
    first = BatchRecord("b" * 32, "a" * 64, "denpasar_spbe", "submission 1", "abcdef", NOON, "run-1")
    return replace(first, **changes)  # type: ignore[arg-type]


def test_a_file_is_kept_byte_for_byte_under_its_hash(archive: Archive) -> None:
    data = SAMPLE.read_bytes()
    artifact = archive.store("denpasar_spbe", SAMPLE.name, data, NOON)
    assert artifact == Artifact(files.sha256_of(data), len(data), "text/csv", "denpasar_spbe", SAMPLE.name, NOON)
    assert archive.read(artifact.sha256) == data
    assert (archive.root / "objects" / artifact.sha256[:2] / artifact.sha256).read_bytes() == data


@settings(max_examples=30, deadline=None)
@given(data=st.binary(max_size=300), name=st.text(st.characters(codec="utf-8"), max_size=40))
def test_whatever_arrives_comes_back_as_it_came(tmp_path_factory: pytest.TempPathFactory, data: bytes, name: str) -> None:
    archive = Archive(tmp_path_factory.mktemp("archive"))
    stored = archive.store("feed", name, data, NOON)
    assert archive.read(stored.sha256) == data
    assert archive.artifacts("feed") == [stored]


def test_what_comes_in_parts_is_kept_as_one_file(archive: Archive) -> None:
    in_parts = archive.store("feed", "reply", [b"first", b"", b" and last"], NOON)
    assert in_parts == Archive(archive.root / "elsewhere").store("feed", "reply", b"first and last", NOON)
    assert archive.read(in_parts.sha256) == b"first and last"


def test_the_same_bytes_from_two_feeds_are_stored_once_with_a_sidecar_each(archive: Archive) -> None:
    first = archive.store("denpasar_spbe", "levels.csv", b"same", NOON)
    second = archive.store("inbox", "kiriman.csv", b"same", LATER)
    assert first.sha256 == second.sha256
    assert len(visible(archive.root / "objects")) == 1
    assert archive.artifacts("denpasar_spbe") == [first]
    assert archive.artifacts("inbox") == [second]


def test_a_file_received_again_keeps_its_first_name_and_time(archive: Archive) -> None:
    first = archive.store("inbox", "kiriman.csv", b"levels", NOON)
    again = archive.store("inbox", "kiriman (1).xlsx", b"levels", LATER)
    assert again == first
    assert Archive(archive.root).artifacts("inbox") == [first]
    assert len(visible(archive.root / "objects")) == 1


def test_the_other_name_of_a_file_received_again_is_noted_once(archive: Archive) -> None:
    first = archive.store("inbox", "kiriman.csv", b"levels", NOON)
    archive.store("inbox", "kiriman.csv", b"levels", LATER)
    assert archive.again("inbox") == []
    for at in (LATER, LATER + timedelta(days=1)):
        archive.store("inbox", "salinan.csv", b"levels", at)
    assert Archive(archive.root).again("inbox") == [replace(first, source_name="salinan.csv", received_at=LATER)]


def test_that_a_file_came_in_the_place_of_another_of_its_name_is_noted_with_the_last_time(archive: Archive) -> None:
    first = archive.store("inbox", "kiriman.csv", b"levels", NOON)
    for at in (LATER, LATER + timedelta(days=1)):
        archive.note_again(replace(first, received_at=at))
    assert Archive(archive.root).again("inbox") == [replace(first, received_at=LATER + timedelta(days=1))]
    assert archive.artifacts("inbox") == [first]


def test_artifacts_come_in_the_order_they_were_received(archive: Archive) -> None:
    late = archive.store("inbox", "a.csv", b"late", LATER)
    early_b = archive.store("inbox", "b.csv", b"early b", NOON)
    early_a = archive.store("inbox", "a.csv", b"early a", NOON)
    assert archive.artifacts("inbox") == [early_a, early_b, late]
    assert archive.artifacts("nobody") == []


def test_the_sidecar_is_json_that_anyone_can_read(archive: Archive) -> None:
    artifact = archive.store("inbox", "kiriman.csv", b"levels", NOON)
    sidecar = json.loads((archive.root / "artifacts" / "inbox" / f"{artifact.sha256}.json").read_text(encoding="utf-8"))
    assert sidecar == {
        "sha256": artifact.sha256,
        "bytes": 6,
        "media_type": "text/csv",
        "feed_id": "inbox",
        "source_name": "kiriman.csv",
        "received_at": "2026-09-30T12:00:00+00:00",
    }


def test_bytes_that_rotted_are_noticed(archive: Archive) -> None:
    artifact = archive.store("inbox", "kiriman.csv", b"value,3", NOON)
    stored = archive.root / "objects" / artifact.sha256[:2] / artifact.sha256
    stored.write_bytes(b"value,5")
    with pytest.raises(CorruptArtifact, match=artifact.sha256):
        archive.read(artifact.sha256)


def test_bytes_that_are_gone_are_noticed(archive: Archive) -> None:
    artifact = archive.store("inbox", "kiriman.csv", b"value,3", NOON)
    (archive.root / "objects" / artifact.sha256[:2] / artifact.sha256).unlink()
    with pytest.raises(CorruptArtifact, match=artifact.sha256):
        archive.read(artifact.sha256)


@pytest.mark.parametrize("left", [b"", b'{"sha256": "', b"{}", b"[]", b"\0" * 300])
def test_a_sidecar_that_a_power_cut_emptied_is_named(archive: Archive, left: bytes) -> None:
    artifact = archive.store("inbox", "kiriman.csv", b"value,3", NOON)
    archive.record_batch(record(feed_id="inbox"))
    sidecar, batch = (archive.root / folder / "inbox" / f"{name}.json" for folder, name in (("artifacts", artifact.sha256), ("batches", "b" * 32)))
    sidecar.write_bytes(left)
    batch.write_bytes(left)
    with pytest.raises(CorruptArtifact, match=f"{sidecar} .* restore the archive from a backup"):
        archive.artifacts("inbox")
    with pytest.raises(CorruptArtifact, match=f"{batch} .* restore the archive from a backup"):
        archive.batches("inbox")


def test_ingesting_the_original_again_brings_lost_bytes_back(archive: Archive) -> None:
    """What the message of `CorruptArtifact` tells people to do."""
    artifact = archive.store("inbox", "kiriman.csv", b"value,3", NOON)
    (archive.root / "objects" / artifact.sha256[:2] / artifact.sha256).unlink()
    assert archive.store("inbox", "kiriman.csv", b"value,3", LATER) == artifact
    assert archive.read(artifact.sha256) == b"value,3"


def test_a_write_that_fails_before_its_rename_leaves_nothing(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(source: object, target: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", full)
        with pytest.raises(OSError, match="No space left"):
            archive.store("inbox", "kiriman.csv", b"value,3", NOON)
    assert [path for path in archive.root.rglob("*") if path.is_file()] == []
    assert archive.artifacts("inbox") == []
    stored = archive.store("inbox", "kiriman.csv", b"value,3", LATER)
    assert stored.received_at == LATER
    assert archive.read(stored.sha256) == b"value,3"


def test_a_failed_rename_keeps_the_file_that_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "kept.json"
    files.write_atomically(target, b"old")

    def fail(source: object, target: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="Input/output error"):
        files.write_atomically(target, b"new")
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


KILLED_BEFORE_RENAME = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from warehouse.archive import Archive

renamed = []
really = os.replace

def replace(source, target):
    if len(renamed) == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    renamed.append(target)
    really(source, target)

os.replace = replace
Archive(Path(sys.argv[1])).store("inbox", "kiriman.csv", b"value,3", datetime(2026, 9, 30, 12, tzinfo=UTC))
"""


@pytest.mark.parametrize("renames_done", [0, 1])
def test_a_kill_before_a_rename_shows_no_partial_file(archive: Archive, renames_done: int) -> None:
    """First the bytes are renamed, then the sidecar: a kill before either leaves an artifact that has not arrived yet."""
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_BEFORE_RENAME, str(archive.root), str(renames_done)], cwd=ROOT, timeout=60, check=False, capture_output=True
    )
    assert killed.returncode == -9, killed.stderr.decode()
    assert len(visible(archive.root)) == renames_done
    assert archive.artifacts("inbox") == []
    stored = archive.store("inbox", "kiriman.csv", b"value,3", LATER)
    assert stored.received_at == LATER
    assert archive.artifacts("inbox") == [stored]
    assert archive.read(stored.sha256) == b"value,3"


def test_what_was_first_known_of_a_batch_is_never_rewritten(archive: Archive) -> None:
    first = archive.record_batch(record())
    again = archive.record_batch(record(known_at=LATER, run_id="run-2"))
    assert again == first == record()
    assert Archive(archive.root).batch("denpasar_spbe", "b" * 32) == first
    assert archive.batches("denpasar_spbe") == [first]


def test_a_batch_nobody_judged_is_unknown(archive: Archive) -> None:
    assert archive.batch("denpasar_spbe", "b" * 32) is None
    assert archive.batches("denpasar_spbe") == []


def test_batches_come_in_the_order_they_became_known(archive: Archive) -> None:
    late = archive.record_batch(record(batch_id="1" * 32, known_at=LATER))
    early = archive.record_batch(record(batch_id="2" * 32, known_at=NOON))
    assert archive.batches("denpasar_spbe") == [early, late]


def test_a_release_is_recorded_once(archive: Archive) -> None:
    first = archive.record_release(ReleaseRecord("r" * 32, "2026-Q3", NOON, "inputs", "reference", "readiness 1", NOON, "run-1"))
    again = archive.record_release(ReleaseRecord("r" * 32, "2026-Q3", LATER, "inputs", "reference", "readiness 1", LATER, "run-2"))
    assert again == first
    assert archive.releases() == [first]


def test_derived_ids_depend_on_every_part_and_on_nothing_else() -> None:
    assert files.identifier("feed", "hash") == files.identifier("feed", "hash")
    assert files.identifier("feed", "hash") != files.identifier("feedhash")
    assert files.identifier("a", "bc") != files.identifier("ab", "c")
    assert len(files.identifier("feed")) == 32
