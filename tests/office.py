"""An inbox without Dagster: what is archived is taken in and its senders are told, by a clock that the test moves."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from assets.submissions import evidence, feedback, submission
from expectations.intake import Arrival, Reader, take_in
from warehouse import reference
from warehouse.archive import Archive, Artifact
from warehouse.database import Warehouse
from warehouse.registry import Feed, FeedKind, Government

KALSEL = Government("63", "Provinsi Kalimantan Selatan", "Asia/Makassar")


class Office:
    def __init__(self, root: Path, now: datetime = datetime(2026, 4, 1, tzinfo=UTC)) -> None:
        self.now = now
        self.said: list[str] = []
        self.inbox = root / "inbox"
        self.inbox.mkdir()
        self.folder = root / "feedback"
        self.archive = Archive(root / "archive")
        self.warehouse = Warehouse(root / "warehouse.duckdb")
        self.feed = Feed("inbox", FeedKind.SUBMISSION, KALSEL, path=self.inbox / "*", is_inbox=True)
        with self.warehouse.open_for_writing() as connection:
            reference.load(connection, (KALSEL,))

    @property
    def reader(self) -> Reader:
        return submission.reader(self.feed)

    def receive(self, name: str, data: bytes) -> None:
        """An hour after what came before; taken in a minute later."""
        self.now += timedelta(hours=1)
        artifact = self.archive.store(self.feed.id, name, data, self.now)
        self.now += timedelta(minutes=1)
        self.take_in([artifact])

    def take_in(self, artifacts: Sequence[Artifact]) -> None:
        run_id = f"run {self.now:%d%H%M}"
        take_in(self.warehouse, self.archive, self.feed, self.reader, Arrival(list(artifacts)), run_id, lambda: self.now, lambda _: None)

    def tell(self) -> int:
        """Returns how many senders were told."""
        with self.warehouse.open_for_writing() as connection:
            evidence.load(connection, self.archive, self.feed.id)
        return feedback.bring_up(self.warehouse, self.archive, self.feed, self.reader, self.folder, self.said.append)

    def text(self, name: str) -> str:
        """The text that the sender of a file is told."""
        return (self.folder / f"{name}.txt").read_text(encoding="utf-8")

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        with self.warehouse.open_for_reading() as connection:
            return connection.execute(query).fetchall()
