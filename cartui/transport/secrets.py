"""Secrets are taken out of everything that a person, a log or a traceback may see.

Two nets: places where secrets usually stand (userinfo, certain query keys, certain headers), and values that were
registered because cartui handed them to a cart.
"""

from __future__ import annotations

import base64
import logging
import re
import threading
from collections import OrderedDict
from collections.abc import Mapping
from urllib.parse import quote, quote_plus

MASK = "***"
_SHORTEST = 4  # a shorter "secret" would blank ordinary words, and is none
_RECENT = 256  # one-off values (tokens, signatures) that are remembered

_KEY = (
    r"(?:[\w-]*(?:token|password|passwd|passwort|secret|signature|api_?key|apikey|session_?id)|"
    r"ws_key|consumer_key|oauth_[\w]+|access_key|key|pass|pwd|sig|auth|code|hmac)"
)
_USERINFO = re.compile(r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]*://)[^/?#\s\"'<>]*@")
_QUERY = re.compile(rf"(?P<key>(?:^|[?&;\s\"']){_KEY})(?P<sep>=|%3[dD])[^&;#\s\"'<>]*", re.IGNORECASE)
_HEADER = re.compile(
    r"(?P<name>(?:proxy-)?authorization|cookie|set-cookie|x-[\w-]*(?:token|key|secret|auth)[\w-]*)"
    r"(?P<sep>['\"]?\s*[:=]\s*)[^\r\n,}]+",
    re.IGNORECASE,
)
_JSON_FIELD = re.compile(rf"(?P<key>\"{_KEY}\"\s*:\s*)\"(?:[^\"\\]|\\.)*\"", re.IGNORECASE)
_SCHEME_WORD = re.compile(r"\b(?P<scheme>Basic|Bearer)\s+[A-Za-z0-9+/=._~-]{8,}", re.IGNORECASE)


class _Registry:
    """The registered values of this process, and one pattern over all their forms."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lasting: set[str] = set()
        self._recent: OrderedDict[str, None] = OrderedDict()
        self._pattern: re.Pattern[str] | None = None

    def add(self, value: str, *, lasting: bool) -> None:
        with self._lock:
            if value in self._lasting:
                return
            if lasting:
                self._lasting.add(value)
            else:
                known = value in self._recent
                self._recent[value] = None
                self._recent.move_to_end(value)
                if known:
                    return
                while len(self._recent) > _RECENT:
                    self._recent.popitem(last=False)
            self._pattern = None

    def pattern(self) -> re.Pattern[str] | None:
        with self._lock:
            if self._pattern is None and (self._lasting or self._recent):
                forms = {form for value in (*self._lasting, *self._recent) for form in _forms(value)}
                longest_first = sorted(forms, key=lambda form: (-len(form), form))
                self._pattern = re.compile("|".join(map(re.escape, longest_first)))
            return self._pattern


_registry = _Registry()


def register_secret(value: str, *, lasting: bool = True) -> None:
    """From now on `redact` masks `value` and its quoted and base64 forms.

    `lasting=False` is for tokens and signatures that change: only the latest 256 of them are remembered."""
    if len(value) >= _SHORTEST:
        _registry.add(value, lasting=lasting)


def register_headers(headers: Mapping[str, str]) -> None:
    """Remember the values of authentication headers as secrets, with and without their scheme word."""
    for value in headers.values():
        if value.startswith("OAuth "):
            continue  # a signature serves once; each is another, and the pattern would be built anew with each request
        register_secret(value, lasting=False)
        register_secret(value.partition(" ")[2], lasting=False)


def redact(text: str) -> str:
    """`text` with every secret replaced by ***: userinfo and secret query keys of URLs, secret headers, and every
    registered value. It may mask more than a secret, never less than a registered one."""
    pattern = _registry.pattern()
    if pattern is not None:
        text = pattern.sub(MASK, text)
    text = _USERINFO.sub(rf"\g<scheme>{MASK}@", text)
    text = _HEADER.sub(rf"\g<name>\g<sep>{MASK}", text)
    text = _SCHEME_WORD.sub(rf"\g<scheme> {MASK}", text)
    text = _JSON_FIELD.sub(rf'\g<key>"{MASK}"', text)
    return _QUERY.sub(rf"\g<key>\g<sep>{MASK}", text)


def _forms(value: str) -> set[str]:
    raw = value.encode("utf-8", "surrogatepass")
    encoded = {base64.b64encode(data).decode("ascii") for data in (raw, raw + b":")}
    return {value, quote(value, safe="", errors="replace"), quote_plus(value, errors="replace")} | encoded


class RedactingFilter(logging.Filter):
    """A logging filter that masks secrets in the finished message; exceptions are reduced to their type."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = redact(record.getMessage())
        record.args = None
        if record.exc_info and record.exc_info[0] is not None:
            record.msg += f" ({record.exc_info[0].__name__})"
            record.exc_info = None
            record.exc_text = None
        return True


def quiet_http_loggers() -> None:
    """httpx logs every URL at INFO and httpcore every header at DEBUG: both are held at WARNING, and filtered."""
    for name in ("httpx", "httpcore"):
        logger = logging.getLogger(name)
        logger.setLevel(logging.WARNING)
        if not any(isinstance(existing, RedactingFilter) for existing in logger.filters):
            logger.addFilter(RedactingFilter())
