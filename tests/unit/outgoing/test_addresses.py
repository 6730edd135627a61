"""Webhooks are sent to public addresses only, and to the address that was looked at."""

from __future__ import annotations

import asyncio
import socket
from ipaddress import ip_address
from typing import Any

import pytest

from recoup.errors import InvalidRequestError, WebhookError
from recoup.outgoing.addresses import Target, is_public, require_webhook_url, resolve
from recoup.outgoing.post import post
from tests.support.scripted_server import Reply, ScriptedServer

PRIVATE = (
    *("127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1"),
    # Metadata services of clouds: link-local, Alibaba's, Azure's, Amazon's in IPv6.
    *("169.254.169.254", "100.100.100.200", "168.63.129.16", "fd00:ec2::254"),
    *("100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "fe80::1", "fc00::1", "ff02::1", "2001:db8::1"),
    # An IPv4 address within: mapped, 6to4, NAT64.
    *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "2002:7f00:1::", "64:ff9b::a00:1"),
)
PUBLIC = ("93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::808:808")


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_is_refused(address: str) -> None:
    """In whichever way it is written."""
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_taken(address: str) -> None:
    """Everybody reaches the same machine under it."""
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        *("http://hooks.example/x", "ftp://hooks.example", "https://", "//hooks.example", "hooks"),
        *("https://user:pass@hooks.example/", "https://hooks.example\\@127.0.0.1/"),
        *("https://127.0.0.1/", "https://[::1]/", "https://[::ffff:10.0.0.1]:8443/"),
        *("https://hooks.example/a b", "https://hooks.example/\n", "https://hooks.example:0/"),
        *("https://hooks.example/#part", "https://hooks.example:x/", "https://" + "a" * 2000),
    ],
)
def test_what_can_be_no_address_of_a_webhook_is_refused(url: str) -> None:
    """When it is entered, in words that do not repeat it."""
    with pytest.raises(InvalidRequestError) as refused:
        require_webhook_url(url, to_private=False)

    assert "hooks.example" not in str(refused.value)


class Names:
    """A name server of the test: each look-up of a name has the next of its answers."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **answers: list[list[str]]) -> None:
        self.answers = answers
        self.asked: list[str] = []
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(loop, "getaddrinfo", self.look_up)

    async def look_up(self, host: str, port: int, **_options: Any) -> list[Any]:
        name = str(host)
        self.asked.append(name)
        if name not in self.answers:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (name, port))]
        addresses = self.answers[name].pop(0)
        if not addresses:
            raise socket.gaierror(socket.EAI_NONAME, "no")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in addresses]


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["93.184.215.14", "10.0.0.1"], ["169.254.169.254"], []]
)
async def test_a_name_that_leads_inside_is_refused(
    monkeypatch: pytest.MonkeyPatch, addresses: list[str]
) -> None:
    """Also where only one of several addresses is private."""
    Names(monkeypatch, inside=[addresses])
    with pytest.raises(WebhookError):
        await resolve("https://inside/x", to_private=False)


async def test_the_address_that_was_looked_at_is_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name that leads elsewhere the second time (DNS rebinding) is looked up only once."""
    async with ScriptedServer() as server:
        server.script("/x", Reply(200))
        names = Names(monkeypatch, rebound=[["127.0.0.1"], ["10.0.0.1"]])
        port = server.url.rpartition(":")[2]

        response = await post(f"http://rebound:{port}/x", b"{}", {}, to_private=True)

        assert response.status == 200
        assert names.asked.count("rebound") == 1
        assert server.requests("/x")[0].headers["host"] == f"rebound:{port}"


def test_a_target_names_the_host_and_connects_to_the_address() -> None:
    """TLS and the Host header have the name, the connection has the number."""
    target = Target("https", "hooks.example", 443, "2606:2800::1", "/a?b=c")

    assert target.url == "https://[2606:2800::1]:443/a?b=c"
    assert target.host_header == "hooks.example"
    assert "a?b=c" not in repr(target)
