"""Guarantees: their order, what refutes them, and when objects are identical to those of a fault-free run."""

import dataclasses
import itertools
from typing import ClassVar

import pytest
from model_stories import HOURLY, JSON, SCHEDULED, T0, P, Story, key, log_of

from onceproof.model.findings import Finding, Kind
from onceproof.model.guarantee import Evidence, Guarantee, Placed, combine, is_identical, strongest
from onceproof.model.history import Record
from onceproof.model.judge import judge
from onceproof.model.lives import course_of

FIVE = log_of(count=5)
MINUTE = 60_000
HOUR = 60 * MINUTE
G = Guarantee
NOTHING = Evidence({}, {}, {}, is_whole=True, is_finished=True)


def finding(kind: Kind, *, at_rest: bool = True) -> Finding:
    """A finding of this kind."""
    return Finding(kind, P, (0,), (key(0),), at_rest, "expected nothing, found this")


class TestOrder:
    """The order of guarantees."""

    def test_each_implies_itself_and_none(self) -> None:
        """Whoever keeps something keeps it, and keeps nothing too."""
        for guarantee in G:
            assert guarantee.implies(guarantee)
            assert guarantee.implies(G.NONE)

    def test_at_most_and_at_least_once_do_not_imply_each_other(self) -> None:
        """They are the two halves of once."""
        assert not G.AT_MOST_ONCE.implies(G.AT_LEAST_ONCE)
        assert not G.AT_LEAST_ONCE.implies(G.AT_MOST_ONCE)
        assert G.ONCE_AT_REST.implies(G.AT_MOST_ONCE)
        assert G.ONCE_AT_REST.implies(G.AT_LEAST_ONCE)

    def test_the_upper_ones_form_a_chain(self) -> None:
        """Identical objects, once at all times, once at rest."""
        assert G.IDENTICAL_OBJECTS.implies(G.ONCE_AT_ALL_TIMES)
        assert G.ONCE_AT_ALL_TIMES.implies(G.ONCE_AT_REST)
        assert not G.ONCE_AT_REST.implies(G.ONCE_AT_ALL_TIMES)

    def test_what_several_runs_leave_is_what_each_of_them_leaves(self) -> None:
        """The meet: of the two halves of once nothing is left."""
        assert G.NONE == combine([G.AT_MOST_ONCE, G.AT_LEAST_ONCE])
        assert G.AT_LEAST_ONCE == combine([G.IDENTICAL_OBJECTS, G.AT_LEAST_ONCE])
        assert G.ONCE_AT_REST == combine(iter([G.ONCE_AT_ALL_TIMES, G.ONCE_AT_REST]))
        for one, other in itertools.product(G, G):
            assert one.implies(combine([one, other]))
            assert combine([one, other]) == combine([other, one])

    def test_no_runs_are_no_evidence(self) -> None:
        """An empty set of runs has put nothing to the test."""
        with pytest.raises(ValueError, match="no runs"):
            combine([])


class TestFindings:
    """What findings leave."""

    @pytest.mark.parametrize(
        ("kinds", "left"),
        [
            ((), G.IDENTICAL_OBJECTS),
            (("leaked",), G.IDENTICAL_OBJECTS),
            (("stuck",), G.IDENTICAL_OBJECTS),
            (("re-encoded",), G.ONCE_AT_ALL_TIMES),
            (("rewritten",), G.ONCE_AT_REST),
            (("duplicated",), G.AT_LEAST_ONCE),
            (("altered",), G.AT_LEAST_ONCE),
            (("misplaced",), G.AT_LEAST_ONCE),
            (("reordered",), G.AT_LEAST_ONCE),
            (("lost",), G.AT_MOST_ONCE),
            (("overtaken",), G.AT_MOST_ONCE),
            (("lost", "duplicated"), G.NONE),
        ],
    )
    def test_the_table_of_findings(self, kinds: tuple[Kind, ...], left: Guarantee) -> None:
        """Each finding refutes its guarantee and all that imply it."""
        assert left == strongest([finding(kind) for kind in kinds], NOTHING)

    @pytest.mark.parametrize("kind", ["duplicated", "misplaced", "altered", "reordered"])
    def test_what_was_wrong_for_a_moment_refutes_once_at_all_times(self, kind: Kind) -> None:
        """At rest all is well."""
        assert G.ONCE_AT_REST == strongest([finding(kind, at_rest=False)], NOTHING)

    def test_a_commit_that_overtook_for_a_moment_is_not_forgiven(self) -> None:
        """A crash at that moment would have lost records."""
        assert G.AT_MOST_ONCE == strongest([finding("overtaken", at_rest=False)], NOTHING)


