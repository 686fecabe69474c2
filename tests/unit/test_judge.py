"""Known-good and known-bad histories, one for each kind of finding."""

import dataclasses
import hashlib
import json
from typing import ClassVar

import pytest
from model_stories import HOURLY, JSON, SCHEDULED, T0, P, Story, key, log_of

from onceproof.model.findings import ranges
from onceproof.model.history import Changed, Committed, History, Opened, Put, Record, Requested, Started, TopicPartition
from onceproof.model.judge import Verdict, Write, judge
from onceproof.model.ordinals import ordinal
from onceproof.model.settings import OutsideDomain

HOUR = 3_600_000
FIVE = log_of(count=5)
MINUTE = 60_000


def found(verdict: Verdict) -> list[tuple[str, tuple[int, ...], bool]]:
    """Kinds, offsets, and whether it is so at rest."""
    return [(each.kind, each.offsets, each.at_rest) for each in verdict.findings]


def good() -> Story:
    """Two objects, a commit, one record pending, nothing wrong."""
    return Story(FIVE).start().put(5).complete(key(0), 0, 1).complete(key(2), 2, 3).commit(4)


class TestGood:
    """Histories with nothing to find."""

    def test_an_orderly_run_has_no_findings(self) -> None:
        """What was to be closed is closed, the rest is pending."""
        verdict = judge(good().end("stopped").history())

        assert [] == found(verdict)
        assert {P: (4,)} == verdict.pending
        assert [(key(0), (0, 1), 1), (key(2), (2, 3), 1)] == [
            (each.key, each.offsets, each.life) for each in verdict.objects
        ]
        assert () == verdict.not_observed

    def test_a_crash_before_the_commit_is_repaired_by_the_next_life(self) -> None:
        """The same names are written again with the same bytes."""
        story = Story(FIVE).start().put(5).complete(key(0), 0, 1).end()
        story.start().put(3).complete(key(0), 0, 1).put(5).complete(key(2), 2, 3).commit(4)

        assert [] == found(judge(story.history()))

    def test_a_refused_complete_ends_the_writer_and_is_no_finding(self) -> None:
        """The writer is cut short; a fresh one, its back-off over, does the work."""
        story = Story(FIVE).start().put(5).fail(key(0)).rewind(0).put(0, T0 + 5000).put(5, T0 + 5000)
        story.complete(key(0), 0, 1).complete(key(2), 2, 3).commit(4)

        assert [] == found(judge(story.history()))

    def test_a_writer_that_met_an_error_is_excused_from_the_rest(self) -> None:
        """A fatal refusal cuts it short even where the process then stopped in order."""
        story = Story(FIVE).start().put(5).complete(key(0), 0, 1).fail(key(2)).end("stopped")

        assert [] == found(judge(story.history(settled=False)))

    def test_a_complete_repeated_at_once_is_one_object(self) -> None:
        """A request sent twice makes two equal versions."""
        story = Story(FIVE).start().put(5).complete(key(0), 0, 1).complete(key(0), 0, 1)
        story.complete(key(2), 2, 3).commit(4)

        assert [] == found(judge(story.history()))

    def test_equal_values_are_still_different_records(self) -> None:
        """Identity is the offset: five equal values in their objects are no duplicates."""
        log = tuple(record._replace(value=b"1") for record in FIVE)
        story = Story(log).start().put(5).complete(key(0), 0, 1).complete(key(2), 2, 3).commit(4)

        assert [] == found(judge(story.history()))

    def test_a_repeated_commit_of_the_same_offset_is_harmless(self) -> None:
        """The runtime may commit a partition without news again."""
        assert [] == found(judge(good().commit(4).history()))

    def test_other_changes_are_no_news(self) -> None:
        """A fault that fired, a clock that was set: told, not judged."""
        story = good()
        story.events.insert(2, Changed("the clock was set"))

        assert [] == found(judge(story.history()))


