"""OAuth 1.0a, one-legged, as WooCommerce wants it over plain http
(https://woocommerce.github.io/woocommerce-rest-api-docs/#authentication-over-http). Pure.

Blanks are %20, and a parameter's name must not hold brackets. The server checks a signature only where it takes the
request for plain http, so that `http` is what is signed, also behind a proxy that ends the encryption without telling
WordPress. A nonce serves once: each try of a request is signed anew.
"""

from __future__ import annotations

from cartui.transport import OAuthKeys, sign_oauth


def sign(method: str, url: str, key: str, secret: str, timestamp: int, nonce: str) -> dict[str, str]:
    """The oauth_… parameters of one request, the signature among them."""
    keys = OAuthKeys(key, secret)
    return sign_oauth(keys, method, url, at=timestamp, nonce=nonce, base_scheme="http", with_version=False)
