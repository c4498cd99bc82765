"""The shop and the flows, made once for all disasters; by default a sample of them, all by CARTUI_DISASTERS=all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.cli.prepared import Prepared
from tests.disasters.ground import Flow, Shop, make_flow, serving
from tests.disasters.tracing import why_not

ROOT = Path(__file__).resolve().parents[2]
_ASKED = os.environ.get("CARTUI_DISASTERS", "")
ALL = bool(_ASKED)
_EVERY = int(_ASKED) if _ASKED.isdigit() else 1

FlowOf = Callable[[str], Flow]


def chosen(points: list[Any], few: int, salt: str) -> list[Any]:
    """All of them (or every n-th: CARTUI_DISASTERS=n), or a few, always the same ones for a salt."""
    if ALL:
        return points[len(salt) % _EVERY :: _EVERY]
    return sorted(Random(salt).sample(points, min(few, len(points))))


@pytest.fixture(scope="session")
def traced() -> None:
    """Skips where no process may be traced."""
    if reason := why_not():
        pytest.skip(reason)


@pytest.fixture(scope="module")  # its small pages are a setting of the whole process: not longer than needed
def shop() -> Iterator[Shop]:
    with serving() as made:
        yield made


@pytest.fixture(scope="session")
def ready() -> Iterator[Prepared]:
    made = Prepared(ROOT)
    yield made
    made.close()


@pytest.fixture(scope="module")
def flow_of(shop: Shop, ready: Prepared, tmp_path_factory: pytest.TempPathFactory) -> FlowOf:
    """A flow by its name."""
    known: dict[str, Flow] = {}
    base = shop.kept()

    def flow(name: str) -> Flow:
        if name not in known:
            shop.put_back(base)
            known[name] = make_flow(name, tmp_path_factory.mktemp(name), shop, ready)
        return known[name]

    return flow
