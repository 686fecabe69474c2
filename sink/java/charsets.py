"""Charsets by the names that Java gives them, and the codecs of Python that read the same.

Most names are common to both. Those of IBM's code pages, of Windows and of ISO 8859 follow rules, the rest that is
common stands in `_NAMES`. Source: Charset.availableCharsets() of JDK 17. Names that Python alone knows are refused as
far as the codec is no charset of Java's; other spellings (`latin`, `utf_8`) are let pass.
"""

import codecs
import re
from collections.abc import Mapping

LITTLE_ENDIAN_BOM = "utf-16-le-bom"
"""No codec of Python's: UTF-16 that is little-endian unless a byte order mark says otherwise."""

_NAMES: Mapping[str, str] = {
    "unicode": "utf-16",
    "unicodebig": "utf-16",
    "unicodebigunmarked": "utf-16-be",
    "unicodelittleunmarked": "utf-16-le",
    "unicodelittle": LITTLE_ENDIAN_BOM,
    "x-utf-16le-bom": LITTLE_ENDIAN_BOM,
    "iso-10646-ucs-2": "utf-16-be",
    "unicode-1-1-utf-8": "utf-8",
    "default": "ascii",
    "ascii7": "ascii",
    "koi8": "koi8-r",
    "tis620.2533": "tis-620",
    "ksc5601-1987": "euc_kr",
    "ksc5601_1987": "euc_kr",
    "ksc_5601": "euc_kr",
    "5601": "euc_kr",
    "ksc5601_1992": "johab",
    "ksc5601-1992": "johab",
    "eucjis": "euc_jp",
    "x-eucjp": "euc_jp",
    "x-euc-cn": "gb2312",
    "gb18030-2022": "gb18030",
    "ms_936": "gbk",
    "windows-936": "gbk",
    "x-mswin-936": "gbk",
    "ms_949": "cp949",
    "windows-31j": "cp932",
    "cswindows31j": "cp932",
    "x-sjis_0213": "shift_jis_2004",
    "sjis_0213": "shift_jis_2004",
    "big5hk": "big5hkscs",
    "jis": "iso2022_jp",
    "jis_encoding": "iso2022_jp",
    "iso2022jp2": "iso2022_jp_2",
    "latin-9": "iso8859-15",
    "latin0": "iso8859-15",
    "x-maccentraleurope": "mac-latin2",
}
_NUMBERED = re.compile(r"(?:x-)?(?:ibm-?|cp|ccsid|windows-?)?0*(\d{3,4})")
_ISO_BY_NUMBER = {923: 15, 912: 2, 913: 3, 914: 4, 915: 5, 1089: 6, 813: 7, 916: 8, 920: 9}
_NOT_JAVAS = frozenset(
    {"idna", "mbcs", "oem", "palmos", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7"}
    | {"utf-8-sig", "hz", "iso8859-10", "iso8859-14", "kz1048", "ptcp154", "hp-roman8"}
)
_JAVAS_OWN = re.compile(r"(?:cs)?(?:x-|ibm|cp|ccsid|ms|euc|iso-?2022|jis|cesu|big5|windows-|mac|iscii|ebcdic|\d).*")
"""How names begin that a JVM may know though Python has no codec: code pages, and charsets of East Asia."""


def codec(name: str) -> str | None:
    """Python's name of a charset, or LITTLE_ENDIAN_BOM; None if Java knows no such charset, or Python has no codec."""
    known = name.lower()
    if known in _NAMES:
        return _NAMES[known]
    if not re.fullmatch(r"[a-z0-9][a-z0-9+.:_-]*", known):
        return None
    return _text_codec(known) or next(filter(None, map(_text_codec, _spellings(known))), None)


def may_be_javas(name: str) -> bool:
    """Whether a JVM may know a charset of that name, though Python has no codec for it."""
    return codec(name) is None and _JAVAS_OWN.fullmatch(name.lower()) is not None


def _spellings(name: str) -> list[str]:
    found = [name.removeprefix("x-"), name.removeprefix("x-").replace("mac", "mac-")]
    if iso := re.fullmatch(r"8859_(\d+)", name):
        found.append(f"iso8859-{iso[1]}")
    if numbered := _NUMBERED.fullmatch(name):
        number = int(numbered[1])
        found.append(f"iso8859-{_ISO_BY_NUMBER[number]}" if number in _ISO_BY_NUMBER else f"cp{number}")
    return found


def _text_codec(name: str) -> str | None:
    try:
        "a".encode(name)
        found = codecs.lookup(name).name
    except (LookupError, ValueError):
        return None
    return None if found in _NOT_JAVAS else found
