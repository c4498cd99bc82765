"""CSV files: what is found out by itself, what is refused and how, and numbers that are never misread."""

from __future__ import annotations

import contextlib
import csv
import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cartui.domain.csv_import import map_columns
from cartui.domain.csv_numbers import DecimalSign, find_decimal_sign, parse_number, told_by
from cartui.domain.csv_table import read_csv
from cartui.domain.money import AmountError
from cartui.domain.record_changes import Subject
from cartui.domain.record_fields import (
    ADDRESS_FIELDS,
    CUSTOMER_FIELDS,
    ITEM_FIELDS,
    FieldSpec,
    check_text,
    check_typing,
    clashes,
    laid_over,
)
from cartui.errors import NeedsOperatorError

AUTO, POINT, COMMA = DecimalSign.AUTO, DecimalSign.POINT, DecimalSign.COMMA


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("12", None), ("1,234", None), ("1.234", None), ("12.5", POINT), ("12,50", COMMA), ("0,500", COMMA),
        ("1.234,5", COMMA), ("1,234.5", POINT), ("1.234.567", COMMA), ("1,234,567", POINT), ("1 234,5", COMMA),
        ("abc", None), ("", None), ("-1,5", COMMA), (",5", COMMA), ("1,2345", COMMA),
    ],
)  # fmt: skip
def test_what_one_number_proves(text: str, sign: DecimalSign | None) -> None:
    """Three digits behind a single sign prove nothing."""
    assert told_by(text) is sign


@pytest.mark.parametrize(
    ("text", "sign", "value"),
    [
        ("12,50", AUTO, "12.50"), ("12.50", AUTO, "12.50"), ("1.234,5", AUTO, "1234.5"), ("1,234", COMMA, "1.234"),
        ("1,234", POINT, "1234"), ("1.234", POINT, "1.234"), ("1.234", COMMA, "1234"), ("1 234,50", COMMA, "1234.50"),
        ("1'234.50", POINT, "1234.50"), ("-,5", COMMA, "-0.5"), ("7", AUTO, "7"), ("1.234.567,89", COMMA, "1234567.89"),
    ],
)  # fmt: skip
def test_numbers_are_read_exactly(text: str, sign: DecimalSign, value: str) -> None:
    """With the sign that was told, or that leaves no doubt."""
    assert parse_number(text, sign) == Decimal(value)


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("1,234", AUTO), ("1.234", AUTO), ("12.50", COMMA), ("12,50", POINT), ("1,23,456", POINT), ("1e5", AUTO),
        ("12 50", AUTO), ("NaN", AUTO), ("1,5,5", COMMA), ("1.5", COMMA), ("€ 5", AUTO), ("1234567890123", AUTO),
        ("0.1234567", POINT), ("--1", AUTO), ("٣", AUTO), ("1_000", AUTO),
    ],
)  # fmt: skip
def test_what_is_not_surely_a_number_is_refused(text: str, sign: DecimalSign) -> None:
    """With a sentence, never a guess."""
    with pytest.raises(AmountError):
        parse_number(text, sign)


@given(
    amount=st.decimals(min_value=0, max_value=10**9, places=2).map(abs),
    comma=st.booleans(),
    grouped=st.booleans(),
)
def test_a_number_is_read_as_it_was_written_or_refused_but_never_as_another(
    amount: Decimal, comma: bool, grouped: bool
) -> None:
    """In both writings, with and without groups of thousands, told and not told."""
    text = f"{amount:,.2f}" if grouped else f"{amount:.2f}"
    if comma:
        text = text.translate(str.maketrans(",.", ".,"))
    assert parse_number(text, COMMA if comma else POINT) == amount
    assert parse_number(text, AUTO) == amount  # two decimals leave no doubt
    with contextlib.suppress(AmountError):
        assert parse_number(text, POINT if comma else COMMA) == amount


@given(whole=st.integers(0, 999), rest=st.integers(0, 999))
def test_three_digits_behind_a_sign_are_never_guessed(whole: int, rest: int) -> None:
    """Decimals or thousands: only a leading zero says."""
    for sign in ".,":
        text = f"{whole}{sign}{rest:03}"
        if whole:
            with pytest.raises(AmountError, match="say which"):
                parse_number(text, AUTO)
        else:
            assert parse_number(text, AUTO) == Decimal(rest) / 1000


