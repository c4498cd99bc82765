"""Headless start-up stays light: nothing that draws is loaded, and the layer contracts name every part there is."""

import importlib.util
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DRAWS = ("textual", "rich")
HEADLESS = ("adapters", "books", "config", "demo", "domain", "errors", "sync", "transport", "wiring")
DRAWN = ("app", "screens", "widgets")


def loaded_after(code: str, *arguments: str) -> set[str]:
    """Run code in a fresh interpreter; the top-level packages it has loaded in the end."""
    show = (
        "import atexit, sys; atexit.register(lambda: print('\\n' + ' '.join(sorted(sys.modules)), file=sys.stderr))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", show + code, *arguments],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    return {name.partition(".")[0] for name in done.stderr.splitlines()[-1].split()}


def needs(module: str) -> None:
    """Skip until the module exists; from then on the test counts."""
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not there yet")


@pytest.mark.parametrize(
    "arguments",
    [(), ("--help",), ("--version",), ("--sync-only", "--help")],
    ids=lambda words: " ".join(words) or "import",
)
def test_headless_start_loads_nothing_that_draws(arguments: tuple[str, ...]) -> None:
    """Importing the command line, asking for help or for --sync-only's help loads neither textual nor rich."""
    needs("cartui.cli")
    needs("cartui.__main__")
    run = "import cartui.cli\n"
    if arguments:
        run += "from cartui.__main__ import main\nsys.exit(main())"
    assert loaded_after(run, *arguments).isdisjoint(DRAWS)


def test_a_headless_run_never_loads_the_terminal(own_home: Path) -> None:
    """`cartui --sync-only --once` with no cart set up does its whole round without textual, nor PostgreSQL's driver."""
    needs("cartui.cli")
    needs("cartui.__main__")
    run = "from cartui.__main__ import main\nsys.argv[1:] = ['--sync-only', '--once']\nsys.exit(main())"
    assert loaded_after(run).isdisjoint({"textual", "psycopg"})
    assert own_home.exists()


def contracts() -> dict[str, dict[str, list[str]]]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {contract["id"]: contract for contract in settings["tool"]["importlinter"]["contracts"]}


def existing(names: tuple[str, ...]) -> set[str]:
    found = (
        name for name in names if any(ROOT.glob(f"cartui/{name}.py")) or any(ROOT.glob(f"cartui/{name}/__init__.py"))
    )
    return {f"cartui.{name}" for name in found}


def test_the_layer_contracts_name_every_part() -> None:
    """import-linter refuses names that do not exist, so a part is named when it arrives: here it is not forgotten."""
    by_id = contracts()
    assert existing(HEADLESS) <= set(by_id["no-terminal-below"]["source_modules"])
    assert existing(DRAWN) <= set(by_id["screens-talk-to-sync"]["source_modules"])
    behind_sync = existing(("adapters", "books", "transport"))
    assert behind_sync <= set(by_id["screens-talk-to-sync"]["forbidden_modules"])
    assert by_id["adapters-apart"]["modules"] == ["cartui.adapters.*"]
    if existing(("books",)):
        assert by_id["adapters-know-no-books"]["forbidden_modules"] == ["cartui.books"]
