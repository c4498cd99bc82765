"""The only place that builds things: Config -> Workspace. The real clock and the real network enter here."""

from __future__ import annotations

import importlib
import logging
import os
import pwd
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Final

from cartui.books import open_books
from cartui.config.secrets import Secrets
from cartui.config.settings import Config
from cartui.domain.ports import AdapterSpec, Cart
from cartui.sync.workspace import Workspace

GROUP: Final = "cartui.adapters"

# Those that come with cartui, by type of cart: found without reading the metadata of every installed package, and
# also where cartui runs from a checkout that nobody installed. `pyproject.toml` registers the same (a test compares).
BUILT_IN: Final[Mapping[str, str]] = {
    "bigcommerce": "cartui.adapters.bigcommerce:SPEC",
    "cart-connect": "cartui.adapters.cart_connect:SPEC",
    "magento": "cartui.adapters.magento:SPEC",
    "medusa": "cartui.adapters.medusa:SPEC",
    "memory": "cartui.adapters.memory:SPEC",
    "prestashop": "cartui.adapters.prestashop:SPEC",
    "shopify": "cartui.adapters.shopify:SPEC",
    "vendure": "cartui.adapters.vendure:SPEC",
    "woocommerce": "cartui.adapters.woocommerce:SPEC",
}

log = logging.getLogger(__name__)


def build_workspace(config: Config, *, process: str) -> Workspace:
    """Open the books and hand everything over. Raises `NeedsOperatorError` where the database can't be used.

    `process` is one word for where this runs: "terminal", "headless", "command". A thread that ends calls
    `workspace.books.close_thread()`.
    """
    actor, host = current_actor(), host_fingerprint(config.host)
    return Workspace(
        books=open_books(config.database, clock=utc_now, host=host),
        adapters=InstalledAdapters(),
        clock=utc_now,
        secret=Secrets(on_secret=_hide_from_logs).resolve,
        actor=actor,
        process=f"{actor} pid {os.getpid()} ({process})",
        home=config.home,
        read_only=config.read_only,
    )


def utc_now() -> datetime:
    """The machine's clock, aware UTC."""
    return datetime.now(UTC)


def current_actor() -> str:
    """ "user@host" for the journal; behind sudo the person who called it."""
    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container may run under a number without a name
        user = f"uid{os.getuid()}"
    person = os.environ.get("SUDO_USER", "") if user == "root" else ""
    name = f"{person} (as root)" if person and person != "root" else user
    return f"{name}@{os.uname().nodename}"


def host_fingerprint(stated: str = "") -> str:
    """What tells this machine from another one, so that a copied database is noticed: the name that `host` in
    config.toml states, else the machine's own id, else its host name. Hashed: a machine's id is to be kept private."""
    name = stated
    for place in () if stated else ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        with suppress(OSError):
            name = name or Path(place).read_text(encoding="ascii", errors="replace").strip()
    return blake2b((name or os.uname().nodename).encode(), key=b"cartui host", digest_size=16).hexdigest()


class InstalledAdapters(Mapping[str, AdapterSpec]):
    """The adapters by type of cart, each imported when it is asked for.

    A third party's plug-in that can't be loaded, or that takes the name of a built-in one, is left out and named in
    `problems`; it never stops the others.
    """

    def __init__(self) -> None:
        self.problems: dict[str, str] = {}
        self._loaded: dict[str, AdapterSpec] = {}
        self._plugins: dict[str, str] | None = None
        self._lock = threading.RLock()

    def __getitem__(self, cart_type: str) -> AdapterSpec:
        with self._lock:
            if cart_type in self._loaded:
                return self._loaded[cart_type]
            target = BUILT_IN.get(cart_type) or self._found_plugins().get(cart_type)
            if target is None or cart_type in self.problems:
                raise KeyError(cart_type)
            spec = self._load(cart_type, target)
            if spec is None:
                raise KeyError(cart_type)
            self._loaded[cart_type] = spec
            return spec

    def __iter__(self) -> Iterator[str]:
        with self._lock:
            names = sorted({*BUILT_IN, *self._found_plugins()})
            return iter([name for name in names if self.get(name) is not None])

    def __len__(self) -> int:
        return len(list(iter(self)))

    def _found_plugins(self) -> dict[str, str]:
        if self._plugins is None:
            from importlib.metadata import entry_points

            self._plugins = {}
            for entry in entry_points(group=GROUP):
                if BUILT_IN.get(entry.name) == entry.value:
                    continue
                if entry.name in BUILT_IN or entry.name in self._plugins:
                    self.problems[f"{entry.name} ({entry.value})"] = "another adapter has this name already"
                    continue
                self._plugins[entry.name] = entry.value
        return self._plugins

    def _load(self, cart_type: str, target: str) -> AdapterSpec | None:
        module_name, _, attribute = target.partition(":")
        try:
            spec: object = importlib.import_module(module_name)
            for part in attribute.split("."):
                spec = getattr(spec, part)
        # A plug-in is somebody else's code: whatever it raises, the other carts must go on.
        except Exception as error:
            self.problems[cart_type] = f"it can't be loaded: {type(error).__name__}: {error}"
            log.warning("The adapter %s can't be loaded.", cart_type, exc_info=True)
            return None
        if problem := _check_spec(cart_type, spec):
            self.problems[cart_type] = problem
            return None
        return spec if isinstance(spec, AdapterSpec) else None


def _check_spec(cart_type: str, spec: object) -> str | None:
    if not isinstance(spec, AdapterSpec):
        return "its entry point is not an AdapterSpec"
    if spec.cart_type != cart_type:
        return f"its entry point is named {cart_type} but it is for {spec.cart_type}"
    missing = [name for name in _CART_METHODS if not hasattr(spec.cart_class, name)]
    return f"its class lacks {', '.join(missing)}" if missing else None


_CART_METHODS: Final = tuple(name for name in vars(Cart) if not name.startswith("_"))


def _hide_from_logs(secret: str) -> None:
    # Whoever asks for a secret is about to use HTTP: only here is that import not wasted.
    from cartui.transport.secrets import register_secret

    register_secret(secret)