def test_the_file_decides_for_numbers_that_alone_are_not_clear() -> None:
    """One number that proves the comma makes 1.234 a thousand; two that contradict each other are refused."""
    assert find_decimal_sign([(2, "1.234"), (3, "12,5")]) is COMMA
    assert find_decimal_sign([(2, "1.234"), (3, "12")]) is AUTO
    with pytest.raises(NeedsOperatorError, match=r"Line 2 says 12,5 and line 4 says 12\.50"):
        find_decimal_sign([(2, "12,5"), (4, "12.50")])


# --- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "delimiter", "encoding"),
    [
        ("code,name\nA,Müller\n".encode(), ",", "utf-8"),
        ("code;name\nA;Müller\n".encode("windows-1252"), ";", "windows-1252"),
        ("code\tname\nA\tMüller\n".encode("utf-16"), "\t", "utf-16"),
        ("\ufeffcode|name\r\nA|Müller\r\n".encode(), "|", "utf-8-sig"),
        ('code;name\nA;"Müller"\n'.encode(), ";", "utf-8"),
    ],
)
def test_delimiter_and_encoding_are_found_out(data: bytes, delimiter: str, encoding: str) -> None:
    """By the marks and the lines themselves."""
    table = read_csv(data)
    assert (table.header, table.rows[0].cells) == (("code", "name"), ("A", "Müller"))
    assert (table.delimiter, table.encoding) == (delimiter, encoding)


def test_a_price_with_a_comma_does_not_fool_the_delimiter() -> None:
    """The sign that splits every line alike is it."""
    table = read_csv(b"code;price;name\nA;1,50;x\nB;2,50;y, z\n")
    assert table.delimiter == ";"
    assert table.rows[1].cells == ("B", "2,50", "y, z")


def test_lines_are_numbered_as_an_editor_numbers_them() -> None:
    """Also behind a cell of two lines and a blank line."""
    table = read_csv(b'code,name\nA,"two\nlines"\n\nB,x\n')
    assert [(line.number, line.cells[0]) for line in table.rows] == [(2, "A"), (5, "B")]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"code,name\nA,B,C\n", "Line 2 has 3 cells, the header has 2"),
        (b"code,name\nA\n", "Line 2 has 1 cells"),
        (b'code,name\nA,"B\n', "Line 2 can't be read"),
        (b'code,name\nA,"B" x\n', "Line 2 can't be read"),
        (b"code,Code\nA,B\n", "two columns 'code'"),
        (b"code,name\nA,\x1b[2J\n", "Line 2, cell 2"),
        ("code,name\nA,x\u202ey\n".encode(), "Line 2, cell 2"),
        (b"\x81\x8d,a\n", "encoding"),
        (b"\xef\xbb\xbfcode,\xff\n", "Line 1 is not utf-8"),
    ],
)
def test_a_file_that_can_not_be_read_is_refused_with_its_line(data: bytes, problem: str) -> None:
    """Whole, and with what to do."""
    with pytest.raises(NeedsOperatorError, match=problem) as caught:
        read_csv(data)
    assert caught.value.remedy


SAFE_CELL = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "Zs"), exclude_characters="\u2800"), max_size=12
)


