"""Writing files so that a reader, or the next run after a kill, sees the whole file or none; and the SQL that lies beside our code."""

import hashlib
import os
import tempfile
from functools import cache
from importlib.resources import files
from pathlib import Path


def sha256_of(*parts: bytes) -> str:
    """Of bytes, or of parts that follow each other."""
    found = hashlib.sha256()
    for part in parts:
        found.update(part)
    return found.hexdigest()


def is_whole(path: Path, size: int, sha256: str | None) -> bool:
    """Whether the file is there with this size and, unless that is None, this hash."""
    try:
        return path.stat().st_size == size and (sha256 is None or sha256_of(path.read_bytes()) == sha256)
    except OSError:
        return False


def identifier(*parts: str) -> str:
    """A derived id: the same parts give the same 32 hex digits, so that a rebuild gives the same ids."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


def sync_folder(folder: Path) -> None:
    """Make a rename in `folder` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_atomically(path: Path, *parts: bytes) -> None:
    """Temporary name in the same folder, fsync, rename. Parts follow each other in the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


@cache
def sql_of(package: str, name: str) -> str:
    """The SQL file `name` of a package of ours, such as `assets.uptime`."""
    return files(package).joinpath(name).read_text(encoding="utf-8")
