"""`kesiapan dev` as a person starts it: the webserver, the daemon and the code server of a home, in a process group that is ended as a whole."""

import json
import os
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.conftest import KESIAPAN, environment
from tests.waiting import wait_until

START_LIMIT_S = 90
STOP_LIMIT_S = 30
_WORKSPACE = """
{ workspaceOrError { ... on Workspace { locationEntries { name locationOrLoadError { __typename ... on PythonError { message }
    ... on RepositoryLocation { repositories { name } } } } } } }
"""


class Server:
    """A running webserver; `location` is the name under which Dagster loaded our definitions."""

    def __init__(self, url: str, log: Path) -> None:
        self.url = url
        self.log = log
        self.location = ""

    def ask(self, query: str, variables: Mapping[str, Any] | None = None) -> Any:
        """The `data` of a GraphQL answer."""
        body = json.dumps({"query": query, "variables": dict(variables or {})}).encode()
        request = urllib.request.Request(f"{self.url}/graphql", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as reply:
            answer = json.load(reply)
        assert "errors" not in answer, answer
        return answer["data"]

    def _loaded(self) -> str | None:
        try:
            (entry,) = self.ask(_WORKSPACE)["workspaceOrError"]["locationEntries"]
        except (urllib.error.URLError, ConnectionError, TimeoutError, ValueError):
            return None
        loaded = entry["locationOrLoadError"]
        assert loaded is None or loaded["__typename"] == "RepositoryLocation", loaded
        return str(entry["name"]) if loaded else None


@contextmanager
def dev(home: Path, folder: Path, **more: str) -> Iterator[Server]:
    """Start it on a free port and wait until it has loaded; at the end, stop the whole group."""
    log = folder / "dev.log"
    port = _free_port()
    with log.open("w") as output:
        process = subprocess.Popen(
            [KESIAPAN, "dev", "--port", str(port)],
            env=environment(home, **more),
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            cwd=folder,
        )
    try:
        server = Server(f"http://127.0.0.1:{port}", log)

        def loaded() -> str | None:
            assert process.poll() is None, log.read_text()[-2000:]
            return server._loaded()

        server.location = wait_until("the Dagster webserver to load the definitions", loaded, START_LIMIT_S)
        yield server
    finally:
        _stop(process)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """SIGTERM to the group, SIGKILL to what is still there when the time is up."""
    group = process.pid
    _signal(group, signal.SIGTERM)
    try:
        process.wait(timeout=STOP_LIMIT_S)
        wait_until("all processes of kesiapan dev to end", lambda: not _is_there(group), STOP_LIMIT_S)
    except (subprocess.TimeoutExpired, AssertionError):
        _signal(group, signal.SIGKILL)
        process.wait(timeout=STOP_LIMIT_S)


def _signal(group: int, number: int) -> None:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return


def _is_there(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