class TestWrites:
    """What each complete made visible."""

    def test_each_write_holds_what_it_held_then(self) -> None:
        """Index of the event, records and the cause of the rotation; also of a version that is no longer at rest."""
        story = Story(FIVE, SCHEDULED).start().put(2).put(2, T0 + MINUTE).complete(key(0), 0, 1).end()
        story.start(now_ms=T0 + MINUTE).put(5, T0 + MINUTE).put(5, T0 + 2 * MINUTE)
        story.complete(key(0), 0, 1, 2, 3, 4, outcome="unknown").commit(5)

        expected = (
            Write(4, 1, P, key(0), (0, 1), "ok", "schedule"),
            Write(10, 2, P, key(0), (0, 1, 2, 3, 4), "unknown", "schedule"),
        )
        assert expected == judge(story.history()).writes

    def test_what_is_not_as_predicted_was_closed_for_no_known_reason(self) -> None:
        """Records are read all the same, in the order in which they stand; what holds none has no offsets."""
        story = Story(FIVE).start().put(5).complete(key(0), 1, 0).complete(key(2), content=b"{")
        story.complete("else", content=b"hello")

        expected = [((1, 0), ""), ((2,), ""), (None, "")]
        assert expected == [(each.offsets, each.cause) for each in judge(story.history()).writes]

    def test_content_under_a_name_that_was_not_predicted_is_leaked(self) -> None:
        """A writer that was to complete nothing leaves an object without a record."""
        story = Story(FIVE[:1]).start().put(1).complete(key(0), content=b"hello")

        assert [("leaked", (), True)] == found(judge(story.history()))

    def test_equal_values_are_told_apart_as_at_rest(self) -> None:
        """What a complete made visible and what rests is read by one decoder, other bytes for equal JSON included."""
        log = tuple(record._replace(value=b'{"i":0}') for record in FIVE)
        story = Story(log).start().put(5).complete(key(0), content=b'{"i": 0}\n{"i": 0}\n').complete(key(2), 2, 3)
        verdict = judge(story.history())

        assert [(0, 1), (2, 3)] == [each.offsets for each in verdict.writes]
        assert [each.offsets for each in verdict.objects] == [each.offsets for each in verdict.writes]

    def test_a_vanished_version_has_offsets_where_its_digest_is_known(self) -> None:
        """Else nothing tells them."""
        history = Story(FIVE[:2]).start().put(2).complete(key(0), 0, 1).commit(2).history()
        digest = hashlib.sha256(b'{"i":0}\n{"i":1}\n').hexdigest()
        told = tuple(
            dataclasses.replace(each, digest=digest) if isinstance(each, Requested) else each for each in history.events
        )
        gone = dataclasses.replace(history, versions=())

        assert [(None, "")] == [(each.offsets, each.cause) for each in judge(gone).writes]
        (write,) = judge(dataclasses.replace(gone, events=told)).writes
        assert ((0, 1), "flush.size") == (write.offsets, write.cause)

    def test_a_complete_that_did_not_take_effect_is_no_write(self) -> None:
        """Neither a refused one."""
        assert () == judge(Story(FIVE).start().put(5).fail(key(0)).history(settled=False)).writes


class TestLost:
    """Records in no object."""

    def test_a_committed_record_without_an_object_is_lost(self) -> None:
        """Record 2 and 3 are below the commit and nowhere; the commit overtook them."""
        story = Story(FIVE).start().put(5).complete(key(0), 0, 1).commit(4).end()

        assert [("overtaken", (2, 3), True), ("lost", (2, 3), True)] == found(judge(story.history(settled=False)))

    def test_a_record_of_a_closed_window_is_lost_once_all_is_quiet(self) -> None:
        """Nothing was committed, but the run is over and the window had to be closed."""
        story = Story(FIVE).start().put(5).complete(key(0), 0, 1).commit(2)

        assert [("misplaced", (2, 3), True), ("lost", (2, 3), True), ("stuck", (2, 3), True)] == found(
            judge(story.history())
        )

    def test_records_that_a_rewind_skips_are_lost_though_nothing_was_committed(self) -> None:
        """Reading went on behind records 0 and 1, which are in no object and in no window still open."""
        story = Story(FIVE).start().put(2).fail(key(0)).rewind(2).put(5, T0 + MINUTE)
        story.complete(key(2), 2, 3)

        assert ("lost", (0, 1), True) in found(judge(story.history()))

    def test_a_record_that_an_overwrite_removed_is_lost(self) -> None:
        """A frozen owner wakes up and completes its shorter object over the longer one (H4)."""
        story = Story(FIVE, SCHEDULED).start().put(2)
        story.start(now_ms=T0).put(5).put(5, T0 + MINUTE).complete(key(0), 0, 1, 2, 3, 4).commit(5)
        story.events.append(Put(1, P, 2, T0 + MINUTE))
        story.complete(key(0), 0, 1, life=1)

        assert [("rewritten", (2, 3, 4), False), ("lost", (2, 3, 4), True)] == found(judge(story.history()))

    def test_a_commit_after_a_record_went_out_of_sight_overtakes_it(self) -> None:
        """What was durable once need not be so at the next commit."""
        story = Story(FIVE, SCHEDULED).start().put(2).put(2, T0 + MINUTE)
        story.start(now_ms=T0).put(5).put(5, T0 + MINUTE).complete(key(0), 0, 1, 2, 3, 4).commit(5)
        story.complete(key(0), 0, 1, life=1).commit(5)

        assert ("overtaken", (2, 3, 4), True) in found(judge(story.history()))

    def test_a_skipped_null_is_not_lost(self) -> None:
        """Records that the configuration says not to store need no object."""
        log = (FIVE[0], FIVE[1]._replace(value=None), FIVE[2])
        story = Story(log, {**JSON, "behavior.on.null.values": "ignore"}).start().put(3)
        story.complete(key(0), 0, 2).commit(3)

        assert [] == found(judge(story.history()))


