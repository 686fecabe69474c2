r"""Java's regular expressions: what is translated, what is refused, and how a replacement is read.

Every expectation here is what java.util.regex of JDK 17 says, but for `\b`, which is ASCII as from JDK 19 on.
"""

import pytest

from onceproof.sink.java import javaregex


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("orders-[0-9]+", ["orders-1", "orders-42"], ["orders-", "xorders-1", "orders-1x"]),
        (r"(?<env>\w+)\.\k<env>", ["a.a", "prod.prod"], ["a.b"]),
        (r"(a)\1", ["aa"], ["a", "a1"]),
        (r"(a)\11", ["aa1"], ["aa"]),
        (r"\Qa.b\E+", ["a.b", "a.bb"], ["axb"]),
        (r"\Q(", ["("], [""]),
        (r"\p{Alpha}\p{Digit}\P{Digit}", ["a1b"], ["1a1", "é1b"]),
        (r"[\p{Upper}_]+", ["A_B"], ["a"]),
        (r"\x61\u0062\x{63}\0144\e\cA", ["abcd\x1b\x01"], ["abcd"]),
        ("\\w\\d\\s", ["a1\t"], ["é1 ", "a\u0661 ", "a1\u2003"]),
        ("\\h\\v", [" \n", "\u2003\u2028"], ["\n "]),
        (r"[\D]", ["a"], ["1"]),
        ("[]a]", ["]", "a"], ["b"]),
        ("[^]]", ["a"], ["]"]),
        ("[-a]", ["-", "a"], ["b"]),
        ("[a-]", ["-", "a"], ["b"]),
        (r"[+-\x2e]", ["+", ",", "-", "."], ["*"]),
        (r"[\Q^-\E]", ["^", "-"], ["_"]),
        ("[a~~&|]", ["~", "&", "|"], ["b"]),
        ("}", ["}"], ["{"]),
        ("a++b", ["aab"], ["b"]),
        ("a++a", [], ["aa"]),
        ("(?>a|ab)c", ["ac"], ["abc"]),
        ("a{2}", ["aa"], ["a"]),
        ("(?i)ab", ["AB", "ab"], ["é"]),
        ("(?i)\u00e9", ["\u00e9"], ["\u00c9"]),
        ("a(?i:b)c", ["aBc", "abc"], ["Abc"]),
        ("(?i)a(?-i:b)", ["Ab"], ["AB"]),
        (".", ["a"], ["\n", "\u0085", "\u2028"]),
        ("(?s).", ["\n"], [""]),
        ("(?s:.)(?-s:.)", ["\na"], ["\n\n"]),
        (r"\Aa\z", ["a"], ["a\n"]),
        (r"\B", [""], ["a"]),
        ("^*a$", ["a"], [""]),
        ("a(?=b).", ["ab"], ["ac"]),
        ("(?<!a)b", ["b"], ["ab"]),
        ("", [""], ["a"]),
        ("a b#c", ["a b#c"], ["ab"]),
    ],
)
def test_a_pattern_matches_what_it_matches_in_java(pattern: str, matching: list[str], others: list[str]) -> None:
    """Predefined classes are ASCII, a dot stops at Java's line ends, and case is folded in ASCII only."""
    compiled = javaregex.compile(pattern)

    assert (matching, []) == (
        [text for text in matching if compiled.fullmatch(text)],
        [text for text in others if compiled.fullmatch(text)],
    )


@pytest.mark.parametrize("text", ["a\n", "a\r\n", "a\u0085", "a\u2029"])
def test_a_dollar_matches_before_the_last_line_end(text: str) -> None:
    """As Java's line ends are, which are more than Python's."""
    found = javaregex.compile("a$").search(text)

    assert found is not None
    assert "a" == found[0]


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(", "not a regular expression"),
        ("*a", "not a regular expression"),
        ("a**", "not a regular expression"),
        ("[a", "ends in the middle"),
        ("\\", "ends in the middle"),
        ("a{", r"'\{' at position 1 must be a repetition such as \{2,3\}, or be escaped"),
        ("a{,2}", "must be a repetition"),
        (r"[a-z&&[^b]]", "'&&' at position 4 is not supported"),
        ("[a[b]]", "a class within a class, at position 2, is not supported"),
        (r"\p{L}", r"\\p at position 0 must be one of Lower, Upper, .* in braces"),
        (r"\pL", r"\\p at position 0 must be one of"),
        (r"[\P{Alpha}]", r"\\P at position 1 is not supported within a class"),
        (r"\R", r"\\R is no escape of Java's, or not supported"),
        (r"\Ga", r"\\G is no escape"),
        (r"[\1]", r"\\1 is no escape"),
        (r"\1(a)", r"\\1 refers to a group that is not before it"),
        (r"\k<n>(?<n>a)", "unknown group name"),
        (r"\kn", "must be followed by <name>"),
        ("(?P<n>a)", "the group at position 0 is of a kind that is not supported"),
        ("(?#note)", "of a kind that is not supported"),
        ("(?x) a", "of a kind that is not supported"),
        ("a(?i)b|c", r"flags at position 5 are not supported behind the start; write \(\?i:\.\.\)"),
        ("(?<=a+)b", "look-behind requires fixed-width pattern"),
        (r"\x6", r"\\x at position 0 must be followed by the digits of a character"),
        (r"\x{110000}", "is no character"),
        (r"[a-\d]", "the range that ends at position 5 must end with a character"),
        ("[z-a]", "bad character range"),
    ],
)
def test_a_pattern_that_is_wrong_or_not_supported_is_refused_with_the_reason(pattern: str, reason: str) -> None:
    """Never is a pattern taken for another one."""
    with pytest.raises(ValueError, match=reason):
        javaregex.compile(pattern)


@pytest.mark.parametrize(
    ("pattern", "text", "topic", "result"),
    [
        ("(.*)-(.*)", "$2-$1", "a-b", "b-a"),
        ("t", "$0$0", "t", "tt"),
        ("(t)", "$12", "t", "t2"),
        ("(?<n>t)", "${n}!", "t", "t!"),
        ("(x)?t", "<$1>", "t", "<>"),
        ("t", r"\$\x\\", "t", "$x\\"),
        ("t", "", "t", ""),
    ],
)
def test_a_replacement_is_read_as_java_reads_it(pattern: str, text: str, topic: str, result: str) -> None:
    """Groups by number and by name, and a backslash before what stands for itself."""
    compiled = javaregex.compile(pattern)

    assert result == compiled.sub(javaregex.replacement(text, compiled), topic, count=1)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("$2", "there is no group 2"),
        ("${q}", "there is no group with the name 'q'"),
        ("a$", r"'\$' at position 1 must be followed by a group, or be escaped"),
        ("$a", "must be followed by a group"),
        ("${n", "must be followed by a group"),
        ("${1}", "must be followed by a group"),
        ("a\\", "a character to be escaped is missing at its end"),
    ],
)
def test_a_replacement_that_would_fail_is_refused(text: str, reason: str) -> None:
    """Java finds it out with the first topic that matches."""
    with pytest.raises(ValueError, match=reason):
        javaregex.replacement(text, javaregex.compile("(?<n>t)"))
