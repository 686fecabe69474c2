"""What changed outside the sink, in words: faults, the clock, the log, other people's objects, what arrives late.

A history notes a change as a line of its own. Many go without saying, as an event of the sink tells the same: an answer
that it got, a life that thawed. Those are not told twice.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from onceproof.model.history import Changed, Committed, Event, LogChanged, Requested
from onceproof.reports.phrases import delay, subject_of
from onceproof.reports.words import steady

_FAULT = re.compile(r"fault: (\S+) (before|after|unsent|late) the (.+)")
_TRIGGER = re.compile(r"fault: (?:thaw|arrive) .*")
_THAWED = re.compile(r"life (\d+) thawed")
_CLOCK = re.compile(r"the clock moved (on|back) ([\d.e+]+) s")
_OUTAGE = re.compile(r"the bucket answers every request with (\S+) from here on")
_LATE = "what was under way arrived"
_LOG = ("retention deleted ", "compaction took ")
_HOUR_S = 3600


class Met(NamedTuple):
    """A fault that met an effect: `crash` `before` the `commit`."""

    kind: str
    when: str
    what: str


def met(event: Event | None) -> Met | None:
    """The fault that a change notes, if it is one that met an effect."""
    found = _FAULT.fullmatch(event.what) if isinstance(event, Changed) else None
    return Met(*found.groups()) if found else None


def thawed(event: Event) -> int | None:
    """The life that a change lets go on."""
    found = _THAWED.fullmatch(event.what) if isinstance(event, Changed) else None
    return int(found[1]) if found else None


def goes_without_saying(event: Event, following: Event | None) -> bool:
    """Whether another event tells what this change notes."""
    if not isinstance(event, Changed):
        return False
    if _TRIGGER.fullmatch(event.what) or event.what.startswith(_LOG):
        return True
    if event.what == _LATE:
        return is_late(following)
    fault = met(event)
    return fault is not None and fault.kind not in ("crash", "freeze")


def is_late(event: Event | None) -> bool:
    """Whether a request took effect that its sender had given up."""
    return isinstance(event, Requested | Committed) and event.late


def shortened(text: str, names: Mapping[str, str]) -> str:
    """The text with each key of an object by its short name; one that has none, by its last part."""
    for key in sorted(names, key=len, reverse=True):
        text = text.replace(key, names[key])
    return _plain(re.sub(r"\b(of|wrote) \S*/([^/\s]+)$", r"\1 \2", text))


def _plain(text: str) -> str:
    """Outside text as a reader needs it, who knows that faults are made."""
    return steady(text).replace(" (injected)", "")


def reason(detail: str, key: str = "") -> str:
    """Why something was refused, in brackets: without the key that the sentence names already."""
    text = _plain(detail.removeprefix(f"{key}: "))
    if text == "io":
        text = "connection lost"
    elif text.startswith("generation "):
        text = "its generation is over"
    return f" ({text})" if text else ""


def changed(event: Changed | LogChanged, names: Mapping[str, str], *, several: bool) -> str:
    """A change as a sentence without its full stop."""
    if isinstance(event, LogChanged):
        of = f" of {event.partition}" if several else ""
        which = subject_of(event.gone, of)
        took = "Retention deleted" if event.cause == "trimmed" else "Compaction took"
        return f"{took} {which[:1].lower()}{which[1:]}"
    if found := _CLOCK.fullmatch(event.what):
        seconds = float(found[2])
        span = delay(round(seconds * 1000)).removeprefix("+") if seconds >= _HOUR_S else f"{seconds:g} s"
        return f"The clock moved {found[1]} {span}"
    if found := _OUTAGE.fullmatch(event.what):
        bad = "could not be reached" if found[1] == "io" else f"answered every request with {found[1]}"
        return f"The bucket {bad} from here on"
    return shortened(event.what, names)