class TestDuplicated:
    """Records in two objects."""

    def test_another_cut_after_a_crash_leaves_duplicates(self) -> None:
        """Schedule rotation without conditional writes: the second life cuts elsewhere (H3)."""
        story = Story(FIVE, SCHEDULED).start().put(2).put(2, T0 + MINUTE).complete(key(0), 0, 1)
        story.put(5, T0 + MINUTE).put(5, T0 + 2 * MINUTE).complete(key(2), 2, 3, 4).end()
        story.start(now_ms=T0 + 2 * MINUTE).put(5, T0 + 2 * MINUTE).put(5, T0 + 3 * MINUTE)
        story.complete(key(0), 0, 1, 2, 3, 4).commit(5)
        verdict = judge(story.history())

        assert [("rewritten", (2, 3, 4), False), ("duplicated", (2, 3, 4), True)] == found(verdict)
        assert (key(0), key(2)) == verdict.findings[1].keys

    def test_a_duplicate_that_is_repaired_was_there_for_a_moment(self) -> None:
        """The longer object is seen beside the next one, then replaced by the shorter one again."""
        story = Story(FIVE, SCHEDULED).start().put(2).put(2, T0 + MINUTE).complete(key(0), 0, 1)
        story.put(5, T0 + MINUTE).put(5, T0 + 2 * MINUTE).complete(key(2), 2, 3, 4).end()
        story.start(now_ms=T0 + 2 * MINUTE).put(5, T0 + 2 * MINUTE).put(5, T0 + 3 * MINUTE)
        story.complete(key(0), 0, 1, 2, 3, 4).end()
        story.start(now_ms=T0 + 3 * MINUTE).put(2, T0 + 3 * MINUTE).put(2, T0 + 4 * MINUTE)
        story.complete(key(0), 0, 1).commit(2)
        story.put(5, T0 + 4 * MINUTE).put(5, T0 + 5 * MINUTE).complete(key(2), 2, 3, 4).commit(5)
        verdict = judge(story.history())

        assert {("duplicated", (2, 3, 4), False), ("rewritten", (2, 3, 4), False)} == set(found(verdict))

    def test_an_offset_twice_in_one_object_is_a_duplicate(self) -> None:
        """It is also not what the model names for the object, and out of order."""
        story = Story(FIVE[:3]).start().put(3).complete(key(0), 0, 1, 1).commit(2)

        assert ("duplicated", (1,), True) in found(judge(story.history()))


