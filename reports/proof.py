"""A refutation in a sentence: which guarantee does not hold, and the two facts that cannot both be where it does."""

from collections.abc import Mapping
from itertools import pairwise

from onceproof.model.history import History
from onceproof.model.judge import Finding, ObjectAtRest, Verdict, Write
from onceproof.reports.phrases import brackets, short_names, subject_of, uncapitalised
from onceproof.reports.words import FINDINGS, IDENTICAL, REFUTED_NEXT, steady

_GRAVEST = [kind for kind, _, _ in FINDINGS if kind not in ("leaked", "stuck")]


def claim(history: History, verdict: Verdict, names: Mapping[str, str] | None = None) -> str:
    """Write `Once at rest is refuted: a [0] holds offset 0, and so does b [0].`; nothing where nothing is refuted."""
    if names is None:
        names = short_names([held.key for held in verdict.objects] + [write.key for write in verdict.writes])
    refuted = REFUTED_NEXT.get(verdict.guarantee.value)
    if refuted is None:
        return ""
    one, other = _facts(history, verdict, names)
    return f"{refuted[:1].upper()}{refuted[1:]} is refuted: {one}, and {other}."


def _facts(history: History, verdict: Verdict, names: Mapping[str, str]) -> tuple[str, str]:
    """The two facts, by the gravest finding."""
    found = min(
        (each for each in verdict.findings if each.kind in _GRAVEST),
        key=lambda each: (_GRAVEST.index(each.kind), not each.at_rest),
        default=None,
    )
    if found is None:
        return _not_identical(verdict, names)
    of = f" of {found.partition}" if len(history.log) > 1 else ""
    facts = None
    match found.kind:
        case "lost" if not found.detail.startswith("expected the sink to die"):
            facts = _lost(history, found, of)
        case "duplicated":
            facts = _duplicated(verdict, found, names, of)
        case "rewritten":
            facts = _rewritten(verdict, found, names)
    return facts or _as_judged(found)


def _lost(history: History, found: Finding, of: str) -> tuple[str, str] | None:
    """What the group believes, and what is there; not where something else than a commit demands the records."""
    committed = history.committed.get(found.partition, 0) if found.partition is not None else 0
    if not found.offsets or committed <= max(found.offsets):
        return None
    which = uncapitalised(subject_of(found.offsets, of, found.object_kind))
    it = "it" if len(found.offsets) == 1 else "them"
    return f"offset {committed}{of} is committed, so that nobody reads {which} again", f"no visible object holds {it}"


def _duplicated(verdict: Verdict, found: Finding, names: Mapping[str, str], of: str) -> tuple[str, str] | None:
    """The two objects that hold a record, or the one that holds it twice."""
    holders = [held for held in verdict.objects if held.key in found.keys and held.partition == found.partition]
    offset = found.offsets[:1]
    holding = [held for held in holders if offset and offset[0] in held.offsets]
    if not found.at_rest or not holding:
        return None
    which = uncapitalised(subject_of(offset, of, found.object_kind))
    first = f"{_object(holding[0], names)} holds {which}"
    if len(holding) == 1:
        return first, "holds it twice"
    return first, f"so does {_object(holding[1], names)}"


def _object(held: ObjectAtRest | Write, names: Mapping[str, str]) -> str:
    return f"{names.get(held.key, held.key)} {brackets(held.offsets, held.kind)}"


def _rewritten(verdict: Verdict, found: Finding, names: Mapping[str, str]) -> tuple[str, str] | None:
    """What a reader could see of a name, and what later."""
    for key in found.keys:
        held = [write for write in verdict.writes if write.key == key]
        for before, after in pairwise(held):
            if before.offsets != after.offsets:
                one = f"a reader could see {_object(before, names)}"
                return one, f"later {brackets(after.offsets, after.kind)} under the same name"
    return None


def _as_judged(found: Finding) -> tuple[str, str]:
    """What the judge expected, and what it found."""
    expected, _, was = steady(found.detail).removeprefix("expected ").partition(", found ")
    if not was:
        return f"the run shows {found.kind} records", expected or "that is not allowed"
    return f"the configuration asks for {expected}", f"the run left {was}"


def _not_identical(verdict: Verdict, names: Mapping[str, str]) -> tuple[str, str]:
    """Objects that are sound, each for itself."""
    named = ", ".join(_object(held, names) for held in verdict.objects[:3]) or "no object"
    more = f" and {len(verdict.objects) - 3:,} more" if len(verdict.objects) > 3 else ""
    return f"at rest there is {named}{more}", f"no run without faults leaves {IDENTICAL.split()[1]} like these"
