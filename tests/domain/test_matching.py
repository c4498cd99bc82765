"""Proposals to link: evidence, scores, one to one, what is blocked and why, and that twenty thousand take seconds."""

from __future__ import annotations

import random
import time
from collections import Counter
from datetime import UTC, datetime
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cartui.domain.documents import Customer, Item
from cartui.domain.ids import CartCustomerId, CartItemId, CustomerCode, CustomerId, ItemCode, ItemId
from cartui.domain.matching import (
    CUSTOMER_WEIGHTS,
    ITEM_WEIGHTS,
    SAFE,
    Proposal,
    Side,
    Standing,
    barcode_key,
    cart_customer_sides,
    cart_item_sides,
    normal_code,
    our_customer_sides,
    our_item_sides,
    propose,
)
from cartui.domain.records import Address, CartCustomer, CartItem
from cartui.domain.similar import masks_of, ratio

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def theirs(number: int, name: str = "", sku: str = "", barcode: str = "", parent_id: str = "") -> CartItem:
    return CartItem(CartItemId(str(number)), name, NOW, sku=sku, barcode=barcode, parent_id=parent_id)


def ours(number: int, code: str, name: str = "", barcode: str = "") -> Item:
    return Item(ItemId(number), ItemCode(code), name, barcode)


def proposals(cart: list[CartItem], system: list[Item]) -> dict[str, Proposal]:
    found = propose(cart_item_sides(cart), our_item_sides(system), ITEM_WEIGHTS)
    assert [one.key for one in found] == [one.item_id for one in cart]
    return {one.key: one for one in found}


def test_each_sort_of_evidence_has_its_score() -> None:
    """SKU before barcode before normalised SKU before name; what agrees twice is worth more; a name is never safe."""
    found = proposals(
        [
            theirs(1, "A", sku="MUG", barcode="4006381333931"),
            theirs(2, "B", sku="CAP"),
            theirs(3, "C", barcode="04006381333948"),
            theirs(4, "D", sku="ab 12"),
            theirs(5, "Striped linen towel, large", sku="X"),
        ],
        [
            ours(1, "MUG", "x", "4006381333931"),
            ours(2, "CAP", "y"),
            ours(3, "PEN", "z", "4006381333948"),
            ours(4, "AB-12", "v"),
            ours(5, "TOWEL", "Large striped linen towel"),
        ],
    )
    told = {key: (one.our_key, one.score, one.evidence) for key, one in found.items()}
    assert told == {
        "1": ("1", 100, ("sku", "barcode")),
        "2": ("2", 97, ("sku",)),
        "3": ("3", 95, ("barcode",)),
        "4": ("4", 91, ("normalised sku",)),
        "5": ("5", 85, ("name 100 %",)),
    }
    assert [key for key, one in found.items() if one.score >= SAFE] == ["1", "2", "3", "4"]


def test_the_same_code_with_another_barcode_is_not_safe() -> None:
    """Both have a barcode and they differ: a person looks."""
    [one] = proposals([theirs(1, sku="MUG", barcode="4006381333931")], [ours(1, "MUG", "", "4006381333948")]).values()
    assert (one.score, one.evidence) == (77, ("sku", "another barcode"))


def test_names_with_other_numbers_score_low() -> None:
    """Thing 1 is not Thing 2, however alike the letters are."""
    [one] = proposals([theirs(1, "Garden table 120 cm")], [ours(1, "T", "Garden table 180 cm")]).values()
    assert one.score < 60
    assert "other numbers" in one.evidence


def test_a_sku_that_several_have_identifies_none_of_them() -> None:
    """Blocked with the reason and the remedy, unless something else tells them apart."""
    found = proposals(
        [theirs(1, "One", sku="MUG"), theirs(2, "Two", sku="MUG"), theirs(3, "x", sku="MUG", barcode="4006381333931")],
        [ours(1, "MUG", "Mug"), ours(2, "CUP", "Cup", "4006381333931")],
    )
    assert found["1"].standing is Standing.BLOCKED
    assert found["1"].reason == "3 items of the cart have the sku MUG."
    assert "differ in the shop" in found["1"].remedy
    assert (found["3"].our_key, found["3"].evidence) == ("2", ("barcode",))


