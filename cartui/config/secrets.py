"""Secrets by reference: what is stored is where a secret can be found, never the secret (RELIABILITY, threat 12).

    env:VAR          an environment variable
    file:PATH        the first line of a file (0600)
    command:CMD      what a program prints (no shell; 30 s at most)
    credential:NAME  a systemd credential ($CREDENTIALS_DIRECTORY/NAME)
    prompt           only as input: asked once on the terminal, then kept in a file and stored as file:PATH

No sentence, log line or `repr` of this module holds a secret, and a `command:` is named by its program only.
"""

from __future__ import annotations

import logging
import os
import re
import shlex
import stat
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote, quote_plus

from cartui.errors import NeedsOperatorError

KINDS: Final = ("env", "file", "command", "credential")
PROMPT: Final = "prompt"
HOW: Final = "env:VARIABLE, file:PATH, command:PROGRAM, credential:NAME or prompt"
_SHORTEST_MASKED: Final = 4  # masking a shorter one would only blank ordinary words
_MAX_BYTES: Final = 64 * 1024
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_CREDENTIAL: Final = re.compile(r"[A-Za-z0-9_.@-]{1,255}", re.ASCII)

log = logging.getLogger(__name__)
_found: set[str] = set()


def masked(text: str) -> str:
    """`text` without any secret that this process has looked up. Logs go through `cartui.transport.secrets.redact`,
    which masks much more; a sentence for a person must keep words such as `password=env:VARIABLE`."""
    for secret in sorted(_found, key=len, reverse=True):
        for form in (secret, quote(secret, safe=""), quote_plus(secret)):
            text = text.replace(form, "***")
    return text


def check_reference(reference: str) -> str | None:
    """What is wrong with a reference as typed, as a sentence, or None. Never repeats it: it may be a password."""
    kind, colon, place = reference.partition(":")
    if not colon or kind not in KINDS:
        return f"A password is named by where it is kept, never typed on the command line: {HOW}."
    if not place.strip():
        return f"{kind}: wants something after the colon."
    if kind == "env" and not _VARIABLE.fullmatch(place):
        return "env: wants the name of an environment variable, such as env:SHOP_PASSWORD."
    if kind == "credential" and (not _CREDENTIAL.fullmatch(place) or place in (".", "..")):
        return "credential: wants the name of a systemd credential, without slashes."
    if kind == "command":
        try:
            words = shlex.split(place)
        except ValueError:
            return "command: has a quote that is still open."
        if not words:
            return "command: wants a program."
    return None


def shown_reference(reference: str) -> str:
    """A reference as a person may see it: the arguments of a command are left out."""
    kind, _, place = reference.partition(":")
    if kind not in KINDS:
        return "***"
    return f"command:{_program(place)} …" if kind == "command" and " " in place.strip() else reference


class Secrets:
    """Finds secrets by reference. Handed to the rest as its method `resolve`."""

    def __init__(
        self,
        environ: Mapping[str, str] | None = None,
        *,
        on_secret: Callable[[str], None] | None = None,
        timeout_seconds: float = 30.0,
    ) -> None:
        """`on_secret` is told each secret that is found, so that it can be taken out of logs."""
        self._environ = os.environ if environ is None else environ
        self._on_secret = on_secret
        self._timeout_seconds = timeout_seconds
        self._used_variables = {"CARTUI_DATABASE"}

    def __repr__(self) -> str:
        return "Secrets()"

    def resolve(self, reference: str) -> str:
        """The secret a reference leads to; `NeedsOperatorError` names what is missing and how to mend it."""
        if problem := check_reference(reference):
            raise NeedsOperatorError(problem, "Set it again: `cartui set NAME password=env:VARIABLE`.")
        kind, _, place = reference.partition(":")
        find = {"env": self._env, "file": self._file, "command": self._command, "credential": self._credential}[kind]
        secret = find(place)
        where = shown_reference(reference)
        if not secret:
            raise NeedsOperatorError(f"The password at {where} is empty.", "Put the password there and try again.")
        # A line break or control character in a password would end up inside a request header.
        if any(ord(char) < 32 or ord(char) == 127 for char in secret):
            raise NeedsOperatorError(
                f"The password at {where} holds a line break or a control character.",
                "Keep the password alone, on the first and only line.",
            )
        if len(secret) >= _SHORTEST_MASKED:
            _found.add(secret)
        if self._on_secret is not None:
            self._on_secret(secret)
        return secret

    def _env(self, name: str) -> str:
        self._used_variables.add(name)
        try:
            return self._environ[name]
        except KeyError:
            raise NeedsOperatorError(
                f"The environment variable {name} is not set, but a cart's password is kept there.",
                f"Set {name} where cartui is started, or keep the password elsewhere: "
                "`cartui set NAME password=prompt`.",
            ) from None

    def _file(self, place: str) -> str:
        path = Path(place).expanduser()
        mode = _mode_of(path)
        if mode is not None and mode & 0o077:
            log.warning("Other users may read the password file %s (mode %o): chmod 600 it.", path, mode)
        return _read_secret(path, "Make it readable for the user that runs cartui (mode 0600), or name another place.")

    def _credential(self, name: str) -> str:
        directory = self._environ.get("CREDENTIALS_DIRECTORY", "")
        if not directory:
            raise NeedsOperatorError(
                f"The systemd credential {name} can't be found: CREDENTIALS_DIRECTORY is not set.",
                f"Start cartui as a systemd service with LoadCredential={name}:/path, or name another place.",
            )
        return _read_secret(Path(directory) / name, f"Add LoadCredential={name}:/path to the service.")

    def _command(self, command: str) -> str:
        program = _program(command)
        remedy = "Run it yourself as the same user to see why, or name another place for the password."
        # Other secrets are no business of this program.
        environ = {key: value for key, value in self._environ.items() if key not in self._used_variables}
        try:
            # What is run was chosen by the admin; no shell reads it.
            done = subprocess.run(  # noqa: S603
                shlex.split(command),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environ,
                timeout=self._timeout_seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise NeedsOperatorError(
                f"The program {program}, which gives a cart's password, did not end within "
                f"{self._timeout_seconds:g} seconds.",
                remedy,
            ) from None
        except OSError as error:
            raise NeedsOperatorError(
                f"The program {program}, which gives a cart's password, can't be started: {error.strerror}.", remedy
            ) from None
        if done.returncode:
            raise NeedsOperatorError(
                f"The program {program}, which gives a cart's password, failed with exit code {done.returncode}.",
                remedy,
            )
        return _decoded(done.stdout, f"what {program} printed")


def _program(command: str) -> str:
    try:
        return Path(shlex.split(command)[0]).name
    except (ValueError, IndexError):
        return "***"


def _mode_of(path: Path) -> int | None:
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return None


def _read_secret(path: Path, remedy: str) -> str:
    try:
        # O_NONBLOCK: a pipe without a writer must not hang us; it reads as empty.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            body = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise NeedsOperatorError(
            f"The password file {path} can't be read: {error.strerror or error}.", remedy
        ) from None
    return _decoded(body or b"", f"the password file {path}")


def _decoded(body: bytes, what: str) -> str:
    remedy = "It must hold the password alone, as UTF-8 text."
    if len(body) > _MAX_BYTES:
        raise NeedsOperatorError(f"{what[0].upper()}{what[1:]} is too long for a password.", remedy)
    try:
        return body.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise NeedsOperatorError(f"{what[0].upper()}{what[1:]} is not UTF-8 text.", remedy) from None
