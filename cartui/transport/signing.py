"""OAuth 1.0a (RFC 5849), as two carts want it. Pure: time and nonce are handed in, each try of a request has its own.

The transport attaches a signature by its `signer`, which gets the method and the address of each exchange, redirects
within the cart's origin too.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cmp_to_key
from typing import Final
from urllib.parse import parse_qsl, quote, urlsplit

Signer = Callable[[str, str], Mapping[str, str]]
"""Method and URL of one exchange -> its headers."""

Pair = tuple[str, str]

HMAC_SHA256: Final = "HMAC-SHA256"
HMAC_SHA1: Final = "HMAC-SHA1"
_RUNS: Final = re.compile(r"\d+|\D+", re.ASCII)


@dataclass(frozen=True, slots=True, repr=False)
class OAuthKeys:
    """The consumer's pair, and the token's where there is one (empty: one-legged)."""

    consumer_key: str
    consumer_secret: str
    token: str = ""
    token_secret: str = ""


def sign_oauth(
    keys: OAuthKeys,
    method: str,
    url: str,
    *,
    at: int,
    nonce: str,
    digest: str = HMAC_SHA256,
    natural_order: bool = False,
    base_scheme: str = "",
    with_version: bool = True,
) -> dict[str, str]:
    """The oauth_… parameters of one request, `oauth_signature` among them.

    url            with its query, encoded as it is sent; the parameters there are signed
    at             Unix time by the server's clock
    natural_order  sort names as PHP's strnatcmp does ([2] before [10]) instead of by bytes, as the RFC says
    base_scheme    the scheme that the server believes it is reached by, where a proxy in front of it ends the TLS
    with_version   send `oauth_version`, which is optional
    """
    parts = urlsplit(url)
    oauth = {
        "oauth_consumer_key": keys.consumer_key,
        "oauth_nonce": nonce,
        "oauth_signature_method": digest,
        "oauth_timestamp": str(at),
        **({"oauth_token": keys.token} if keys.token else {}),
        **({"oauth_version": "1.0"} if with_version else {}),
    }
    params = [*parse_qsl(parts.query, keep_blank_values=True), *oauth.items()]
    pairs = sort_pairs([(quoted(one), quoted(two)) for one, two in params], natural=natural_order)
    address = f"{base_scheme or parts.scheme}://{parts.netloc}{parts.path}"
    joined = "&".join(f"{name}={value}" for name, value in pairs)
    base = "&".join((method.upper(), quoted(address), quoted(joined)))
    key = f"{quoted(keys.consumer_secret)}&{quoted(keys.token_secret)}"
    algorithm = hashlib.sha1 if digest == HMAC_SHA1 else hashlib.sha256
    signature = hmac.new(key.encode(), base.encode(), algorithm).digest()
    return {**oauth, "oauth_signature": base64.b64encode(signature).decode("ascii")}


def render_oauth(oauth: Mapping[str, str]) -> str:
    """The parameters as an Authorization header."""
    return "OAuth " + ", ".join(f'{name}="{quoted(value)}"' for name, value in oauth.items())


def quoted(text: str) -> str:
    """RFC 3986: all but letters, digits and -._~"""
    return quote(text, safe="~")


def sort_pairs(pairs: list[Pair], *, natural: bool) -> list[Pair]:
    """By bytes; or `natural`: runs of digits by their number."""
    if not natural:
        return sorted(pairs)
    return sorted(pairs, key=cmp_to_key(_compare_naturally))


def _compare_naturally(one: Pair, other: Pair) -> int:
    return _compare_text(one[0], other[0]) or _compare_text(one[1], other[1])


def _compare_text(one: str, other: str) -> int:
    for left, right in zip(_RUNS.findall(one), _RUNS.findall(other), strict=False):
        if left == right:
            continue
        if left.isdecimal() and right.isdecimal() and int(left) != int(right):
            return -1 if int(left) < int(right) else 1
        return -1 if left < right else 1
    return (len(one) > len(other)) - (len(one) < len(other))
