"""Ready-made authentication: functions that give the headers of one request. The transport attaches them to the
cart's own origin only. The secret is fetched when it is needed and not kept here."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping

from cartui.transport.secrets import register_secret

Auth = Callable[[], Mapping[str, str]]
Secret = Callable[[], str]


def basic_auth(user: Secret, password: Secret) -> Auth:
    """HTTP basic authentication (RFC 7617, UTF-8)."""

    def headers() -> Mapping[str, str]:
        name, word = user(), password()
        register_secret(word)
        token = base64.b64encode(f"{name}:{word}".encode()).decode("ascii")
        return {"Authorization": f"Basic {token}"}

    return headers


def bearer_auth(token: Secret) -> Auth:
    """`Authorization: Bearer …` (RFC 6750)."""
    return header_auth("Authorization", token, prefix="Bearer ")


def header_auth(name: str, token: Secret, *, prefix: str = "") -> Auth:
    """A header of the cart's own, such as `X-Shopify-Access-Token`."""

    def headers() -> Mapping[str, str]:
        word = token()
        register_secret(word)
        return {name: f"{prefix}{word}"}

    return headers
