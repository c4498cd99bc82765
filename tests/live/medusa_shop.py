"""A real Medusa shop for tests: from npm, beside a PostgreSQL server of its own, started and ended by the tests.

Heavy and cached as the Vendure shop is (see there): `node_modules` by the hash of the lock file, the filled database's
directory by that of the scripts besides. A running shop works on a copy of it. It is asked for by name
(`CARTUI_LIVE_MEDUSA=1`), because installing it takes minutes and 700 MB. `CARTUI_LIVE_MEDUSA=2.4.0` runs the same tests
on another version, which is installed without a lock file.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import httpx
import pytest

from tests.live import vendure_shop as common
from tests.live.medusa_actor import MedusaActor
from tests.live.vendure_shop import CACHE, ShopBroken, ShopUnavailable

SOURCE = Path(__file__).with_name("medusa")
ASKED_FOR = os.environ.get("CARTUI_LIVE_MEDUSA", "")
OTHER_VERSION = ASKED_FOR if "." in ASKED_FOR else ""
USERNAME, PASSWORD = "admin@example.test", "a password of the tests"
_INSTALLED = ("package.json", "package-lock.json", "medusa-config.js")
_SCRIPTS = (Path(__file__), Path(__file__).with_name("medusa_actor.py"))
_CLI = "node_modules/@medusajs/cli/cli.js"
INSTALL_SECONDS, MIGRATE_SECONDS, START_SECONDS = 900.0, 300.0, 180.0
PAUSE_SECONDS = 0.1


def _postgres_programs() -> Path:
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    found = programs[-1] if programs else shutil.which("initdb")
    if found is None:
        raise ShopUnavailable("Medusa live tests skipped: no PostgreSQL server programs found; install postgresql")
    return Path(found).resolve().parent


def ensure_installed() -> Path:
    """The cache folder that holds `node_modules`; installs there once."""
    if not ASKED_FOR:
        pytest.skip("the Medusa live tests run with CARTUI_LIVE_MEDUSA=1 only")
    common.check_node()
    _postgres_programs()
    hashed = common._hash_of(*(SOURCE / name for name in _INSTALLED))
    # No dot: the older ones look for their migrations in vain where the folder's name seems to end in one.
    target = CACHE / f"medusa-{OTHER_VERSION.replace('.', '-') or hashed}"
    with common._only_one(target):
        if not (target / "installed").exists():
            shutil.rmtree(target, ignore_errors=True)
            target.mkdir(parents=True)
            for name in (*_INSTALLED, ".npmrc"):
                shutil.copy(SOURCE / name, target / name)
            if OTHER_VERSION:
                _ask_for_other_version(target)
            # Not `npm ci`: it refuses a lock without the packages of other platforms.
            words = ["npm", "install", "--no-save", "--omit=optional", "--ignore-scripts"]
            common._run(words, target, {}, INSTALL_SECONDS)
            (target / "installed").touch()
    return target


def _ask_for_other_version(target: Path) -> None:
    """The same shop with another Medusa, which npm resolves by itself. Its own packages are named, all of this version:
    the older ones ask for each other as "this or newer"."""
    (target / "package-lock.json").unlink()
    told = json.loads((target / "package.json").read_text(encoding="utf-8"))
    told["dependencies"] = dict.fromkeys(told["dependencies"], OTHER_VERSION)
    own = {"@medusajs/types", "@medusajs/utils", "@medusajs/modules-sdk", "@medusajs/orchestration"}
    own.add("@medusajs/workflows-sdk")
    variables = {**os.environ, **common._npm_settings()}
    for package in told["dependencies"]:
        words = ["npm", "view", f"{package}@{OTHER_VERSION}", "dependencies", "--json"]
        said = subprocess.run(words, cwd=target, env=variables, capture_output=True, text=True, check=True, timeout=60)
        asked: dict[str, str] = json.loads(said.stdout or "{}")
        own |= {name for name, version in asked.items() if version.lstrip("^~") == OTHER_VERSION}
    told["overrides"] = dict.fromkeys(sorted(own - set(told["dependencies"])), OTHER_VERSION)
    (target / "package.json").write_text(json.dumps(told), encoding="utf-8")


def ensure_filled() -> tuple[Path, Path]:
    """The folder of the program, and the data directory of the filled database in the cache."""
    installed = ensure_installed()
    kept = installed / f"filled-{common._hash_of(*_SCRIPTS)}"
    with common._only_one(kept):
        if not kept.exists():
            with tempfile.TemporaryDirectory(prefix="cartui-medusa-fill-") as place:
                _fill(installed, Path(place))
                half = kept.with_suffix(".partial")
                shutil.rmtree(half, ignore_errors=True)
                shutil.copytree(Path(place) / "data", half)
                half.rename(kept)
    return installed, kept


def _fill(installed: Path, place: Path) -> None:
    with _postgres(place, None) as database:
        log = place / "medusa.log"
        for words in (["db:migrate"], ["user", "-e", USERNAME, "-p", PASSWORD]):
            with log.open("a", encoding="utf-8") as output:
                done = subprocess.run(
                    ["node", _CLI, *words],
                    cwd=installed,
                    env=_environment(database),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    timeout=MIGRATE_SECONDS,
                    check=False,
                )
            if done.returncode:
                raise ShopBroken(f"`medusa {words[0]}` ended with {done.returncode}\n{common._tail(log)}")
        with _server(installed, database, log) as address, MedusaActor(address, USERNAME, PASSWORD) as actor:
            actor.fill()


def _environment(database: str, port: int = 0) -> dict[str, str]:
    told = {"DATABASE_URL": database, "HOST": "127.0.0.1", "PORT": str(port), "NODE_ENV": "production"}
    return {**common._environment(told), "MEDUSA_DISABLE_TELEMETRY": "true"}


def _free_port() -> int:
    """Below those that the system gives away by itself: another test's server would take it before ours has started."""
    first = 20_000 + os.getpid() % 5_000
    for port in range(first, first + 5_000):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise ShopUnavailable("Medusa live tests skipped: no free port")


