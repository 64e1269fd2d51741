"""The one HTTP session against servers that misbehave, and how live sources arrive in the archive: whole replies or a message, within bounds."""

import gzip
import json
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
import requests
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from assets import http
from assets.arrival import arrive
from assets.http import Limits, SourceUnreachable
from assets.open_data import ckan
from expectations.intake import Unreadable
from tests.conftest import ROOT
from tests.monitor import certificate_until, site
from warehouse.archive import Archive
from warehouse.registry import Feed, FeedKind, Government

NOW = datetime(2026, 9, 30, tzinfo=UTC)
CATALOGUE = ROOT / "samples" / "open_data" / "muaraenim_package_search.json"
QUICK = Limits(connect_s=2, read_s=2, whole_s=3, bytes=100_000, retries=3, backoff_s=0.02)
SEARCH = "/api/3/action/package_search"


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with http.session(allow_loopback=True, limits=QUICK, per_second=200) as made:
        yield made


@contextmanager
def raw_server(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that says just the bytes it is told to, once per connection, for replies that no honest server gives."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.2)
        stopped = threading.Event()

        def serve() -> None:
            while not stopped.is_set():
                try:
                    connection, _ = listening.accept()
                except TimeoutError:
                    continue
                with connection:
                    connection.settimeout(5)
                    try:
                        connection.recv(65536)
                        answer(connection)
                    except OSError:
                        continue  # the client hung up, as it should

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        finally:
            stopped.set()
            thread.join(timeout=20)


def feed(url: str, kind: FeedKind = FeedKind.CKAN, allow_loopback: bool = True) -> Feed:
    return Feed("portal", kind, Government("99", "Contoh", "Asia/Makassar"), url=url, allow_loopback=allow_loopback, declared="sources.toml:25: feed.url")


# One request.


def test_a_reply_comes_back_byte_for_byte(session: requests.Session, httpserver: HTTPServer) -> None:
    body = CATALOGUE.read_bytes()
    httpserver.expect_ordered_request("/catalogue").respond_with_data(body, content_type="application/json")
    assert http.get(session, httpserver.url_for("/catalogue"), limits=Limits(bytes=len(body))) == body


def test_a_compressed_reply_is_unpacked(session: requests.Session, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/data").respond_with_data(gzip.compress(b"data" * 1000), headers={"Content-Encoding": "gzip"})
    assert http.get(session, httpserver.url_for("/data"), limits=QUICK) == b"data" * 1000


def test_we_say_who_we_are(session: requests.Session, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/data", headers={"User-Agent": http.USER_AGENT}).respond_with_data(b"data")
    assert http.get(session, httpserver.url_for("/data"), limits=QUICK) == b"data"


@pytest.mark.parametrize("status", [204, 400, 401, 403, 404, 410, 500])
def test_any_answer_but_200_is_a_failure_with_its_number_and_is_not_repeated(session: requests.Session, httpserver: HTTPServer, status: int) -> None:
    httpserver.expect_request("/data").respond_with_data(b"" if status == 204 else b"<html>sorry</html>", status=status)
    with pytest.raises(SourceUnreachable, match=rf"/data: answered {status} "):
        http.get(session, httpserver.url_for("/data"), limits=QUICK)
    assert len(httpserver.log) == 1


def test_a_server_that_asks_us_to_wait_is_asked_again_after_that_time(session: requests.Session, httpserver: HTTPServer) -> None:
    httpserver.expect_ordered_request("/data").respond_with_data(b"slow down", status=429, headers={"Retry-After": "1"})
    httpserver.expect_ordered_request("/data").respond_with_data(b"data")
    began = time.monotonic()
    assert http.get(session, httpserver.url_for("/data"), limits=QUICK) == b"data"
    assert 1.0 <= time.monotonic() - began < 3
    httpserver.check_assertions()


def test_a_server_may_ask_us_to_wait_for_longer_than_its_reply_may_take(httpserver: HTTPServer) -> None:
    limits = Limits(connect_s=2, read_s=2, whole_s=0.5, retries=1, backoff_s=0.01)
    httpserver.expect_ordered_request("/data").respond_with_data(b"slow down", status=429, headers={"Retry-After": "1"})
    httpserver.expect_ordered_request("/data").respond_with_data(b"data")
    with http.session(True, limits, per_second=200) as session:
        assert http.get(session, httpserver.url_for("/data"), limits=limits) == b"data"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            b'{"status":"error","errorType":"execution","error":"query processing would load too many samples"}',
            ": execution: query processing would .* samples",
        ),
        (b'{"status":"error","errorType":"bad_data","error":"see /?token=geheim"}', r": bad_data: see /\?token=\*\*\*"),
        (b'{"error":"no such key: geheim"}', ""),
        (b'["errorType"]', ""),
        (b"<html>geheim</html>", ""),
        (b'{"errorType":"execution","error":"' + b"x" * 200_000 + b'"}', ""),
        (b"", ""),
    ],
)
def test_what_prometheus_says_of_a_query_that_it_refuses_is_told(session: requests.Session, httpserver: HTTPServer, body: bytes, said: str) -> None:
    httpserver.expect_request("/data").respond_with_data(body, status=422)
    with pytest.raises(SourceUnreachable, match=rf"/data: answered 422 UNPROCESSABLE ENTITY{said}$"):
        http.get(session, httpserver.url_for("/data"), limits=QUICK)


