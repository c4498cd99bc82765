"""The query line as SQL: the same terms that `domain.query.matches` answers for a row in memory."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any, Final

from cartui.books.fields import LIMIT, to_moment
from cartui.domain.query import Op, Query, Term, as_number, matches

_DATE: Final = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2}))?", re.ASCII)
_NUMERIC_WORD: Final = re.compile(r"[0-9 :.*-]+", re.ASCII)
_IS_NUMBER: Final = r"'^\s*[+-]{0,1}([0-9]{1,20}([.][0-9]{0,12}){0,1}|[.][0-9]{1,12})\s*$'"  # no ? in our SQL


class Sort(Enum):
    """What a column of a list holds. MONEY and QUANTITY are millionths, MOMENT microseconds, FLAG 1 or 0."""

    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"
    QUANTITY = "quantity"
    MOMENT = "moment"
    FLAG = "flag"

    @property
    def is_amount(self) -> bool:
        """True for millionths."""
        return self in {Sort.MONEY, Sort.QUANTITY}


@dataclass(frozen=True, slots=True)
class Sourced:
    """A field that can be filtered: its name in the query line and the expression it comes from."""

    name: str
    sql: str
    sort: Sort = Sort.TEXT


@dataclass(frozen=True, slots=True)
class Condition:
    """SQL and its values, in the order of the `?`."""

    sql: str
    values: tuple[object, ...] = ()


_NEVER: Final = Condition("1 = 0")


def condition_of(query: Query, fields: Sequence[Sourced], *, postgres: bool) -> Condition:
    """The whole query; all its fields must be known (see `domain.query.ensure_fields`)."""
    by_name = {field.name: field for field in fields}
    dialect = _Postgres() if postgres else _Sqlite()
    parts = [_signed(term, _term(term, by_name, dialect)) for term in query.terms]
    return _joined(" AND ", parts) if parts else Condition("1 = 1")


def _signed(term: Term, condition: Condition) -> Condition:
    if not term.negated:
        return condition
    return Condition(f"NOT COALESCE({condition.sql}, 1 = 0)", condition.values)


def _joined(word: str, parts: Sequence[Condition]) -> Condition:
    return Condition(
        "(" + word.join(part.sql for part in parts) + ")", tuple(value for part in parts for value in part.values)
    )


def _term(term: Term, fields: dict[str, Sourced], dialect: _Dialect) -> Condition:
    if term.field is not None:
        return _compare(term, fields[term.field], dialect)
    numeric = _NUMERIC_WORD.fullmatch(term.value) is not None
    asked = [one for one in fields.values() if numeric or one.sort in {Sort.TEXT, Sort.FLAG}]
    return _joined(" OR ", [_compare(term, one, dialect) for one in asked]) if asked else _NEVER


def _compare(term: Term, field: Sourced, dialect: _Dialect) -> Condition:
    text = dialect.as_text(field)
    if term.op is Op.CONTAINS:
        return dialect.like(text, _like_pattern(term))
    if not term.value:
        return _empty(term, text)
    if field.sort is Sort.MOMENT and (period := _period(term.value)) is not None:
        return _in_period(term.op, field.sql, period)
    number = as_number(term.value)
    if number is not None and (field.sort.is_amount or field.sort is Sort.NUMBER):
        return _as_number(term.op, field, number)
    return dialect.ordered(text, term.op, term.value)


def _empty(term: Term, text: str) -> Condition:
    """Compared with nothing: only "equal" (and "at most" and "at least" of something) can hold."""
    if term.op is Op.EQUAL:
        return Condition(f"COALESCE({text}, '') = ''")
    return Condition(f"COALESCE({text}, '') <> ''") if term.op in {Op.GREATER, Op.AT_LEAST} else _NEVER


def _like_pattern(term: Term) -> str:
    value = re.sub(r"([!%_])", r"!\1", term.value)
    return re.sub(r"\*+", "%", value) if term.is_pattern else f"%{value}%"


def _period(value: str) -> tuple[int, int] | None:
    """First moment of a day or month, and first moment after it."""
    if (found := _DATE.fullmatch(value)) is None:
        return None
    year, month, day = (int(part) if part else 0 for part in found.groups())
    try:
        start = datetime(year, month, day or 1, tzinfo=UTC)
        following = (start.replace(day=1) + timedelta(days=32)).replace(day=1)
        return to_moment(start), to_moment(start + timedelta(days=1) if day else following)
    except (ValueError, OverflowError):
        return None


def _in_period(op: Op, sql: str, period: tuple[int, int]) -> Condition:
    start, end = period
    match op:
        case Op.LESS:
            return Condition(f"{sql} < ?", (start,))
        case Op.AT_MOST:
            return Condition(f"{sql} < ?", (end,))
        case Op.GREATER:
            return Condition(f"{sql} >= ?", (end,))
        case Op.AT_LEAST:
            return Condition(f"{sql} >= ?", (start,))
        case _:
            return Condition(f"({sql} >= ? AND {sql} < ?)", (start, end))


def _as_number(op: Op, field: Sourced, number: Decimal) -> Condition:
    """Whole numbers on both sides: what lies between two of them rounds to the side that keeps the answer right."""
    exact = number * 1_000_000 if field.sort.is_amount else number
    floor = int(exact.to_integral_value("ROUND_FLOOR"))
    whole = floor == exact
    if abs(floor) > LIMIT * 9:
        floor, whole = (LIMIT * 9 if floor > 0 else -LIMIT * 9), False
    match op:
        case Op.EQUAL:
            return Condition(f"{field.sql} = ?", (floor,)) if whole else _NEVER
        case Op.LESS:
            return Condition(f"{field.sql} {'<' if whole else '<='} ?", (floor,))
        case Op.AT_LEAST:
            return Condition(f"{field.sql} {'>=' if whole else '>'} ?", (floor,))
        case Op.AT_MOST:
            return Condition(f"{field.sql} <= ?", (floor,))
        case _:
            return Condition(f"{field.sql} > ?", (floor,))


class _Dialect:
    def as_text(self, field: Sourced) -> str:
        raise NotImplementedError

    def like(self, text: str, pattern: str) -> Condition:
        raise NotImplementedError

    def ordered(self, text: str, op: Op, value: str) -> Condition:
        raise NotImplementedError


class _Sqlite(_Dialect):
    """LIKE ignores the case of ASCII only, so other letters go through Python's own case folding."""

    def as_text(self, field: Sourced) -> str:
        match field.sort:
            case Sort.MONEY | Sort.QUANTITY:
                amount = f"printf('%d.%06d', abs({field.sql}) / 1000000, abs({field.sql}) % 1000000)"
                sign = f"CASE WHEN {field.sql} < 0 THEN '-' WHEN {field.sql} >= 0 THEN '' END"
                return f"({sign} || rtrim(rtrim({amount}, '0'), '.'))"
            case Sort.NUMBER:
                return f"CAST({field.sql} AS TEXT)"
            case Sort.MOMENT:
                return f"strftime('%Y-%m-%d %H:%M', {field.sql} / 1000000, 'unixepoch')"
            case Sort.FLAG:
                return f"CASE WHEN {field.sql} THEN 'yes' ELSE 'no' END"
            case _:
                return field.sql

    def like(self, text: str, pattern: str) -> Condition:
        if pattern.isascii():
            return Condition(f"{text} LIKE ? ESCAPE '!'", (pattern,))
        return Condition(f"cartui_fold({text}) LIKE ? ESCAPE '!'", (pattern.casefold(),))

    def ordered(self, text: str, op: Op, value: str) -> Condition:
        if op is Op.EQUAL and value.isascii() and as_number(value) is None and _DATE.fullmatch(value) is None:
            return Condition(f"{text} = ? COLLATE NOCASE", (value,))
        return Condition(f"cartui_holds('{op.value}', ?, {text})", (value,))


