"""What steps do that concern several lives, or the outside: owners that freeze, requests that come late, other logs."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from onceproof.model import history as h
from onceproof.model.judge import judge
from onceproof.scenarios.configurations import CONFIGURATIONS, JSON
from onceproof.scenarios.errors import ScenarioError
from onceproof.scenarios.run import Run, run
from onceproof.scenarios.scenario import (
    Arrive,
    Clock,
    CommitStep,
    Compact,
    Crash,
    ExpireOffsets,
    Fault,
    Foreign,
    Outage,
    Pause,
    PollStep,
    Produce,
    Rebalance,
    Rest,
    RestartBroker,
    Restore,
    Scenario,
    SetOffsets,
    Start,
    Step,
    StopStep,
    Thaw,
    Trim,
)
from onceproof.scenarios.worlds.simulated import SimulatedWorld

NOW_MS = 1_706_713_200_000
T0, T1 = h.TopicPartition("t", 0), h.TopicPartition("t", 1)
BY_TWOS = {
    **JSON,
    "partitioner.class": "io.confluent.connect.storage.partitioner.DefaultPartitioner",
    "flush.size": "2",
}
SCHEDULED = {**BY_TWOS, "flush.size": "1000", "timezone": "UTC", "rotate.schedule.interval.ms": "60000"}
UNCONDITIONAL = {**SCHEDULED, "enable.conditional.writes": "false"}
SLOT = Clock(add_ms=60_000)


def ran(course: tuple[Step, ...], config: Mapping[str, str] = BY_TWOS, records: int = 4, partitions: int = 1) -> Run:
    """A course over `records` records of each partition, a second apart."""
    log = {
        h.TopicPartition("t", number): tuple(
            h.Record(at, NOW_MS + 1000 * at, None, b'{"i":%d}' % at) for at in range(records)
        )
        for number in range(partitions)
    }
    return run(Scenario("steps", config, log, course, NOW_MS), SimulatedWorld())


def objects(found: Run) -> dict[str, tuple[int, ...]]:
    """What stands at rest, by the end of the name."""
    return {each.key.rpartition("+")[2].removesuffix(".json"): each.offsets for each in judge(found.history).objects}


def kinds(found: Run) -> list[str]:
    """What the judge found."""
    return sorted({finding.kind for finding in judge(found.history).findings})


def test_a_frozen_owner_that_thaws_loses_what_its_successor_wrote() -> None:
    """It overwrites a longer object of the same name with its shorter one, and its commit is refused."""
    owner = (Fault("complete", kind="freeze"), Start(), PollStep(2), SLOT, PollStep(0))
    successor = (Start(), PollStep(4), SLOT, PollStep(0), CommitStep())
    found = ran((*owner, *successor, Thaw(), Rest()), UNCONDITIONAL)

    assert {"0000000000": (0, 1)} == objects(found)
    assert ["lost", "rewritten"] == kinds(found)
    assert {T0: 4} == found.history.committed


def test_a_frozen_owner_goes_on_effect_by_effect() -> None:
    """After one effect it stands still again; what it does is noted as its own, between those of its successor."""
    owner = (Fault("create", kind="freeze"), Start(), PollStep(2))
    successor = (Start(), Fault("complete", kind="thaw", effects=1), PollStep(2))
    found = ran((*owner, *successor, Thaw(1), Thaw(1), CommitStep(), Rest()))

    requests = [(event.life, event.request) for event in found.history.events if isinstance(event, h.Requested)]
    assert [(1, "create"), (1, "part"), (0, "create"), (1, "complete"), (0, "part"), (0, "complete")] == requests[:6]
    assert "identical objects" == judge(found.history).guarantee.value


def test_a_frozen_owner_that_thaws_meets_the_outage_that_is_on() -> None:
    """The bucket answers nobody: what it was about to complete is refused, also where the outage began meanwhile."""
    owner = (Fault("complete", kind="freeze"), Start(), PollStep(2))
    found = ran((*owner, Start(), Outage(), Thaw(), Restore(), Rest()))

    requests = [event for event in found.history.events if isinstance(event, h.Requested) and event.life == 0]
    assert ["failed"] == [event.outcome for event in requests if event.request == "complete"]
    assert {"0000000000": (0, 1), "0000000002": (2, 3)} == objects(found)


def test_a_frozen_owner_that_thaws_meets_no_fault() -> None:
    """What was armed meanwhile waits for its successor."""
    owner = (Fault("complete", kind="freeze"), Start(), PollStep(2))
    found = ran((*owner, Fault("complete", kind="503"), Thaw(), Start(), PollStep(2), Clock(add_ms=5000), Rest()))

    failed = [event.life for event in found.history.events if isinstance(event, h.Requested) and event.detail == "503"]
    assert [1] == failed


def test_a_member_that_was_replaced_cannot_commit() -> None:
    """The commit of a frozen owner is refused, whatever it names."""
    found = ran((Fault("commit", kind="freeze"), Start(), PollStep(2), CommitStep(), Start(), Thaw(), Rest()))

    refused = [event for event in found.history.events if isinstance(event, h.Committed) and event.outcome != "ok"]
    assert [(0, {T0: 2}, False)] == [(event.life, event.offsets, event.applied) for event in refused]
    assert {T0: 4} == found.history.committed


def test_a_life_that_stays_frozen_ends_with_the_run() -> None:
    """It holds what it holds, and nothing comes of it."""
    found = ran((Fault("complete", kind="freeze"), Start(), PollStep(2), Rest()))

    assert h.Ended(0, "killed", "frozen to the end") in found.history.events
    assert ("stopped", {"0000000000": (0, 1), "0000000002": (2, 3)}) == (found.state, objects(found))


def test_a_frozen_owner_goes_on_behind_an_effect_too() -> None:
    """Frozen when its object stood already, it only has its reply to read."""
    found = ran((Fault("complete", when="after", kind="freeze"), Start(), PollStep(2), Start(), Thaw(), Rest()))

    assert ["leaked"] != kinds(found)
    assert {"0000000000": (0, 1), "0000000002": (2, 3)} == objects(found)


def test_a_completion_that_arrives_late_is_the_writers_that_sent_it() -> None:
    """It overwrites what stood there; with record time both say the same."""
    found = ran((Fault("complete", when="late", kind="io"), Start(), PollStep(2), Clock(add_ms=5000), Rest(), Arrive()))

    assert [b'{"i":0}\n{"i":1}\n'] * 2 == [
        each.body for each in found.history.versions if each.key.endswith("0000.json")
    ]
    assert [] == kinds(found)
    assert "identical objects" == judge(found.history).guarantee.value


def test_a_late_completion_of_a_schedule_undoes_what_followed() -> None:
    """Its shorter object comes over the longer one."""
    first = (Fault("complete", when="late", kind="io"), Start(), PollStep(2), SLOT, PollStep(0), Crash())
    second = (Start(), PollStep(4), SLOT, PollStep(0), CommitStep())
    found = ran((*first, *second, Arrive(), Rest()), UNCONDITIONAL)

    assert ["lost", "rewritten"] == kinds(found)


def test_a_commit_that_arrives_late_takes_the_group_back() -> None:
    """Within its generation it is applied, over a newer one; the next life reads again, and writes the same."""
    late = Fault("commit", when="late", kind="io")
    found = ran((late, Start(), PollStep(2), CommitStep(), PollStep(2), CommitStep(), Arrive(), Crash(), Rest()))

    committed = [
        event.offsets[T0] for event in found.history.events if isinstance(event, h.Committed) and event.applied
    ]
    assert [4, 2, 4] == committed
    assert "identical objects" == judge(found.history).guarantee.value


def test_a_late_commit_of_a_generation_that_is_over_is_refused() -> None:
    """The broker fences it."""
    late = Fault("commit", when="late", kind="io")
    found = ran((late, Start(), PollStep(2), CommitStep(), Start(), Arrive(), Rest()))

    assert [False] == [event.applied for event in found.history.events if isinstance(event, h.Committed) and event.late]


def test_an_unsent_request_is_not_applied_though_nobody_knows() -> None:
    """To the sink it is as a lost reply."""
    found = ran((Fault("complete", when="unsent", kind="io"), Start(), PollStep(2), Rest()))

    failed = [event for event in found.history.events if isinstance(event, h.Requested) and event.outcome != "ok"]
    assert [("unknown", False)] == [(event.outcome, event.applied) for event in failed]
    assert "identical objects" == judge(found.history).guarantee.value


@pytest.mark.parametrize("kind", ["429", "500", "502", "503", "504", "SlowDown", "200", "io"])
def test_an_outage_is_waited_for(kind: str) -> None:
    """Every request is answered so; when the bucket answers again, the sink goes on as if nothing had been."""
    again = (Clock(add_ms=5000), PollStep(0))  # a partition that is backed off is paused until the next put
    found = ran((Start(), Outage(kind), PollStep(2), *again, PollStep(2), Restore(), *again, Rest()))

    refused = [event for event in found.history.events if isinstance(event, h.Requested) and event.outcome == "failed"]
    assert 2 == len(refused)
    assert "identical objects" == judge(found.history).guarantee.value


@pytest.mark.parametrize("kind", ["403", "ExpiredToken", "409"])
def test_what_no_retry_can_mend_ends_the_task(kind: str) -> None:
    """The next life finds the log as it was."""
    found = ran((Fault("complete", kind=kind), Start(), PollStep(2), Rest()))

    assert ["failed", "stopped"] == [event.how for event in found.history.events if isinstance(event, h.Ended)]
    assert "identical objects" == judge(found.history).guarantee.value


def test_an_outage_at_the_start_fails_it() -> None:
    """The bucket is asked for before anything is read; at rest it answers."""
    found = ran((Outage(), Start(), Rest()))

    assert ["failed", "stopped"] == [event.how for event in found.history.events if isinstance(event, h.Ended)]


def test_a_head_that_fails_ends_the_task() -> None:
    """Whether the name is taken cannot be told then (reference 6.4)."""
    course = (Start(), PollStep(1), SLOT, PollStep(0), Crash(), Fault("head", kind="503"), Start(), PollStep(1), SLOT)
    found = ran((*course, PollStep(0), Rest()), SCHEDULED)

    assert ["killed", "failed", "stopped"] == [e.how for e in found.history.events if isinstance(e, h.Ended)]


def test_retention_takes_what_was_not_stored_yet() -> None:
    """Reference 7.3 H21: reading begins behind what is gone, and the records of the open file are nowhere."""
    course = (Start(), PollStep(3), CommitStep(), Crash(), Trim(T0, 3), Rest())
    found = ran(course, records=5)

    assert {"0000000000": (0, 1), "0000000003": (3, 4)} == objects(found)
    assert [(2,)] == [each.offsets for each in judge(found.history).findings if each.kind == "lost"]


def test_compaction_between_lives_is_no_loss_but_moves_the_cuts() -> None:
    """Reference 7.3 H22: completed and not committed, then read again without a record."""
    found = ran((Start(), PollStep(4), Crash(), Compact(T0, (1,)), Rest()), records=6)

    assert {"0000000000": (0, 2), "0000000002": (2, 3), "0000000003": (3, 4)} == objects(found)
    assert ["duplicated", "rewritten"] == kinds(found)


def test_a_reader_from_the_end_misses_what_came_while_it_was_away() -> None:
    """Reference 7.3 H20: latest, and a crash before the first commit."""
    config = {**BY_TWOS, "consumer.override.auto.offset.reset": "latest"}
    found = ran(
        (Start(), Produce(1), PollStep(1), Crash(), Start(), Produce(2), PollStep(2), Rest()), config, records=3
    )

    assert {"0000000001": (1, 2)} == objects(found)
    assert [(0,)] == [each.offsets for each in judge(found.history).findings if each.kind == "lost"]


@pytest.mark.parametrize("reset", ["LATEST", " latest ", "Latest"])
def test_the_latest_is_read_as_kafka_reads_it(reset: str) -> None:
    """In any case of letters, and with blanks around it."""
    config = {**BY_TWOS, "consumer.override.auto.offset.reset": reset}
    found = ran((Start(), Produce(2), PollStep(2), CommitStep(), Rest()), config, records=4)

    assert 2 == next(event.offset for event in found.history.events if isinstance(event, h.Opened))


@pytest.mark.parametrize("reset", ["none", " None "])
def test_without_an_offset_and_a_reset_no_life_begins(reset: str) -> None:
    """The consumer fails at its first start, and at each that follows: no record is stored, and the run says so."""
    config = {**BY_TWOS, "consumer.override.auto.offset.reset": reset}
    found = ran((Start(), PollStep(2), CommitStep(), Rest()), config)

    ends = [event for event in found.history.events if isinstance(event, h.Ended)]
    assert {"failed"} == {event.how for event in ends}
    assert "t-0: no offset is committed that its log reaches" in ends[0].detail
    assert ("failed", {}, False) == (found.state, objects(found), found.history.drained)
    assert "stuck" in kinds(found)


def test_with_an_offset_there_is_no_need_of_a_reset() -> None:
    """Offsets that were set by hand are where a life begins; one that the log does not reach fails it."""
    config = {**BY_TWOS, "consumer.override.auto.offset.reset": "none"}
    course = (SetOffsets({T0: 0}), Start(), PollStep(4), CommitStep())
    found = ran((*course, Rest()), config)
    gone = ran((*course, StopStep(), SetOffsets({T0: 9}), Start(), Rest()), config)

    assert ("stopped", "identical objects") == (found.state, judge(found.history).guarantee.value)
    assert "failed" == gone.state


def test_a_partition_that_comes_without_an_offset_ends_the_life() -> None:
    """So does one that a rebalance brings, where no offset is committed and none is to be taken instead."""
    config = {**BY_TWOS, "consumer.override.auto.offset.reset": "none"}
    course = (SetOffsets({T0: 0}), Start(assign=(T0,)), PollStep(2), Rebalance((T0, T1)), PollStep(2))
    found = ran(course, config, partitions=2)

    assert ("failed", {T0: 2}) == (found.state, found.history.committed)


def test_records_that_are_not_there_yet_are_not_read() -> None:
    """What all steps together produce is hidden at first; at rest everything is there."""
    found = ran((Start(), PollStep(9), Produce(1), PollStep(9), Produce(1), Rest()))

    assert [2, 3, 4] == sorted({event.end_offset for event in found.history.events if isinstance(event, h.Put)})


def test_an_object_of_somebody_else_blocks_a_name() -> None:
    """Reference 7.3 H7: with conditional writes the first record is taken as stored, and is lost."""
    foreign = Foreign("topics/t/partition=0/t+0+0000000000.json", b"theirs")
    found = ran((foreign, Start(), PollStep(2), SLOT, PollStep(0), Rest()), SCHEDULED, records=2)

    assert [(0,)] == [each.offsets for each in judge(found.history).findings if each.kind == "lost"]
    assert "leaked" in kinds(found)


def test_offsets_set_by_hand_are_where_reading_begins() -> None:
    """Back to the start: everything is read again."""
    found = ran((Start(), PollStep(4), StopStep(), SetOffsets({T0: 0}), Start(), PollStep(4), Rest()))

    assert [0, 0] == [event.offset for event in found.history.events if isinstance(event, h.Opened)][:2]
    assert "identical objects" == judge(found.history).guarantee.value


def test_two_workers_have_clocks_of_their_own() -> None:
    """A life's clock may run before that of the others, and moves with it."""
    found = ran((Start(), PollStep(2), Start(skew_ms=-7000), SLOT, PollStep(2), Rest()))

    nows = [(event.life, event.now_ms - NOW_MS) for event in found.history.events if isinstance(event, h.Put)]
    assert [(0, 0), (1, 53_000)] == nows[:2]