class TestContent:
    """Objects that do not hold what the model says."""

    def test_other_bytes_for_a_record_are_altered_not_lost(self) -> None:
        """The record stands there, changed."""
        story = Story(FIVE[:2]).start().put(2).complete(key(0), content=b'{"i":0}\n{"i":7}\n').commit(2)

        assert [("altered", (1,), True)] == found(judge(story.history()))

    def test_a_truncated_object_is_altered_and_short(self) -> None:
        """One piece is no record; the record behind it is missing."""
        config = {**JSON, "flush.size": "3"}
        story = Story(FIVE[:3], config).start().put(3).complete(key(0), content=b'{"i":0}\n{"i"').commit(3)

        assert {("altered", (1,), True), ("misplaced", (2,), True), ("lost", (2,), True)} <= set(
            found(judge(story.history()))
        )

    def test_a_cut_at_the_wrong_place_is_misplaced(self) -> None:
        """An object of three where the model names two: the third belongs elsewhere."""
        story = Story(FIVE).start().put(5).complete(key(0), 0, 1, 2).complete(key(3), 3, 4).commit(5)

        kinds = found(judge(story.history()))
        assert ("misplaced", (2,), True) in kinds
        assert ("misplaced", (3, 4), True) in kinds
        assert "lost" not in {kind for kind, _, _ in kinds}

    def test_a_life_that_stopped_in_order_must_have_completed_all(self) -> None:
        """No one else may be left to do it."""
        story = Story(FIVE).start().put(5).complete(key(0), 0, 1).end("stopped")

        assert [("misplaced", (2, 3), True)] == found(judge(story.history(settled=False)))

    def test_equal_values_are_read_in_ascending_order(self) -> None:
        """Of records with equal bytes the next one behind the last is meant, not the first again."""
        log = tuple(record._replace(value=b"1" if record.offset == 1 else b"0") for record in FIVE)
        story = Story(log).start().put(2).complete(key(0), 0, 2).end()

        assert [("misplaced", (1, 2), True)] == found(judge(story.history(settled=False)))

    def test_a_wrong_name_is_misplaced(self) -> None:
        """The right records under another directory."""
        story = Story(FIVE[:2]).start().put(2).complete(key(0, "partition=1"), 0, 1).commit(2)

        assert [("misplaced", (0, 1), True)] == found(judge(story.history()))

    def test_a_wrong_object_that_was_repaired_was_wrong_for_a_moment(self) -> None:
        """A killed life left a short object; the next one replaced it."""
        story = Story(FIVE[:2]).start().put(2).complete(key(0), 0).end().start().put(2)
        story.complete(key(0), 0, 1).commit(2)

        assert [("misplaced", (1,), False), ("rewritten", (1,), False)] == found(judge(story.history()))

    def test_records_out_of_order_are_reordered(self) -> None:
        """The right records of an object, the wrong way round."""
        story = Story(FIVE[:2]).start().put(2).complete(key(0), 1, 0).commit(2)

        assert [("reordered", (0,), True)] == found(judge(story.history()))

    def test_objects_out_of_turn_are_reordered(self) -> None:
        """Files of one rotation are completed in order of opening."""
        log = log_of(T0 + HOUR, T0, T0 + HOUR, T0)
        story = Story(log, {**HOURLY, "flush.size": "4"}).start().put(4)
        day = "year=2024/month=01/day=01"
        story.complete(key(1, f"{day}/hour=00"), 1, 3).complete(key(0, f"{day}/hour=01"), 0, 2).commit(4)

        assert [("reordered", (1, 3), False)] == found(judge(story.history()))

    def test_equal_json_in_other_bytes_is_no_other_record(self) -> None:
        """Another printer of the same values alters nothing, though its objects are not the sink's."""
        story = Story(FIVE[:2]).start().put(2).complete(key(0), content=b'{"i": 0}\n{ "i":1 }\n').commit(2)
        verdict = judge(story.history())

        assert [] == found(verdict)
        assert "once at all times" == verdict.guarantee

    def test_an_object_whose_bytes_change_is_re_encoded(self) -> None:
        """Equal records, other bytes: a reader that keeps digests would notice."""
        story = Story(FIVE[:2]).start().put(2).complete(key(0), 0, 1).end().start().put(2)
        story.complete(key(0), content=b'{"i": 0}\n{"i": 1}\n').commit(2)

        assert [("re-encoded", (), False)] == found(judge(story.history()))

    def test_an_object_of_unknown_content_is_leaked(self) -> None:
        """Nothing in it is a record of the log."""
        story = good()
        story.knows_order = False
        story.complete("elsewhere/readme.txt", content=b"hello")
        verdict = judge(story.history())

        assert [("leaked", (), True)] == found(verdict)
        assert ("elsewhere/readme.txt",) == verdict.findings[0].keys

    def test_unfinished_uploads_are_leaked(self) -> None:
        """Parts that nobody completes cost money."""
        assert [("leaked", (), True)] == found(judge(good().history(unfinished=(key(4),))))

    def test_values_that_contain_the_separator_are_told_apart(self) -> None:
        """Pieces are records, not lines."""
        config = {
            **JSON,
            "format.class": "io.confluent.connect.s3.format.bytearray.ByteArrayFormat",
            "value.converter": "org.apache.kafka.connect.converters.ByteArrayConverter",
        }
        log = tuple(record._replace(value=b"a\nb" if record.offset % 2 else b"a") for record in FIVE)
        name = key(0).replace(".json", ".bin")
        story = Story(log, config).start().put(2).complete(name, 0, 1, 2).commit(2)

        assert ("misplaced", (2,), True) in found(judge(story.history(drained=False)))


