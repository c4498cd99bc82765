"""What a fresh machine relies on: two commands, locks that cover what is declared, no trace of one machine."""

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = ("./cartui-demo", "./check")
# Put together here, so that this file does not itself hold what it looks for.
INDEX_HOSTS = tuple(
    ".".join(parts) for parts in [("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com")]
)
HOMES = tuple("/" + name + "/" for name in ("root", "work", "farm", "Users"))


def declared() -> dict[str, dict[str, list[Requirement]]]:
    """Requirements by lock file, as pyproject.toml declares them."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = settings["dependency-groups"]
    build = groups["build"]
    runtime = settings["project"]["dependencies"]
    extras = [line for lines in settings["project"]["optional-dependencies"].values() for line in lines]
    development = [line for line in groups["dev"] if isinstance(line, str)]
    return {
        "run.txt": {"needs": [Requirement(line) for line in [*build, *runtime]]},
        "dev.txt": {"needs": [Requirement(line) for line in [*build, *runtime, *extras, *development]]},
    }


def locked(name: str) -> dict[str, str]:
    """Package to version, as the lock file holds them."""
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    return {canonicalize_name(m[1]): m[2] for m in re.finditer(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", text, re.MULTILINE)}


def tracked_files() -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=30
    )
    return [path for name in listing.stdout.split("\0") if name and (path := ROOT / name).is_file()]


@pytest.mark.parametrize("name", ["run.txt", "dev.txt"])
def test_locks_cover_what_is_declared(name: str) -> None:
    """Every declared requirement is locked at a version it allows; otherwise run requirements/relock."""
    versions = locked(name)
    wrong = [
        f"{need} (locked: {versions.get(canonicalize_name(need.name))})"
        for need in declared()[name]["needs"]
        if not need.specifier.contains(versions.get(canonicalize_name(need.name), "0.dev0"), prereleases=True)
    ]
    assert wrong == []


@pytest.mark.parametrize("name", ["run.txt", "dev.txt"])
def test_every_locked_package_has_hashes(name: str) -> None:
    """A locked package without a hash would make pip refuse the whole file."""
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    entries = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_what_is_tested_is_what_runs() -> None:
    """The runtime lock holds the versions the tests ran with, and at most 25 packages besides the build backend."""
    runtime, development = locked("run.txt"), locked("dev.txt")
    assert runtime.items() <= development.items()
    assert len(runtime.keys() - {"setuptools"}) <= 25


def test_no_index_host_or_home_path_in_tracked_files() -> None:
    """Any index may serve the locked versions, and no file knows the machine it was written on."""
    home = re.compile(r"(?<![\w.$}/-])(?:" + "|".join(map(re.escape, HOMES)) + r")[A-Za-z]")
    found = []
    for path in tracked_files():
        text = path.read_bytes().decode("utf-8", "replace")
        found += [f"{path.relative_to(ROOT)}: {host}" for host in INDEX_HOSTS if host in text]
        found += [f"{path.relative_to(ROOT)}: {match[0]}" for match in home.finditer(text)]
    assert found == []


def test_the_first_screen_of_the_readme_has_the_two_commands() -> None:
    """Within 24 lines a reader finds both commands, and both are there and executable."""
    first_screen = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()[:24]
    assert [line.strip() for line in first_screen if line.strip().startswith("./")] == [
        line for line in (line.strip() for line in first_screen) if line.startswith(COMMANDS)
    ]
    for command in COMMANDS:
        assert any(line.strip().startswith(command) for line in first_screen)
        assert os.access(ROOT / command, os.X_OK)


def test_an_old_python_is_refused_with_the_remedy(tmp_path: Path) -> None:
    """With nothing but a too old Python on PATH, the command says what to install, and makes nothing."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in ("dirname", "cat", "cmp", "env", "rm", "id"):
        found = next(Path(place, tool) for place in ("/bin", "/usr/bin") if Path(place, tool).exists())
        (tools / tool).symlink_to(found)
    old = tools / "python3"
    old.write_text('#!/bin/sh\ncase "$1" in --version) echo "Python 3.9.2" ;; *) exit 1 ;; esac\n', encoding="utf-8")
    old.chmod(0o755)
    copy = tmp_path / "a copy"
    (copy / ".ci").mkdir(parents=True)
    for name in ("check", ".ci/prepare.sh"):
        (copy / name).write_bytes((ROOT / name).read_bytes())
    done = subprocess.run(
        ["/bin/sh", str(copy / "check"), "lint"],
        env={"PATH": str(tools)},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 2
    assert "needs Python 3.11 or newer; found here: Python 3.9.2" in done.stderr
    assert "apt-get install" in done.stderr
    assert "brew install" in done.stderr
    assert not (copy / ".venv").exists()


def test_the_built_in_adapters_are_the_registered_ones() -> None:
    """Two tables of the same thing: one for speed, one for pip; they must not drift apart."""
    from cartui.wiring import BUILT_IN, GROUP

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert dict(BUILT_IN) == project["entry-points"][GROUP]