@contextlib.contextmanager
def _server(installed: Path, database: str, log_path: Path) -> Iterator[str]:
    """The address of a started server, which is ended with its whole process group."""
    port = _free_port()
    address = f"http://127.0.0.1:{port}"
    with log_path.open("a", encoding="utf-8") as log:
        process = subprocess.Popen(
            ["node", _CLI, "start"],
            cwd=installed,
            env=_environment(database, port),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _wait_until_well(process, address, log_path)
            yield address
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_until_well(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline, pause = time.monotonic() + START_SECONDS, threading.Event()
    with httpx.Client(trust_env=False, timeout=5) as client:
        while True:
            with contextlib.suppress(httpx.HTTPError):
                if client.get(f"{address}/health").text == "OK":
                    return
            if process.poll() is not None or time.monotonic() > deadline:
                raise ShopBroken(f"the Medusa server did not come up\n{common._tail(log)}")
            pause.wait(PAUSE_SECONDS)


@contextlib.contextmanager
def _postgres(place: Path, kept: Path | None) -> Iterator[str]:
    """The URL of a database on a server of our own, whose data is a copy of `kept`, or new and empty. Runs as nobody
    where we are root: the server refuses root."""
    binaries, data, port = _postgres_programs(), place / "data", _free_port()
    unprivileged = {"user": "nobody", "extra_groups": []} if os.geteuid() == 0 else {}

    def run(*words: object) -> None:
        done = subprocess.run(  # type: ignore[call-overload]
            [str(word) for word in words],
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
            **unprivileged,
        )
        if done.returncode:
            raise ShopBroken(f"{words[0]}: {done.stderr.decode('utf-8', 'replace')[-500:]}")

    place.chmod(0o755)
    if kept is not None:
        shutil.copytree(kept, data)
        data.chmod(0o700)
    else:
        data.mkdir(mode=0o700)
    if unprivileged:
        for path in (place, data, *data.rglob("*")):
            shutil.chown(path, "nobody")
    if kept is None:
        run(binaries / "initdb", "-D", data, "-U", "medusa", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -k {place} -c fsync=off -c shared_buffers=32MB"
    run(binaries / "pg_ctl", "-D", data, "-w", "-t", "60", "-l", place / "postgres.log", "-o", options, "start")
    try:
        if kept is None:
            run(binaries / "createdb", "-h", "127.0.0.1", "-p", port, "-U", "medusa", "shop")
        yield f"postgres://medusa@127.0.0.1:{port}/shop"
    finally:
        run(binaries / "pg_ctl", "-D", data, "-m", "fast", "-w", "stop")


@dataclass
class MedusaShop:
    """One running shop with its own copy of the filled database. A context manager."""

    address: str = ""

    def __enter__(self) -> Self:
        installed, kept = ensure_filled()
        self._stack = contextlib.ExitStack()
        with contextlib.ExitStack() as opening:
            place = Path(opening.enter_context(tempfile.TemporaryDirectory(prefix="cartui-medusa-")))
            database = opening.enter_context(_postgres(place, kept))
            self.address = opening.enter_context(_server(installed, database, place / "medusa.log"))
            self._stack = opening.pop_all()
        return self

    def __exit__(self, *_reason: object) -> None:
        self._stack.close()