def test_a_server_that_stays_overloaded_is_given_up_after_the_retries(session: requests.Session, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/data").respond_with_data(b"later", status=503)
    began = time.monotonic()
    with pytest.raises(SourceUnreachable, match="/data: answered 503 "):
        http.get(session, httpserver.url_for("/data"), limits=QUICK)
    assert len(httpserver.log) == 1 + QUICK.retries
    assert time.monotonic() - began < 3


def test_nobody_listening_is_a_failure(session: requests.Session) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    began = time.monotonic()
    with pytest.raises(SourceUnreachable, match=rf"127\.0\.0\.1:{port}/data: "):
        http.get(session, f"http://127.0.0.1:{port}/data", limits=QUICK)
    assert time.monotonic() - began < 3


def test_a_server_that_says_nothing_is_given_up() -> None:
    impatient = Limits(connect_s=1, read_s=0.3, whole_s=2, retries=1, backoff_s=0.01)
    with raw_server(lambda connection: time.sleep(1)) as url, http.session(True, impatient, per_second=200) as session:
        began = time.monotonic()
        with pytest.raises(SourceUnreachable):
            http.get(session, url, limits=impatient)
        assert time.monotonic() - began < 3


DRIP_S = 4.0


def drip(connection: socket.socket, start: bytes, piece: Callable[[int], bytes]) -> None:
    """A piece every tenth of a second: no single read is ever late, the whole is."""
    connection.sendall(start)
    for number in range(int(DRIP_S / 0.1)):
        connection.sendall(piece(number))
        time.sleep(0.1)


DRIPS: dict[str, tuple[bytes, Callable[[int], bytes]]] = {
    "chunks": (b"Transfer-Encoding: chunked\r\n\r\n", lambda _: b"1\r\nx\r\n"),
    "the size of a chunk": (b"Transfer-Encoding: chunked\r\n\r\n", lambda number: b"x" if number else b"1;"),
    "a stated length": (b"Content-Length: 40\r\n\r\n", lambda _: b"x"),
    "a header": (b"X-Long: ", lambda _: b"x"),
    "continue, again and again": (b"Content-Length: 1\r\n", lambda _: b"\r\nHTTP/1.1 100 Continue\r\n"),
}


@pytest.mark.parametrize("dripping", list(DRIPS))
def test_a_reply_that_trickles_is_cut_off_at_the_deadline(dripping: str) -> None:
    limits = Limits(connect_s=2, read_s=2, whole_s=0.6, retries=2, backoff_s=0.01)
    status = b"HTTP/1.1 100 Continue\r\n" if dripping.startswith("continue") else b"HTTP/1.1 200 OK\r\n"

    def answer(connection: socket.socket) -> None:
        start, piece = DRIPS[dripping]
        drip(connection, status + start, piece)

    with raw_server(answer) as url, http.session(True, limits, per_second=200) as session:
        began = time.monotonic()
        with pytest.raises(SourceUnreachable, match="not complete within"):
            http.get(session, url, limits=limits)
        assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this much",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nwhole\r\n3e8\r\nonly this much",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nwhole\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 30\r\n\r\n" + gzip.compress(bytes(range(256)) * 4)[:30],
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 13\r\n\r\nno gzip at al",
    ],
    ids=["length not reached", "chunk cut", "no last chunk", "gzip cut", "not gzip"],
)
def test_half_a_reply_is_no_reply(session: requests.Session, reply: bytes) -> None:
    with raw_server(lambda connection: connection.sendall(reply)) as url, pytest.raises(SourceUnreachable):
        http.get(session, url, limits=QUICK)


