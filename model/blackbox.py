"""A history as it looks from outside: what somebody has who did not watch the run from within the harness.

Two who look. An *outsider* has the requests that were made, with the answers as far as they arrived, what reached the
broker, the configurations, and the bucket. Whoever has the sink's *diary* also knows what each put() brought and when,
since the sink does. Neither knows what became of a request without an answer, or whether the run was left to finish.
A bucket that keeps no versions shows the last content of each key alone.

Whatever the judge finds in such a history it must find in the whole one: it may miss, and never accuse wrongly.
"""

from collections.abc import Mapping
from dataclasses import replace

from onceproof.model.history import (
    Committed,
    DeadLettered,
    Event,
    History,
    LogChanged,
    Outcome,
    Requested,
    Started,
    Version,
)

_ANSWERED: Mapping[Outcome, bool | None] = {"ok": True, "failed": False, "unknown": None}
"""Whether a request took effect, by its answer."""


def as_seen_from_outside(history: History, *, has_diary: bool = False, keeps_versions: bool = True) -> History:
    """The same run with what an outsider knows of it, or with `has_diary` whoever can ask the sink itself."""
    events = tuple([
        _event(event, has_diary=has_diary, keeps_versions=keeps_versions)
        for event in history.events
        if (has_diary or isinstance(event, Started | Requested | DeadLettered | Committed | LogChanged))
        and not (isinstance(event, Requested | Committed) and event.late)
    ])  # fmt: skip
    last = {version.key: version for version in history.versions}
    versions = history.versions if keeps_versions else tuple(map(_unversioned, last.values()))
    return replace(history, events=events, versions=versions, settled=False, drained=False)


def _event(event: Event, *, has_diary: bool, keeps_versions: bool) -> Event:
    """An event with what its answer says, and no more."""
    match event:
        case Requested():
            is_told = keeps_versions and event.outcome == "ok"
            return replace(
                event,
                applied=_ANSWERED[event.outcome],
                version_id=event.version_id if is_told else None,
                digest=event.digest if has_diary else "",
            )
        case Committed() | DeadLettered():
            return replace(event, applied=_ANSWERED[event.outcome])
    return event


def _unversioned(version: Version) -> Version:
    return replace(version, version_id="null")
