"""The judge on what others know of a run, held against the judge who knows all of it.

Two look on besides the harness: whoever has the sink's diary, and an outsider; each at a bucket that keeps versions or
at one that does not. What they are told must be so: a finding names records of which the whole truth has a finding too,
and no guarantee is weaker, unless it is that objects are identical, which takes more to be seen.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from onceproof.model.blackbox import as_seen_from_outside
from onceproof.model.findings import Finding
from onceproof.model.guarantee import Guarantee
from onceproof.model.history import History
from onceproof.model.judge import Verdict, judge

VIEWS: Mapping[str, Mapping[str, Any]] = {
    "the sink's diary": {"has_diary": True},
    "the sink's diary, a bucket without versions": {"has_diary": True, "keeps_versions": False},
    "requests and bucket": {},
    "requests and a bucket without versions": {"keeps_versions": False},
}
"""What each knows, as `as_seen_from_outside` takes it."""

Missed = dict[str, dict[str, list[int]]]
"""By view and kind of finding: how many runs were missed in which the whole truth has one, of how many."""


def wrongly_accused(history: History) -> Iterator[str]:
    """What one of them is told of this run though it is not so."""
    truth = judge(history)
    for view, knows in VIEWS.items():
        verdict = judge(as_seen_from_outside(history, **knows))
        for finding in verdict.findings:
            if not _is_so(finding, truth):
                yield f"{view}: {finding.kind}: {finding.detail}"
        if not _is_as_good(verdict, truth):
            yield f"{view}: {verdict.guarantee} instead of {truth.guarantee}"


def _is_so(finding: Finding, truth: Verdict) -> bool:
    """Whether the whole truth has a finding about each of its records; or where it names none, of its kind or object.

    An outsider may call lost, or content that is no record, what whoever knows the writer calls altered; and of an
    object that was rewritten he may name equal records instead of those that it held.
    """
    if any(finding.kind == each.kind and {*finding.keys} & {*each.keys} for each in truth.findings):
        return True
    if not finding.offsets:
        return any(finding.kind == each.kind or {*finding.keys} & {*each.keys} for each in truth.findings)
    known = {
        offset
        for each in truth.findings
        if (each.partition, each.object_kind) == (finding.partition, finding.object_kind)
        for offset in each.offsets
    }
    return known.issuperset(finding.offsets)


def _is_as_good(verdict: Verdict, truth: Verdict) -> bool:
    """At-least-once and at-most-once are as good as each other: who misses a loss may be left with the former."""
    once = {Guarantee.AT_LEAST_ONCE, Guarantee.AT_MOST_ONCE}
    if verdict.guarantee.implies(truth.guarantee) or once == {verdict.guarantee, truth.guarantee}:
        return True
    is_unproven = verdict.guarantee is Guarantee.ONCE_AT_ALL_TIMES and bool(verdict.not_observed)
    return truth.guarantee is Guarantee.IDENTICAL_OBJECTS and is_unproven


def missed_in(histories: Iterable[History]) -> Missed:
    """What each of them misses."""
    found: Missed = {view: {} for view in VIEWS}
    for history in histories:
        kinds = {finding.kind for finding in judge(history).findings}
        for view, knows in VIEWS.items() if kinds else ():
            seen = {finding.kind for finding in judge(as_seen_from_outside(history, **knows)).findings}
            for kind in kinds:
                count = found[view].setdefault(kind, [0, 0])
                count[0] += kind not in seen
                count[1] += 1
    return found