def test_a_barcode_that_several_of_ours_have_is_blocked() -> None:
    """Which of them, a person says."""
    [one] = proposals(
        [theirs(1, "x", barcode="4006381333931")],
        [ours(1, "A", "a", "4006381333931"), ours(2, "B", "b", "4006381333931")],
    ).values()
    assert one.standing is Standing.BLOCKED
    assert one.reason == "2 of yours are as good: A a, B b."


def test_a_parent_is_blocked() -> None:
    """Its variants are what is sold."""
    found = proposals(
        [theirs(1, "Shirt", sku="S"), theirs(2, "Shirt red", sku="S-R", parent_id="1")],
        [ours(1, "S", "Shirt"), ours(2, "S-R", "Shirt red")],
    )
    assert found["1"].standing is Standing.BLOCKED
    assert "variants" in found["1"].reason
    assert found["2"].our_key == "2"


def test_the_default_item_is_never_proposed() -> None:
    """It stands in for others."""
    default = Item(ItemId(1), ItemCode("DEFAULT"), "Item not found", is_default=True)
    [one] = proposals([theirs(1, "Item not found", sku="DEFAULT")], [default]).values()
    assert one.standing is Standing.NONE


def test_one_that_is_taken_is_not_proposed_to_a_weaker_one() -> None:
    """The exact SKU takes it; the one that is only alike gets nothing."""
    found = proposals([theirs(1, "Mug", sku="mug"), theirs(2, "Mug", sku="MUG")], [ours(1, "MUG", "Mug")])
    assert (found["2"].our_key, found["1"].standing) == ("1", Standing.BLOCKED)
    assert found["1"].reason == "2 items of the cart have the normalised sku mug."


def customer(number: int, **values: object) -> CartCustomer:
    return CartCustomer(CartCustomerId(f"c{number}"), NOW, **values)  # type: ignore[arg-type]


def test_customers_meet_by_what_identifies_them_and_guests_stay_apart() -> None:
    """E-mail in any case, telephone in any writing; a guest never meets a registered customer."""
    home = (Address("Ann", postcode="LS1 1AA"),)
    cart = [
        customer(1, email="Ann@Example.test"),
        customer(2, first_name="Bob", last_name="Ray", phone="+44 20 7946 0018"),
        customer(3, email="guest@example.test", guest=True),
        customer(4, first_name="Zoë", last_name="Hill", addresses=home),
    ]
    system = [
        Customer(CustomerId(1), CustomerCode("C1"), email="ann@example.test"),
        Customer(CustomerId(2), CustomerCode("C2"), "R", "B", phone="020 7946 0018"),
        Customer(CustomerId(3), CustomerCode("C3"), email="guest@example.test"),
        Customer(CustomerId(4), CustomerCode("C4"), "Zoe", "Hill", addresses=home),
    ]
    found = propose(cart_customer_sides(cart), our_customer_sides(system), CUSTOMER_WEIGHTS, "customer")
    assert [(one.our_key, one.score) for one in found] == [("1", 97), ("2", 80), ("", 0), ("4", 84)]


SIDES = st.lists(
    st.builds(
        lambda sku, barcode, name: (sku, barcode, name),
        st.sampled_from(["", "A-1", "a1", "B2", "C3", "D4"]),
        st.sampled_from(["", "40063813", "40063814"]),
        st.sampled_from(["", "red mug", "mug red", "blue cap", "cap 12"]),
    ),
    max_size=12,
)


@given(cart=SIDES, system=SIDES)
def test_nothing_is_ever_linked_twice(cart: list[tuple[str, str, str]], system: list[tuple[str, str, str]]) -> None:
    """Each of the cart's has one line, each of ours stands on one at most, and a block names its reason."""
    mine = [ours(n, sku or f"OWN-{n}", name, barcode) for n, (sku, barcode, name) in enumerate(system)]
    rows = [theirs(n, name, sku, barcode) for n, (sku, barcode, name) in enumerate(cart)]
    found = propose(cart_item_sides(rows), our_item_sides(mine), ITEM_WEIGHTS)
    assert [one.key for one in found] == [one.item_id for one in rows]
    assert all(count == 1 for count in Counter(one.our_key for one in found if one.our_key).values())
    for one in found:
        assert (one.standing is Standing.PROPOSED) == bool(one.our_key) == bool(one.evidence)
        assert one.standing is Standing.PROPOSED or one.reason


