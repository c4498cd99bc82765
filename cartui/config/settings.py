"""`Config`: the environment and `config.toml` read into one frozen value.

The file is optional; all of its keys are:

    database = "sqlite:////srv/cartui/cartui.db"
    theme = "nord"
    read_only = false                  # true: nothing is written to any cart
    host = "shop-server"               # only in containers: a lasting name, so that a copied database is noticed
    log_level = "info"                 # debug | info | warning | error
    poll_minutes = 10                  # for carts made from now on, 1 to 60
    import_orders_as = "sales_order"   # for carts made from now on: cash_sale | sales_order | sales_invoice

    [keys]                             # action -> key, see the help screen
    save = "ctrl+s"
"""

from __future__ import annotations

import difflib
import os
import re
import stat
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

from cartui.domain.settings import IMPORT_KINDS, DocumentKind
from cartui.errors import NeedsOperatorError

CONFIG_FILE: Final = "config.toml"
LOG_LEVELS: Final = ("debug", "info", "warning", "error")
POLL_MINUTES: Final = (1, 60)
_MAX_CONFIG_BYTES: Final = 1_000_000
_USERINFO: Final = re.compile(r"(?<=://)[^/?#\s]*@")
_PASSWORD_QUERY: Final = re.compile(r"(?i)([?&][^=&]*(?:pass|secret|key|token)[^=&]*=)[^&#]*")


@dataclass(frozen=True, slots=True, repr=False)
class Config:
    """All settings that are not kept in the database. Its `repr` and `redacted()` never show a password."""

    home: Path
    database: str
    theme: str = ""
    read_only: bool = False
    host: str = ""
    log_level: str = "info"
    poll_minutes: int = 10
    import_orders_as: DocumentKind = DocumentKind.SALES_ORDER
    keys: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def log_path(self) -> Path:
        """The JSON-lines log."""
        return self.home / "cartui.log"

    def redacted(self) -> dict[str, object]:
        """All settings as plain values for a person, passwords masked."""
        return {
            "home": str(self.home),
            "database": redacted_url(self.database),
            "theme": self.theme,
            "read_only": self.read_only,
            "host": self.host,
            "log_level": self.log_level,
            "poll_minutes": self.poll_minutes,
            "import_orders_as": self.import_orders_as.value,
            "keys": dict(self.keys),
        }

    def __repr__(self) -> str:
        return f"Config({', '.join(f'{name}={value!r}' for name, value in self.redacted().items())})"


def redacted_url(url: str) -> str:
    """A URL without its user name, password and secret query values."""
    return _PASSWORD_QUERY.sub(r"\1***", _USERINFO.sub("***@", url))


def load_config(environ: Mapping[str, str] | None = None) -> Config:
    """Read the environment and the file, and make the data directory.

    Raises `NeedsOperatorError` that names the file and key at fault, or why the data directory can't be used.
    """
    environ = os.environ if environ is None else environ
    home = ensure_home(home_directory(environ))
    config = Config(home=home, database=f"sqlite:///{home / 'cartui.db'}")
    config = _with_file(config, home / CONFIG_FILE)
    if database := environ.get("CARTUI_DATABASE", "").strip():
        config = replace(config, database=database)
    if "://" not in config.database:
        raise NeedsOperatorError(
            f"The database address {config.database!r} is not a URL.",
            "Set CARTUI_DATABASE to sqlite:////path/to/cartui.db or postgresql://user@host/name, or leave it out.",
        )
    return config


def home_directory(environ: Mapping[str, str]) -> Path:
    """CARTUI_HOME, else the place the XDG rules name; always absolute. Nothing is made yet."""
    if stated := environ.get("CARTUI_HOME", "").strip():
        return Path(stated).expanduser().absolute()
    base = Path(environ.get("XDG_DATA_HOME", ""))
    # The XDG rules say that a relative path there is to be ignored.
    root = base if base.is_absolute() else Path("~/.local/share").expanduser()
    return root / "cartui"


