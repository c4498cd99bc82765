"""The list of what a cart was just asked for."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from cartui.books.filters import Sort
from cartui.books.listing import Listing, ListingField, ListingRow, clean_listings
from cartui.domain.rows import FLAG_MUTED, Column, View
from tests.books.makers import START, HandClock

FIELDS = [
    ListingField("sku", column=Column("sku", "SKU", 10)),
    ListingField("price", Sort.MONEY, Column("price", "Price", 8, align="right")),
    ListingField("changed", Sort.MOMENT, Column("changed", "Changed", 16)),
    ListingField("currency"),
]


def a_row(n: int, sku: str | None = None, flags: frozenset[str] = frozenset()) -> ListingRow:
    cells = (sku or f"S{n}", Decimal(n) / 4, START + timedelta(minutes=n), "EUR")
    return ListingRow(f"k{n}", cells, f'{{"n":{n}}}'.encode(), flags)


def test_rows_come_back_in_their_order_with_their_payload(tmp_path: Path) -> None:
    """Keys are the cart's ids; the file is the owner's alone and goes with the list."""
    listing = Listing(tmp_path / "lists", FIELDS, HandClock())
    listing.append([a_row(n) for n in range(5)])
    listing.append([a_row(5, flags=frozenset({FLAG_MUTED}))])
    source = listing.rows()
    assert [row.key for row in source.page(0, 9)] == ["k0", "k1", "k2", "k3", "k4", "k5"]
    assert source.page(3, 1)[0].cells == ("S3", "0.75", "2026-03-01 12:03")
    assert source.page(5, 1)[0].flags == {FLAG_MUTED}
    assert source.find("k4") == 4
    assert listing.payload("k2") == b'{"n":2}'
    assert [key for key, _ in listing.payloads()] == ["k0", "k1", "k2", "k3", "k4", "k5"]
    [file] = (tmp_path / "lists").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    listing.close()
    assert not file.exists()


def test_a_row_that_comes_twice_is_one_row(tmp_path: Path) -> None:
    """Carts repeat rows when the list moves under the reader: the newest content, in the old place."""
    listing = Listing(tmp_path, FIELDS, HandClock())
    listing.append([a_row(1), a_row(2)])
    listing.append([a_row(1, sku="NEW"), a_row(3)])
    assert [row.cells[0] for row in listing.rows().page(0, 9)] == ["NEW", "S2", "S3"]
    assert listing.count() == 3
    listing.close()


def test_a_list_is_filtered_and_sorted_like_any_other(tmp_path: Path) -> None:
    """Money as numbers, times as dates."""
    listing = Listing(tmp_path, FIELDS, HandClock())
    listing.append([a_row(n) for n in (9, 100, 20)])
    source = listing.rows()
    source.set_view(View(order_by="price", descending=True, filter="price>=5 changed<2026-03-02"))
    assert [row.key for row in source.page(0, 9)] == ["k100", "k20"]
    assert list(source.keys(View(filter="sku=s9"))) == ["k9"]
    listing.close()


def test_rows_that_come_later_are_shown_when_asked_for(tmp_path: Path) -> None:
    """A list on screen may fill while it is looked at."""
    listing = Listing(tmp_path, FIELDS, HandClock())
    source = listing.rows()
    listing.append([a_row(1)])
    assert source.count() == 0
    source.set_view(View())
    assert source.count() == 1
    listing.close()


def test_an_unknown_key_has_no_payload(tmp_path: Path) -> None:
    """And says so."""
    listing = Listing(tmp_path, FIELDS, HandClock())
    with pytest.raises(KeyError):
        listing.payload("k1")
    listing.close()


def test_lists_of_dead_programs_are_removed(tmp_path: Path) -> None:
    """Those of living ones stay."""
    listing = Listing(tmp_path, FIELDS, HandClock())
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left = tmp_path / f"listing-{dead.pid}-1.db"
    left.write_bytes(b"")
    assert clean_listings(tmp_path) == [left]
    assert listing.count() == 0
    listing.close()
    assert clean_listings(tmp_path / "nowhere") == []


@pytest.mark.slow
def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    """200,000 rows cost the 8 bytes a row of their order and not much else."""
    listing = Listing(tmp_path, FIELDS, HandClock())
    for start in range(0, 200_000, 1000):
        listing.append([a_row(n) for n in range(start, start + 1000)])
    tracemalloc.start()
    source = listing.rows()
    source.page(150_000, 64)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert source.count() == 200_000
    assert peak < 200_000 * 8 * 2 + 2_000_000
    listing.close()
