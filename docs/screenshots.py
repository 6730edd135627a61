"""Pictures of the dashboard for the documents: `make screenshots`.

The seller is the sandbox's, so that everybody's pictures show the same but for the day. With `--every`
each page is taken in both widths and both schemes, to be looked at.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from playwright.async_api import Page, ViewportSize

from docs.demo_shop import DemoShop, chromium, demo_shop, fill, signed_in

FOLDER = Path(__file__).parent / "images"
WIDE, NARROW = 1440, 390
_HEIGHTS = {WIDE: 900, NARROW: 844}
_QUALITY = 80
# "first" opens the first row of the list.
_PAGES = {
    "overview": "/",
    "syncs": "/#/syncs",
    "claims": "/#/claims?standing=owed&sort=-amount",
    "claim": "/#/claims?standing=owed&sort=-amount first",
    "packs": "/#/packs",
    "documents": "/#/documents",
    "check": "/#/check",
    "costs": "/#/costs",
    "data": "/#/data",
    "orders": "/#/data/orders",
    "row": "/#/data/ledger first",
    "accounts": "/#/accounts",
    "account": "/#/settings/account",
    "people": "/#/settings/people",
    "notifications": "/#/settings/notifications",
    "workspace": "/#/settings/workspace",
    "audit": "/#/settings/audit",
}


class Picture(NamedTuple):
    """What is taken, in which width and scheme."""

    page: str
    width: int = WIDE
    scheme: str = "light"

    @property
    def file_name(self) -> str:
        phone = "-phone" if self.width == NARROW else ""
        return f"{self.page}{phone}{'-dark' if self.scheme == 'dark' else ''}.webp"


PICTURES = (
    *(Picture(page) for page in ("overview", "syncs", "claims", "claim", "costs", "data", "row")),
    Picture("audit"),
    Picture("overview", scheme="dark"),
    Picture("claims", NARROW),
    Picture("claim", NARROW, "dark"),
)


def _every() -> Iterator[Picture]:
    for page in _PAGES:
        for width in (WIDE, NARROW):
            for scheme in ("light", "dark"):
                yield Picture(page, width, scheme)


async def take(shop: DemoShop, pictures: tuple[Picture, ...], folder: Path, *, whole: bool) -> None:
    """whole: from top to bottom, not only what a window shows."""
    async with chromium() as browser:
        for width, scheme in sorted({(one.width, one.scheme) for one in pictures}):
            viewport = ViewportSize(width=width, height=_HEIGHTS[width])
            options = {"viewport": viewport, "color_scheme": scheme, "reduced_motion": "reduce"}
            async with signed_in(browser, shop, **options) as context:
                page = await context.new_page()
                for picture in pictures:
                    if (picture.width, picture.scheme) == (width, scheme):
                        await _show(page, _PAGES[picture.page])
                        content = await _capture(page, whole=whole)
                        (folder / picture.file_name).write_bytes(content)


async def _show(page: Page, place: str) -> None:
    address, _, step = place.partition(" ")
    await page.goto("about:blank")
    await page.goto(address)
    await page.locator("main:not([aria-busy]) h1").wait_for()
    if step:
        await page.locator("tbody td.lead").first.locator("a, button").click()
        await page.locator("[aria-label=Decision], dialog[open]").first.wait_for()
    # Not `networkidle`: the stream of events never ends.
    await page.wait_for_timeout(400)


async def _capture(page: Page, *, whole: bool) -> bytes:
    """As WebP, a third of a PNG; the driver itself makes none."""
    session = await page.context.new_cdp_session(page)
    asked = {"format": "webp", "quality": _QUALITY, "captureBeyondViewport": whole}
    if whole:
        size = (await session.send("Page.getLayoutMetrics"))["cssContentSize"]
        asked["clip"] = {**size, "scale": 1}
    answer = await session.send("Page.captureScreenshot", asked)
    await session.detach()
    return base64.b64decode(answer["data"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--every", action="store_true", help="each page in all four forms, whole")
    parser.add_argument("--page", action="append", choices=_PAGES, help="only these pages")
    asked = parser.parse_args()
    pictures = tuple(_every()) if asked.every else PICTURES
    pictures = tuple(one for one in pictures if one.page in (asked.page or _PAGES))
    asked.folder.mkdir(parents=True, exist_ok=True)
    with demo_shop() as shop:
        asyncio.run(_run(shop, pictures, asked.folder, whole=asked.every))


async def _run(shop: DemoShop, pictures: tuple[Picture, ...], folder: Path, *, whole: bool) -> None:
    await fill(shop)
    await take(shop, pictures, folder, whole=whole)


if __name__ == "__main__":
    main()
