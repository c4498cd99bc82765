"""Frozen dataclasses that are made by the hundred thousand: a constructor that costs a third.

A frozen dataclass stores each field through `object.__setattr__`, which looks its name up again; a page of 250 orders
does so 60,000 times. Here an instance that nobody has seen yet is, while it is filled, one of a twin class with the
same slots that takes plain assignments. What comes out is the frozen class itself: equality, `replace`, pickling and
the refusal to be changed are those of the dataclass.
"""

from __future__ import annotations

import sys
from dataclasses import MISSING, Field, fields
from typing import Any, Final, TypeVar

T = TypeVar("T")


class _Made:
    def __repr__(self) -> str:
        return "<factory>"


_MADE: Final = _Made()


def quick_init(cls: type[T]) -> type[T]:
    """Decorator above `@dataclass(frozen=True, slots=True)`. The same parameters and defaults.

    Errors: `TypeError` for a class with bases, `__post_init__` or fields that are no positional parameters.
    """
    stated = fields(cls)  # type: ignore[arg-type]  # a dataclass
    if cls.__bases__ != (object,) or hasattr(cls, "__post_init__") or any(not f.init or f.kw_only for f in stated):
        raise TypeError(f"{cls.__name__} can't have a quick constructor.")
    twin = type(cls.__name__, (), {"__slots__": tuple(one.name for one in stated)})
    given: dict[str, Any] = {"_made": _MADE, "_own": cls, "_twin": twin, "_turn": object.__setattr__}
    parameters, body = ["self"], ["_turn(self, '__class__', _twin)"]
    for one in stated:
        parameters.append(_parameter(one, given))
        made = f"_default_{one.name}() if {one.name} is _made else " if one.default_factory is not MISSING else ""
        body.append(f"self.{one.name} = {made}{one.name}")
    body.append("self.__class__ = _own")
    text = f"def __init__({', '.join(parameters)}):\n  " + "\n  ".join(body)
    outer = f"def make({', '.join(given)}):\n " + text.replace("\n", "\n ") + "\n return __init__"
    names: dict[str, Any] = {}
    exec(outer, sys.modules[cls.__module__].__dict__, names)  # noqa: S102 - names of fields only, as dataclasses does
    init = names["make"](**given)
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    init.__annotations__ = cls.__init__.__annotations__
    setattr(cls, "__init__", init)  # noqa: B010 - the type checker goes on seeing the dataclass's own
    return cls


def _parameter(one: Field[Any], given: dict[str, Any]) -> str:
    if one.default is not MISSING:
        given[f"_default_{one.name}"] = one.default
        return f"{one.name}=_default_{one.name}"
    if one.default_factory is not MISSING:
        given[f"_default_{one.name}"] = one.default_factory
        return f"{one.name}=_made"
    return one.name
