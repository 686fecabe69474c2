r"""Regular expressions as java.util.regex reads them, turned into Python's; no flags are set, as in Kafka Connect.

What both languages write alike is copied; what can be said in Python's is rewritten (`(?<n>..)`, `\Q..\E`, `\p{Alpha}`,
`\h`, `\z`, `.` and `$` with Java's line ends). All else is refused, with the reason: classes within classes and `&&`,
Unicode classes, flags in the middle, `\G`, `\R`, `\X`, look-behind of varying length.
Source: java.util.regex.Pattern and Matcher of JDK 17; `\b` as from JDK 19 on, which is ASCII.
"""

import re
from collections.abc import Callable
from typing import TypeAlias

Replacement: TypeAlias = Callable[[re.Match[str]], str]

_LINE_ENDS = "\\n\\r\x85\u2028\u2029"
_END = f"(?=(?:\\r\\n|[{_LINE_ENDS}])?\\Z)"
_ANY = f"[^{_LINE_ENDS}]"
_PUNCTUATION = r"!-/:-@\[-`{-~"
_SETS = {
    "d": "0-9",
    "s": " \\t\\n\x0b\\f\\r",
    "w": "a-zA-Z0-9_",
    "h": " \\t\xa0\u1680\u180e\u2000-\u200a\u202f\u205f\u3000",
    "v": "\\n\x0b\\f\\r\x85\u2028\u2029",
}
_POSIX = {
    "Lower": "a-z",
    "Upper": "A-Z",
    "ASCII": "\x00-\x7f",
    "Alpha": "a-zA-Z",
    "Digit": "0-9",
    "Alnum": "a-zA-Z0-9",
    "Punct": _PUNCTUATION,
    "Graph": "!-~",
    "Print": " -~",
    "Blank": " \\t",
    "Cntrl": "\x00-\x1f\x7f",
    "XDigit": "0-9a-fA-F",
    "Space": _SETS["s"],
}
_CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "a": "\a", "e": "\x1b"}
_GROUP = re.compile(
    r"\?(?:(?P<plain>:|=|!|>|<=|<!)|<(?P<name>[a-zA-Z][a-zA-Z0-9]*)>|(?P<flags>[is]*(?:-[is]*)?)(?P<end>[:)]))"
)
_REPEAT = re.compile(r"\{\d+(?:,\d*)?\}", re.ASCII)
_CODE = re.compile(r"x(?P<two>[0-9a-fA-F]{2})|x\{(?P<any>[0-9a-fA-F]+)\}|u(?P<four>[0-9a-fA-F]{4})")
_OCTAL = re.compile(r"0([0-3][0-7]{2}|[0-7]{1,2})")


def compile(pattern: str) -> re.Pattern[str]:  # noqa: A001 - the verb of `re`, for the same act
    """Compile a Java pattern; raises ValueError with what is wrong, or not supported."""
    try:
        return re.compile(_Translation(pattern).run(), re.ASCII)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"not a regular expression, or not one that is supported: {error}") from None