class _Postgres(_Dialect):
    def as_text(self, field: Sourced) -> str:
        match field.sort:
            case Sort.MONEY | Sort.QUANTITY:
                return f"trim_scale({field.sql}::numeric / 1000000)::text"
            case Sort.NUMBER:
                return f"{field.sql}::text"
            case Sort.MOMENT:
                return f"to_char(to_timestamp({field.sql} / 1000000) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')"
            case Sort.FLAG:
                return f"CASE WHEN {field.sql} = 1 THEN 'yes' ELSE 'no' END"
            case _:
                return field.sql

    def like(self, text: str, pattern: str) -> Condition:
        return Condition(f"{text} ILIKE ? ESCAPE '!'", (pattern,))

    def ordered(self, text: str, op: Op, value: str) -> Condition:
        filled = "" if op is Op.EQUAL else f"BTRIM({text}) <> '' AND "
        folded = Condition(f'(LOWER({text}) COLLATE "C" {op.value} LOWER(?::text))', (value,))
        if _DATE.fullmatch(value) is not None:
            cut = f"CASE WHEN {text} ~ '^[0-9]{{4}}-[0-9]{{2}}' THEN LEFT({text}, {len(value)}) ELSE {text} END"
            folded = Condition(f'(LOWER({cut}) COLLATE "C" {op.value} LOWER(?::text))', (value,))
        elif (number := as_number(value)) is not None:
            asked = f"CASE WHEN {text} ~ {_IS_NUMBER} THEN {text}::numeric {op.value} ?::numeric ELSE {folded.sql} END"
            folded = Condition(f"({asked})", (str(number), value))
        return Condition(f"({filled}{folded.sql})", folded.values)


# --- functions that SQLite borrows from Python -----------------------------------------------------------------------


def _fold(text: str | None) -> str | None:
    return None if text is None else str(text).casefold()


@lru_cache(maxsize=64)
def _query(op: str, value: str) -> Query:
    return Query((Term("x", Op(op), value),))


def _holds(op: str, value: str, text: str | None) -> int:
    return int(matches(_query(op, value), {"x": text}))


SQLITE_FUNCTIONS: Final[dict[str, tuple[Callable[..., Any], int]]] = {
    "cartui_fold": (_fold, 1),
    "cartui_holds": (_holds, 3),
}
