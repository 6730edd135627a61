"""A lab whose seller is connected to a strict copy of Amazon's own sandbox."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from pydantic import SecretStr

from recoup.config import Settings
from recoup.db.engine import Database
from recoup.sync.access import SellerAccess
from recoup.sync.runner import SyncRunner
from tests.sandbox.official import models_folder
from tests.support.canned_server import canned_server
from tests.support.lab import Lab, open_lab


@asynccontextmanager
async def open_canned_lab(database: Database, folder: Path) -> AsyncIterator[Lab]:
    """Needs Amazon's models, which the repository does not hold."""
    async with (
        canned_server(models_folder(), ["SKU-1", "SKU-2"]) as url,
        open_lab(database, folder, orders=0) as lab,
    ):
        lab.settings = Settings(
            data_dir=folder,
            spapi_endpoint=url,
            lwa_endpoint=url,
            lwa_client_id="amzn1.application-oa2-client.ours",
            lwa_client_secret=SecretStr("ours"),
        )
        lab.access = SellerAccess(lab.settings)
        lab.runner = SyncRunner(database, lab.access, owner="lab")
        async with database.writing() as conn:
            await conn.exec_driver_sql("update amazon_connection set environment = 'sandbox'")
        yield lab
        await lab.access.close()