def test_a_redirect_to_what_is_no_address_is_said_in_words(session: requests.Session) -> None:
    reply = b"HTTP/1.1 302 Found\r\nLocation: http://[::1\r\nContent-Length: 0\r\n\r\n"
    with raw_server(lambda connection: connection.sendall(reply)) as url, pytest.raises(SourceUnreachable, match="Invalid IPv6 URL"):
        http.get(session, url, limits=QUICK)


def test_a_reply_that_breaks_off_is_asked_for_once_more(session: requests.Session) -> None:
    replies = [b"Content-Length: 9\r\n\r\nonly", b"Content-Length: 5\r\n\r\nwhole", b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"data")[:9]]
    broken, whole, cut = (b"HTTP/1.1 200 OK\r\nConnection: close\r\n" + reply for reply in replies)
    for answers, expected in (([broken, whole], b"whole"), ([cut, whole], b"whole"), ([broken, cut, whole], None)):
        left = iter(answers)
        with raw_server(lambda connection, left=left: connection.sendall(next(left))) as url:  # type: ignore[misc]
            if expected is None:
                with pytest.raises(SourceUnreachable, match="the reply ends in the middle"):
                    http.get(session, url, limits=QUICK)
            else:
                assert http.get(session, url, limits=QUICK) == expected


