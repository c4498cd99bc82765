"""Times as the admin reads and types them: in the zone of this machine, or with an offset. Stored as aware UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo

_TYPED = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})(?:[ T](\d{2}):(\d{2})(?::(\d{2}))?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?",
    re.ASCII | re.IGNORECASE,
)
_BEGINNING = re.compile(  # what may still become a time
    r"\d{0,4}|\d{4}-\d{0,2}|\d{4}-\d{2}-\d?|"
    r"\d{4}-\d{2}-\d{2}(?:[ T]\d{0,2}|[ T]\d{2}:\d?|[ T][\d:]{5,8}\s*[+-][\d:]{0,5})?",
    re.ASCII,
)
EXAMPLE = "2026-01-31 14:30"


class TimeTypo(ValueError):
    """What was typed is no time; the message is a sentence."""


def show_time(at: datetime | None, *, seconds: bool = False) -> str:
    """An aware time in the local zone, "" for None: "2026-01-31 14:30"."""
    return "" if at is None else at.astimezone().strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M")


def zone_name(at: datetime) -> str:
    """The local zone at that time: "UTC", "CET +01:00"."""
    local = at.astimezone()
    offset = local.strftime("%z")
    return local.tzname() or "" if offset == "+0000" else f"{local.tzname()} {offset[:3]}:{offset[3:]}"


def show_moment(at: datetime | None, now: datetime) -> str:
    """Short: the time alone today, with the date on other days."""
    if at is None:
        return "–"
    text = show_time(at)
    return text[11:] if text[:10] == show_time(now)[:10] else text


def parse_time(text: str) -> datetime | None:
    """What was typed as aware UTC; None for nothing. A date alone is its midnight. `TimeTypo` names the problem."""
    text = text.strip()
    if not text:
        return None
    match = _TYPED.fullmatch(text)
    if match is None:
        raise TimeTypo(f"Type a date and time such as {EXAMPLE}, or with an offset: {EXAMPLE}+02:00.")
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    try:
        typed = datetime(year, month, day, hour, minute, second, tzinfo=_offset(match.group(7)))
    except ValueError:
        raise TimeTypo(f"There is no such date or time: {text}.") from None
    if typed.tzinfo is not None:
        return typed.astimezone(UTC)
    at = typed.astimezone(UTC)
    if at.astimezone().replace(tzinfo=None) != typed:
        raise TimeTypo(f"{text} was left out when the clocks went forward; type an hour later.")
    return at


def check_time(text: str) -> str | None:
    """What is wrong with it as a time, or None; nothing at all is good."""
    try:
        parse_time(text)
    except TimeTypo as problem:
        return str(problem)
    return None


def check_typing(text: str) -> str | None:
    """As `check_time`, but what may still become a time is no problem yet."""
    return None if _BEGINNING.fullmatch(text) else check_time(text)


def _offset(text: str | None) -> tzinfo | None:
    if text is None:
        return None
    if text.upper() in ("Z", "UTC"):
        return UTC
    return datetime.strptime(text.replace(":", ""), "%z").tzinfo
