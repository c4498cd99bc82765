"""OAuth 1.0a signatures, and how the transport attaches them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count

import pytest

from cartui.transport import HMAC_SHA1, OAuthKeys, Transport, render_oauth, sign_oauth
from cartui.transport.signing import sort_pairs
from tests.transport.raw_server import RawServer, Talk
from tests.transport.virtual import VirtualWaiter


def test_the_example_of_the_oauth_core_guide() -> None:
    """OAuth Core 1.0a, appendix A.5: a photo that is asked for."""
    keys = OAuthKeys("dpf43f3p2l4k3l03", "kd94hf93k423kf44", "nnch734d00sl2jdk", "pfkkdhi9sl3r4s00")
    url = "http://photos.example.net/photos?file=vacation.jpg&size=original"
    oauth = sign_oauth(keys, "GET", url, at=1191242096, nonce="kllo9940pd9333jh", digest=HMAC_SHA1)
    assert 'oauth_signature="tR3%2BTy81lMeYAr%2FFid0kMTYa%2FWM%3D"' in render_oauth(oauth)


def test_natural_order_counts_digits_as_numbers() -> None:
    """PHP's strnatcmp puts [2] before [10]; the RFC's bytes do the opposite."""
    pairs = [("a%5B10%5D", "x"), ("a%5B2%5D", "y"), ("a%5B2%5D%5Bb%5D", "z"), ("B", "1")]
    assert [name for name, _ in sort_pairs(pairs, natural=True)] == ["B", "a%5B2%5D", "a%5B2%5D%5Bb%5D", "a%5B10%5D"]
    assert [name for name, _ in sort_pairs(pairs, natural=False)][1] == "a%5B10%5D"


@pytest.mark.parametrize("secret", ["a&b c/ü%", "-._~"])
def test_secrets_are_quoted_before_they_make_the_key(secret: str) -> None:
    """Two secrets that differ only in where one ends must not sign alike."""
    url = "https://shop.example/rest/V1/orders?a=%C3%BC%20%2B"
    one = sign_oauth(OAuthKeys("k", secret, "t", "x"), "GET", url, at=1, nonce="n")
    other = sign_oauth(OAuthKeys("k", f"{secret}&x", "t", ""), "GET", url, at=1, nonce="n")
    assert one["oauth_signature"] != other["oauth_signature"]
    assert secret not in repr(OAuthKeys("k", secret))


def test_the_signer_sees_each_try_with_its_method_and_address() -> None:
    """A request that is repeated after a 503 is signed anew, over the address that is sent."""
    numbers = count(1)
    seen: list[tuple[str, str]] = []

    def signer(method: str, url: str) -> Mapping[str, str]:
        seen.append((method, url))
        return {"Authorization": f"Signed {next(numbers)}"}

    def answer(talk: Talk) -> None:
        talk.answer(503 if len(talk.server.requests) == 1 else 200)

    with RawServer(answer) as server:
        with Transport(f"{server.url}/shop", signer=signer, waiter=VirtualWaiter()) as http:
            assert http.get_json("orders", [("a b", "c+d")]).status == 200
        sent = [request.headers["authorization"] for request in server.requests]
    assert sent == ["Signed 1", "Signed 2"]
    assert seen == [("GET", f"{server.url}/shop/orders?a%20b=c%2Bd")] * 2
