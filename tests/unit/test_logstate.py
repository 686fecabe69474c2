"""What of a log is there, when records come and go."""

from onceproof.model.history import Record, TopicPartition
from onceproof.scenarios.configurations import CONFIGURATIONS
from onceproof.scenarios.logstate import LogState
from onceproof.scenarios.partitions import of_sink
from onceproof.scenarios.run import run
from onceproof.scenarios.scenario import Compact, PollStep, Rest, Scenario, Start, StopStep
from onceproof.scenarios.worlds.simulated import SimulatedWorld

P = TopicPartition("t", 0)
AT = of_sink(P)
LOG = {P: tuple(Record(offset, 0, None, b"{}") for offset in (3, 4, 6, 7))}


def test_a_log_begins_and_ends_with_what_it_shows() -> None:
    """One of the last two records comes."""
    state = LogState(LOG, hidden=2)

    assert ({AT: 5}, False, True) == (state.ends, state.is_read(AT, 4), state.is_read(AT, 5))
    assert state.show(1)
    assert ({AT: 7}, False, True) == (state.ends, state.is_read(AT, 5), state.is_read(AT, 7))


def test_a_log_that_lost_its_last_records_ends_where_it_ended() -> None:
    """Its end offset stays, but who stands behind its last record has read it all."""
    state = LogState(LOG)
    state.remove(AT, frozenset({6, 7}))

    assert ({AT: 8}, True) == (state.ends, state.is_read(AT, 5))
    assert not state.show(1)
    assert {AT: 8} == state.ends
    assert 8 == state.position(AT, 8, "earliest")


def test_a_log_that_lost_its_first_records_begins_behind_them() -> None:
    """What was committed before is out of its reach."""
    state = LogState(LOG)
    state.remove(AT, state.below(AT, 6))

    assert (6, 6, 8, None) == (
        state.position(AT, 6, "none"),
        state.position(AT, 4, "earliest"),
        state.position(AT, None, "latest"),
        state.position(AT, 4, "none"),
    )


def test_one_log_serves_many_states() -> None:
    """What one takes out of it is there for the next."""
    LogState(LOG).remove(AT, frozenset({7}))

    assert not LogState(LOG).is_read(AT, 7)


def test_nothing_comes_at_rest_where_compaction_took_the_last_record() -> None:
    """The rest ends behind the last record that is there, and tells of no others."""
    course = (Start(), PollStep(1), StopStep(), Compact(P, (7,)), Rest())
    ran = run(Scenario("s", CONFIGURATIONS[0].properties, LOG, course, 0), SimulatedWorld())

    assert ran.history.drained
    assert "more records came" not in map(str, (getattr(event, "what", "") for event in ran.history.events))
