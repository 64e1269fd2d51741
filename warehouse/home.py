"""The folder that holds all state of one installation (`KESIAPAN_HOME`), and the names inside it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Home:
    root: Path

    @property
    def archive(self) -> Path:
        return self.root / "archive"

    @property
    def inbox(self) -> Path:
        return self.root / "inbox"

    @property
    def feedback(self) -> Path:
        return self.root / "feedback"

    @property
    def lake(self) -> Path:
        return self.root / "lake"

    @property
    def warehouse(self) -> Path:
        return self.root / "warehouse.duckdb"

    @property
    def published(self) -> Path:
        return self.root / "published" / "kesiapan.duckdb"

    @property
    def dagster(self) -> Path:
        return self.root / "dagster"

    def create(self) -> None:
        for folder in (self.archive, self.inbox, self.feedback, self.lake, self.published.parent, self.dagster):
            folder.mkdir(parents=True, exist_ok=True)
