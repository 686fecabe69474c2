"""Letters of path.format that print text, with vectors printed by Joda."""

import pytest

from onceproof.model.timebucket import compile_pattern, text_of_local, zone

DECEMBER = 1_703_980_800_000  # Sunday 2023-12-31T00:00:00


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("ko", "12월 12월 일 일요일 오전 AD"),
        ("en", "Dec December Sun Sunday AM AD"),
        ("EN", "Dec December Sun Sunday AM AD"),
        ("en-US", "Dec Dec Sun Sun AM CE"),
        ("ko_KR", "Dec Dec Sun Sun AM CE"),
        ("xx", "Dec Dec Sun Sun AM CE"),
    ],
)
def test_texts_are_those_of_the_language(locale: str, text: str) -> None:
    """Reference 9.2 B5: one language code; what is none has root texts."""
    assert text == text_of_local(DECEMBER, compile_pattern("MMM MMMM EEE EEEE a G", locale), zone("UTC"))


def test_short_texts_have_three_letters_or_fewer_in_the_pattern() -> None:
    """Months by name begin at three letters, days at one."""
    assert "12 Dec Sun Sun PM" == text_of_local(
        DECEMBER + 43_200_000, compile_pattern("MM MMM E EE a", "en"), zone("UTC")
    )


@pytest.mark.parametrize(("pattern", "text"), [("Y y C G YY", "1 0 0 BC 00"), ("C", "0")])
def test_years_before_the_first_count_backwards(pattern: str, text: str) -> None:
    """The year 0 is the first before the era; two digits are those of the year itself."""
    assert text == text_of_local(-62_135_596_800_000 - 86_400_000, compile_pattern(pattern, "en"), zone("UTC"))


def test_the_name_of_a_zone_is_known_for_utc_alone() -> None:
    """Others, and long names, are outside the model."""
    assert "UTC" == text_of_local(0, compile_pattern("z"), zone("UTC"))
    with pytest.raises(ValueError, match="not covered"):
        text_of_local(0, compile_pattern("z"), zone("Asia/Seoul"))
    with pytest.raises(ValueError, match="not covered"):
        compile_pattern("zzzz")
