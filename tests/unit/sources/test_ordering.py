"""Names sort as people count."""

from migsafe.sources.ordering import natural_key


def test_digits_sort_by_value() -> None:
    names = ["10_a", "2_b", "1_c", "V10.x", "V9.x", "a", "a1", "010_z"]
    assert sorted(names, key=natural_key) == ["1_c", "2_b", "10_a", "010_z", "V9.x", "V10.x", "a", "a1"]


def test_equal_numbers_keep_an_order() -> None:
    assert natural_key("1_a") < natural_key("01_b")
    assert natural_key("1") != natural_key("01")


def test_only_ascii_digits_are_numbers() -> None:
    assert sorted(["\u0664", "5"], key=natural_key) == ["5", "\u0664"]
