"""`cartui set NAME key=value…`: every value is read before anything is stored."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from cartui.cli import output
from cartui.cli.carts import MAIN_SECRET, cart_row, parsed_pairs, reference_from, split_options
from cartui.cli.sending_settings import NAMED, SENDING, read_flag, reader_of_name
from cartui.cli.session import open_session
from cartui.config.settings import POLL_MINUTES
from cartui.domain.ports import AdapterSpec
from cartui.domain.settings import IMPORT_KINDS, CartDocument, DocumentKind, SyncStatus
from cartui.errors import ExitCode, NeedsOperatorError
from cartui.sync import carts
from cartui.sync.cart_dates import CartDates
from cartui.sync.workspace import Workspace

_DATES: Final = ("last_order_from", "last_update_time")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person asked for, read and checked: the changed document, and dates to set afterwards."""

    document: CartDocument
    dates: Mapping[str, datetime] = field(default_factory=dict)


def run_set(arguments: argparse.Namespace) -> int:
    """Change settings of a cart: all of them or none."""
    with open_session() as ws:
        document = carts.view_cart(ws, arguments.name).document
        wanted = read_changes(ws, document, parsed_pairs(arguments.changes, "set"))
        if wanted.dates and document.status is SyncStatus.RUNNING:
            raise NeedsOperatorError(
                f"Cart {document.name!r} is RUNNING; its dates can be set only while it is STOPPED.",
                f"Run `cartui stop {document.name!r}` first. Nothing was changed.",
            )
        if wanted.document != document or wanted.dates:
            carts.save_cart(ws, wanted.document, CartDates(**wanted.dates))
        for key, at in wanted.dates.items():
            output.words(f"{key} is {at:%Y-%m-%d %H:%M:%S} UTC.")
        view = carts.view_cart(ws, document.name)
        if arguments.json:
            output.json_line(cart_row(view))
        names = ", ".join(key for key in parsed_pairs(arguments.changes, "set") if key not in wanted.dates)
        if names:
            output.words(f"Cart {document.name!r}: {names} set.")
    return ExitCode.OK


def read_changes(ws: Workspace, document: CartDocument, pairs: Mapping[str, str]) -> Wanted:
    """Read all changes; one error names all problems. A password asked for is asked last, when all else is right."""
    spec = ws.spec(document.connection.cart_type)
    problems: list[str] = []
    dates: dict[str, datetime] = {}
    changed = document
    options: dict[str, str] = {}
    for key, text in pairs.items():
        try:
            if key in _DATES:
                dates[key] = read_moment(text, ws.clock())
            elif key.startswith("option."):
                options[key.removeprefix("option.")] = text
            elif key != MAIN_SECRET:
                changed = _reader_of(key)(changed, text)
        except ValueError as error:
            problems.append(f"{key}: {error}")
    if problems:
        raise NeedsOperatorError(" ".join(problems), "Nothing was changed.")
    return Wanted(_with_connection(ws, changed, spec, options, pairs.get(MAIN_SECRET)), dates)


def _with_connection(
    ws: Workspace, document: CartDocument, spec: AdapterSpec, options: dict[str, str], password: str | None
) -> CartDocument:
    plain, secret_refs = split_options(ws, document.name, spec, options)
    if password is not None:
        secret_refs[MAIN_SECRET] = reference_from(ws, document.name, MAIN_SECRET, password, spec)
    connection = document.connection
    return replace(
        document,
        connection=replace(
            connection,
            options={**connection.options, **plain},
            secret_refs={**connection.secret_refs, **secret_refs},
        ),
    )


def _reader_of(key: str) -> Callable[[CartDocument, str], CartDocument]:
    if reader := _READERS.get(key) or reader_of_name(key):
        return reader
    known = (*_DATES, *_READERS, *NAMED, MAIN_SECRET, "option.NAME")
    near = difflib.get_close_matches(key, known, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise ValueError(f"there is no such setting.{hint} The settings are {', '.join(known)}.")


def read_moment(text: str, now: datetime) -> datetime:
    """A date and time as typed, in UTC: ISO 8601; without an offset in this machine's zone; `now`. ValueError."""
    if text.strip().lower() == "now":
        return now.astimezone(UTC)
    try:
        typed = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError("it is a date and time such as 2026-11-01T00:00 or 2026-11-01T00:00+01:00.") from None
    try:
        if typed.tzinfo is not None:
            return typed.astimezone(UTC)
        early, late = typed.replace(fold=0).astimezone(UTC), typed.replace(fold=1).astimezone(UTC)
    except (OverflowError, ValueError):
        raise ValueError("that year can't be used.") from None
    if early != late:
        # The hour that clocks skip or repeat: a guess could miss or double an hour of orders.
        raise ValueError("the clocks change in that hour; add the offset, such as +01:00.")
    return early


def _poll_minutes(document: CartDocument, text: str) -> CartDocument:
    low, high = POLL_MINUTES
    if not (text.isascii() and text.isdigit() and len(text) < 4 and low <= int(text) <= high):
        raise ValueError(f"it is a whole number from {low} to {high}.")
    return replace(document, settings=replace(document.settings, poll_minutes=int(text)))


def _import_orders_as(document: CartDocument, text: str) -> CartDocument:
    word = text.strip().lower().replace(" ", "_").replace("-", "_")
    for kind in IMPORT_KINDS:
        if word in (kind.value, f"{kind.value}s"):
            return replace(document, settings=replace(document.settings, import_orders_as=DocumentKind(kind.value)))
    raise ValueError(f"it is one of {', '.join(kind.value for kind in IMPORT_KINDS)}.")


def _url(document: CartDocument, text: str) -> CartDocument:
    if not text.strip():
        raise ValueError("it is the address of the cart, such as https://shop.example.")
    return replace(document, connection=replace(document.connection, url=text.strip()))


def _allow_plain_http(document: CartDocument, text: str) -> CartDocument:
    return replace(document, connection=replace(document.connection, allow_plain_http=read_flag(text)))


_READERS: Final[Mapping[str, Callable[[CartDocument, str], CartDocument]]] = {
    "import_orders_as": _import_orders_as,
    "poll_minutes": _poll_minutes,
    **SENDING,
    "url": _url,
    "allow_plain_http": _allow_plain_http,
}
