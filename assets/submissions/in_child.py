"""Reads a sheet in a process of its own, bounded in memory and time: whatever the file does to its reader, ours lives on."""

import json
import resource
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from expectations.intake import Unreadable

MEMORY_BYTES = 2 * 2**30
SECONDS = 120
REFUSED = 3  # exit code of a child that has written the reason, and no table


def read(data: bytes, columns: tuple[str, ...], aliases: Mapping[str, str], required: tuple[str, ...]) -> pa.Table:
    """`sheet.read_here` of these arguments. Raises Unreadable also for a file that its reader does not survive."""
    asked = json.dumps({"columns": columns, "aliases": dict(aliases), "required": required}).encode()
    try:
        done = subprocess.run([sys.executable, "-m", __name__], input=asked + b"\n" + data, capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise Unreadable(
            f"the workbook could not be read within {SECONDS} s: it is damaged; {_advice()}",
            f"buku kerja rusak: tidak terbaca dalam {SECONDS} detik; buka di Excel atau LibreOffice, simpan, kirim kembali",
        ) from error
    if done.returncode == REFUSED:
        raise Unreadable(*json.loads(done.stdout))
    if done.returncode != 0:
        raise Unreadable(
            f"the workbook cannot be read within {MEMORY_BYTES // 2**30} GB of memory, or breaks its reader: it is damaged; {_advice()}",
            "buku kerja rusak; buka di Excel atau LibreOffice, simpan, kirim kembali",
        )
    with pa.ipc.open_stream(done.stdout) as stream:
        return stream.read_all()


def _advice() -> str:
    from assets.submissions.sheet import ACCEPTED, OPEN_AND_SAVE

    return f"{OPEN_AND_SAVE}; {ACCEPTED}"


def _serve() -> int:
    """The child: a line of JSON and the file on its input; a table as an Arrow stream, or the reason, on its output."""
    from assets.submissions.sheet import read_here

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    asked: dict[str, Any] = json.loads(sys.stdin.buffer.readline())
    try:
        table = read_here(sys.stdin.buffer.read(), tuple(asked["columns"]), asked["aliases"], tuple(asked["required"]))
    except Unreadable as error:
        sys.stdout.write(json.dumps(error.args))
        return REFUSED
    with pa.ipc.new_stream(sys.stdout.buffer, table.schema) as stream:
        stream.write_table(table)
    return 0


if __name__ == "__main__":
    sys.exit(_serve())
