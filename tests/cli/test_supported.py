"""The page Supported Carts says what the adapters can, and each cart has its page."""

from __future__ import annotations

from pathlib import Path

from cartui.cli.supported import matrix
from cartui.wiring import BUILT_IN, InstalledAdapters

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_matrix_is_current() -> None:
    """`python -m cartui.cli.supported > docs/supported-carts.md` after a change of an adapter."""
    installed = InstalledAdapters()
    page = matrix({name: installed[name] for name in BUILT_IN})
    assert (DOCS / "supported-carts.md").read_text(encoding="utf-8") == page


def test_every_cart_and_each_of_its_options_has_its_page() -> None:
    """What to create, which rights, what works and what not, how to test safely."""
    installed = InstalledAdapters()
    for name in BUILT_IN:
        spec = installed[name]
        if spec.hidden:
            continue
        page = (DOCS / "carts" / f"{name}.md").read_text(encoding="utf-8")
        for word in ("rights", "test"):
            assert word in page.lower(), f"{name}: {word}"
