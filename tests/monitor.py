"""A monitor as a province runs it, from Debian's packages, on this machine: Prometheus, the blackbox exporter, and a site whose answer a script changes,
if wanted with a certificate of its own making."""

import json
import os
import shutil
import socket
import ssl
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.waiting import wait_until

BINARIES = ("prometheus", "promtool", "prometheus-blackbox-exporter")
MISSING = [name for name in BINARIES if shutil.which(name) is None]
NEEDS_PROMETHEUS = pytest.mark.skipif(bool(MISSING) and os.environ.get("CI") != "true", reason=f"needs {', '.join(MISSING)} on the path; CI has them")
CONFIG = """
global: {{scrape_interval: 1s, scrape_timeout: 900ms}}
scrape_configs:
- job_name: blackbox
  metrics_path: /probe
  static_configs: {static}
  relabel_configs:
  - {{source_labels: [__address__], target_label: __param_target}}
  - {{source_labels: [__param_target], target_label: instance}}
  - {{source_labels: [__tmp_prober], target_label: __address__}}
- job_name: itself
  static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""
MODULES = "modules: {http_2xx: {prober: http, timeout: 800ms, http: {preferred_ip_protocol: ip4, tls_config: {insecure_skip_verify: true}}}}\n"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@contextmanager
def site(certificate: Path | None = None) -> Iterator[tuple[str, dict[str, int]]]:
    """Its address, and what it answers by path; change that and the next request gets it. With a certificate (and its key, in one file) by TLS."""
    answers: dict[str, int] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(answers.get(self.path, 404))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http{'' if certificate is None else 's'}://127.0.0.1:{server.server_address[1]}", answers
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)


def certificate_until(folder: Path, until: datetime) -> Path:
    """A certificate of our own making, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
    made = builder.not_valid_before(until - timedelta(days=90)).not_valid_after(until).sign(key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    path = folder / "certificate.pem"
    path.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()) + made.public_bytes(pem),
    )
    return path


@contextmanager
def _process(command: Sequence[str], ready: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            wait_until(f"{ready} ({log})", lambda: _answers(ready), limit_s=60)
            yield process
        finally:
            process.kill()
            process.wait(timeout=20)


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2) as reply:
            return bool(reply.status == 200)
    except (urllib.error.URLError, OSError):
        return False


@contextmanager
def prober(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    (folder / "blackbox.yml").write_text(MODULES)
    command = [
        "prometheus-blackbox-exporter",
        f"--config.file={folder / 'blackbox.yml'}",
        "--timeout-offset=0.05",  # else half a second of the scrape's 0.9 is kept back, and on a busy machine a service that is up does not answer in time
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with _process(command, f"http://127.0.0.1:{port}/-/healthy", folder / "blackbox.log") as process:
        yield process


@contextmanager
def prometheus(folder: Path, targets: Sequence[str] = (), prober_port: int = 9, probers: Mapping[str, int] | None = None) -> Iterator[str]:
    """Its address. What lies in `folder/data` already is its history. With `probers`, each of them (its port by the label `prober`) probes all targets."""
    port = free_port()
    static = [
        {"targets": list(targets), "labels": labels | {"__tmp_prober": f"127.0.0.1:{at}"}}
        for labels, at in ([({"prober": name}, at) for name, at in probers.items()] if probers else [({}, prober_port)])
    ]
    (folder / "prometheus.yml").write_text(CONFIG.format(static=json.dumps(static), port=port))
    command = [
        "prometheus",
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        "--storage.tsdb.retention.time=100y",  # else history is removed
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    ]
    with _process(command, f"http://127.0.0.1:{port}/-/ready", folder / "prometheus.log"):
        yield f"http://127.0.0.1:{port}"


def backfill(folder: Path, metrics: Mapping[str, Iterable[tuple[str, datetime, str]]]) -> None:
    """History for a Prometheus that will be started on `folder`: by metric, samples (instance, time, value)."""
    text = folder / "history.om"
    with text.open("w") as file:
        for metric, samples in metrics.items():
            file.write(f"# TYPE {metric} gauge\n")
            file.writelines(f'{metric}{{instance="{instance}",job="blackbox"}} {value} {at.timestamp():.3f}\n' for instance, at, value in sorted(samples))
        file.write("# EOF\n")
    command = ["promtool", "tsdb", "create-blocks-from", "--max-block-duration=960h", "openmetrics", str(text), str(folder / "data")]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    text.unlink()


def ask(address: str, query: str) -> list[dict[str, Any]]:
    """The result of an instant query, now."""
    with urllib.request.urlopen(f"{address}/api/v1/query?{urllib.parse.urlencode({'query': query})}", timeout=10) as reply:
        found: list[dict[str, Any]] = json.load(reply)["data"]["result"]
    return found


def seconds_ago(address: str, metric: str) -> float | None:
    """How old the newest sample of a metric is; None if there was none for five minutes."""
    found = ask(address, f"time() - max(max_over_time(timestamp({metric})[5m:1s]))")
    return float(found[0]["value"][1]) if found else None
