"""Secrets by reference: found where they are kept, never shown."""

import logging
import os
from pathlib import Path

import pytest

from cartui.cli.output import csv_cell
from cartui.config import Config
from cartui.config.log import JsonLinesHandler, render_record
from cartui.config.secrets import Secrets, check_reference, masked, shown_reference
from cartui.errors import NeedsOperatorError


def test_each_kind_of_reference_leads_to_its_secret(tmp_path: Path) -> None:
    """Environment, file, command, systemd credential; a line end is not part of it, other blanks are."""
    (tmp_path / "pw").write_text("from a file \n", encoding="utf-8")
    (tmp_path / "pw").chmod(0o600)
    told: list[str] = []
    secrets = Secrets({"PW": "from the environment", "CREDENTIALS_DIRECTORY": str(tmp_path)}, on_secret=told.append)
    assert secrets.resolve("env:PW") == "from the environment"
    assert secrets.resolve(f"file:{tmp_path / 'pw'}") == "from a file "
    assert secrets.resolve("credential:pw") == "from a file "
    assert secrets.resolve("command:printf '%s' 'from a program'") == "from a program"
    assert told == ["from the environment", "from a file ", "from a file ", "from a program"]
    assert "environment" not in repr(secrets)
    assert masked("x from a program y") == "x *** y"


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("env:NOT_SET", "NOT_SET is not set"),
        ("file:/nowhere/at/all", "can't be read"),
        ("file:/", "can't be read"),
        ("command:/nowhere/at/all canary", "can't be started"),
        ("command:sh -c 'echo canary >&2; exit 3'", "exit code 3"),
        ("command:sleep 20", "did not end"),
        ("command:true", "is empty"),
        ("command:printf 'canary\\nsecond'", "line break"),
        ("command:printf '\\377'", "UTF-8"),
        ("command:head -c 100000 /dev/zero", "too long"),
        ("credential:pw", "CREDENTIALS_DIRECTORY"),
        ("credential:../pw", "without slashes"),
        ("canary", "never typed"),
    ],
)
def test_a_secret_that_can_not_be_had_names_the_remedy(reference: str, says: str) -> None:
    """And repeats nothing that may be secret."""
    with pytest.raises(NeedsOperatorError) as caught:
        Secrets({"PATH": os.environ["PATH"]}, timeout_seconds=0.3).resolve(reference)
    assert says in str(caught.value)
    assert caught.value.remedy
    assert "canary" not in str(caught.value)


def test_a_command_does_not_see_the_other_secrets() -> None:
    """What was looked up in the environment is left out of it (S3)."""
    secrets = Secrets({"PATH": os.environ["PATH"], "PW": "canary"})
    secrets.resolve("env:PW")
    assert secrets.resolve("command:sh -c 'echo \"[$PW]\"'") == "[]"


def test_a_password_file_that_others_may_read_is_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It still works: the admin may have a reason."""
    (tmp_path / "pw").write_text("secret", encoding="utf-8")
    (tmp_path / "pw").chmod(0o644)
    assert Secrets({}).resolve(f"file:{tmp_path / 'pw'}") == "secret"
    assert "chmod 600" in caplog.text


def test_the_arguments_of_a_command_are_not_shown() -> None:
    """They may hold what they should not."""
    assert shown_reference("command:/usr/bin/pass show shop") == "command:pass …"
    assert shown_reference("env:PW") == "env:PW"
    assert shown_reference("hunter22") == "***"
    assert "hunter22" not in (check_reference("hunter22") or "")


def test_a_configuration_never_shows_the_database_password() -> None:
    """Neither its repr nor its dump."""
    config = Config(home=Path("data"), database="postgresql://admin:canary@host/db?password=canary")
    assert "canary" not in repr(config) + str(config.redacted())


def test_a_log_line_is_one_ascii_line_without_secrets() -> None:
    """Whatever a shop sends: no line can be forged, no terminal commanded (S2)."""
    record = logging.LogRecord("x", logging.INFO, "", 0, "a\nb\x1b]52;c;\x07 %s \u202e", ("https://u:canary@h/",), None)
    line = render_record(record)
    assert line.isascii()
    assert line.isprintable()
    assert "canary" not in line


def test_the_log_is_rotated_and_closed_to_others(tmp_path: Path) -> None:
    """0600, a few files of limited size, no line lost at the seam."""
    handler = JsonLinesHandler(tmp_path / "log", max_bytes=1000, keep=3)
    for number in range(20):
        handler.emit(logging.LogRecord("x", logging.INFO, "", 0, f"line {number} {'.' * 100}", None, None))
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["log", "log.1", "log.2", "log.3"]
    assert all(file.stat().st_size <= 1000 and file.stat().st_mode & 0o777 == 0o600 for file in files)
    assert "line 19" in files[0].read_text(encoding="ascii")


@pytest.mark.parametrize("text", ["=1+1", "+49 30 1", "-x", "@SUM(A1)", "\t=1", "\r=1", " =1+1", "\n@x"])
def test_no_cell_starts_a_formula(text: str) -> None:
    """A ' goes in front (S2)."""
    assert csv_cell(text).startswith("'")


@pytest.mark.parametrize("text", ["-12.50", "0", "12", "plain", "a=b", ""])
def test_numbers_and_plain_words_stay(text: str) -> None:
    """A spreadsheet shall add up what is a number."""
    assert csv_cell(text) == text
