"""Thin Dagster resources that hand out the plain objects of the rooms below."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg

from pipelines import runs
from pipelines.settings import Settings
from warehouse.archive import Archive
from warehouse.database import Warehouse
from warehouse.home import Home
from warehouse.lake import Lake


class WarehouseResource(dg.ConfigurableResource[Warehouse]):
    """The warehouse of a home folder. Coming up, it claims the run for this process."""

    home: str

    def create_resource(self, context: dg.InitResourceContext) -> Warehouse:
        runs.claim(context)
        return Warehouse(Home(Path(self.home)).warehouse)


def now() -> datetime:
    return datetime.now(UTC)


def build_resources(settings: Settings, clock: Callable[[], datetime] = now) -> dict[str, Any]:
    home = settings.home
    return {
        "warehouse": WarehouseResource(home=str(home.root)),
        "archive": dg.ResourceDefinition.hardcoded_resource(Archive(home.archive)),
        "lake": dg.ResourceDefinition.hardcoded_resource(Lake(home.lake)),
        "engine": dg.ResourceDefinition.hardcoded_resource(settings.engine),
        "home": dg.ResourceDefinition.hardcoded_resource(home),
        "settings": dg.ResourceDefinition.hardcoded_resource(settings),
        "clock": dg.ResourceDefinition.hardcoded_resource(clock),
    }
