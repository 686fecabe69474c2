"""Numbers as sentences count with them."""


def ordinal(number: int) -> str:
    """Write 1 as `1st`, 12 as `12th`."""
    suffix = "th" if number % 100 in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"
