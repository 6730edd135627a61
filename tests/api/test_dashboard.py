"""The dashboard's files."""

from __future__ import annotations

from recoup.api.routes.dashboard import FOLDER
from tests.api.serving import Server

SCRIPTS = tuple(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.js"))


async def test_the_page_and_its_files_are_served(server: Server) -> None:
    """Without a sign-in, from the package, with a policy that runs and loads only what is ours."""
    async with server.client() as client:
        page = await client.get("/")
        scripts = [await client.get(f"/static/{name}") for name in SCRIPTS]
        style = await client.get("/static/style.css")
        outside = await client.get("/static/%2e%2e/api/app.py")

    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "<script>" not in page.text
    assert all(s.headers["content-type"].startswith("text/javascript") for s in scripts)
    assert style.headers["content-type"].startswith("text/css")
    assert outside.status_code == 404
