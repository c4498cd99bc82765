"""OAuth 1.0a, one-legged, as WooCommerce wants it over plain http
(https://woocommerce.github.io/woocommerce-rest-api-docs/#authentication-over-http). Pure.

The base string is RFC 5849's, blanks are %20, and a parameter's name must not hold brackets. The server checks a
signature only where it takes the request for plain http, so that `http` is what is signed, also behind a proxy that
ends the encryption without telling WordPress. A nonce serves once: each try of a request is signed anew.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from urllib.parse import parse_qsl, quote, urlsplit

METHOD = "HMAC-SHA256"


def sign(method: str, url: str, key: str, secret: str, timestamp: int, nonce: str) -> dict[str, str]:
    """The oauth_… parameters of one request, the signature among them."""
    parts = urlsplit(url)
    oauth = {
        "oauth_consumer_key": key,
        "oauth_nonce": nonce,
        "oauth_signature_method": METHOD,
        "oauth_timestamp": str(timestamp),
    }
    params = [*parse_qsl(parts.query, keep_blank_values=True), *oauth.items()]
    pairs = "&".join(f"{name}={value}" for name, value in sorted((_quoted(one), _quoted(two)) for one, two in params))
    base = f"{method.upper()}&{_quoted(f'http://{parts.netloc}{parts.path}')}&{_quoted(pairs)}"
    digest = hmac.new(f"{secret}&".encode(), base.encode(), hashlib.sha256).digest()
    return {**oauth, "oauth_signature": base64.b64encode(digest).decode("ascii")}


def render_header(oauth: dict[str, str]) -> str:
    """The parameters as an Authorization header."""
    return "OAuth " + ", ".join(f'{name}="{_quoted(value)}"' for name, value in oauth.items())


def _quoted(text: str) -> str:
    return quote(text, safe="~")