class TestCommits:
    """Commits against what is durable."""

    def test_a_commit_ahead_of_its_objects_overtakes_them(self) -> None:
        """A moment later all is well, but a crash in between would have lost records."""
        story = Story(FIVE).start().put(5).complete(key(0), 0, 1).commit(4).complete(key(2), 2, 3)
        verdict = judge(story.history())

        assert [("overtaken", (2, 3), False)] == found(verdict)
        assert "at-most-once" == verdict.guarantee

    def test_a_commit_that_failed_overtakes_nothing(self) -> None:
        """It never reached the broker; nor is the sink stuck for it, since offsets are handed out once."""
        story = Story(FIVE).start().put(5).complete(key(0), 0, 1).complete(key(2), 2, 3)

        assert [] == found(judge(story.commit(4, applied=False).history()))

    def test_a_commit_that_never_catches_up_is_stuck(self) -> None:
        """Asked after all is closed, and still too low at the end."""
        story = Story(FIVE).start().put(5).complete(key(0), 0, 1).complete(key(2), 2, 3).commit(2)

        assert [("stuck", (2, 3), True)] == found(judge(story.history()))

    def test_a_sink_that_does_not_finish_is_stuck(self) -> None:
        """All faults are over and the log is not read."""
        story = Story(FIVE).start().put(2).complete(key(0), 0, 1).commit(2)

        assert [("stuck", (), True)] == found(judge(story.history(drained=False)))
        assert [] == found(judge(story.history(drained=False, settled=False)))

    def test_a_commit_beyond_the_log_overtakes_it(self) -> None:
        """An off-by-one commit would skip the next record that arrives; the sentence names both numbers."""
        story = Story(FIVE[:4]).start().put(4).complete(key(0), 0, 1).complete(key(2), 2, 3).commit(5)
        verdict = judge(story.history())

        assert [("overtaken", (), True)] == found(verdict)
        detail = "expected a commit of t-0 to be at most 4, where its log ends, found 5 when life 1 committed"
        assert detail == verdict.findings[0].detail
        assert "at-most-once" == verdict.guarantee

    def test_a_commit_beyond_the_log_that_is_taken_back_was_so_for_a_moment(self) -> None:
        """Only what is committed at the end is so at rest."""
        story = Story(FIVE[:4]).start().put(4).complete(key(0), 0, 1).complete(key(2), 2, 3).commit(5).commit(4)

        assert [("overtaken", (), False)] == found(judge(story.history()))

    def test_what_is_committed_beyond_the_log_is_found_without_its_commit(self) -> None:
        """The offsets of the group at the end are evidence enough."""
        story = Story(FIVE[:4]).start().put(4).complete(key(0), 0, 1).complete(key(2), 2, 3)
        story.committed[P] = 5
        verdict = judge(story.history())

        assert [("overtaken", (), True)] == found(verdict)
        assert verdict.findings[0].detail.endswith("at most 4, where its log ends, found 5 at the end")

    @pytest.mark.parametrize(
        ("expected", "start", "commit"),
        [([], 0, 0), ([("overtaken", (), True)], 0, 1), ([], 7, 7), ([("overtaken", (), True)], 7, 8)],
    )
    def test_an_empty_log_may_be_committed_where_it_was_read_first(
        self, expected: list[tuple[str, tuple[int, ...], bool]], start: int, commit: int
    ) -> None:
        """A log without records has no last one to be behind of."""
        story = Story(()).start(start).put(start).commit(commit).end("stopped").start(commit)

        assert expected == found(judge(story.history()))

    def test_a_commit_of_a_partition_outside_the_log_is_not_judged(self) -> None:
        """Nothing is known of where its log ends."""
        story = good()
        story.events.append(Committed(1, {TopicPartition("t", 1): 9}, "ok", applied=True))
        story.committed[TopicPartition("t", 1)] = 9

        assert [] == found(judge(story.history()))


