"""A quick constructor makes what the dataclass's own would have made."""

from __future__ import annotations

import copy
import inspect
import pickle
from collections.abc import Mapping
from dataclasses import FrozenInstanceError, dataclass, field, replace

import pytest

from cartui.domain.quick_init import quick_init


@dataclass(frozen=True, slots=True)
class Plain:
    name: str
    count: int = 3
    more: Mapping[str, str] = field(default_factory=dict)


@quick_init
@dataclass(frozen=True, slots=True)
class Quick:
    name: str
    count: int = 3
    more: Mapping[str, str] = field(default_factory=dict)


@pytest.mark.parametrize("given", [{}, {"count": 4}, {"more": {"a": "b"}}])
def test_it_holds_what_was_given_and_the_defaults(given: dict[str, int]) -> None:
    """By name or by place; a default that is made is made for each one."""
    quick, plain = Quick("x", **given), Plain("x", **given)  # type: ignore[arg-type]
    assert (quick.name, quick.count, quick.more) == (plain.name, plain.count, plain.more)
    assert repr(quick) == repr(plain).replace("Plain", "Quick")
    assert Quick("x").more is not Quick("x").more


def test_it_is_frozen_and_of_its_class() -> None:
    """Nothing is left of how it was made."""
    quick = Quick("x")
    assert type(quick) is Quick
    with pytest.raises(FrozenInstanceError):
        quick.name = "y"  # type: ignore[misc]
    assert not hasattr(quick, "__dict__")


def test_it_can_be_copied_compared_and_hashed() -> None:
    """As any dataclass."""
    quick = Quick("x", more={"a": "b"})
    again = pickle.loads(pickle.dumps(quick))  # noqa: S301 - our own bytes
    assert again == copy.deepcopy(quick) == quick != Quick("y")
    assert replace(quick, count=5) == Quick("x", 5, {"a": "b"})


def test_it_says_what_it_takes() -> None:
    """The same parameters, and the same refusal where one is missing or unknown."""
    assert list(inspect.signature(Quick).parameters) == ["name", "count", "more"]
    for wrong in ({}, {"name": "x", "size": 1}):
        with pytest.raises(TypeError, match=r"Quick\.__init__\(\)"):
            Quick(**wrong)  # type: ignore[arg-type]


def test_a_class_that_does_more_when_it_is_made_is_refused() -> None:
    """A check in `__post_init__` would be lost."""
    with pytest.raises(TypeError, match="Checked"):

        @quick_init
        @dataclass(frozen=True, slots=True)
        class Checked:
            name: str

            def __post_init__(self) -> None:
                raise ValueError
