"""Each shape of a query is compiled once: more than half of a schedule's time would go into that.

Only plain selects (fields, models, comparisons) are kept, and a shape is believed only after its values, as read off
the query, were the same as those that peewee itself found for the first query of that shape.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import peewee

_PLAIN = (str, int, float, bytes)
_ODD = ("_group_by", "_having", "_windows", "_for_update", "_lateral", "_distinct", "_simple_distinct", "_cte_list")
_Convert = Callable[[Any], Any]
Row = tuple[Any, ...]


@dataclass(slots=True)
class _Shape:
    """`text` None: not to be kept. `proven`: its rows were the same as peewee's once."""

    text: str | None
    converters: tuple[_Convert, ...]
    proven: bool = False


_known: dict[Any, _Shape] = {}


class _UnknownShapeError(Exception):
    pass


def quick_rows(driver: peewee.SqliteDatabase, query: Any, slowly: Callable[[Any], list[Row]]) -> list[Row]:
    """The rows of a query; `slowly` asks peewee."""
    if type(query) is not peewee.ModelSelect:
        return slowly(query)
    values: list[Any] = []
    try:
        key = _shape_of(query, values)
    except _UnknownShapeError:
        return slowly(query)
    shape = _known.get(key)
    if shape is None:
        text, found = driver.get_sql_context().sql(query).query()
        fields = [one for one in query._returning if isinstance(one, peewee.Field)]
        usable = found == values and len(fields) == len(query._returning)
        shape = _known[key] = _Shape(text if usable else None, tuple([one.python_value for one in fields]))
    if shape.text is None:
        return slowly(query)
    rows = [
        tuple([convert(value) for convert, value in zip(shape.converters, row, strict=True)])
        for row in driver.execute_sql(shape.text, values).fetchall()
    ]
    if not shape.proven:
        told = slowly(query)
        if told != rows:
            shape.text = None
        shape.proven = bool(rows)
        return told
    return rows


def _shape_of(query: peewee.ModelSelect, values: list[Any]) -> Any:
    state = query.__dict__
    if any(state.get(name) for name in _ODD):
        raise _UnknownShapeError
    returning = tuple([_node(one, values, None) for one in query._returning])
    sources = tuple([_node(one, values, None) for one in query._from_list])
    where = None if query._where is None else _node(query._where, values, None)
    order = tuple([_node(one, values, None) for one in query._order_by or ()])
    return returning, sources, where, order, query._limit, query._offset


def _node(node: Any, values: list[Any], convert: Callable[[Any], Any] | None) -> Any:
    if isinstance(node, peewee.Field):
        return id(node)
    kind = type(node)
    if kind is peewee.Expression:
        lhs = node.lhs
        inner = lhs.db_value if isinstance(lhs, peewee.Field) else None
        return node.op, node.flat, _node(lhs, values, inner), _node(node.rhs, values, inner)
    if kind is peewee.SQL:
        values.extend(node.params or ())
        return node.sql
    if kind is peewee.Ordering and isinstance(node.node, peewee.Field):
        return id(node.node), node.direction, node.collation, node.nulls
    if kind is peewee.Join:
        return (
            _node(node.lhs, values, None), node.join_type, _node(node.rhs, values, None), _node(node._on, values, None)
        )  # fmt: skip
    if peewee.is_model(node):
        return id(node)
    if node is None:
        return None
    if kind in _PLAIN or isinstance(node, _PLAIN):
        values.append(convert(node) if convert else node)
        return "?"
    raise _UnknownShapeError