class TestEvidence:
    """What the events do not say."""

    def test_a_version_without_an_event_is_not_held_against_the_sink(self) -> None:
        """Its order is unknown, so nothing is said about moments; it says so."""
        story = Story(FIVE).start().put(5).complete(key(0), 0, 1)
        story.knows_order = False
        story.complete(key(2), 2, 3)
        story.knows_order = True
        verdict = judge(story.commit(4).end().history(settled=False))

        assert [] == found(verdict)
        assert (f"when the 1st version of {key(2)} became visible",) == verdict.not_observed

    def test_versions_without_ids_are_matched_by_order(self) -> None:
        """A bucket that keeps no history still has its last contents."""
        history = good().history()
        events = tuple(
            dataclasses.replace(each, version_id=None) if isinstance(each, Requested) else each
            for each in history.events
        )

        assert [] == found(judge(dataclasses.replace(history, events=events)))

    def test_a_vanished_version_is_recognised_by_its_digest(self) -> None:
        """Without versions the first content of a key is known by its digest alone, or not at all."""
        story = Story(FIVE).start().put(5).complete(key(0), 0, 1).end().start().put(5).complete(key(0), 0, 1)
        history = story.complete(key(2), 2, 3).commit(4).history()
        history = dataclasses.replace(
            history, versions=tuple(each for each in history.versions if each.version_id != "0")
        )
        digest = hashlib.sha256(b'{"i":0}\n{"i":1}\n').hexdigest()
        told = tuple(
            dataclasses.replace(each, digest=digest) if isinstance(each, Requested) and each.version_id == "0" else each
            for each in history.events
        )

        assert [] == found(judge(history))
        assert (f"what {key(0)} held after its complete by life 1",) == judge(history).not_observed
        assert () == judge(dataclasses.replace(history, events=told)).not_observed

    def test_a_complete_of_unknown_outcome_is_named(self) -> None:
        """Nobody knows whether it took effect, so nobody is accused."""
        story = Story(FIVE).start().put(5)
        story.events.append(Requested(1, P, "complete", key(0), "u", "unknown", applied=None))
        verdict = judge(story.end().history(settled=False))

        assert [] == found(verdict)
        assert (f"whether the complete of {key(0)} by life 1 took effect is not known",) == verdict.not_observed

    def test_a_sink_seen_only_through_its_requests_is_judged_by_its_objects(self) -> None:
        """Without puts nothing is predicted; duplicates and losses still show."""
        story = Story(FIVE)
        story.life = 1
        story.events.append(Started(1, JSON))
        story.complete(key(0), 0, 1).complete(key(2), 1, 2).commit(4)
        verdict = judge(story.history(settled=False))

        assert {("duplicated", (1,), True), ("lost", (3,), True), ("overtaken", (3,), True)} == set(found(verdict))

    def test_a_put_without_a_writer_is_an_error(self) -> None:
        """A history that contradicts itself is not judged."""
        history = History("none", {P: FIVE}, (Started(1, JSON), Put(1, P, 1, T0)), ())
        with pytest.raises(ValueError, match="nothing opened a writer"):
            judge(history)

    def test_a_partition_that_nobody_read_has_no_findings(self) -> None:
        """Another partition of the log, never opened and never committed."""
        history = good().history()
        other = TopicPartition("t", 1)

        assert [] == found(judge(dataclasses.replace(history, log={**history.log, other: FIVE})))

    @pytest.mark.parametrize(
        ("guarantee", "not_observed", "records", "settled"),
        [
            (
                "at-least-once",
                ("what becomes of the records of t-1, which no life opened",),
                FIVE,
                True,
            ),
            ("identical objects", (), FIVE, False),
            ("identical objects", (), (), True),
            ("identical objects", (), (FIVE[0]._replace(value=None),), True),
        ],
        ids=["settled", "not settled", "no records", "nothing to store"],
    )
    def test_a_partition_that_nobody_opened_has_no_identical_objects(
        self, guarantee: str, not_observed: tuple[str, ...], records: tuple[Record, ...], settled: bool
    ) -> None:
        """All is quiet and its records stand nowhere, though none is lost; without records there is no doubt."""
        config = {**JSON, "behavior.on.null.values": "ignore"}
        story = Story(FIVE, config).start().put(5).complete(key(0), 0, 1).complete(key(2), 2, 3).commit(4)
        history = story.history(settled=settled)
        verdict = judge(dataclasses.replace(history, log={**history.log, TopicPartition("t", 1): records}))

        assert guarantee == verdict.guarantee
        assert not_observed == verdict.not_observed

    def test_a_run_without_any_life_has_no_identical_objects(self) -> None:
        """Where nothing ever started, no configuration says what is to be stored: all of it may be."""
        verdict = judge(History("none", {P: FIVE}, (), ()))

        assert "at-least-once" == verdict.guarantee
        assert ("what becomes of the records of t-0, which no life opened",) == verdict.not_observed

    def test_objects_of_a_partition_that_nobody_opened_are_evidence(self) -> None:
        """A sink seen only through its requests stored every record once, but who wrote them is not known."""
        story = Story(FIVE[:4])
        story.life = 1
        story.events.append(Started(1, JSON))
        story.complete(key(0), 0, 1).complete(key(2), 2, 3).commit(4)
        verdict = judge(story.history())

        assert "once at all times" == verdict.guarantee
        assert ("what becomes of the records of t-0, which no life opened",) == verdict.not_observed

    def test_offsets_read_as_ranges(self) -> None:
        """Sentences name runs by their ends."""
        assert "1, 3-5" == ranges((1, 3, 4, 5))
        assert "none" == ranges(())

    def test_numbers_count(self) -> None:
        """Sentences count versions and effects as people do."""
        assert ("1st", "2nd", "3rd", "11th", "112th", "271st") == tuple(map(ordinal, (1, 2, 3, 11, 112, 271)))


GZIP = {**JSON, "s3.compression.type": "gzip"}
QUEUE = {"errors.tolerance": "all", "errors.deadletterqueue.topic.name": "dlq"}
PARTS = {
    **JSON,
    "key.converter": "org.apache.kafka.connect.storage.StringConverter",
    "header.converter": "org.apache.kafka.connect.storage.StringConverter",
    "store.kafka.keys": "true",
    "store.kafka.headers": "true",
    "keys.format.class": JSON["format.class"],
    "headers.format.class": JSON["format.class"],
    "behavior.on.null.values": "write",
}
KEYED = tuple(record._replace(key=b"k%d" % record.offset, headers=(("h", b"%d" % record.offset),)) for record in FIVE)


def part(offset: int, kind: str, directory: str = "partition=0") -> str:
    """The name of the object of keys or headers beside a value."""
    return key(offset, directory).replace(".json", f".{kind}.json")


