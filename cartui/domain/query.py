"""The query line: ``words status:processing total>100 sku:AB* -status:cancelled "two words" placed>=2026-01-01``.

One grammar for the filter of every list, for "mark by query" and for ``--where`` on the command line. ``parse_query``
gives a walkable value; ``matches`` answers for a row in memory, the system's tables turn the same terms into SQL.

Meaning of a term (all terms must hold, a leading ``-`` turns one round):

* ``word``: some field contains it, whatever the case; with ``*`` some whole field looks like the pattern.
* ``field:word``: that field contains it; with ``*`` the whole field looks like it; ``field:""`` finds the empty ones.
* ``field=value``, ``!=``, ``>``, ``>=``, ``<``, ``<=``: as numbers when both sides are numbers, else as text; a date
  (``2026-01-31``, or ``2026-01``) stands for the whole of that day or month. An empty field is never greater or less.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Final

MAX_QUERY: Final = 500
"""Characters of one query line."""

_NUMBER: Final = re.compile(r"[+-]?(\d{1,20}(\.\d{0,12})?|\.\d{1,12})", re.ASCII)
_DATE: Final = re.compile(r"\d{4}-\d{2}(-\d{2})?", re.ASCII)
_FIELD: Final = re.compile(r"([A-Za-z][A-Za-z0-9_]*)(>=|<=|!=|:|=|>|<)")
_VALUE: Final = re.compile(r'"([^"]*)"(?=\s|$)|([^\s"]+)(?=\s|$)')


class QueryError(ValueError):
    """The query line can't be read. ``problem`` says what is wrong, ``remedy`` what to type instead."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem} {remedy}")
        self.problem = problem
        self.remedy = remedy


class Op(Enum):
    """How a term compares. ``!=`` is a negated EQUAL."""

    CONTAINS = ":"
    EQUAL = "="
    LESS = "<"
    AT_MOST = "<="
    GREATER = ">"
    AT_LEAST = ">="


@dataclass(frozen=True, slots=True)
class Term:
    """One condition. ``field`` None means any field. With CONTAINS a ``*`` in ``value`` is a wildcard for the whole
    field, unless it was ``quoted``."""

    field: str | None
    op: Op
    value: str
    negated: bool = False
    quoted: bool = False

    @property
    def is_pattern(self) -> bool:
        """True when the whole field is compared with a ``*`` pattern."""
        return self.op is Op.CONTAINS and not self.quoted and "*" in self.value


@dataclass(frozen=True, slots=True)
class Query:
    """All ``terms`` must hold; no terms match everything."""

    terms: tuple[Term, ...] = ()


def parse_query(text: str) -> Query:
    """Read a query line. Raises QueryError with a sentence a person can act on."""
    if len(text) > MAX_QUERY:
        raise QueryError("The query is too long.", f"Keep it under {MAX_QUERY} characters.")
    terms: list[Term] = []
    at = _skip_blanks(text, 0)
    while at < len(text):
        term, at = _parse_term(text, at)
        terms.append(term)
        at = _skip_blanks(text, at)
    return Query(tuple(terms))


def check_fields(query: Query, allowed: Collection[str]) -> str | None:
    """The first field that ``allowed`` doesn't know, as a sentence with what can be used; None when all are known."""
    for term in query.terms:
        if term.field is not None and term.field not in allowed:
            known = ", ".join(sorted(allowed))
            return f'There is no field "{term.field}" here. Use {known}, or put the words in quotes.'
    return None


def ensure_fields(query: Query, allowed: Collection[str]) -> None:
    """Raise QueryError when the query names a field that ``allowed`` doesn't have."""
    if (problem := check_fields(query, allowed)) is not None:
        sentence, _, remedy = problem.partition(". ")
        raise QueryError(f"{sentence}.", remedy)


def matches(query: Query, row: Mapping[str, object]) -> bool:
    """True when every term holds for ``row``; keys are field names in lower case."""
    return all(_holds(term, row) is not term.negated for term in query.terms)


def as_number(text: str) -> Decimal | None:
    """``text`` as Decimal when it is a plain number of sane length, else None (``1e1000000`` never gets to Decimal)."""
    text = text.strip()
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def _skip_blanks(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _parse_term(text: str, at: int) -> tuple[Term, int]:
    negated = text[at] == "-" and at + 1 < len(text) and not text[at + 1].isspace()
    at += negated
    named = _FIELD.match(text, at)
    if named is None:
        value, quoted, at = _parse_value(text, at, "")
        return Term(None, Op.CONTAINS, value, negated, quoted), at
    field, sign = named.group(1).lower(), named.group(2)
    value, quoted, at = _parse_value(text, named.end(), f"{field}{sign}")
    if sign == "!=":
        return Term(field, Op.EQUAL, value, not negated, quoted), at
    op = Op(sign)
    if op is Op.CONTAINS and not value:
        op = Op.EQUAL
    return Term(field, op, value, negated, quoted), at


def _parse_value(text: str, at: int, before: str) -> tuple[str, bool, int]:
    found = _VALUE.match(text, at)
    if found is not None:
        quoted = found.group(1) is not None
        return (found.group(1) if quoted else found.group(2)), quoted, found.end()
    if at >= len(text) or text[at].isspace():
        raise QueryError(f"{before} wants a value.", f'Type one after it, or {before}"" for the empty ones.')
    if text.count('"', at) == 1:
        raise QueryError("A quote is still open.", 'Close it with a second ".')
    raise QueryError("A quote stands inside a word.", 'Quote the whole words: name:"two words".')


def _holds(term: Term, row: Mapping[str, object]) -> bool:
    if term.field is None:
        return any(_compare(term, _as_text(value)) for value in row.values())
    return _compare(term, _as_text(row.get(term.field)))


def _as_text(value: object) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "yes" if value else "no"
        case Decimal():
            return format(value, "f") if value.is_finite() else str(value)
        case date():
            return value.isoformat()
        case _:
            return str(value)


def _compare(term: Term, text: str) -> bool:
    if term.op is Op.CONTAINS:
        if term.is_pattern:
            return _pattern(term.value).fullmatch(text) is not None
        return term.value.casefold() in text.casefold()
    if term.op is not Op.EQUAL and not text.strip():
        return False
    sign = _order(text, term.value)
    return {
        Op.EQUAL: sign == 0,
        Op.LESS: sign < 0,
        Op.AT_MOST: sign <= 0,
        Op.GREATER: sign > 0,
        Op.AT_LEAST: sign >= 0,
    }[term.op]


def _order(text: str, value: str) -> int:
    """-1, 0 or 1: how ``text`` of a row stands to ``value`` of the query."""
    left, right = as_number(text), as_number(value)
    if left is not None and right is not None:
        return (left > right) - (left < right)
    if _DATE.fullmatch(value) and _DATE.match(text):
        text = text[: len(value)]
    folded, wanted = text.casefold(), value.casefold()
    return (folded > wanted) - (folded < wanted)


@lru_cache(maxsize=256)
def _pattern(value: str) -> re.Pattern[str]:
    # Runs of * are folded: "****…" would make the search take for ever.
    parts = [re.escape(part) for part in re.sub(r"\*+", "*", value).split("*")]
    return re.compile(".*?".join(parts), re.IGNORECASE | re.DOTALL)