def test_partitions_that_are_lost_are_closed_without_a_commit() -> None:
    """What was completed and not committed is read again."""
    found = ran((Start(), PollStep(2), Rebalance((T0,), "lost"), Rest()))

    assert [0, 0] == [event.offset for event in found.history.events if isinstance(event, h.Opened)]
    assert "identical objects" == judge(found.history).guarantee.value


def test_a_cooperative_rebalance_drops_the_writers_that_are_kept() -> None:
    """Reference 7.3 H27: the next record of a kept partition ends the task."""
    found = ran((Start(), PollStep(1), Rebalance((T0,), "cooperative"), PollStep(1), Rest()), partitions=2)

    assert ["failed", "stopped"] == [event.how for event in found.history.events if isinstance(event, h.Ended)]


@pytest.mark.parametrize("step", [ExpireOffsets(), SetOffsets({T0: 0}), Trim(T0, 1), Compact(T0, (0,))])
def test_what_happens_between_lives_happens_there_alone(step: Step) -> None:
    """Named, with the reason."""
    with pytest.raises(ScenarioError, match="only while no life of the sink runs"):
        ran((Start(), step))


@pytest.mark.parametrize(
    ("course", "message"),
    [
        ((Start(), Thaw()), "no life of the sink is frozen"),
        ((Start(), Arrive()), "no request is under way"),
        ((Pause(1, 2), Start(), PollStep(0), Pause(1, 9)), "would have to be read 9 more times"),
    ],
)
def test_what_cannot_go_on_is_said(course: tuple[Step, ...], message: str) -> None:
    """A course that makes no sense is no run."""
    with pytest.raises(ScenarioError, match=message):
        ran(course)


