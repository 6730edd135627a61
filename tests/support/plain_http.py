"""Clients that speak to servers of this machine only."""

from __future__ import annotations

import ssl

PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts nobody: what it takes to load certificates, a thousand clients would each take."""