class TestIdentical:
    """When objects at rest are those of a fault-free run."""

    def test_a_run_by_count_is_identical_however_it_crashed(self) -> None:
        """The default partitioner with flush.size knows no clock."""
        story = Story(FIVE).start().put(3).complete(key(0), 0, 1).end()
        story.start().put(5).complete(key(0), 0, 1).complete(key(2), 2, 3).commit(4)

        assert G.IDENTICAL_OBJECTS == judge(story.history()).guarantee

    def test_shifted_boundaries_without_duplicates_are_not_identical(self) -> None:
        """A rewind behind a finished file of a rotation shifts every later boundary."""
        log = log_of(T0, T0 + HOUR, T0 + HOUR, T0 + HOUR, T0 + HOUR)
        config = {**HOURLY, "flush.size": "3"}
        first, second = "year=2024/month=01/day=01/hour=00", "year=2024/month=01/day=01/hour=01"
        story = Story(log, config).start().put(3).complete(key(0, first), 0).fail(key(1, second)).rewind(1)
        story.put(1, T0 + 5000).put(5, T0 + 5000).complete(key(1, second), 1, 2, 3).commit(4)
        verdict = judge(story.history())

        assert () == verdict.findings
        assert G.ONCE_AT_ALL_TIMES == verdict.guarantee

    def test_a_schedule_is_identical_to_the_run_with_its_own_cuts(self) -> None:
        """Some clock makes a fault-free run cut where this one did."""
        story = Story(FIVE, SCHEDULED).start().put(2).put(2, T0 + MINUTE).complete(key(0), 0, 1).commit(2).end()
        story.start(2, T0 + HOUR).put(5, T0 + HOUR).put(5, T0 + 2 * HOUR).complete(key(2), 2, 3, 4).commit(5)

        assert G.IDENTICAL_OBJECTS == judge(story.history()).guarantee

    def test_a_schedule_with_records_pending_is_identical(self) -> None:
        """What is still open when the log is drained is open in the witness too."""
        story = Story(FIVE, SCHEDULED).start().put(3).put(3, T0 + MINUTE).complete(key(0), 0, 1, 2).commit(3)
        verdict = judge(story.put(5, T0 + MINUTE).history())

        assert {P: (3, 4)} == verdict.pending
        assert G.IDENTICAL_OBJECTS == verdict.guarantee

    def test_a_scheduled_object_that_changed_is_not_identical(self) -> None:
        """The same cut at rest, but a reader saw the shorter object first."""
        story = Story(FIVE, SCHEDULED).start().put(2).put(2, T0 + MINUTE).complete(key(0), 0, 1).end()
        story.start(now_ms=T0 + HOUR).put(5, T0 + HOUR).put(5, T0 + 2 * HOUR).complete(key(0), 0, 1, 2, 3, 4).commit(5)

        assert G.ONCE_AT_REST == judge(story.history()).guarantee

    def test_the_wall_clock_of_the_writer_that_wrote_is_a_witness(self) -> None:
        """After a crash the rest of the log goes to a later hour: so might a fault-free run have gone."""
        config = {**HOURLY, "timestamp.extractor": "Wallclock"}
        hour = "year=2024/month=01/day=01/hour=0"
        story = Story(FIVE, config).start().put(3).complete(key(0, f"{hour}0"), 0, 1).commit(2).end()
        story.start(2, T0 + HOUR).put(5, T0 + HOUR).complete(key(2, f"{hour}1"), 2, 3).commit(4)

        assert G.IDENTICAL_OBJECTS == judge(story.history()).guarantee

    def test_the_wall_clock_under_a_schedule_has_a_witness(self) -> None:
        """Paths from the passes of the writers, cuts from the schedule."""
        config = {**SCHEDULED, **HOURLY, "flush.size": "9", "timestamp.extractor": "Wallclock"}
        hour = "year=2024/month=01/day=01/hour=0"
        story = Story(FIVE[:4], config).start().put(1).put(2, T0 + 1).put(2, T0 + MINUTE)
        story.complete(key(0, f"{hour}0"), 0, 1).commit(2).end()
        story.start(2, T0 + HOUR).put(4, T0 + HOUR).put(4, T0 + HOUR + MINUTE)
        story.complete(key(2, f"{hour}1"), 2, 3).commit(4)

        assert G.IDENTICAL_OBJECTS == judge(story.history()).guarantee

    def test_several_open_files_under_a_schedule_have_a_witness(self) -> None:
        """Objects that overlap in offsets belong to one window."""
        config = {**SCHEDULED, **HOURLY, "flush.size": "9"}
        log = log_of(T0, T0 + HOUR, T0, T0 + HOUR)
        hour = "year=2024/month=01/day=01/hour=0"
        story = Story(log, config).start().put(4).put(4, T0 + MINUTE)
        story.complete(key(0, f"{hour}0"), 0, 2).complete(key(1, f"{hour}1"), 1, 3).commit(4)

        assert G.IDENTICAL_OBJECTS == judge(story.history()).guarantee

    def test_a_change_of_configuration_at_a_boundary_is_identical(self) -> None:
        """After an orderly stop each stretch is that of a fault-free run under its configuration."""
        story = Story(FIVE).start().put(3).complete(key(0), 0, 1).commit(2).end("stopped")
        story.start(2, config={**JSON, "flush.size": "3"}).put(5).complete(key(2), 2, 3, 4).commit(5)

        assert G.IDENTICAL_OBJECTS == judge(story.history()).guarantee

    def test_a_change_of_configuration_before_the_commit_is_not(self) -> None:
        """Completed objects that were not committed are cut again elsewhere (H17)."""
        story = Story(FIVE).start().put(5).complete(key(0), 0, 1).complete(key(2), 2, 3).end()
        story.start(0, config={**JSON, "flush.size": "3"}).put(5).complete(key(0), 0, 1, 2).commit(3)

        assert G.AT_LEAST_ONCE == judge(story.history()).guarantee

    def test_an_unfinished_run_may_lack_objects_but_have_no_others(self) -> None:
        """What is not yet written cannot refute; what is written must be right."""
        story = Story(FIVE).start().put(5).complete(key(0), 0, 1).end()

        assert G.IDENTICAL_OBJECTS == judge(story.history(settled=False, drained=False)).guarantee

    def test_a_finished_run_may_lack_nothing(self) -> None:
        """The same objects are a beginning of a fault-free run, and not the whole of it."""
        history = Story(FIVE).start().put(5).complete(key(0), 0, 1).history()
        writer = course_of(history.events).last[P]
        evidence = Evidence(
            history.log, {P: [Placed(key(0), (0, 1), writer)]}, {P: writer}, is_whole=True, is_finished=True
        )

        assert not is_identical(evidence)
        assert is_identical(dataclasses.replace(evidence, is_finished=False))

    def test_a_change_of_configuration_under_a_schedule_has_a_witness_for_each(self) -> None:
        """Each stretch begins where the one before ended."""
        story = Story(FIVE, SCHEDULED).start().put(3).put(3, T0 + MINUTE).complete(key(0), 0, 1, 2).commit(3)
        story.end("stopped").start(3, T0 + HOUR, {**SCHEDULED, "rotate.schedule.interval.ms": "1000"})
        story.put(5, T0 + HOUR).put(5, T0 + HOUR + 1000).complete(key(3), 3, 4).commit(5)

        assert G.IDENTICAL_OBJECTS == judge(story.history()).guarantee

    def test_a_foreign_object_leaves_identity_unproven(self) -> None:
        """An object whose writer nobody saw is not known to be that of a fault-free run."""
        story = Story(FIVE[:3]).start().put(3)
        story.knows_order = False
        story.complete(key(0), 0, 1)

        assert G.ONCE_AT_ALL_TIMES == judge(story.end().history(settled=False)).guarantee