class TestKinds:
    """Values, keys and headers: a record stands once in each."""

    def of_three(self) -> Story:
        """One file of values, keys and headers, all right."""
        story = Story(KEYED[:2], PARTS).start().put(2).complete(key(0), 0, 1)
        return story.complete(part(0, "keys"), 0, 1, kind="key").complete(part(0, "headers"), 0, 1, kind="headers")

    def test_one_record_stands_once_in_each_kind(self) -> None:
        """That is no duplicate."""
        verdict = judge(self.of_three().commit(2).end("stopped").history())

        assert [] == found(verdict)
        assert [("headers", (0, 1)), ("value", (0, 1)), ("key", (0, 1))] == [
            (each.kind, each.offsets) for each in verdict.objects
        ]
        assert ["value", "key", "headers"] == [each.kind for each in verdict.writes]

    def test_a_key_may_be_lost_alone(self) -> None:
        """The values are all there; of a header object that never came all is lost."""
        story = Story(KEYED[:2], PARTS).start().put(2).complete(key(0), 0, 1)
        story.complete(part(0, "keys"), 0, kind="key").commit(2)
        verdict = judge(story.history(settled=False))

        assert {("lost", (1,), "key"), ("lost", (0, 1), "headers")} <= {
            (each.kind, each.offsets, each.object_kind) for each in verdict.findings
        }
        assert not [each for each in verdict.findings if each.object_kind == "value"]

    def test_a_key_may_stand_twice_alone(self) -> None:
        """A duplicate of one kind names that kind."""
        story = self.of_three().complete(part(1, "keys"), 1, kind="key").commit(2)
        doubled = [each for each in judge(story.history()).findings if each.kind == "duplicated"]

        assert [("key", (1,))] == [(each.object_kind, each.offsets) for each in doubled]

    def test_the_order_of_completion_is_value_key_headers(self) -> None:
        """Another order is reordered."""
        story = Story(KEYED[:2], PARTS).start().put(2).complete(part(0, "keys"), 0, 1, kind="key")
        story.complete(key(0), 0, 1).complete(part(0, "headers"), 0, 1, kind="headers").commit(2)

        assert ["reordered"] == [each.kind for each in judge(story.history()).findings]

    def test_a_tombstone_stands_among_keys_and_headers_alone(self) -> None:
        """No value of it is lost."""
        log = (KEYED[0], KEYED[1]._replace(value=None))
        story = Story(log, PARTS).start().put(2).complete(key(0), 0)
        story.complete(part(0, "keys"), 0, kind="key").complete(part(0, "headers"), 0, kind="headers")
        story.complete(part(1, "keys", "tombstone"), 1, kind="key")
        story.complete(part(1, "headers", "tombstone"), 1, kind="headers").commit(2)

        assert [] == found(judge(story.history()))


class TestDeadLetters:
    """What cannot be stored."""

    LOG = (FIVE[0], FIVE[1]._replace(value=b"{"), *FIVE[2:4])
    KEYS_ONLY: ClassVar = {**PARTS, **QUEUE, "store.kafka.headers": "false", "behavior.on.null.values": "fail"}

    def test_a_dead_letter_is_not_lost(self) -> None:
        """It stands in its queue."""
        story = Story(self.LOG, {**JSON, **QUEUE}).start().put(4).dead_letter(1).complete(key(0), 0, 2).commit(3)

        assert [] == found(judge(story.history()))

    @pytest.mark.parametrize("is_refused", [True, False])
    def test_what_is_skipped_without_a_letter_is_lost(self, is_refused: bool) -> None:
        """The queue refused it, or never saw it."""
        story = Story(self.LOG, {**JSON, **QUEUE}).start().put(4)
        if is_refused:
            story.dead_letter(1, applied=False)
        story.complete(key(0), 0, 2).commit(3)

        assert [("lost", (1,), True)] == found(judge(story.history()))

    def test_without_a_queue_what_is_skipped_is_not_missed(self) -> None:
        """The user asked for that."""
        story = Story(self.LOG, {**JSON, "errors.tolerance": "all"}).start().put(4).complete(key(0), 0, 2).commit(3)

        assert [] == found(judge(story.history()))

    def test_a_commit_must_follow_the_letters(self) -> None:
        """An errant record below a commit must stand in the queue by then."""
        log = (KEYED[0], KEYED[1]._replace(key=None), KEYED[2])
        story = Story(log, self.KEYS_ONLY).start().put(3).complete(key(0), 0, 2)
        story.complete(part(0, "keys"), 0, 2, kind="key").commit(3).dead_letter(1)

        kinds = [(each.kind, each.offsets, each.object_kind) for each in judge(story.history()).findings]
        assert [("overtaken", (1,), "value"), ("overtaken", (1,), "key")] == kinds

    def test_a_letter_for_a_good_record_does_not_excuse_it(self) -> None:
        """Only what some writer had to refuse may be missing."""
        log = KEYED[:3]
        story = Story(log, self.KEYS_ONLY).start().put(3).dead_letter(1).complete(key(0), 0, 2)
        story.complete(part(0, "keys"), 0, 2, kind="key").commit(3)
        verdict = judge(story.history())

        assert {("lost", (1,), "value"), ("lost", (1,), "key")} <= {
            (each.kind, each.offsets, each.object_kind) for each in verdict.findings
        }


