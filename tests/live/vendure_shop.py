"""A real Vendure shop for tests: installed from npm, seeded by `vendure/seed.js`, started and ended by the tests.

Everything heavy is cached: `node_modules` by the hash of the lock file, the seeded database by the hash of the lock
file and the scripts. The cache lies in `CARTUI_TEST_CACHE`, by default `cartui-tests` in the user's cache directory.
A running shop works on a copy of the seeded database in a directory of its own, so nothing a test does is left over.

`CARTUI_LIVE_VENDURE=2.2.7` runs the same tests on another version, which is installed without a lock file.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NoReturn, Self

import pytest

SOURCE = Path(__file__).with_name("vendure")
OLDEST_NODE = 20
INSTALL_SECONDS = 600.0
SEED_SECONDS = 300.0
START_SECONDS = 120.0
STOP_SECONDS = 15.0
PAUSE_SECONDS = 0.05


def _cache_directory() -> Path:
    chosen = os.environ.get("CARTUI_TEST_CACHE")
    if chosen:
        return Path(chosen).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cartui-tests"


# Asked once, when tests are collected: later on every test has a home directory of its own, which is empty.
CACHE = _cache_directory()
_REAL_HOME = os.environ.get("HOME")
_INSTALL_INPUTS = ("package.json", "package-lock.json")
OTHER_VERSION = os.environ.get("CARTUI_LIVE_VENDURE", "")


class ShopUnavailable(Exception):
    """This machine can't run the shop; the text says what is missing and how to mend it."""


class ShopBroken(Exception):
    """The shop was installed or started but did not work; the text holds the end of its log."""


@dataclass(frozen=True, slots=True)
class RunningShop:
    """How to reach a started shop: `http://127.0.0.1:PORT` and the superadmin's name and password."""

    address: str
    username: str
    password: str


@dataclass(frozen=True, slots=True)
class SeededShop:
    """Where the cache keeps a shop: the folder of the scripts, the sql.js file and the manifest of what is in it."""

    scripts: Path
    database: Path
    manifest: Path


