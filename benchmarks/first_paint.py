"""How soon the Overview is seen, while every core is busy with something else.

Opens it in a browser that has never been here, with a seller of 2,000 orders behind it, while as many
processes as there are cores count for nothing. `first paint` is the browser's own first contentful
paint; `content` is when the figures are there. Both are counted from the start of the navigation.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from playwright.async_api import Browser

from docs.demo_shop import DemoShop, chromium, demo_shop, fill, signed_in

_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
_NOW = "performance.now()"
_BYTES = """[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
    .filter(one => !one.name.includes('/api/')).reduce((sum, one) => sum + one.transferSize, 0)"""


@contextmanager
def busy_cores(count: int) -> Iterator[None]:
    """Each of these processes takes what it gets of a core."""
    with ExitStack() as stack:
        for _ in range(count):
            busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
            stack.callback(busy.wait)
            stack.callback(busy.kill)
        yield


async def visit(browser: Browser, shop: DemoShop) -> tuple[float, float, float]:
    """Milliseconds to the first paint and to the figures, and the bytes of the page's files."""
    async with signed_in(browser, shop) as context:
        page = await context.new_page()
        await page.goto("/")
        await page.locator(".tile-value, .figure").first.wait_for()
        content = await page.evaluate(_NOW)
        return await page.evaluate(_PAINT), content, await page.evaluate(_BYTES)


async def measure(shop: DemoShop, *, visits: int, busy: int) -> None:
    await fill(shop)
    async with chromium() as browser:
        await visit(browser, shop)  # the first one starts the browser's own processes
        with busy_cores(busy):
            seen = [await visit(browser, shop) for _ in range(visits)]
    paints, contents, sizes = zip(*seen, strict=True)
    print(f"{os.cpu_count()} cores, {busy} busy processes, {visits} visits with an empty cache")
    for name, values in (("first paint", paints), ("content", contents)):
        print(
            f"{name:12} median {statistics.median(values):5.0f} ms, slowest {max(values):5.0f} ms"
        )
    print(f"{'files':12} {max(sizes) / 1000:.0f} kB over the wire")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--visits", type=int, default=15)
    parser.add_argument("--busy", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    with demo_shop() as shop:
        asyncio.run(measure(shop, visits=asked.visits, busy=asked.busy))


if __name__ == "__main__":
    main()
