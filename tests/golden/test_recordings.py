"""The model against recordings of the real sink: names, records, bytes, answers, and verdicts."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
from recordings import history_of, lives_of, log_of, recordings

from onceproof.model.guarantee import Guarantee
from onceproof.model.judge import judge
from onceproof.model.placement import OutsideDomain, expected
from onceproof.model.rendering import body


def is_covered(recording: Mapping[str, Any]) -> bool:
    """True if the model covers the configurations and records of a case."""
    log = log_of(recording["case"])
    try:
        for life in lives_of(recording):
            expected(log[life.partition], life.life())
    except OutsideDomain:
        return False
    return True


COVERED = [pytest.param(each, id=each["case"]["id"]) for each in recordings() if is_covered(each)]
READABLE = [each for each in COVERED if history_of(each.values[0]) is not None]
"""Without those that keep digests of their objects instead of their text."""
NEVER = {"misplaced", "altered", "reordered", "leaked", "overtaken", "lost"}
"""The real sink does none of these in any recording: it writes what it must and commits what is durable."""


@pytest.mark.parametrize("recording", COVERED)
def test_every_life_writes_what_the_model_says(recording: dict[str, Any]) -> None:
    """Keys by pass in order, bytes of each object, the answer to each ask; rewinds and crashes included."""
    log = log_of(recording["case"])
    digests = {
        (seen["key"], version["step"]): version.get("sha256")
        for seen in recording["expect"]["objects"]
        for version in seen["versions"]
    }

    for life in lives_of(recording):
        wanted = expected(log[life.partition], life.life())
        seen = [(index, key) for index, keys in enumerate(life.keys) for key in keys]
        named = [(made.pass_index, made.key) for made in wanted.objects]
        assert seen == (named[: len(seen)] if life.is_cut_short else named)
        last = len(life.passes) if life.is_cut_short else len(life.passes) + 1  # the last pass did not return
        answers = [answer for ask, answer in zip(life.asks, life.answers, strict=True) if ask < last]
        assert answers == list(wanted.commits[: len(answers)])
        records = {record.offset: record for record in log[life.partition]}
        for made in wanted.objects[: len(seen)]:
            content = body(life.config, [records[offset] for offset in made.offsets])
            assert digests[made.key, life.steps[made.pass_index]] == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("recording", READABLE)
def test_the_judge_finds_only_what_the_real_sink_does(recording: dict[str, Any]) -> None:
    """Duplicates and rewrites where two objects hold one record; nothing misplaced, overtaken or lost."""
    history = history_of(recording)
    assert history is not None
    verdict = judge(history)

    assert set() == NEVER & {finding.kind for finding in verdict.findings}
    assert () == verdict.not_observed
    values = Counter((each.partition, offset) for each in verdict.objects for offset in each.offsets)
    twice = {where for where, times in values.items() if times > 1}
    found = {
        (finding.partition, offset)
        for finding in verdict.findings
        if finding.kind == "duplicated" and finding.at_rest
        for offset in finding.offsets
    }
    assert twice == found
    assert verdict.guarantee.implies(Guarantee.AT_LEAST_ONCE)


def test_most_recordings_are_inside_the_domain() -> None:
    """A model that refuses everything would pass all of the above."""
    assert 284 == len(COVERED)
    assert 270 < len(READABLE)