class TestErrants:
    """Dead letters and keys beside identical objects."""

    KEYED: ClassVar = {
        **HOURLY,
        "key.converter": "org.apache.kafka.connect.storage.StringConverter",
        "store.kafka.keys": "true",
        "keys.format.class": JSON["format.class"],
        "errors.tolerance": "all",
        "errors.deadletterqueue.topic.name": "dlq",
        "flush.size": "3",
    }
    DIRECTORY = "year=2024/month=01/day=01/hour=00"

    def log(self, *seconds: int) -> tuple[Record, ...]:
        """Records at these seconds; the third has no key, and so is errant."""
        return tuple(Record(at, T0 + s * 1000, None if at == 2 else b"k", b"%d" % at) for at, s in enumerate(seconds))

    def both(self, story: Story, first: int, *offsets: int) -> Story:
        """Values and keys of these records."""
        name = key(first, self.DIRECTORY)
        story.complete(name, *offsets)
        return story.complete(name.replace(".json", ".keys.json"), *offsets, kind="key")

    def test_errant_records_do_not_shift_what_goes_by_count(self) -> None:
        """A crash between two windows; the letter is sent again, the objects are the same."""
        story = Story(self.log(0, 1, 2, 3, 4, 5, 6), self.KEYED).start().put(5).dead_letter(2)
        self.both(story, 0, 0, 1, 3).end()
        story.start().put(7).dead_letter(2)
        self.both(self.both(story, 0, 0, 1, 3), 4, 4, 5, 6).commit(7)

        assert G.IDENTICAL_OBJECTS == judge(story.history()).guarantee

    def test_a_replay_that_begins_with_an_errant_record_cuts_elsewhere(self) -> None:
        """H12: it sets the base of the interval, which in the run before it did not."""
        config = {**self.KEYED, "flush.size": "99", "rotate.interval.ms": "60000"}
        story = Story(self.log(0, 10, 20, 70, 79, 85, 131), config).start().put(4).dead_letter(2)
        self.both(story, 0, 0, 1).commit(2).end()
        story.start(2).put(7).dead_letter(2)
        self.both(story, 3, 3, 4).commit(5)
        verdict = judge(story.history())

        assert () == verdict.findings
        assert G.ONCE_AT_ALL_TIMES == verdict.guarantee

    def test_how_a_log_was_split_is_taken_from_the_run_where_it_matters(self) -> None:
        """H13: an errant base cuts at the end of a pass; the fault-free run has the same passes."""
        config = {**self.KEYED, "flush.size": "9", "rotate.interval.ms": "60000"}
        log = tuple(Record(at, T0 + s * 1000, b"k" if at else None, b"1") for at, s in enumerate((0, 70, 30)))
        story = Story(log, config).start().put(2).dead_letter(0)
        self.both(story, 1, 1).put(3).commit(2)

        assert G.IDENTICAL_OBJECTS == judge(story.history()).guarantee

    @pytest.mark.parametrize("cut_behind", [False, True])
    def test_a_slot_may_come_before_or_behind_a_dead_letter(self, cut_behind: bool) -> None:
        """It begins the interval of the next window, or ends in the one before; each is a run without a fault."""
        config = {
            **self.KEYED,
            "flush.size": "9",
            "rotate.interval.ms": "60000",
            "rotate.schedule.interval.ms": "60000",
        }
        log = self.log(0, 10, 20, 75, 85, 145)
        story = Story(log, config).start()
        if cut_behind:
            story.put(3).dead_letter(2).put(3, T0 + MINUTE)
            self.both(story, 0, 0, 1).commit(2).put(6, T0 + MINUTE)
            self.both(story, 3, 3, 4).commit(5)
        else:
            story.put(2).put(2, T0 + MINUTE)
            self.both(story, 0, 0, 1).commit(2).put(6, T0 + MINUTE).dead_letter(2)
            self.both(self.both(story, 3, 3), 4, 4).commit(5)
        verdict = judge(story.history())

        assert () == verdict.findings
        assert G.IDENTICAL_OBJECTS == verdict.guarantee

    def test_no_slot_explains_what_no_beginning_of_a_window_does(self) -> None:
        """The dead letter is the first record of all: its interval is over before record 2 on every clock."""
        config = {
            **self.KEYED,
            "flush.size": "9",
            "rotate.interval.ms": "60000",
            "rotate.schedule.interval.ms": "60000",
        }
        log = tuple(Record(at, T0 + s * 1000, b"k" if at else None, b"1") for at, s in enumerate((0, 50, 70, 120)))
        story = Story(log, config).start().put(1).dead_letter(0).end()
        story.start(1).put(4)
        self.both(story, 1, 1, 2).commit(3)

        assert G.ONCE_AT_ALL_TIMES == judge(story.history()).guarantee