class TestTexts:
    """Bodies that the model reads by their text."""

    def test_a_compressed_body_is_read_by_its_text(self) -> None:
        """Names, records and order are judged as ever."""
        story = Story(FIVE, GZIP).start().put(5).complete(f"{key(0)}.gz", 0, 1, packed=b"\x1f\x8b1")
        story.complete(f"{key(2)}.gz", 2, 3, packed=b"\x1f\x8b2").commit(4)

        assert [] == found(judge(story.history()))

    def test_equal_records_in_other_bytes_are_re_encoded(self) -> None:
        """The second life writes the same records; only the bytes differ."""
        story = Story(FIVE, GZIP).start().put(5).complete(f"{key(0)}.gz", 0, 1, packed=b"\x1f\x8b1").end()
        story.start().put(5).complete(f"{key(0)}.gz", 0, 1, packed=b"\x1f\x8b9")
        story.complete(f"{key(2)}.gz", 2, 3, packed=b"\x1f\x8b2").commit(4)
        verdict = judge(story.history())

        assert [("re-encoded", (), False)] == found(verdict)
        assert "once at all times" == verdict.guarantee.value

    def test_a_value_under_another_schema_than_its_file_is_altered(self) -> None:
        """BACKWARD: the third record must be projected to the second's schema; here it stands as it came."""
        config = {**JSON, "value.converter.schemas.enable": "true", "schema.compatibility": "BACKWARD"}
        fields = [[{"field": "a", "type": "string"}]] * 3
        fields[1] = [*fields[1], {"field": "b", "type": "string", "default": "d"}]
        log = tuple(
            Record(at, T0, None, json.dumps({
                "schema": {"type": "struct", "name": "R", "version": len(each), "fields": each},
                "payload": {"a": "x", "b": "y"} if len(each) > 1 else {"a": "x"},
            }).encode())
            for at, each in enumerate(fields)
        )  # fmt: skip
        story = Story(log, config).start().put(3).complete(key(0), 0).complete(key(1), 1, 2).commit(3)

        assert [("altered", (2,), True)] == found(judge(story.history()))


class TestDeath:
    """A life that a record kills."""

    def test_a_sink_that_dies_as_it_must_is_stuck(self) -> None:
        """The finding says which record kills it."""
        log = (*FIVE[:3], FIVE[3]._replace(value=None))
        story = Story(log).start().put(2).complete(key(0), 0, 1).put(4).end("failed")
        verdict = judge(story.history(drained=False))

        assert ["stuck"] == [each.kind for each in verdict.findings]
        assert "offset 3 of t-0 kills it: null value" in verdict.findings[0].detail

    def test_a_sink_that_lives_on_puts_records_where_none_belong(self) -> None:
        """What it writes behind the record that must kill it is misplaced."""
        log = (*FIVE[:3], FIVE[3]._replace(value=None), FIVE[4])
        story = Story(log).start().put(2).complete(key(0), 0, 1).put(5).complete(key(2), 2, 4).commit(5)

        kinds = [(each.kind, each.offsets) for each in judge(story.history()).findings]
        assert [("misplaced", (2, 4)), ("lost", (3,))] == kinds

    def test_a_sink_that_passes_over_what_must_kill_it_loses_it(self) -> None:
        """A record that cannot be read, without any tolerance for it: no commit may pass it."""
        log = (*FIVE[:2], FIVE[2]._replace(value=b"{"))
        story = Story(log).start().put(2).complete(key(0), 0, 1).put(3).commit(3)

        assert [("lost", (2,), True)] == found(judge(story.history()))


class TestChanges:
    """A configuration that changes between two lives."""

    def test_keys_are_asked_for_from_the_life_on_that_stores_them(self) -> None:
        """What the first life wrote without keys has no keys, and none are lost."""
        plain = {
            **PARTS,
            "store.kafka.keys": "false",
            "store.kafka.headers": "false",
            "behavior.on.null.values": "fail",
        }
        keyed = {**plain, "store.kafka.keys": "true"}
        story = Story(KEYED[:4], plain).start().put(2).complete(key(0), 0, 1).commit(2).end("stopped")
        story.start(2, config=keyed).put(4).complete(key(2), 2, 3)
        story.complete(part(2, "keys"), 2, 3, kind="key").commit(4)

        assert [] == found(judge(story.history()))

    def test_a_transform_to_another_topic_of_the_sink_is_outside(self) -> None:
        """Whose writer gets the record, and when, is not modelled."""
        other = P._replace(topic="u")
        config = {
            **JSON,
            "transforms": "r",
            "transforms.r.type": "org.apache.kafka.connect.transforms.RegexRouter",
            "transforms.r.regex": "t",
            "transforms.r.replacement": "u",
        }
        story = Story(FIVE, config).start().put(2).end("failed")
        alone = judge(story.history(settled=False))
        story.events.insert(2, Opened(1, other, 0, T0))

        assert [] == found(alone)
        with pytest.raises(OutsideDomain, match="leads t-0 to u"):
            judge(story.history())
