"""Addresses: what may be the address of a cart, and what belongs to the same origin. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, urljoin, urlsplit

import httpx

from cartui.errors import HoldRecordError, NeedsOperatorError
from cartui.transport.secrets import redact

Params = Mapping[str, str] | Iterable[tuple[str, str]]

_ABSOLUTE = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://")
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Address:
    """The address of a cart's API: origin ("https://shop.example:8443") and path ("/api", no slash at the end)."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        default = _PORTS[self.scheme] == self.port
        return f"{self.scheme}://{host}" + ("" if default else f":{self.port}")

    @property
    def key(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port


def parse_address(text: str, *, allow_plain_http: bool) -> Address:
    """The address that a person entered. Raises NeedsOperatorError where it is none or not a safe one; the text of
    the error never repeats userinfo or query."""
    parts = _split(text.strip())
    if parts is None or parts.scheme not in _PORTS or not parts.hostname:
        raise NeedsOperatorError("The address of the shop is not a web address.", "Enter it as https://shop.example.")
    if "@" in parts.netloc:
        raise NeedsOperatorError(
            "The address of the shop holds a user name or a password.",
            "Enter the address without what stands before the @, and the password in its own field.",
        )
    if parts.query or parts.fragment:
        raise NeedsOperatorError(
            "The address of the shop has a query (what follows a ? or #).",
            "Enter the address without it; keys and passwords have their own fields.",
        )
    if parts.scheme == "http" and not allow_plain_http and not is_loopback(parts.hostname):
        raise NeedsOperatorError(
            f"The address http://{parts.hostname} is not encrypted: the password and your customers' data could be read"
            " on the way.",
            "Use the https:// address of the shop, or set allow_plain_http for this cart if it is in your own network.",
        )
    return _address(parts)


def is_loopback(host: str) -> bool:
    """This machine itself: plain http to it leaves nothing to read on a wire."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def ensure_same_origin(base: Address, url: str, *, seen_at: str = "") -> str:
    """`url` (a next-link or redirect, absolute or relative to where it was seen, by default the base address) as an
    absolute URL of the same scheme, host and port without userinfo. Raises NeedsOperatorError otherwise: nothing, and
    no password above all, goes there."""
    parts = _split(url)
    if parts is not None and not (parts.scheme or parts.netloc):
        parts = _split(urljoin(seen_at or f"{base.origin}{base.path}/", url))
    problem = "The shop pointed to another address: {0}."
    remedy = "Nothing was sent there. If it is the right address of the shop, enter it as the address of the cart."
    if parts is None or parts.scheme not in _PORTS or not parts.hostname:
        raise NeedsOperatorError(problem.format(shown(url)), remedy)
    if "@" in parts.netloc or _address(parts).key != base.key:
        raise NeedsOperatorError(problem.format(shown(url)), remedy)
    query = f"?{parts.query}" if parts.query else ""
    return f"{base.origin}{parts.path or '/'}{query}"


def join(base: Address, path: str, params: Params = ()) -> str:
    """The URL of `path` below the base address (`orders/7` and `/orders/7` alike), or `path` itself where it is an
    absolute URL of the same origin; with `params` percent-encoded (a blank is %20)."""
    if _ABSOLUTE.match(path):
        url = ensure_same_origin(base, path)
    else:
        bare = path.partition("?")[0]
        if ".." in bare.split("/") or "\\" in path or any(ord(sign) <= 32 or ord(sign) == 127 for sign in path):
            raise HoldRecordError(shown(path), "The path of the request is not a proper one.", "Report the record.")
        url = f"{base.origin}{base.path}/{path.lstrip('/')}" if path else f"{base.origin}{base.path or '/'}"
    query = encode_query(params)
    if not query:
        return url
    return f"{url}{'&' if '?' in url else '?'}{query}"


def encode_query(params: Params) -> str:
    """`a=b%20c&d=e`, in the order given. Blanks are %20, which every server reads alike, unlike +."""
    pairs = params.items() if isinstance(params, Mapping) else params
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)


def segment(text: str) -> str:
    """An id as one segment of a path. Raises HoldRecordError for one that would lead elsewhere ("", "." or "..")."""
    if text in ("", ".", ".."):
        raise HoldRecordError(text or "(no id)", "The shop's id can't stand in an address.", "Report the record.")
    return quote(text, safe="", errors="replace")


def shown(url: str) -> str:
    """A URL for a person: no userinfo, no query, no control characters, capped."""
    text = redact(url.partition("?")[0].partition("#")[0])
    return "".join(sign if sign.isprintable() else " " for sign in text[:200]) or "(empty)"


def _split(text: str) -> SplitResult | None:
    # urlsplit drops tabs and newlines, and browsers read \ as /: neither has a place in an address.
    if "\\" in text or any(ord(sign) <= 32 or ord(sign) == 127 for sign in text):
        return None
    try:
        parts = urlsplit(text)
        _ = parts.port
        httpx.URL(text)
    except (ValueError, httpx.InvalidURL):
        return None
    return parts


def _address(parts: SplitResult) -> Address:
    host = (parts.hostname or "").rstrip(".").lower()
    if not host.isascii():
        host = httpx.URL(f"https://{host}").raw_host.decode("ascii")  # one spelling for müller.example and xn--mller…
    return Address(parts.scheme, host, parts.port or _PORTS[parts.scheme], parts.path.rstrip("/"))
