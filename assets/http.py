"""The one HTTP session that all connectors get: TLS verified, private addresses refused but for those of a named network, one
request a second per host, retries with a bound, a deadline for each reply and a cap on its decompressed size. No connector opens a connection of its
own."""

import base64
import ipaddress
import json
import logging
import os
import re
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests_hardened import Config, HTTPSession
from requests_hardened.ip_filter import InvalidIPAddress
from requests_hardened.ip_filter_adapter import IPFilterAdapter
from requests_ratelimiter import LimiterMixin
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, ProtocolError
from urllib3.util import Retry

from warehouse.registry import Credential, Feed, Network

USER_AGENT = "kesiapan (readiness of regional governments; open-data and uptime harvest)"
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750, section 2.1
logging.getLogger("requests_hardened.ip_filter").setLevel(logging.ERROR)  # it warns of each address that it refuses: we say so, or know better
_SECRET = re.compile(r"(?i)((?:key|secret|secret_key|token|apikey|api_key)[=/])[^/&?#\s]+")


class SourceUnreachable(RuntimeError):
    """A source did not answer, or not with what was asked for. The message names the address, without secrets."""


class BadCredential(ValueError):
    """An environment variable that should hold a secret is not set, or holds something else. The message names the variable, never what it holds."""


@dataclass(frozen=True)
class Limits:
    """Bounds of one request: seconds and bytes."""

    connect_s: float = 5.0
    read_s: float = 20.0
    whole_s: float = 120.0
    bytes: int = 64 * 2**20
    retries: int = 4
    backoff_s: float = 0.5


class _Session(LimiterMixin, HTTPSession):  # type: ignore[misc]  # neither base has types
    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        """Else authorities that the environment names (REQUESTS_CA_BUNDLE) would go before the session's own."""
        own = self.verify if isinstance(self.verify, str) else verify
        return super().merge_environment_settings(url, proxies, stream, own, cert)


@contextmanager
def _cut_off(after_s: float, cut: Callable[[], object]) -> Iterator[threading.Event]:
    """Calls `cut` if it takes longer than that, and says so: a server that drips bytes is waited for byte by byte, where nobody looks at the clock."""
    was_cut = threading.Event()

    def end() -> None:
        was_cut.set()
        with suppress(OSError):
            cut()

    timer = threading.Timer(after_s, end)
    timer.daemon = True
    timer.start()
    try:
        yield was_cut
    finally:
        timer.cancel()


class _TooSlow(RuntimeError):
    """Of an exception that urllib3 knows it would make another attempt."""


def _pools(whole_s: float) -> dict[str, type[HTTPConnectionPool]]:
    """Pools of connections, by scheme, that wait no longer than that for the headers of a reply."""

    def bounded(connection: type[HTTPConnection]) -> type[HTTPConnection]:
        class Bounded(connection):  # type: ignore[misc, valid-type]
            def getresponse(self) -> Any:
                with _cut_off(whole_s, partial(socket.socket.shutdown, self.sock, socket.SHUT_RDWR)) as was_cut:  # also of TLS, below its own
                    try:
                        reply = super().getresponse()
                    except Exception as error:
                        if was_cut.is_set():
                            raise _TooSlow from error
                        raise
                if was_cut.is_set():  # what headers there are count as all
                    raise _TooSlow
                return reply

        return Bounded

    class Pool(HTTPConnectionPool):
        ConnectionCls: Any = bounded(HTTPConnection)

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls: Any = bounded(HTTPSConnection)

    return {"http": Pool, "https": SecurePool}


class _NetworkAdapter(IPFilterAdapter):  # type: ignore[misc]  # it has no types
    """Connects to addresses of one private network too; without TLS, to those alone. As for all others, the address that was looked at is the one connected
    to."""

    def __init__(self, network: Network, is_https: bool, allow_loopback: bool) -> None:
        super().__init__(is_https_proto=is_https, allow_loopback=allow_loopback)
        self._network, self._is_https = network, is_https

    def build_connection_pool_key_attributes(self, request: requests.PreparedRequest, verify: Any, cert: Any = None) -> tuple[Any, Any]:
        try:
            place, options = super().build_connection_pool_key_attributes(request, verify, cert)
        except InvalidIPAddress as refused:
            (address,) = refused.args
            if address not in self._network:
                raise
            place, options = HTTPAdapter.build_connection_pool_key_attributes(self, request, verify, cert)
            if self._is_https:  # the certificate is for the name
                options.update({"assert_hostname": place["host"], "server_hostname": place["host"]})  # type: ignore[misc]
            place["host"] = f"[{address}]" if address.version == 6 else str(address)
        address = ipaddress.ip_address(place["host"].strip("[]"))
        if address.is_global and not self._is_https:
            raise InvalidIPAddress(address)
        return place, options


def authorization(credential: Credential, environment: Mapping[str, str] = os.environ) -> str:
    """The `Authorization` header that a credential stands for. Raises `BadCredential`."""
    secret = environment.get(credential.variable, "").strip()
    if not secret:
        raise BadCredential(f"environment variable {credential.variable} is not set")
    if credential.scheme == "basic":
        if ":" not in secret:
            raise BadCredential(f"environment variable {credential.variable} holds no user:password")
        return "Basic " + base64.b64encode(secret.encode()).decode()
    if not _TOKEN.fullmatch(secret):
        raise BadCredential(f"environment variable {credential.variable} holds no bearer token; accepted: letters, digits and -._~+/= only")
    return f"Bearer {secret}"


class _Authorization(requests.auth.AuthBase):
    """Set on each request, so that no .netrc takes its place; a redirect to another host or port loses it."""

    def __init__(self, header: str) -> None:
        self._header = header

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self._header
        return request