@given(cart=SIDES, system=SIDES, chance=st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(
    cart: list[tuple[str, str, str]], system: list[tuple[str, str, str]], chance: random.Random
) -> None:
    """The same pairs come out however the lists are shuffled."""

    def pairs(rows: list[Side], mine: list[Side]) -> set[tuple[str, str, int]]:
        return {(one.key, one.our_key, one.score) for one in propose(rows, mine, ITEM_WEIGHTS) if one.our_key}

    rows = cart_item_sides([theirs(n, name, sku, barcode) for n, (sku, barcode, name) in enumerate(cart)])
    mine = our_item_sides([ours(n, sku or f"OWN-{n}", name, bar) for n, (sku, bar, name) in enumerate(system)])
    before = pairs(rows, mine)
    chance.shuffle(rows)
    chance.shuffle(mine)
    assert pairs(rows, mine) == before


def slow_ratio(left: str, right: str) -> int:
    """The longest common subsequence as the textbook writes it."""

    @cache
    def longest(a: int, b: int) -> int:
        if not a or not b:
            return 0
        if left[a - 1] == right[b - 1]:
            return longest(a - 1, b - 1) + 1
        return max(longest(a - 1, b), longest(a, b - 1))

    letters = len(left) + len(right)
    return 200 * longest(len(left), len(right)) // letters if letters else 100


@given(left=st.text("abcé ", max_size=24), right=st.text("abcé ", max_size=24))
def test_the_ratio_is_that_of_the_longest_common_subsequence(left: str, right: str) -> None:
    """Bit by bit the same as the textbook's, both ways round."""
    assert ratio(masks_of(left), len(left), right) == slow_ratio(left, right)
    assert ratio(masks_of(right), len(right), left) == slow_ratio(left, right)


@pytest.mark.parametrize(
    ("code", "key"), [("AB-12", "ab12"), ("00ab 12", "ab12"), ("Ä/1", "a1"), ("--", ""), ("0", "")]
)
def test_codes_are_compared_without_what_people_write_differently(code: str, key: str) -> None:
    """Case, blanks, dashes, accents, leading zeros."""
    assert normal_code(code) == key


@pytest.mark.parametrize(
    ("barcode", "key"),
    [
        ("4006381333931", "4006381333931"),
        ("0 012345 678905", "12345678905"),
        ("n/a", ""),
        ("123", ""),
        ("١٢٣٤٥٦٧٨", ""),
    ],
)
def test_a_barcode_is_digits_of_the_usual_length(barcode: str, key: str) -> None:
    """A UPC is the EAN with a zero in front; anything else identifies nothing."""
    assert barcode_key(barcode) == key


@pytest.mark.slow
def test_twenty_thousand_against_twenty_thousand_take_seconds() -> None:
    """Also where only the names are alike: what shares no rare word is never compared."""
    chance = random.Random(7)
    brands = ["".join(chance.choices("abcdefghijklmnoprstuvz", k=7)) for _ in range(3000)]
    things = ["mug", "shirt", "chair", "table", "lamp", "cup", "plate", "bowl", "hat", "sock", "shoe", "bag", "belt"]
    names = [f"{chance.choice(brands)} {chance.choice(things)} {chance.choice(brands)}" for _ in range(20_000)]
    mine = [ours(n, f"AB-{n:05}", name) for n, name in enumerate(names)]
    rows = [theirs(n, " ".join(name.split()[::-1]), sku="" if n % 2 else f"ab{n:05}") for n, name in enumerate(names)]
    began = time.process_time()
    found = propose(cart_item_sides(rows), our_item_sides(mine), ITEM_WEIGHTS)
    assert time.process_time() - began < 20
    right = sum(one.key == one.our_key for one in found)
    wrong = sum(bool(one.our_key) and one.key != one.our_key for one in found)
    assert right > 19_500
    assert wrong < 20


@pytest.mark.parametrize(
    ("name", "variant", "told"),
    [
        ("Mug Blue", "Blue", "Mug Blue"),
        ("Shirt Green M", "Green, M", "Shirt Green M"),
        ("Mug", "Blue", "Mug Blue"),
        ("Mug Skyblue", "Blue", "Mug Skyblue Blue"),
        ("Mug", "", "Mug"),
    ],
)
def test_a_variant_is_said_once(name: str, variant: str, told: str) -> None:
    """Cart Connect's names hold the variant, WooCommerce's don't."""
    assert CartItem(CartItemId("1"), name, NOW, variant=variant).full_name == told
