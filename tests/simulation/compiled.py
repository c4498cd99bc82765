"""A SQLite driver that compiles each shape of a query once: half of a schedule's time would go into that.

Only plain selects (fields, models, comparisons) are kept, and a shape is believed only after its values, as read off
the query, were the same as those that peewee itself found for the first query of that shape.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import peewee

_PLAIN = (str, int, float, bytes)
_ODD = ("_group_by", "_having", "_windows", "_for_update", "_lateral", "_distinct", "_simple_distinct", "_cte_list")

_known: dict[Any, str | None] = {}  # shape -> its SQL; None: not to be kept


class _UnknownShapeError(Exception):
    pass


class CompilingDatabase(peewee.SqliteDatabase):
    """As its base class, faster."""

    def execute(self, query: Any, **options: Any) -> Any:
        if type(query) is not peewee.ModelSelect or options:
            return super().execute(query, **options)
        values: list[Any] = []
        try:
            shape = _shape_of(query, values)
        except _UnknownShapeError:
            return super().execute(query)
        if shape in _known:
            text = _known[shape]
            return self.execute_sql(text, values) if text is not None else super().execute(query)
        text, found = self.get_sql_context().sql(query).query()
        _known[shape] = text if found == values else None
        return self.execute_sql(text, found)


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
