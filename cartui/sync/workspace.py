"""All that the functions of `cartui.sync` work with, handed in by `cartui.wiring`: nothing here is built in passing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from cartui.books import Books
from cartui.domain.ports import AdapterSpec, Cart, Connection
from cartui.domain.settings import CartConnection, CartDocument
from cartui.errors import NeedsOperatorError

READ_ONLY = "cartui is in read-only mode: nothing is sent."
READ_ONLY_REMEDY = "Set read_only = false in the configuration and start cartui again."


@dataclass(frozen=True, slots=True)
class Progress:
    """How far long work is. `total` None: not known yet. `what` is a few words: "orders of page 3"."""

    what: str
    done: int
    total: int | None = None


class ProgressSink(Protocol):
    def __call__(self, progress: Progress, /) -> None: ...


def no_progress(progress: Progress) -> None:
    """Nobody looks."""


def never_stop() -> bool:
    """The default `stop`: go on."""
    return False


class StopRequested(Exception):
    """Work ended early because `stop()` said so; everything before it is stored, nothing is half done."""


SecretResolver = Callable[[str], str]  # a reference such as "env:SHOP_PASSWORD" -> the secret; NeedsOperatorError


@dataclass(frozen=True, slots=True)
class Workspace:
    """The books, the adapters that are installed, and who is working here.

    actor      "user@host", kept in the journal
    process    "user@host pid 123 (terminal)", shown to whoever finds a lease taken
    """

    books: Books
    adapters: Mapping[str, AdapterSpec]
    clock: Callable[[], datetime]
    secret: SecretResolver
    actor: str
    process: str
    home: Path
    read_only: bool = False

    def spec(self, cart_type: str) -> AdapterSpec:
        """The adapter for a type of cart; `NeedsOperatorError` names the installed ones."""
        if spec := self.adapters.get(cart_type):
            return spec
        known = ", ".join(sorted(name for name, spec in self.adapters.items() if not spec.hidden))
        raise NeedsOperatorError(
            f"There is no cart type {cart_type!r} here.",
            f"Choose one of: {known}." if known else "No adapter could be loaded: `cartui doctor` says why.",
        )

    def close_thread(self) -> None:
        """Let go of the calling thread's database connection; a worker thread calls it when it ends."""
        self.books.close_thread()

    def open_cart(self, document: CartDocument) -> Cart:
        """Open the adapter of a cart; the caller closes it. No request is sent yet."""
        connection = document.connection
        return self.spec(connection.cart_type).open(self._connection(document.name, connection))

    def _connection(self, name: str, connection: CartConnection) -> Connection:
        def secret(which: str) -> str:
            reference = connection.secret_refs.get(which)
            if reference is None:
                raise NeedsOperatorError(
                    f"Cart {name!r} has no {which}.", f"Set one: `cartui set {name!r} {which}=env:NAME_OF_VARIABLE`."
                )
            return self.secret(reference)

        return Connection(
            cart_name=name,
            url=connection.url,
            options=connection.options,
            secret=secret,
            allow_plain_http=connection.allow_plain_http,
            now=self.clock,
            read_only=self.read_only,
        )