@given(
    rows=st.lists(st.lists(SAFE_CELL, min_size=3, max_size=3), min_size=1, max_size=8),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
)
def test_what_a_spreadsheet_writes_is_read_back(rows: list[list[str]], delimiter: str) -> None:
    """Cell by cell, whatever stands in them; blank lines aside."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerow(["a", "b", "c"])
    writer.writerows(rows)
    table = read_csv(text.getvalue().encode(), delimiter=delimiter, encoding="utf-8")
    assert [list(line.cells) for line in table.rows] == [row for row in rows if any(cell.strip() for cell in row)]


@given(data=st.binary(max_size=200))
def test_any_bytes_are_a_table_or_a_refusal(data: bytes) -> None:
    """Never another error."""
    try:
        table = read_csv(data)
    except NeedsOperatorError:
        return
    assert all(len(line.cells) == len(table.header) for line in table.rows)


# --- columns ----------------------------------------------------------------------------------------------------------


def test_columns_are_found_by_their_headings() -> None:
    """In several languages and writings; what no field takes is named."""
    mapping = map_columns(["Artikel-Nr", "Bezeichnung", "EAN", "VK", "Farbe"], Subject.ITEMS)
    assert mapping.columns == {"code": 0, "name": 1, "barcode": 2, "price": 3}
    assert mapping.unused == ("Farbe",)


def test_columns_are_said_by_hand() -> None:
    """A field gets another column, or none; its old column is free again."""
    header = ["sku", "title", "price", "rrp"]
    assert map_columns(header, Subject.ITEMS, {"price": "RRP"}).columns["price"] == 3
    assert "price" not in map_columns(header, Subject.ITEMS, {"price": ""}).columns
    with pytest.raises(NeedsOperatorError, match="no column 'colour'"):
        map_columns(header, Subject.ITEMS, {"name": "colour"})
    with pytest.raises(NeedsOperatorError, match="no field 'colour'"):
        map_columns(header, Subject.ITEMS, {"colour": "title"})
    with pytest.raises(NeedsOperatorError, match="used for two fields"):
        map_columns(header, Subject.ITEMS, {"price": "rrp", "cost": "rrp"})


@pytest.mark.parametrize(
    ("header", "subject", "problem"),
    [
        (["name", "price"], Subject.ITEMS, "No column is the Item Code"),
        (["code", "name"], Subject.STOCK, "No column is the On hand"),
        (["quantity"], Subject.STOCK, "Item Code or Barcode"),
    ],
)
def test_a_column_that_is_needed_is_asked_for(header: list[str], subject: Subject, problem: str) -> None:
    """With the headings that the file has."""
    with pytest.raises(NeedsOperatorError, match=problem):
        map_columns(header, subject)


def test_each_heading_of_our_own_export_finds_its_field() -> None:
    """So that what goes out comes in again."""
    for specs, subject in ((ITEM_FIELDS, Subject.ITEMS), ((*CUSTOMER_FIELDS, *ADDRESS_FIELDS), Subject.CUSTOMERS)):
        names = [spec.name for spec in specs]
        assert map_columns(names, subject).columns == {name: at for at, name in enumerate(names)}


# --- fields -----------------------------------------------------------------------------------------------------------

SPECS: dict[str, FieldSpec] = {spec.name: spec for spec in (*CUSTOMER_FIELDS, *ITEM_FIELDS, *ADDRESS_FIELDS)}


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("price", "12.50", "12,50"), ("price", "", "-1"), ("currency", "eur", "EURO"), ("email", "a@b.example", "a@"),
        ("more_emails", "a@b.example; c@d.example", "a@b.example; c"), ("phone", "+44 20 7946 0018", "call me"),
        ("country", "GB", "England"), ("code", "AB 1", "x" * 65), ("name", "Mug", ""), ("tax_number", "GB 1", "\x07"),
        ("reorder_level", "2.5", "1e5"),
    ],
)  # fmt: skip
def test_each_field_says_what_may_stand_in_it(name: str, good: str, bad: str) -> None:
    """In a sentence."""
    assert check_text(SPECS[name], good) is None
    assert (check_text(SPECS[name], bad) or "").endswith(".")


@pytest.mark.parametrize(
    ("name", "text"),
    [("email", "ann@example.com"), ("phone", "+44 20 7946 0018"), ("price", "12.50"), ("country", "GB")],
)
def test_the_beginning_of_a_good_text_is_no_problem_while_it_is_typed(name: str, text: str) -> None:
    """Letter by letter."""
    wrong = [text[:end] for end in range(len(text) + 1) if check_typing(SPECS[name], text[:end])]
    assert wrong == []


def test_two_people_at_one_record_lose_nothing() -> None:
    """What each changed is there; the field that both changed is named as such and is the last one's."""
    opened = {"name": "Mug", "price": "5.00", "barcode": ""}
    now = {"name": "Big mug", "price": "6.00", "barcode": ""}
    mine = {"name": "Mug", "price": "7.00", "barcode": "400"}
    assert laid_over(opened, now, mine) == {"name": "Big mug", "price": "7.00", "barcode": "400"}
    told = {one.title: one.both for one in clashes(ITEM_FIELDS, opened, now, mine)}
    assert told == {"Name": False, "Price": True}


@pytest.mark.parametrize("data", [b'""', b'""\n""\n', b'"" \n'])
def test_a_file_of_blank_cells_is_empty(data: bytes) -> None:
    """With what it needs; no fault of ours."""
    with pytest.raises(NeedsOperatorError):
        read_csv(data)
