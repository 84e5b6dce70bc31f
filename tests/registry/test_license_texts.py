"""What changed in a license, for people."""

from registry.license_texts import text_diff

BEFORE = "Terms\n\nYou may use it.\nYou may sell it.\nNo warranty.\n"
AFTER = "Terms\n\nYou may use it.\nYou may not sell it.\nNo warranty.\n"


def test_the_lines_that_changed_are_shown_with_those_around_them() -> None:
    assert text_diff(BEFORE, AFTER).lines == (
        "@@ -2,4 +2,4 @@",
        " ",
        " You may use it.",
        "-You may sell it.",
        "+You may not sell it.",
        " No warranty.",
    )


def test_equal_texts_and_other_ends_of_lines_are_no_difference() -> None:
    assert text_diff(BEFORE, BEFORE).lines == ()
    assert text_diff(BEFORE, BEFORE.replace("\n", "  \r\n")).lines == ()


def test_of_much_the_beginning_is_shown_and_the_rest_counted() -> None:
    shown = text_diff("", "\n".join(f"line {number}" for number in range(500)), most_lines=10)
    assert (len(shown.lines), shown.left_out) == (10, 491)


def test_texts_made_to_keep_a_machine_busy_are_compared_in_part() -> None:
    shown = text_diff("a\nb\n" * 60_000, "b\na\n" * 60_000)
    assert shown.is_cut
    assert len(shown.lines) <= 200