def test_a_reply_larger_than_allowed_is_refused(session: requests.Session, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/data").respond_with_data(b"x" * (QUICK.bytes + 1))
    with pytest.raises(SourceUnreachable, match="larger than 100000 bytes"):
        http.get(session, httpserver.url_for("/data"), limits=QUICK)


def test_a_gzip_bomb_is_refused_without_being_unpacked(session: requests.Session, httpserver: HTTPServer) -> None:
    bomb = gzip.compress(bytes(200 * 2**20), compresslevel=9)
    assert len(bomb) < 250_000
    httpserver.expect_request("/data").respond_with_data(bomb, headers={"Content-Encoding": "gzip"})
    tracemalloc.start()
    try:
        with pytest.raises(SourceUnreachable, match="larger than 100000 bytes"):
            http.get(session, httpserver.url_for("/data"), limits=QUICK)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 30 * 2**20


def test_a_redirect_is_followed(session: requests.Session, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/old").respond_with_data(b"", status=301, headers={"Location": "/new"})
    httpserver.expect_request("/new").respond_with_data(b"data")
    assert http.get(session, httpserver.url_for("/old"), limits=QUICK) == b"data"


def test_a_redirect_loop_ends(session: requests.Session, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/loop").respond_with_data(b"", status=302, headers={"Location": "/loop"})
    with pytest.raises(SourceUnreachable, match="redirects"):
        http.get(session, httpserver.url_for("/loop"), limits=QUICK)
    assert len(httpserver.log) == 6


@pytest.mark.parametrize("inside", ["http://10.0.0.1/", "http://192.168.1.1/", "http://169.254.169.254/latest/meta-data", "file:///etc/passwd"])
def test_a_redirect_into_a_private_network_is_refused(session: requests.Session, httpserver: HTTPServer, inside: str) -> None:
    httpserver.expect_request("/data").respond_with_data(b"", status=302, headers={"Location": inside})
    began = time.monotonic()
    with pytest.raises(SourceUnreachable):
        http.get(session, httpserver.url_for("/data"), limits=QUICK)
    assert time.monotonic() - began < 1.5, "it was tried"


def test_this_machine_is_refused_unless_allowed(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/data").respond_with_data(b"secret of this machine")
    with http.session(limits=QUICK, per_second=200) as session, pytest.raises(SourceUnreachable):
        http.get(session, httpserver.url_for("/data"), limits=QUICK)
    assert httpserver.log == []


@pytest.mark.parametrize("at_once", [1, 3])
def test_a_host_is_asked_no_more_than_so_often(httpserver: HTTPServer, at_once: int) -> None:
    httpserver.expect_request("/data").respond_with_data(b"data")
    url = httpserver.url_for("/data")
    with http.session(True, QUICK, per_second=4) as session, ThreadPoolExecutor(at_once) as asking:
        began = time.monotonic()
        assert [*asking.map(lambda _: http.get(session, url, limits=QUICK), range(6))] == [b"data"] * 6
        assert 1.0 <= time.monotonic() - began < 3


# Secrets.


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        ("https://host/api?key=***&page=2", "https://host/api?key=geheim&page=2"),
        ("https://host/api?API_KEY=***", "https://host/api?API_KEY=geheim"),
        ("https://host/api?apikey=***#x", "https://host/api?apikey=geheim#x"),
        ("https://host/api?access_token=***", "https://host/api?access_token=geheim"),
        ("https://webapi.bps.go.id/v1/api/list/key/***/", "https://webapi.bps.go.id/v1/api/list/key/geheim/"),
        ("https://host/secret/***?page=2", "https://host/secret/geheim?page=2"),
        ("https://host/monkeys?page=2", "https://host/monkeys?page=2"),
    ],
)
def test_keys_and_tokens_are_blotted_out(shown: str, text: str) -> None:
    assert http.redacted(text) == shown


@pytest.mark.parametrize("status", [404, 503])
def test_no_message_of_a_failed_request_holds_a_secret(session: requests.Session, httpserver: HTTPServer, status: int) -> None:
    httpserver.expect_request("/api/key/geheim/data").respond_with_data(b"no", status=status)
    with pytest.raises(SourceUnreachable) as caught:
        http.get(session, httpserver.url_for("/api/key/geheim/data?token=geheim"), {"api_key": "geheim"}, QUICK)
    assert "geheim" not in str(caught.value)
    assert "/api/key/***/data" in str(caught.value)


@pytest.mark.parametrize("trouble", ["nobody listening", "redirect loop"])
def test_no_message_of_the_network_holds_a_secret(session: requests.Session, httpserver: HTTPServer, trouble: str) -> None:
    """These messages are made by the libraries, and hold the whole address."""
    url = "http://127.0.0.1:9/api/key/geheim/data?token=geheim" if trouble == "nobody listening" else httpserver.url_for("/loop?token=geheim")
    httpserver.expect_request("/loop").respond_with_data(b"", status=302, headers={"Location": "/loop?access_token=geheim"})
    with pytest.raises(SourceUnreachable) as caught:
        http.get(session, url, {"api_key": "geheim"}, QUICK)
    assert "geheim" not in str(caught.value)


# Arrival.


def portal(datasets: int, seen: list[tuple[str, str, str]], page_of: Callable[[int], int] = lambda start: start) -> Callable[[Request], Response]:
    """A CKAN portal with so many datasets; `page_of` lets it page wrongly."""

    def search(request: Request) -> Response:
        start, rows = int(request.args["start"]), int(request.args["rows"])
        seen.append((request.args["start"], request.args["rows"], request.args["sort"]))
        first = page_of(start)
        results = [{"id": f"dataset-{number:03}", "title": f"Data {number}"} for number in range(first, min(first + rows, datasets))]
        return Response(json.dumps({"success": True, "result": {"count": datasets, "results": results}}), content_type="application/json")

    return search


def test_all_pages_of_a_portal_are_archived_in_order(httpserver: HTTPServer, tmp_path: Path) -> None:
    seen: list[tuple[str, str, str]] = []
    httpserver.expect_request(SEARCH).respond_with_handler(portal(250, seen))
    archive = Archive(tmp_path)
    arrival = arrive(feed(httpserver.url_for("/")), archive, lambda: NOW)
    assert arrival.problems == []
    assert seen == [("0", "100", "id asc"), ("100", "100", "id asc"), ("200", "100", "id asc")]
    assert [artifact.source_name for artifact in arrival.present] == [f"package_search start={start}" for start in (0, 100, 200)]
    ids: list[str] = []
    for artifact in arrival.present:
        ids += ckan.READER.parse(archive.read(artifact.sha256), artifact).column("dataset_id").to_pylist()
    assert ids == [f"dataset-{number:03}" for number in range(250)]


def test_a_real_portals_reply_is_archived_as_it_came(httpserver: HTTPServer, tmp_path: Path) -> None:
    body = CATALOGUE.read_bytes()
    assert len(json.loads(body)["result"]["results"]) == json.loads(body)["result"]["count"]
    httpserver.expect_request(SEARCH).respond_with_data(body, content_type="application/json")
    archive = Archive(tmp_path)
    arrival = arrive(feed(httpserver.url_for("/")), archive, lambda: NOW)
    (artifact,) = arrival.present
    assert arrival.problems == []
    assert archive.read(artifact.sha256) == body


def test_a_portal_that_gives_the_same_page_again_is_a_failure(httpserver: HTTPServer, tmp_path: Path) -> None:
    seen: list[tuple[str, str, str]] = []
    httpserver.expect_request(SEARCH).respond_with_handler(portal(250, seen, page_of=lambda start: 0))
    archive = Archive(tmp_path)
    arrival = arrive(feed(httpserver.url_for("/")), archive, lambda: NOW)
    assert arrival.present == []
    assert len(seen) == 2
    assert len(arrival.problems) == 1
    assert arrival.problems[0].startswith("sources.toml:25: feed.url: ")
    assert "page 2 repeats the one before: paging does not work" in arrival.problems[0]


def test_a_portal_that_says_more_than_it_gives_is_not_asked_for_ever(httpserver: HTTPServer, tmp_path: Path) -> None:
    httpserver.expect_request(SEARCH).respond_with_data(json.dumps({"success": True, "result": {"count": 250, "results": []}}))
    arrival = arrive(feed(httpserver.url_for("/")), Archive(tmp_path), lambda: NOW)
    assert arrival.problems == []
    assert len(httpserver.log) == 1


def test_a_page_that_fails_fails_the_feed_and_archives_no_half_catalogue(httpserver: HTTPServer, tmp_path: Path) -> None:
    whole = portal(250, [])
    httpserver.expect_request(SEARCH, query_string={"rows": "100", "start": "0", "sort": "id asc"}).respond_with_handler(whole)
    httpserver.expect_request(SEARCH, query_string={"rows": "100", "start": "100", "sort": "id asc"}).respond_with_data(b"gone", status=410)
    archive = Archive(tmp_path)
    arrival = arrive(feed(httpserver.url_for("/")), archive, lambda: NOW)
    assert (arrival.present, len(arrival.problems)) == ([], 1)
    assert "answered 410" in arrival.problems[0]
    assert archive.artifacts("portal") == []


@pytest.mark.parametrize("body", [b"<!DOCTYPE html><title>Login</title>", b"\n  <html>blocked</html>"])
def test_a_login_page_that_comes_as_200_is_archived_and_its_reader_says_so(httpserver: HTTPServer, tmp_path: Path, body: bytes) -> None:
    httpserver.expect_request(SEARCH).respond_with_data(body, content_type="text/html")
    archive = Archive(tmp_path)
    arrival = arrive(feed(httpserver.url_for("/")), archive, lambda: NOW)
    (artifact,) = arrival.present
    assert arrival.problems == []
    with pytest.raises(Unreadable, match="web page"):
        ckan.READER.parse(archive.read(artifact.sha256), artifact)


@pytest.mark.parametrize(
    "body", ["[]", "3", '"text"', "null", "{}", '{"result": null}', '{"result": {"results": 3, "count": 1}}', '{"result": {"count": "many"}}', "{"]
)
def test_whatever_a_portal_answers_its_reader_says_what_is_wrong(httpserver: HTTPServer, tmp_path: Path, body: str) -> None:
    httpserver.expect_request(SEARCH).respond_with_data(body)
    archive = Archive(tmp_path)
    arrival = arrive(feed(httpserver.url_for("/")), archive, lambda: NOW)
    (artifact,) = arrival.present
    assert arrival.problems == []
    with pytest.raises(Unreadable):
        ckan.READER.parse(archive.read(artifact.sha256), artifact)


def test_one_file_from_an_address_is_archived_under_it_without_its_key(httpserver: HTTPServer, tmp_path: Path) -> None:
    httpserver.expect_request("/data.json").respond_with_data(b'{"dataset": []}')
    archive = Archive(tmp_path)
    arrival = arrive(feed(httpserver.url_for("/data.json?key=geheim"), FeedKind.DATA_JSON), archive, lambda: NOW)
    (artifact,) = arrival.present
    assert arrival.problems == []
    assert artifact.source_name == httpserver.url_for("/data.json?key=***")
    assert archive.read(artifact.sha256) == b'{"dataset": []}'


def test_a_source_on_this_machine_is_a_failure_of_its_feed_unless_allowed(httpserver: HTTPServer, tmp_path: Path) -> None:
    httpserver.expect_request(SEARCH).respond_with_handler(portal(1, []))
    arrival = arrive(feed(httpserver.url_for("/"), allow_loopback=False), Archive(tmp_path), lambda: NOW)
    assert (arrival.present, len(arrival.problems)) == ([], 1)
    assert arrival.problems[0].startswith("sources.toml:25: feed.url: ")
    assert arrival.problems[0].endswith("127.0.0.1 is not asked; accepted: public addresses with TLS, and those that the feed's `network` names")
    assert httpserver.log == []


# A network of one's own. 127.0.0.0/8 stands for one: its addresses are as private as any other.


def in_network(url: str, network: str, ca: Path | None = None) -> Feed:
    return replace(feed(url, FeedKind.DATA_JSON, allow_loopback=False), network=ip_network(network), ca=ca)


def test_a_source_in_the_network_is_asked_by_name_and_by_address(httpserver: HTTPServer, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    httpserver.expect_request("/data.json").respond_with_data(b'{"dataset": []}')
    for address in (httpserver.url_for("/data.json"), f"http://127.0.0.1:{httpserver.port}/data.json"):
        arrival = arrive(in_network(address, "127.0.0.0/8"), Archive(tmp_path), lambda: NOW)
        assert (len(arrival.present), arrival.problems) == (1, [])
    assert [request.host for request, _ in httpserver.log] == [f"localhost:{httpserver.port}", f"127.0.0.1:{httpserver.port}"]
    assert "Forbidden" not in caplog.text


@pytest.mark.parametrize("network", ["10.0.0.0/8", "fd00::/8"])
def test_no_other_network_is_asked(httpserver: HTTPServer, tmp_path: Path, network: str) -> None:
    (problem,) = arrive(in_network(httpserver.url_for("/data.json"), network), Archive(tmp_path), lambda: NOW).problems
    assert "127.0.0.1 is not asked" in problem
    assert httpserver.log == []


def test_a_redirect_out_of_the_network_is_not_followed(httpserver: HTTPServer, tmp_path: Path) -> None:
    httpserver.expect_request("/data.json").respond_with_data(status=302, headers={"Location": "http://10.0.0.1/data.json"})
    (problem,) = arrive(in_network(httpserver.url_for("/data.json"), "127.0.0.0/8"), Archive(tmp_path), lambda: NOW).problems
    assert "10.0.0.1 is not asked" in problem


def test_what_is_public_is_not_asked_in_the_clear(httpserver: HTTPServer, tmp_path: Path) -> None:
    httpserver.expect_request("/data.json").respond_with_data(status=302, headers={"Location": "http://8.8.8.8/data.json"})
    (problem,) = arrive(in_network(httpserver.url_for("/data.json"), "127.0.0.0/8"), Archive(tmp_path), lambda: NOW).problems
    assert "8.8.8.8 is not asked" in problem


def test_tls_is_verified_by_the_authority_that_the_settings_name(tmp_path: Path) -> None:
    certificate = certificate_until(tmp_path, datetime.now(UTC) + timedelta(days=30))
    with site(certificate) as (address, answers):
        answers["/data.json"] = 200
        known = arrive(in_network(f"{address}/data.json", "127.0.0.0/8", certificate), Archive(tmp_path), lambda: NOW)
        assert (len(known.present), known.problems) == (1, [])
        (problem,) = arrive(in_network(f"{address}/data.json", "127.0.0.0/8"), Archive(tmp_path), lambda: NOW).problems
        assert "certificate verify failed" in problem