def check_node() -> None:
    """Raises `ShopUnavailable` unless `node` (20 or newer) and `npm` are on the path."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise ShopUnavailable(f"Vendure live tests skipped: node/npm not found; install Node.js {OLDEST_NODE} or newer")
    answer = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False, timeout=30)
    major = answer.stdout.strip().lstrip("v").partition(".")[0]
    if not major.isdigit() or int(major) < OLDEST_NODE:
        found = answer.stdout.strip() or "no version"
        raise ShopUnavailable(
            f"Vendure live tests skipped: Node.js {found} is too old; install Node.js {OLDEST_NODE} or newer"
        )


def ensure_installed() -> Path:
    """The cache folder that holds `node_modules`; runs `npm ci` there once. Never touches the checkout."""
    check_node()
    target = CACHE / f"vendure-{OTHER_VERSION or _hash_of(*(SOURCE / name for name in _INSTALL_INPUTS))}"
    with _only_one(target):
        if not (target / "installed").exists():
            shutil.rmtree(target, ignore_errors=True)
            target.mkdir(parents=True)
            for name in (*_INSTALL_INPUTS, ".npmrc"):
                shutil.copy(SOURCE / name, target / name)
            if OTHER_VERSION:
                _ask_for_other_version(target)
            # No package's install script is run: bcrypt brings its binary along, nothing else needs one.
            words = ["npm", "install", "--legacy-peer-deps"] if OTHER_VERSION else ["npm", "ci"]
            _run([*words, "--ignore-scripts", "--no-audit", "--no-fund"], target, {}, INSTALL_SECONDS)
            (target / "installed").touch()
    return target


def _ask_for_other_version(target: Path) -> None:
    """The same shop with another Vendure, which npm resolves by itself."""
    (target / "package-lock.json").unlink()
    told = json.loads((target / "package.json").read_text(encoding="utf-8"))
    told["dependencies"] |= {"@vendure/core": OTHER_VERSION, "semver": "7"}  # which 2.0 forgets to name
    told["overrides"] = {"bcrypt": "6.0.0"}  # the older ones compile theirs, or fetch it by an install script
    (target / "package.json").write_text(json.dumps(told), encoding="utf-8")


def ensure_seeded() -> SeededShop:
    """The seeded shop in the cache; installs and seeds it first where that has not been done for these scripts."""
    installed = ensure_installed()
    scripts = sorted(SOURCE.glob("*.js"))
    folder = installed / f"seeded-{_hash_of(*scripts)}"
    shop = SeededShop(folder, folder / "shop.sqlite", folder / "manifest.json")
    with _only_one(folder):
        if not shop.manifest.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            for script in scripts:
                shutil.copy(script, folder / script.name)
            half_done = folder / "manifest.partial"
            variables = {"CARTUI_SHOP_DATABASE": str(shop.database), "CARTUI_SHOP_MANIFEST": str(half_done)}
            variables["CARTUI_SHOP_OTHER_VERSION"] = OTHER_VERSION
            _run(["node", "seed.js"], folder, variables, SEED_SECONDS)
            half_done.rename(shop.manifest)
    return shop


def skip_or_fail(reason: ShopUnavailable) -> NoReturn:
    """Skips the test, saying why; fails it where CARTUI_REQUIRE_LIVE=1 says that this machine must have the shop."""
    if os.environ.get("CARTUI_REQUIRE_LIVE") == "1":
        pytest.fail(str(reason).replace("skipped", "required by CARTUI_REQUIRE_LIVE=1"), pytrace=False)
    pytest.skip(str(reason))


class VendureShop:
    """One shop process with its own copy of the seeded database. A context manager: `with VendureShop() as shop:`.

    `stop` keeps what happened in the shop so far and `start` goes on from there; `kill` is a power cut and goes back to
    the last `stop`. Leaving the context removes everything, except the log where the block failed.
    """

    def __init__(self) -> None:
        self.running: RunningShop | None = None
        self.manifest: Mapping[str, Any] = {}
        self._folder: Path | None = None
        self._seeded: SeededShop | None = None
        self._process: subprocess.Popen[str] | None = None
        self._log: IO[str] | None = None

    def __enter__(self) -> Self:
        if self._process is None:
            self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_rest: object) -> None:
        self.close(keep_log=kind is not None)

    def close(self, *, keep_log: bool = False) -> None:
        """Ends the shop and removes its folder, but for the log where that is asked for."""
        self.kill()
        if self._folder is None:
            return
        if keep_log:
            (self._folder / "shop.sqlite").unlink(missing_ok=True)
        else:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._folder = None

    @property
    def log_path(self) -> Path:
        """The shop's log (both streams). Raises `ShopBroken` before the first start."""
        if self._folder is None:
            raise ShopBroken("the shop was never started")
        return self._folder / "shop.log"

    @property
    def process_id(self) -> int | None:
        """The shop's process, which leads its own process group; None while it is down."""
        return self._process.pid if self._process else None

    def start(self, port: int = 0) -> RunningShop:
        """Starts the shop and waits until it answers. `port` 0 lets the system choose.

        Raises `ShopUnavailable` (no Node.js) or `ShopBroken` (did not answer within two minutes).
        """
        if self._folder is None:
            self._seeded = ensure_seeded()
            self.manifest = json.loads(self._seeded.manifest.read_text(encoding="utf-8"))
            self._folder = Path(tempfile.mkdtemp(prefix="cartui-vendure-"))
            shutil.copy(self._seeded.database, self._folder / "shop.sqlite")
        assert self._seeded is not None
        announced = self._folder / "ready.json"
        announced.unlink(missing_ok=True)
        self._log = self.log_path.open("a", encoding="utf-8")
        variables = {
            "CARTUI_SHOP_DATABASE": str(self._folder / "shop.sqlite"),
            "CARTUI_SHOP_PORT": str(port),
            "CARTUI_SHOP_READY": str(announced),
        }
        self._process = subprocess.Popen(
            ["node", "serve.js"],
            cwd=self._seeded.scripts,
            env=_environment(variables),
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.running = self._wait_until_ready(announced)
        return self.running

    def stop(self) -> None:
        """Ends the shop in good order and keeps its data for the next `start`."""
        process = self._process
        if process is None or process.stdin is None:
            return
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write("stop\n")
            process.stdin.flush()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired as error:
            self.kill()
            raise ShopBroken(f"the shop did not stop within {STOP_SECONDS:.0f} s\n{_tail(self.log_path)}") from error
        self.kill()

    def kill(self) -> None:
        """Ends the shop's whole process group at once, as a power cut would."""
        process, self._process, self.running = self._process, None, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if process.stdin is not None:
                with contextlib.suppress(BrokenPipeError):
                    process.stdin.close()
        if self._log is not None:
            self._log.close()
            self._log = None

    def _wait_until_ready(self, announced: Path) -> RunningShop:
        assert self._process is not None
        deadline = time.monotonic() + START_SECONDS
        pause = threading.Event()
        while not announced.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise ShopBroken(f"the shop did not come up; its log is {self.log_path}\n{_tail(self.log_path)}")
            pause.wait(PAUSE_SECONDS)
        said = json.loads(announced.read_text(encoding="utf-8"))
        return RunningShop(said["address"], said["identifier"], said["password"])


def _hash_of(*paths: Path) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


@contextlib.contextmanager
def _only_one(target: Path) -> Iterator[None]:
    """Several test processes share the cache: one of them prepares `target`, the others wait for it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.with_name(target.name + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Our own variables without those that would change what Node does, and without a proxy for loopback."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("NODE_")}
    return {**ours, "VENDURE_DISABLE_TELEMETRY": "true", "TZ": "UTC", **variables}


def _run(command: list[str], folder: Path, variables: Mapping[str, str], seconds: float) -> None:
    log = folder / f"{command[0]}.log"
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**_environment(variables), **_npm_settings()},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            code = process.wait(seconds)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
    if code != 0:
        raise ShopBroken(f"`{' '.join(command)}` ended with {code}; its log is {log}\n{_tail(log)}")


def _npm_settings() -> dict[str, str]:
    """The real home with npm's settings and cache, and the certificates Node was told to trust."""
    names = {"HOME": _REAL_HOME, "NODE_EXTRA_CA_CERTS": os.environ.get("NODE_EXTRA_CA_CERTS")}
    return {name: value for name, value in names.items() if value is not None}


def _tail(path: Path) -> str:
    return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-25:])