def session_of(feed: Feed, per_second: float = 1.0) -> requests.Session:
    """What a feed's settings say of its source. Raises `BadCredential`."""
    return session(feed.allow_loopback, per_second=per_second, credential=feed.credential, network=feed.network, ca=feed.ca)


def session(
    allow_loopback: bool = False,
    limits: Limits | None = None,
    per_second: float = 1.0,
    credential: Credential | None = None,
    network: Network | None = None,
    ca: Path | None = None,
) -> requests.Session:
    """With a `credential`, each request carries it. Private addresses are connected to if they are of the `network`. `ca` is a PEM file of the authorities
    that TLS is verified by; none: the public ones. Raises `BadCredential`."""
    limits = limits or Limits()
    config = Config(
        ip_filter_enable=True,
        ip_filter_allow_loopback_ips=allow_loopback,
        never_redirect=False,
        default_timeout=(limits.connect_s, limits.read_s),
        user_agent_override=USER_AGENT,
    )
    made: requests.Session = _Session(per_second=per_second, config=config)
    if network is not None:
        for scheme in ("https", "http"):
            made.mount(f"{scheme}://", _NetworkAdapter(network, scheme == "https", allow_loopback))
    made.verify = True if ca is None else str(ca)
    made.max_redirects = 5
    made.headers["Accept-Encoding"] = "gzip"
    made.auth = None if credential is None else _Authorization(authorization(credential))
    retry = Retry(
        total=limits.retries,
        backoff_factor=limits.backoff_s,
        backoff_jitter=limits.backoff_s,
        status_forcelist=[429, 502, 503, 504],
        allowed_methods={"GET", "HEAD"},
        raise_on_status=False,
        retry_after_max=60,
    )
    for adapter in made.adapters.values():
        adapter.max_retries = retry  # type: ignore[attr-defined]
        adapter.poolmanager.pool_classes_by_scheme = _pools(limits.whole_s)  # type: ignore[attr-defined]
    return made


def get(http: requests.Session, url: str, params: dict[str, str] | None = None, limits: Limits | None = None) -> bytes:
    """The body of a 200 reply, whole or not at all. One that breaks off is asked for once more."""
    limits = limits or Limits()
    try:
        return _get(http, url, params, limits)
    except _BrokenOff:
        time.sleep(limits.backoff_s)
        return _get(http, url, params, limits)


class _BrokenOff(SourceUnreachable):
    """The connection was lost in the middle of a reply."""


def _get(http: requests.Session, url: str, params: dict[str, str] | None, limits: Limits) -> bytes:
    shown = redacted(url)
    try:
        with http.get(url, params=params, stream=True, timeout=(limits.connect_s, limits.read_s)) as reply:
            deadline = time.monotonic() + limits.whole_s  # of this reply: a server that asks us to wait may do so
            if reply.status_code != 200:
                raise SourceUnreachable(f"{shown}: answered {reply.status_code} {reply.reason}{_reason(reply, shown, limits, deadline)}")
            return _body(reply, shown, limits, deadline)
    except _TooSlow as error:
        raise SourceUnreachable(f"{shown}: the headers of the reply were not complete within {limits.whole_s:.0f} s") from error
    except InvalidIPAddress as error:
        raise SourceUnreachable(f"{shown}: {error} is not asked; accepted: public addresses with TLS, and those that the feed's `network` names") from error
    except (ProtocolError, zlib.error) as error:
        raise _BrokenOff(f"{shown}: the reply breaks off: {redacted(str(error))}") from error
    except (requests.RequestException, HTTPError, ValueError) as error:  # ValueError: a redirect to what is no address
        raise SourceUnreachable(f"{shown}: {redacted(str(error))}") from error


def _reason(reply: Any, shown: str, limits: Limits, deadline: float) -> str:
    """What Prometheus says of a query that it refuses. Of other servers nothing is shown: they may say the key that they were asked with."""
    try:
        said = json.loads(_body(reply, shown, replace(limits, bytes=64 * 1024), deadline))
        return f": {said['errorType']}: {redacted(str(said['error']))[:300]}"
    except (HTTPError, zlib.error, SourceUnreachable, ValueError, TypeError, LookupError, RecursionError):
        return ""


def _body(reply: Any, shown: str, limits: Limits, deadline: float) -> bytes:
    """Read what is there, never waiting for a full buffer: a trickle must not hold us past the deadline. Unpacked at most as far as is allowed."""
    packed = reply.headers.get("Content-Encoding", "identity").lower()
    if packed not in ("identity", "gzip"):
        raise SourceUnreachable(f"{shown}: the reply is encoded as {packed}, which was not asked for")
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS) if packed == "gzip" else None
    parts: list[bytes] = []
    size = 0
    too_slow = SourceUnreachable(f"{shown}: the reply was not complete within {limits.whole_s:.0f} s")
    with _cut_off(deadline - time.monotonic(), reply.raw.shutdown) as was_cut:
        try:
            while part := reply.raw.read1(64 * 1024, decode_content=False):
                parts.append(part if unpacker is None else unpacker.decompress(part, limits.bytes + 1 - size))
                size += len(parts[-1])
                if size > limits.bytes:
                    raise SourceUnreachable(f"{shown}: the reply is larger than {limits.bytes} bytes")
                if time.monotonic() > deadline:
                    raise too_slow
        except HTTPError as error:
            if was_cut.is_set():
                raise too_slow from error
            raise
    if was_cut.is_set():
        raise too_slow
    if unpacker is not None and not unpacker.eof:
        raise _BrokenOff(f"{shown}: the reply ends in the middle")
    return b"".join(parts)


def redacted(text: str) -> str:
    """Keys and tokens in paths and queries, blotted out."""
    return _SECRET.sub(r"\1***", text)
