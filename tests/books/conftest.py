"""Books on SQLite for every test, and on a PostgreSQL server of our own where one can be started."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cartui.books import Books, open_books
from cartui.domain.ids import CartId
from cartui.domain.settings import CartConnection
from tests.books.makers import HandClock


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@dataclass(frozen=True)
class PostgresServer:
    """A server that only listens on a socket file; `new_database` returns the URL of an empty one."""

    sockets: Path
    made: list[str] = field(default_factory=list)

    def new_database(self) -> str:
        import psycopg

        name = f"books{len(self.made)}"
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        self.made.append(name)
        return self._url(name)

    def _url(self, name: str) -> str:
        return f"postgresql://cartui@/{name}?host={self.sockets}"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """As an unprivileged user where we are root: the server refuses to run as root."""
    pytest.importorskip("psycopg", reason="the PostgreSQL driver is not installed: pip install 'cartui[postgres]'")
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    found = programs[-1] if programs else shutil.which("initdb")
    if found is None:
        pytest.skip("no PostgreSQL server is installed (no initdb found)")
    run = _as_unprivileged()
    place = Path(tempfile.mkdtemp(prefix="cartui-pg-"))
    if os.geteuid() == 0:
        shutil.chown(place, "nobody")
    binaries, data = Path(found).resolve().parent, place / "data"
    try:
        run([
            binaries / "initdb", "-D", data, "-U", "cartui", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
            "--no-sync",
        ])  # fmt: skip
        options = f"-c listen_addresses='' -k {place} -c fsync=off -c shared_buffers=16MB -c max_connections=40"
        run([binaries / "pg_ctl", "-D", data, "-w", "-t", "60", "-l", place / "log", "-o", options, "start"])
        try:
            yield PostgresServer(place)
        finally:
            run([binaries / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop"])
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _as_unprivileged() -> Callable[[list[object]], None]:
    extra: dict[str, object] = {"user": "nobody", "extra_groups": []} if os.geteuid() == 0 else {}

    def run(command: list[object]) -> None:
        words = [str(part) for part in command]
        done = subprocess.run(  # type: ignore[call-overload]
            words, check=False, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **extra
        )
        if done.returncode:
            pytest.skip(f"PostgreSQL can't be started here: {done.stderr.decode(errors='replace').strip()[-300:]}")

    return run


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'books' / 'cartui.db'}"
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return server.new_database()


@pytest.fixture
def books(url: str, clock: HandClock) -> Iterator[Books]:
    opened = open_books(url, clock=clock, host="here")
    yield opened
    opened.close_thread()


@pytest.fixture
def cart_id(books: Books) -> CartId:
    return books.carts.add("Main shop", CartConnection("memory", "https://shop.example")).cart_id