class _Translation:
    """One pass over a pattern, from left to right."""

    def __init__(self, pattern: str) -> None:
        self._text = pattern
        self._at = 0
        self._groups = 0
        self._out: list[str] = []
        self._dotall = [False]
        """Whether a dot matches line ends: of the whole, then of each open group."""

    def run(self) -> str:
        flags = _GROUP.match(self._text, 1) if self._text.startswith("(") else None
        closing = ""
        if flags is not None and flags["end"] == ")":
            self._at = flags.end()
            self._open_flags(flags["flags"])
            closing = ")"
        while self._at < len(self._text):
            self._out.append(self._item(self._next()))
        return "".join(self._out) + closing

    def _next(self) -> str:
        if self._at == len(self._text):
            raise ValueError(f"{self._text!r} ends in the middle")
        self._at += 1
        return self._text[self._at - 1]

    def _match(self, what: re.Pattern[str]) -> re.Match[str] | None:
        found = what.match(self._text, self._at)
        if found is not None:
            self._at = found.end()
        return found

    def _item(self, char: str) -> str:  # noqa: PLR0911 - one line for each kind of character
        match char:
            case "\\":
                return self._escape()
            case "[":
                return self._class()
            case "(":
                return self._group()
            case ")":
                if len(self._dotall) > 1:
                    self._dotall.pop()
                return char
            case ".":
                return "(?s:.)" if self._dotall[-1] else _ANY
            case "$":
                return _END
            case "{":
                return self._repeat()
            case "^":
                return "(?:^)"
            case "|" | "*" | "+" | "?":
                return char
        return re.escape(char)

    def _repeat(self) -> str:
        self._at -= 1
        found = self._match(_REPEAT)
        if found is None:
            raise ValueError(f"'{{' at position {self._at} must be a repetition such as {{2,3}}, or be escaped")
        return found[0]

    def _group(self) -> str:
        if not self._text.startswith("?", self._at):
            self._groups += 1
            self._dotall.append(self._dotall[-1])
            return "("
        found = self._match(_GROUP)
        if found is None:
            raise ValueError(f"the group at position {self._at - 1} is of a kind that is not supported")
        if found["name"]:
            self._groups += 1
            self._dotall.append(self._dotall[-1])
            return f"(?P<{found['name']}>"
        if found["plain"]:
            self._dotall.append(self._dotall[-1])
            return f"({found[0]}"
        if found["end"] == ")":
            raise ValueError(
                f"flags at position {self._at} are not supported behind the start; write (?{found['flags']}:..)"
            )
        self._open_flags(found["flags"])
        return ""

    def _open_flags(self, flags: str) -> None:
        """Open a group with the flags that Python needs to know; `s` is dealt with here."""
        on, _, off = flags.partition("-")
        self._dotall.append(False if "s" in off else "s" in on or self._dotall[-1])
        self._out.append("(?-i:" if "i" in off else "(?i:" if "i" in on else "(?:")

    def _escape(self) -> str:  # noqa: PLR0911 - one line for each kind of escape
        char = self._next()
        if char in "Ab":
            return f"(?:\\{char})"
        if char == "B":
            return r"(?!\b)"
        if char in "zZ":
            return r"(?:\Z)" if char == "z" else _END
        if char == "k":
            name = self._match(re.compile(r"<([a-zA-Z][a-zA-Z0-9]*)>"))
            if name is None:
                raise ValueError("\\k must be followed by <name>")
            return f"(?P={name[1]})"
        if char in "123456789":
            return self._back_reference(char)
        if char == "Q":
            return re.escape(self._quoted())
        negated, members = self._set(char)
        if members is not None:
            return f"[{'^' if negated else ''}{members}]"
        return re.escape(self._char(char))

    def _back_reference(self, digits: str) -> str:
        """As many digits as name a group that is there already."""
        if int(digits) > self._groups:
            raise ValueError(f"\\{digits} refers to a group that is not before it")
        while self._at < len(self._text) and self._text[self._at] in "0123456789":
            if int(digits + self._text[self._at]) > self._groups:
                break
            digits += self._next()
        return f"(?:\\{digits})"

    def _quoted(self) -> str:
        end = self._text.find("\\E", self._at)
        text = self._text[self._at : end if end >= 0 else None]
        self._at = len(self._text) if end < 0 else end + 2
        return text

    def _set(self, char: str) -> tuple[bool, str | None]:
        r"""Members of a predefined class such as `\d` or `\p{Alpha}`, and whether all others are meant; or None."""
        if char in "pP":
            at = self._at - 2
            found = self._match(re.compile(r"\{(\w+)\}"))
            if found is None or found[1] not in _POSIX:
                raise ValueError(f"\\{char} at position {at} must be one of {', '.join(_POSIX)} in braces")
            return char == "P", _POSIX[found[1]]
        if char.lower() in _SETS:
            return char.isupper(), _SETS[char.lower()]
        return False, None

    def _char(self, char: str) -> str:
        """The character that an escape beginning with `char` stands for."""
        if char in _CONTROLS:
            return _CONTROLS[char]
        if char in "xu0":
            self._at -= 1
            found = self._match(_OCTAL if char == "0" else _CODE)
            if found is None:
                raise ValueError(f"\\{char} at position {self._at - 1} must be followed by the digits of a character")
            code = int(found[1], 8) if char == "0" else int(found["two"] or found["any"] or found["four"], 16)
            if code > 0x10FFFF or 0xD800 <= code < 0xE000:
                raise ValueError(f"\\{found[0]} is no character")
            return chr(code)
        if char == "c":
            return chr(ord(self._next()) ^ 64)
        if char.isascii() and char.isalnum():
            raise ValueError(f"\\{char} is no escape of Java's, or not supported")
        return char

    def _class(self) -> str:
        out = "["
        if self._text.startswith("^", self._at):
            self._at += 1
            out += "^"
        start = self._at
        while (char := self._next()) != "]" or self._at == start + 1:
            if char == "[":
                raise ValueError(f"a class within a class, at position {self._at - 1}, is not supported")
            if char == "&" and self._text.startswith("&", self._at):
                raise ValueError(f"'&&' at position {self._at - 1} is not supported")
            out += self._members(char)
        return out + "]"

    def _members(self, char: str) -> str:
        """One character, a range, or a predefined class."""
        if char == "\\":
            char, at = self._next(), self._at - 2
            if char == "Q":
                return "".join(map(_literal, self._quoted()))
            negated, members = self._set(char)
            if members is not None:
                if negated:
                    if char not in "DSW":
                        raise ValueError(f"\\{char} at position {at} is not supported within a class")
                    return f"\\{char}"
                return members
            char = self._char(char)
        low = char
        if not self._text.startswith("-", self._at) or self._text[self._at + 1 : self._at + 2] in ("]", "["):
            return _literal(low)
        self._at += 1
        high = self._next()
        if high == "\\":
            high = self._next()
            if high == "Q" or high.lower() in _SETS or high in "pP":
                raise ValueError(f"the range that ends at position {self._at} must end with a character")
            high = self._char(high)
        return f"{_literal(low)}-{_literal(high)}"