def ensure_home(home: Path) -> Path:
    """Make the data directory 0700, or check the one that is there: it holds customers' data and passwords."""
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        home.mkdir(mode=0o700, exist_ok=True)
        info = home.stat()
        if not stat.S_IMODE(info.st_mode) & 0o077:
            return home
        # An empty one was made for cartui just now (a volume, a service's state directory): close it.
        if info.st_uid == os.getuid() and not any(home.iterdir()):
            home.chmod(0o700)
            return home
    except (FileExistsError, NotADirectoryError):
        raise NeedsOperatorError(
            f"The data directory {str(home)!r} is a file, or lies inside one.", "Set CARTUI_HOME to a directory."
        ) from None
    except OSError as error:
        raise NeedsOperatorError(
            f"The data directory {str(home)!r} can't be used: {error.strerror or error}.",
            "Set CARTUI_HOME to a directory that you may write to.",
        ) from None
    raise NeedsOperatorError(
        f"Other users of this machine may open the data directory {str(home)!r} (mode {stat.S_IMODE(info.st_mode):o}).",
        f"Close it: `chmod 700 {home}`. It holds customers' data.",
    )


# --- config.toml ---

_Reader = Callable[[object], object]  # raises ValueError with what is wanted


def _with_file(config: Config, path: Path) -> Config:
    table = _read_toml(path)
    problems: list[str] = []
    values: dict[str, object] = {}
    for name, raw in table.items():
        reader = _READERS.get(name)
        if reader is None:
            problems.append(_unknown_key(name))
            continue
        try:
            values[name] = reader(raw)
        except ValueError as error:
            problems.append(f"{name} must be {error}.")
    if problems:
        raise NeedsOperatorError(f"{path}: {' '.join(problems)}", "Correct the file, or delete it to use the defaults.")
    return replace(config, **values)  # type: ignore[arg-type]  # each reader gives its field's type


def _read_toml(path: Path) -> dict[str, object]:
    remedy = "Correct the file, or delete it to use the defaults."
    try:
        with path.open("rb") as file:
            body = file.read(_MAX_CONFIG_BYTES + 1)
        if len(body) > _MAX_CONFIG_BYTES:
            raise NeedsOperatorError(f"{path} is larger than {_MAX_CONFIG_BYTES} bytes.", remedy)
        return tomllib.loads(body.decode("utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise NeedsOperatorError(f"{path} can't be read: {error.strerror or error}.", remedy) from None
    except UnicodeDecodeError:
        raise NeedsOperatorError(f"{path} is not UTF-8 text.", remedy) from None
    except tomllib.TOMLDecodeError as error:
        raise NeedsOperatorError(f"{path} is not valid TOML: {error}.", remedy) from None


def _unknown_key(name: str) -> str:
    near = difflib.get_close_matches(name, _READERS, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(_READERS)}."
    return f"There is no setting {name!r}; {hint}"


def _text(raw: object) -> str:
    if not isinstance(raw, str) or not raw.strip():
        raise ValueError("text in quotes")
    return raw.strip()


def _flag(raw: object) -> bool:
    if isinstance(raw, bool):
        return raw
    raise ValueError("true or false")


def _minutes(raw: object) -> int:
    low, high = POLL_MINUTES
    if not isinstance(raw, int) or isinstance(raw, bool) or not low <= raw <= high:
        raise ValueError(f"a whole number from {low} to {high}")
    return raw


def _log_level(raw: object) -> str:
    if raw not in LOG_LEVELS:
        raise ValueError(f"one of {', '.join(LOG_LEVELS)}")
    return str(raw)


def _document_kind(raw: object) -> DocumentKind:
    for kind in IMPORT_KINDS:
        if raw == kind.value:
            return kind
    raise ValueError(f"one of {', '.join(kind.value for kind in IMPORT_KINDS)}")


def _keys(raw: object) -> Mapping[str, str]:
    if not isinstance(raw, dict) or not all(isinstance(key, str) and key for key in raw.values()):
        raise ValueError('a table of action = "key"')
    return MappingProxyType(dict(raw))


_READERS: Final[Mapping[str, _Reader]] = {
    "database": _text,
    "theme": _text,
    "read_only": _flag,
    "host": _text,
    "log_level": _log_level,
    "poll_minutes": _minutes,
    "import_orders_as": _document_kind,
    "keys": _keys,
}
