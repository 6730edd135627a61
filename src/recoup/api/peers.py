"""Who is at the other end of a connection, as far as an address tells. Pure."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

_IPV6_PREFIX_BITS = 64


def peer_key(address: str | None) -> str:
    """The name under which limits count an address.

    A home or a rented machine has a whole /64 of IPv6 addresses (RFC 6177), so that is one peer.
    Behind a proxy every address is the proxy's: no header is believed.
    """
    if address is None:
        return ""
    try:
        ip: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(ip, IPv4Address):
        return str(ip)
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    prefix = int(ip) >> (128 - _IPV6_PREFIX_BITS) << (128 - _IPV6_PREFIX_BITS)
    return f"{IPv6Address(prefix)}/{_IPV6_PREFIX_BITS}"