def _literal(char: str) -> str:
    """A character within a class."""
    return f"\\{char}" if char in "\\]^-[&~|" else char


# --- replacements ----------------------------------------------------------------------------------------------------

_NAME = re.compile(r"\{([a-zA-Z][a-zA-Z0-9]*)\}")


def replacement(text: str, pattern: re.Pattern[str]) -> Replacement:
    r"""What replaces a match: `$1` and `${name}` are groups, a character behind a backslash stands for itself.

    A group that took no part is empty. A number takes as many digits as name a group. Raises ValueError for a group
    that the pattern lacks.
    """
    pieces: list[str | int] = []
    at = 0
    while at < len(text):
        char, at = text[at], at + 1
        if char == "$":
            group, at = _group_reference(text, at, pattern)
            pieces.append(group)
            continue
        if char == "\\":
            if at == len(text):
                raise ValueError("a character to be escaped is missing at its end")
            char, at = text[at], at + 1
        pieces.append(char)
    if all(isinstance(piece, str) for piece in pieces):
        constant = "".join(map(str, pieces))
        return lambda match: constant
    return lambda match: "".join(piece if isinstance(piece, str) else match[piece] or "" for piece in pieces)


def _group_reference(text: str, at: int, pattern: re.Pattern[str]) -> tuple[int, int]:
    """The group that a `$` before `at` refers to, and where the reference ends."""
    named = _NAME.match(text, at)
    if named is not None:
        if named[1] not in pattern.groupindex:
            raise ValueError(f"there is no group with the name {named[1]!r}")
        return pattern.groupindex[named[1]], named.end()
    if at == len(text) or text[at] not in "0123456789":
        raise ValueError(f"'$' at position {at - 1} must be followed by a group, or be escaped")
    group, at = int(text[at]), at + 1
    if group > pattern.groups:
        raise ValueError(f"there is no group {group}")
    while at < len(text) and text[at] in "0123456789" and group * 10 + int(text[at]) <= pattern.groups:
        group, at = group * 10 + int(text[at]), at + 1
    return group, at
