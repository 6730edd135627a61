"""`recoup webhook`: what the dashboard does too, for whoever has a terminal."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

from standardwebhooks import Webhook

from tests.cli.programs import Recoup


def test_a_webhook_is_added_tried_and_removed(recoup: Recoup):
    """The secret alone is on stdout; a test is made at once, and verified with that secret."""
    received = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            received.append((body, dict(self.headers)))
            self.send_response(200 if len(received) == 1 else 500)
            self.end_headers()

        def log_message(self, *_arguments: object):
            """Says nothing."""

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    Thread(target=server.serve_forever, daemon=True).start()
    near = {"RECOUP_WEBHOOKS_TO_PRIVATE": "true"}
    url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    recoup.run("user", "add", "ann@example.com")

    refused = recoup.run("webhook", "add", url)
    added = recoup.run("webhook", "add", url, "--kind", "claim.paid", **near)
    (listed,) = json.loads(recoup.run("webhook", "list", "--json").stdout)
    hook = listed["webhookId"]
    tested = recoup.run("webhook", "test", hook, **near)
    failed = recoup.run("webhook", "test", hook, **near)
    removed = recoup.run("webhook", "remove", hook)
    server.shutdown()
    server.server_close()

    assert (refused.code, "https://" in refused.stderr) == (1, True)
    assert added.stdout.startswith("whsec_")
    assert (listed["url"], listed["kinds"], listed["isEnabled"]) == (url, ["claim.paid"], True)
    assert (tested.code, tested.stdout) == (0, "Delivered. The receiver answered 200.\n")
    assert (failed.code, "The receiver answered 500." in failed.stderr) == (1, True)
    assert (removed.code, "no webhook" in recoup.run("webhook", "list").stdout) == (0, True)
    body, headers = received[0]
    assert Webhook(added.stdout.strip()).verify(body, headers)["type"] == "webhook.test"
