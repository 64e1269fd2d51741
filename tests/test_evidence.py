"""Evidence beside a submission: archived, typed by its content, and what the register says of it; the level that it holds up; verifiers' words."""

import io
import os
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from assets.arrival import recorded
from assets.submissions import evidence
from tests.conftest import kesiapan, published
from tests.office import Office
from warehouse import migrations
from warehouse.archive import Review
from warehouse.database import Warehouse, scratch
from warehouse.files import sha256_of
from warehouse.home import Home

HEADER = "kode_pemda,kode_skpd,periode,instrumen,indikator,tahap,nilai,penjelasan,bukti,tanggal_bukti"
PDF, OTHER_PDF, PNG = b"%PDF-1.4 perbup", b"%PDF-1.4 sk", b"\x89PNG\r\n\x1a\n" + bytes(40)


def sheet(*rows: str) -> bytes:
    return "\n".join([HEADER, *rows, ""]).encode()


def row(indicator: str, value: str, names: str, agency: str = "", instrument: str = "SPBE2020", period: str = "2026-Q1", dated: str = "") -> str:
    return f"63,{agency},{period},{instrument},{indicator},mandiri,{value},ada,{names},{dated}"


def zipped(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        for name, data in files.items():
            made.writestr(name, data)
    return buffer.getvalue()


class Registry(Office):
    """An inbox that is looked at an hour after the time before, and the register that comes of it."""

    def look(self) -> list[str]:
        """Take in what lies there; returns what was refused of the evidence."""
        self.now += timedelta(hours=1)
        lying = recorded(self.inbox / "*")
        bundles = evidence.bundles(lying)
        artifacts = [self.archive.store("inbox", file.name, file.read_bytes(), self.now) for file in lying.files if file not in bundles]
        problems = evidence.collect(self.feed, bundles, self.archive, lambda: self.now)
        self.take_in(artifacts)
        self.tell()
        evidence.remove(self.feed, bundles, self.archive)
        return problems

    def register(self) -> dict[str, str]:
        return dict(self.ask("select file_name, status from core.evidence order by all"))

    def levels(self) -> dict[str, tuple[Any, ...]]:
        """Evidenced level, lowest gap and its reason, by indicator."""
        return {row[0]: row[1:] for row in self.ask("select indicator_id, evidenced, first_gap, reason from core.evidenced_level")}

    def review(self, name: str, data: bytes, status: str, reason: str | None = None, agency: str = "-") -> None:
        self.now += timedelta(minutes=1)
        self.archive.record_review(Review("63", agency, name, sha256_of(data), status, reason, None, "Nama Pemeriksa", self.now))


@pytest.fixture
def office(tmp_path: Path) -> Registry:
    return Registry(tmp_path, datetime(2026, 8, 1, tzinfo=UTC))


def test_evidence_that_is_only_named_is_claimed(office: Registry) -> None:
    (office.inbox / "laporan.csv").write_bytes(sheet(row("1", "3", "sk.pdf")))
    assert office.look() == []
    assert office.register() == {"sk.pdf": "claimed"}
    assert office.levels() == {"1": (1, 2, "sk.pdf (claimed)")}


def as_folder(office: Registry, files: dict[str, bytes]) -> None:
    (office.inbox / "laporan" / "dalam").mkdir(parents=True)
    for number, (name, data) in enumerate(files.items()):
        (office.inbox / "laporan" / ("dalam" if number % 2 else ".") / name).write_bytes(data)


def as_zip(office: Registry, files: dict[str, bytes]) -> None:
    (office.inbox / "laporan.zip").write_bytes(zipped(**{f"bukti/{name}": data for name, data in files.items()}))


@pytest.mark.parametrize("lay", [as_folder, as_zip])
def test_files_beside_a_submission_are_archived_and_found(office: Registry, lay: Callable[[Registry, dict[str, bytes]], None]) -> None:
    (office.inbox / "laporan.csv").write_bytes(sheet(row("1", "3", "SK.pdf; layar.png"), row("2", "2", "tidak_dikirim.pdf")))
    lay(office, {"sk.pdf": PDF, "layar.png": PNG})
    assert office.look() == []
    assert office.register() == {"SK.pdf": "found", "layar.png": "found", "tidak_dikirim.pdf": "missing"}
    assert office.levels() == {"1": (3, None, None), "2": (1, 2, "tidak_dikirim.pdf (missing)")}
    assert office.ask("select file_name, media_type, sha256 from core.evidence_file order by 1") == [
        ("layar.png", "image/png", sha256_of(PNG)),
        ("sk.pdf", "application/pdf", sha256_of(PDF)),
    ]
    assert office.archive.read(sha256_of(PDF)) == PDF
    assert [path.name for path in office.inbox.iterdir()] == ["laporan.csv"]  # the submission leaves by the asset, after its sender was told
    assert "Bukti tidak_dikirim.pdf: tidak ada di antara berkas yang dikirim." in office.text("laporan.csv")


def test_evidence_may_come_later(office: Registry) -> None:
    (office.inbox / "laporan.csv").write_bytes(sheet(row("1", "3", "sk.pdf"), row("2", "2", "perbup.pdf")))
    office.look()
    assert "2 baris: 2 diterima" in office.text("laporan.csv")
    (office.inbox / "laporan.csv").unlink()
    as_zip(office, {"sk.pdf": PDF})
    assert office.look() == []
    assert office.register() == {"sk.pdf": "found", "perbup.pdf": "missing"}
    assert "2 baris: 1 diterima, 1 diterima dengan peringatan" in office.text("laporan.csv")


@pytest.mark.parametrize("later", [False, True])
def test_evidence_beside_a_copy_of_a_known_submission_is_that_submissions(office: Registry, later: bool) -> None:
    (office.inbox / "a.csv").write_bytes(sheet(row("1", "3", "sk.pdf")))
    office.look()
    (office.inbox / "a.csv").rename(office.inbox / "b.csv")
    if later:
        assert office.look() == []
        (office.inbox / "b.csv").unlink()
    (office.inbox / "b").mkdir()
    (office.inbox / "b" / "sk.pdf").write_bytes(PDF)
    assert office.look() == []
    assert office.register() == {"sk.pdf": "found"}
    assert not (office.inbox / "b").exists()


def test_the_same_bytes_under_another_name_are_a_duplicate(office: Registry) -> None:
    (office.inbox / "laporan.csv").write_bytes(sheet(row("1", "3", "sk.pdf"), row("2", "2", "salinan.pdf")))
    as_folder(office, {"sk.pdf": PDF, "salinan.pdf": PDF})
    office.look()
    assert sorted(office.register().values()) == ["duplicate", "found"]


@pytest.mark.parametrize("data", [b"MZ\x90\0not a pdf", b"catatan rapat\n", zipped(**{"sk.pdf": PDF}), b""], ids=["a program", "text", "a ZIP", "nothing"])
def test_a_file_of_no_accepted_kind_is_no_evidence_whatever_its_name(office: Registry, data: bytes) -> None:
    (office.inbox / "laporan.csv").write_bytes(sheet(row("1", "3", "2_1_SK.pdf")))
    as_folder(office, {"2_1_SK.pdf": data})
    assert office.look() == []
    assert office.register() == {"2_1_SK.pdf": "missing"}
    assert office.levels() == {"1": (1, 2, "2_1_SK.pdf (missing)")}
    said = f"berkas bernama itu berisi {evidence.kind_of(data)}; yang diterima: PDF, XLSX, DOCX atau gambar"
    assert said in office.text("laporan.csv")
    as_zip(office, {"2_1_SK.pdf": PDF})
    office.look()
    assert office.register() == {"2_1_SK.pdf": "found"}


def test_a_file_of_another_agency_is_not_ones_own(office: Registry) -> None:
    (office.inbox / "laporan.csv").write_bytes(sheet(row("1", "3", "sk.pdf", agency="001")))
    (office.inbox / "lain.csv").write_bytes(sheet(row("1", "3", "sk.pdf", agency="002")))
    as_zip(office, {"sk.pdf": PDF})
    office.look()
    assert office.ask("select agency_code, status from core.evidence order by 1") == [("001", "found"), ("002", "claimed")]


def test_a_level_counts_only_with_every_level_below_it(office: Registry) -> None:
    (office.inbox / "laporan.csv").write_bytes(
        sheet(
            row("1", "4", "L2: dua.pdf; L3: tiga.pdf; L4: empat.pdf"),
            row("2", "4", "L2: dua.pdf; L4: empat.pdf"),
            row("3", "4", "Level 3: tiga.pdf; tingkat 4 = empat.pdf"),
            row("4", "3", "L2: dua.pdf; L2: hilang.pdf; L3: tiga.pdf"),
            row("5", "1", ""),
        )
    )
    as_folder(office, {"dua.pdf": b"%PDF 2", "tiga.pdf": b"%PDF 3", "empat.pdf": b"%PDF 4"})
    office.look()
    assert office.levels() == {
        "1": (4, None, None),
        "2": (2, 3, "no evidence named"),
        "3": (1, 2, "no evidence named"),
        "4": (1, 2, "hilang.pdf (missing)"),
    }


def test_by_an_instrument_without_the_contiguous_rule_the_highest_level_shown_counts(office: Registry) -> None:
    (office.inbox / "laporan.csv").write_bytes(sheet(row("2", "4", "L2: dua.pdf; L4: empat.pdf")))
    as_folder(office, {"dua.pdf": b"%PDF 2", "empat.pdf": b"%PDF 4"})
    office.look()
    with office.warehouse.open_for_writing() as connection:
        connection.execute("update ref.evidence_rule set contiguous = false")
    assert office.levels()["2"][0] == 4


def test_the_lowest_level_that_needs_evidence_is_the_instruments(office: Registry) -> None:
    old = row("1", "1", "sk.pdf", instrument="SPBE2018", period="2020-Q4")
    (office.inbox / "laporan.csv").write_bytes(sheet(old, row("1", "1", "sk.pdf", period="2021-Q4")))
    office.look()
    assert office.ask("select instrument_id, evidenced from core.evidenced_level") == [("SPBE2018", 0)]


def test_evidence_past_the_age_of_its_indicator_is_expired(office: Registry) -> None:
    dated = {"10": "2024-05-01", "13": "2024-05-02"}  # 10 has an age of twelve months (ref.evidence_rule), 13 has none
    rows = [row(indicator, "2", f"{indicator}.pdf", instrument="PEMDI2026", period="2026-Q3", dated=day) for indicator, day in dated.items()]
    (office.inbox / "laporan.csv").write_bytes(sheet(*rows))
    as_folder(office, {"10.pdf": b"%PDF 10", "13.pdf": b"%PDF 13"})
    office.look()
    assert office.register() == {"10.pdf": "expired", "13.pdf": "found"}


def test_a_verifiers_word_counts_until_another_file_comes(office: Registry) -> None:
    (office.inbox / "laporan.csv").write_bytes(sheet(row("1", "3", "sk.pdf")))
    as_zip(office, {"sk.pdf": PDF})
    office.look()
    office.review("sk.pdf", PDF, "returned", "SK tim asesor, bukan tim auditor")
    office.look()
    assert office.register() == {"sk.pdf": "returned"}
    assert office.levels()["1"][0] == 1
    assert "dikembalikan oleh pemeriksa: SK tim asesor, bukan tim auditor" in office.text("laporan.csv")
    as_zip(office, {"sk.pdf": OTHER_PDF})
    office.look()
    assert office.register() == {"sk.pdf": "found"}
    office.review("sk.pdf", OTHER_PDF, "accepted")
    office.look()
    assert office.register() == {"sk.pdf": "accepted"}
    assert office.levels()["1"][0] == 3


def hostile() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        made.writestr("../../../etc/cron.d/jahat", b"* * * * *")
        made.writestr("bukti/sk.pdf", PDF)
        made.writestr("lain/sk.pdf", OTHER_PDF)
        made.writestr("dua\nbaris.pdf", PDF)
        made.writestr("__MACOSX/._sk.pdf", b"left by a system")
    return buffer.getvalue()


def test_what_a_zip_must_not_hold_is_refused_and_stays_with_the_rest_archived(office: Registry, tmp_path: Path) -> None:
    (office.inbox / "laporan.csv").write_bytes(sheet(row("1", "3", "sk.pdf")))
    (office.inbox / "laporan.zip").write_bytes(hostile())
    problems = office.look()
    assert len(problems) == 2
    assert any("'dua\\nbaris.pdf' has a name with a line break" in problem for problem in problems)
    assert any("sk.pdf is there twice with different content" in problem for problem in problems)
    assert (office.inbox / "laporan.zip").exists()
    assert {name for (name,) in office.ask("select file_name from core.evidence_file")} == {"jahat", "sk.pdf"}
    assert not list(tmp_path.rglob("jahat"))


@pytest.mark.parametrize(
    ("data", "why"),
    [(b"PK\x03\x04 and no more", "cannot be unpacked"), (zipped(**{f"{n}.txt": b"" for n in range(1001)}), "too large"), (b"", "cannot be unpacked")],
)
def test_a_zip_that_cannot_be_taken_says_why_and_stops_nothing(office: Registry, data: bytes, why: str) -> None:
    (office.inbox / "laporan.csv").write_bytes(sheet(row("1", "3", "sk.pdf")))
    (office.inbox / "laporan.zip").write_bytes(data)
    (problem,) = office.look()
    assert why in problem
    assert "accepted" in problem
    assert office.register() == {"sk.pdf": "claimed"}


def test_a_zip_bomb_is_refused_by_what_it_says_and_by_what_it_does(office: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    (office.inbox / "laporan.csv").write_bytes(sheet(row("1", "3", "sk.pdf")))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("sk.pdf", bytes(evidence.MAX_BYTES + 1))
    (office.inbox / "laporan.zip").write_bytes(buffer.getvalue())
    (problem,) = office.look()
    assert "sk.pdf has 50 MB" in problem
    lying = bytearray(buffer.getvalue())
    central = lying.rindex(b"PK\x01\x02")
    lying[central + 24 : central + 28] = (1000).to_bytes(4, "little")  # the size that the directory promises
    (office.inbox / "laporan.zip").write_bytes(bytes(lying))
    (problem,) = office.look()
    assert "laporan.zip: " in problem
    assert office.register() == {"sk.pdf": "claimed"}


def test_a_link_in_a_folder_is_not_followed(office: Registry, tmp_path: Path) -> None:
    (office.inbox / "laporan.csv").write_bytes(sheet(row("1", "3", "sk.pdf")))
    (tmp_path / "rahasia.txt").write_text("rahasia", encoding="utf-8")
    (office.inbox / "laporan").mkdir()
    (office.inbox / "laporan" / "sk.pdf").symlink_to(tmp_path / "rahasia.txt")
    os.mkfifo(office.inbox / "laporan" / "pipa")
    assert sorted(office.look()) == [
        "laporan: pipa is a device, pipe or socket; accepted: the file itself",
        "laporan: sk.pdf is a symbolic link; accepted: the file itself",
    ]
    assert office.ask("select count(*) from core.evidence_file") == [(0,)]


def test_evidence_without_a_submission_waits_and_is_named(office: Registry) -> None:
    (office.inbox / "entah.zip").write_bytes(zipped(**{"sk.pdf": PDF}))
    (problem,) = office.look()
    assert problem.startswith("entah.zip belongs to no submission")
    (office.inbox / "entah.csv").write_bytes(sheet(row("1", "3", "sk.pdf")))
    assert office.look() == []
    assert office.register() == {"sk.pdf": "found"}


@pytest.mark.parametrize("left_by_system", [None, ".DS_Store", "Thumbs.db"])
def test_an_empty_folder_stays_and_is_named(office: Registry, left_by_system: str | None) -> None:
    (office.inbox / "laporan.csv").write_bytes(sheet(row("1", "3", "sk.pdf")))
    for name in ("laporan", "entah"):
        (office.inbox / name / "dalam").mkdir(parents=True)
        if left_by_system:
            (office.inbox / name / left_by_system).write_bytes(b"left by a system")
    office.look()
    assert (office.inbox / "laporan" / "dalam").is_dir()
    assert (office.inbox / "entah" / "dalam").is_dir()
    if left_by_system != "Thumbs.db":
        said = "is an empty folder; accepted: files, in the inbox also folders of them"
        assert recorded(office.inbox / "*").refused == (f"entah {said}", f"laporan {said}")
    assert office.register() == {"sk.pdf": "claimed"}


def test_verifiers_are_on_record_and_not_published(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.create()
    sources = tmp_path / "sources.toml"
    sources.write_text('[[government]]\ncode = "63"\nname = "Provinsi Kalimantan Selatan"\ntimezone = "Asia/Makassar"\n', encoding="utf-8")
    (home.inbox / "laporan.csv").write_bytes(sheet(row("1", "3", "sk.pdf")))
    (home.inbox / "laporan.zip").write_bytes(zipped(**{"sk.pdf": PDF}))
    settings = {"KESIAPAN_SOURCES": str(sources)}
    done = kesiapan(home.root, "refresh", **settings)
    assert done.returncode == 0, done.stdout + done.stderr
    assert list(home.inbox.iterdir()) == []
    asked = ("review", "--government", "63", "--by", "Nama Pemeriksa")
    refused = kesiapan(home.root, *asked, "--file", "sk.pdf", "--return", **settings)
    assert refused.returncode == 2
    assert "needs --reason" in refused.stderr
    unknown = kesiapan(home.root, *asked, "--file", "lain.pdf", "--accept", **settings)
    assert unknown.returncode == 2
    assert "accepted: sk.pdf" in unknown.stderr
    done = kesiapan(home.root, *asked, "--file", "SK.PDF", "--accept", "--document", "BA 12/2026", **settings)
    assert done.returncode == 0, done.stdout + done.stderr
    with published(home.root) as connection:
        assert connection.execute("select status, file_name from core.evidence").fetchall() == [("accepted", "sk.pdf")]
        assert connection.execute("select document from core.evidence_review").fetchall() == [("BA 12/2026",)]
        assert b"Nama Pemeriksa" not in home.published.read_bytes()
    with Warehouse(home.warehouse).open_for_reading() as connection:
        assert connection.execute("select reviewed_by from core.reviewer").fetchall() == [("Nama Pemeriksa",)]
    rebuilt = kesiapan(home.root, "rebuild", **settings)
    assert rebuilt.returncode == 0, rebuilt.stdout + rebuilt.stderr
    with published(home.root) as connection:
        assert connection.execute("select status, file_name from core.evidence").fetchall() == [("accepted", "sk.pdf")]


def test_a_warehouse_of_before_the_register_keeps_what_was_claimed() -> None:
    with scratch() as connection:
        migrations.apply(connection)
        for statement in (
            "drop view core.evidenced_level; drop view core.evidence; drop view core.evidence_need",
            "alter table core.evidence_claim add column sha256 varchar",
            "alter table core.evidence_claim add column status varchar",
            "alter table core.evidence_claim rename to evidence",
            "update meta.migration set schema_version = 0, schema_fingerprint = 'of before'",
            "insert into core.evidence values ('e', '63', '-', 'sk.pdf', null, null, 'claimed')",
        ):
            connection.execute(statement)
        migrations.apply(connection, migrations.known_migrations()[:1])
        assert connection.execute("select evidence_id, file_name, status from core.evidence").fetchall() == [("e", "sk.pdf", "claimed")]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (PDF, "application/pdf"),
        (PNG, "image/png"),
        (b"\r\n%PDF-1.7 after a line break", "application/pdf"),
        (b"MZ\x90\0not a pdf", "application/x-msdownload"),
        (zipped(**{"sk.pdf": PDF}), "application/zip"),
        (zipped(**{"docProps/thumbnail.jpeg": bytes(9000), "word/document.xml": b"<w/>"}), evidence.OFFICE["word/document.xml"]),
        (zipped(**{"customXml/item1.xml": bytes(9000), "xl/workbook.xml": b"<x/>"}), evidence.OFFICE["xl/workbook.xml"]),
        (b"PK\x03\x04 and no more", "application/zip"),
        (b"catatan rapat\n", "text/plain"),
        (b"", "application/octet-stream"),
        (b"\x00\x01\x02\xff", "application/octet-stream"),
        (b"\xff\xfe\xfa not utf-8", "application/octet-stream"),
    ],
)
def test_kinds_are_told_by_content(data: bytes, kind: str) -> None:
    assert evidence.kind_of(data) == kind


def test_the_register_of_an_empty_warehouse_is_empty() -> None:
    with scratch() as connection:
        migrations.apply(connection)
        assert isinstance(connection, duckdb.DuckDBPyConnection)
        assert connection.execute("select count(*) from core.evidence").fetchall() == [(0,)]