def test_a_pause_is_over_when_the_clock_was_read_so_often() -> None:
    """Each partition reads it when it is opened and at each put: the third reading is before the pause, not behind it.

    A successor whose clock runs before the others' goes through the same pause.
    """
    found = ran((Pause(1000, 3), Start(), PollStep(0), Crash(), Pause(500, 1), Start(skew_ms=50), Rest()), partitions=2)

    opened = [event.now_ms - NOW_MS for event in found.history.events if isinstance(event, h.Opened)]
    puts = [event.now_ms - NOW_MS for event in found.history.events if isinstance(event, h.Put)]

    assert [0, 0, 1050, 1550] == opened
    assert [0, 1000] == puts[:2]
    assert {1550} == {*puts[2:]}
    assert h.Changed("the clock moved on 1 s") in found.history.events


def test_a_broker_that_restarts_forgets_nothing_but_commits_that_are_under_way() -> None:
    """A completion that is under way arrives all the same: it goes elsewhere.

    No commit that was lost is made up for, but by that of a later file.
    """
    late = (Fault("complete", when="late", kind="io"), Start(), PollStep(2), Crash(), Start(), PollStep(2))
    commits = (*late, CommitStep(), Fault("commit", when="late", kind="io"), PollStep(2), CommitStep())
    found = ran((*commits, RestartBroker(), Arrive(), Rest()))
    lost = ran((Fault("commit", when="late", kind="io"), Start(), PollStep(2), CommitStep(), RestartBroker(), Rest()))

    assert ["complete"] == [
        each.request for each in found.history.events if isinstance(each, h.Requested) and each.late
    ]
    assert [] == [each for each in found.history.events if isinstance(each, h.Committed) and each.late]
    assert [{T0: 2}, {T0: 4}] == [found.history.committed, lost.history.committed]
    with pytest.raises(ScenarioError, match="no request is under way"):
        ran((*lost.scenario.course, Arrive()))


def test_what_a_scenario_needs_is_named() -> None:
    """So that worlds can refuse it."""
    calm = ran((Start(), Rest())).scenario
    steps = (
        Thaw(),
        Arrive(),
        Rebalance((T0,), "cooperative"),
        Trim(T0, 1),
        Produce(1),
        Foreign("k", b""),
        RestartBroker(),
    )
    needs = [replace(calm, course=(step,)).needs() for step in (*steps, SetOffsets({T0: 0}), Pause(1, 1), Outage())]

    assert [
        {"frozen owners"},
        {"requests that arrive late"},
        {"cooperative rebalances"},
        {"retention"},
        {"records produced during the course"},
        {"objects of others"},
        {"a broker that restarts"},
        {"offsets set by hand"},
        {"pauses within a put"},
        set(),
    ] == needs


def test_every_row_of_the_built_in_table_reads_a_log_from_the_end() -> None:
    """The property is one of the consumer's, and changes nothing where offsets are committed."""
    config = {**CONFIGURATIONS[0].properties, "consumer.override.auto.offset.reset": "latest"}

    assert "stopped" == ran((Start(), PollStep(2), Rest()), config).state
