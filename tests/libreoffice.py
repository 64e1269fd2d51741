"""LibreOffice, headless, as tests run it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SOFFICE = shutil.which("soffice") or shutil.which("libreoffice")
NEEDS_SOFFICE = pytest.mark.skipif(SOFFICE is None and os.environ.get("CI") != "true", reason="needs LibreOffice (soffice) on the path; CI has it")
LIMIT_S = 180


def run(folder: Path, *arguments: str) -> None:
    """With a profile of its own in `folder`."""
    assert SOFFICE is not None, "CI must have LibreOffice (soffice) on the path"
    command = [SOFFICE, f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless", *arguments]
    subprocess.run(command, check=True, capture_output=True, timeout=LIMIT_S)


def saved_as(folder: Path, data: bytes, kind: str) -> bytes:
    """What LibreOffice makes of an XLSX when it opens it and saves it as `kind`; it stays in `folder` as sent.xlsx."""
    source, target = folder / "sent.xlsx", folder / "saved"
    source.write_bytes(data)
    run(folder, "--convert-to", kind, "--outdir", str(target), str(source))
    return (target / f"sent.{kind}").read_bytes()
