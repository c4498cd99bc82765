"""Where requests, and above all credentials, may go."""
# ruff: noqa: SIM117  (first the shop, then what is done with it)

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme

from cartui.errors import ExitCode, HoldRecordError, NeedsOperatorError
from cartui.transport import Transport, encode_query, header_auth, segment
from cartui.transport.origin import ensure_same_origin, join, parse_address
from tests.transport.raw_server import RawServer, Talk

KEY = "canary-key-94c1"


def keyed(url: str, **options: object) -> Transport:
    return Transport(url, auth=header_auth("X-Key", lambda: KEY), **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def server_context(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return str(path)


def leads_elsewhere(port: int, other_port: int) -> dict[str, str]:
    return {
        "other port": f"http://127.0.0.1:{other_port}/orders",
        "other host": f"http://localhost:{port}/orders",
        "other scheme": f"https://127.0.0.1:{port}/orders",
        "userinfo": f"http://user:word@127.0.0.1:{port}/orders",
        "userinfo that looks like the host": f"http://127.0.0.1:{port}@127.0.0.1:{other_port}/orders",
        "no scheme": f"//127.0.0.1:{other_port}/orders",
        "backslash": f"http:\\\\127.0.0.1:{other_port}\\orders",
        "not http": "file:///etc/passwd",
        "no address": "http://",
    }


CASES = sorted(leads_elsewhere(1, 2))


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_origin_is_not_followed(case: str, status: int) -> None:
    """The credential stays at home, and a person is told where the shop wanted to go."""
    with RawServer(lambda talk: talk.answer()) as other:
        target = {}

        def redirect(talk: Talk) -> None:
            talk.answer(status, b"", {"Location": target["url"]})

        with RawServer(redirect) as shop, keyed(shop.url) as transport:
            target["url"] = leads_elsewhere(shop.port, other.port)[case]
            with pytest.raises(NeedsOperatorError, match="redirect") as caught:
                transport.get_json("orders")
            assert len(shop.requests) == 1
        assert other.connections == 0
        assert "user:word" not in str(caught.value)


@pytest.mark.parametrize("case", CASES)
def test_a_next_link_to_another_origin_is_refused(case: str) -> None:
    """A page may not send the reader, with its key, to another server."""
    with (
        RawServer(lambda talk: talk.answer()) as other,
        RawServer(lambda talk: talk.answer()) as shop,
        keyed(shop.url) as transport,
    ):
        link = leads_elsewhere(shop.port, other.port)[case]
        with pytest.raises(NeedsOperatorError):
            transport.ensure_same_origin(link)
        if "://" in link:
            with pytest.raises(NeedsOperatorError):
                transport.get_json(link)
        assert shop.requests == []
        assert other.connections == 0


def test_https_does_not_fall_back_to_http(authority: trustme.CA, ca_file: str) -> None:
    """A redirect from https to http of the same host is another origin."""
    with RawServer(lambda talk: talk.answer()) as plain:
        location = {"Location": f"http://127.0.0.1:{plain.port}/"}
        context = server_context(authority, "127.0.0.1")
        with (
            RawServer(lambda talk: talk.answer(301, b"", location), tls=context) as shop,
            keyed(shop.url, ca_file=ca_file) as transport,
            pytest.raises(NeedsOperatorError, match="redirect to http://"),
        ):
            transport.get_json("orders")
        assert plain.connections == 0


def test_a_redirect_within_the_origin_is_followed_with_the_credential() -> None:
    """`/orders` -> `/orders/` is a habit of many servers."""

    def shop_of(talk: Talk) -> None:
        if talk.request.target == "/api/orders":
            talk.answer(301, b"", {"Location": "/api/orders/"})
        else:
            talk.answer(200, b"[1]")

    with RawServer(shop_of) as shop, keyed(f"{shop.url}/api") as transport:
        assert transport.get_json("orders").json == [1]
        assert [request.headers["x-key"] for request in shop.requests] == [KEY, KEY]


def test_redirects_end_after_three() -> None:
    """A loop of redirects is an error, not a loop."""
    with RawServer(lambda talk: talk.answer(302, b"", {"Location": "/again"})) as shop, keyed(shop.url) as transport:
        with pytest.raises(NeedsOperatorError, match="redirect"):
            transport.get_json("orders")
        assert len(shop.requests) == 4


def test_a_write_never_follows_a_redirect() -> None:
    """Following could turn it into a GET, or send it twice."""
    with RawServer(lambda talk: talk.answer(307, b"", {"Location": "/other"})) as shop, keyed(shop.url) as transport:
        with pytest.raises(NeedsOperatorError, match="redirect"):
            transport.send_json("POST", "orders", {}, idempotent=True, writes=True)
        assert len(shop.requests) == 1


def test_cookies_are_not_kept() -> None:
    """What a shop sets is not sent back unasked."""
    with RawServer(lambda talk: talk.answer(200, b"{}", {"Set-Cookie": "a=b; Path=/"})) as shop:
        with keyed(shop.url) as transport:
            transport.get_json("x")
            transport.get_json("x")
        assert "cookie" not in shop.requests[1].headers


def test_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key goes to the shop, not to what http_proxy says."""
    with RawServer(lambda talk: talk.answer()) as proxy, RawServer(lambda talk: talk.answer()) as shop:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        with keyed(shop.url) as transport:
            transport.get_json("x")
        assert proxy.connections == 0
        assert len(shop.requests) == 1


# --- addresses -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://shop.example", "allow_plain_http"),
        ("http://10.0.0.7/api", "allow_plain_http"),
        ("https://user:canary-word@shop.example", "before the @"),
        ("https://shop.example/api?ws_key=canary-word", "without it"),
        ("https://shop.example/#canary-word", "without it"),
        ("ftp://shop.example", "https://shop.example"),
        ("shop.example", "https://shop.example"),
        ("https://", "https://shop.example"),
        ("https://shop.example:99999", "https://shop.example"),
        ("https://shop.example\\@evil.example", "https://shop.example"),
    ],
)
def test_an_unsafe_address_is_refused_with_its_remedy(address: str, words: str) -> None:
    """The refusal names what to do and never repeats a secret."""
    with pytest.raises(NeedsOperatorError) as caught:
        Transport(address)
    assert words in caught.value.remedy
    assert "canary-word" not in str(caught.value)
    assert caught.value.exit_code is ExitCode.CONFIG_OR_GUARD


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "localhost", "[::1]"])
def test_plain_http_to_this_machine_is_allowed(host: str) -> None:
    """There is no wire to listen on."""
    Transport(f"http://{host}:8080").close()


def test_plain_http_elsewhere_needs_the_flag() -> None:
    """An old cart in the own network can be used, on purpose."""
    Transport("http://shop.example", allow_plain_http=True).close()


@pytest.mark.parametrize(
    ("link", "url"),
    [
        ("/api/orders?page=2", "https://shop.example/api/orders?page=2"),
        ("orders?page=2", "https://shop.example/api/orders?page=2"),
        ("?page=2", "https://shop.example/api/?page=2"),
        ("https://shop.example/api/orders", "https://shop.example/api/orders"),
        ("https://SHOP.example:443/x", "https://shop.example/x"),
    ],
)
def test_next_links_of_the_same_origin_become_absolute(link: str, url: str) -> None:
    """Relative links and other spellings of the same origin are fine."""
    base = parse_address("https://shop.example/api/", allow_plain_http=False)
    assert ensure_same_origin(base, link) == url


def test_a_name_in_its_own_script_and_in_punycode_is_one_origin() -> None:
    """Shops with umlauts write their links either way."""
    base = parse_address("https://m\u00fcller.example", allow_plain_http=False)
    assert ensure_same_origin(base, "https://xn--mller-kva.example/x") == "https://xn--mller-kva.example/x"


def test_parameters_are_percent_encoded_with_a_blank_as_20() -> None:
    """`+` means a blank to some servers and a plus to others."""
    assert encode_query({"filter[id]": "[1|2]", "q": "a b+c&d"}) == "filter%5Bid%5D=%5B1%7C2%5D&q=a%20b%2Bc%26d"
    with RawServer(lambda talk: talk.answer()) as shop, Transport(shop.url) as transport:
        transport.get_json("x", [("since", "2026-01-01 10:00:00+02:00"), ("since", "2")])
        assert shop.requests[0].target == "/x?since=2026-01-01%2010%3A00%3A00%2B02%3A00&since=2"


@pytest.mark.parametrize("path", ["orders/../../admin", "..", "a\nb", "a\\b", "a b"])
def test_an_id_from_the_shop_can_not_lead_out_of_the_api(path: str) -> None:
    """Such a path holds its record; nothing is sent."""
    base = parse_address("https://shop.example/api", allow_plain_http=False)
    with pytest.raises(HoldRecordError):
        join(base, path)


def test_an_id_becomes_one_segment() -> None:
    """Slashes and the like are quoted; dots alone are refused."""
    assert segment("a/b ?#%") == "a%2Fb%20%3F%23%25"
    with pytest.raises(HoldRecordError):
        segment("..")


# --- TLS -------------------------------------------------------------------------------------------------------------


def test_a_private_authority_works_by_ca_file(authority: trustme.CA, ca_file: str) -> None:
    """A shop in the own network can be verified, too."""
    context = server_context(authority, "127.0.0.1")
    with RawServer(lambda talk: talk.answer(200, b"[]"), tls=context) as shop:
        with keyed(shop.url, ca_file=ca_file) as transport:
            assert transport.get_json("x").json == []


def test_an_unknown_authority_is_refused(authority: trustme.CA) -> None:
    """Before a byte of the request leaves."""
    context = server_context(authority, "127.0.0.1")
    with RawServer(lambda talk: talk.answer(), tls=context) as shop:
        with keyed(shop.url) as transport, pytest.raises(NeedsOperatorError, match="certificate") as caught:
            transport.get_json("x")
        assert shop.requests == []
        assert "ca_file" in caught.value.remedy
        assert caught.value.exit_code is ExitCode.CART_REFUSED


def test_a_certificate_for_another_name_is_refused(authority: trustme.CA, ca_file: str) -> None:
    """The sentence says so, and names the host."""
    context = server_context(authority, "other.example")
    with RawServer(lambda talk: talk.answer(), tls=context) as shop, keyed(shop.url, ca_file=ca_file) as transport:
        with pytest.raises(NeedsOperatorError, match=r"not for 127\.0\.0\.1"):
            transport.get_json("x")
        assert shop.requests == []


def test_an_expired_certificate_is_refused(authority: trustme.CA, ca_file: str) -> None:
    """The remedy is to renew it, and to look at the clock."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    past = datetime(2020, 1, 1, tzinfo=UTC)
    authority.issue_cert("127.0.0.1", not_before=past, not_after=past.replace(month=2)).configure_cert(context)
    with RawServer(lambda talk: talk.answer(), tls=context) as shop, keyed(shop.url, ca_file=ca_file) as transport:
        with pytest.raises(NeedsOperatorError, match="expired"):
            transport.get_json("x")


def test_a_missing_ca_file_is_named(tmp_path: Path) -> None:
    """And does not silently fall back to anything."""
    with pytest.raises(NeedsOperatorError, match=r"nowhere\.pem"):
        Transport("https://shop.example", ca_file=str(tmp_path / "nowhere.pem"))
