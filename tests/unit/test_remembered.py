"""What is kept for the mapping last seen is not kept for what it was before."""

from onceproof.model.history import Record, TopicPartition
from onceproof.model.judge import judge
from onceproof.scenarios.configurations import JSON
from onceproof.scenarios.remembered import of_the_same
from onceproof.scenarios.run import Run, run
from onceproof.scenarios.scenario import CommitStep, PollStep, Rest, Scenario, Start
from onceproof.scenarios.worlds.simulated import SimulatedWorld

P = TopicPartition("t", 0)
PLAIN = {**JSON, "partitioner.class": "io.confluent.connect.storage.partitioner.DefaultPartitioner"}


def ran(config: dict[str, str], log: dict[TopicPartition, tuple[Record, ...]]) -> Run:
    """All is read at once."""
    return run(Scenario("s", config, log, (Start(), PollStep(9), CommitStep(), Rest()), 0), SimulatedWorld())


def records(count: int) -> tuple[Record, ...]:
    """So many, all alike."""
    return tuple(Record(offset, 0, None, b"{}") for offset in range(count))


def test_a_configuration_that_was_changed_in_place_is_read_anew() -> None:
    """As somebody does who tries one property after another."""
    config, found = dict(PLAIN), {}
    for size in (1, 2, 4):
        config["flush.size"] = str(size)
        found[size] = len(ran(config, {P: records(4)}).history.versions)

    assert {1: 4, 2: 2, 4: 1} == found


def test_a_log_that_was_changed_in_place_is_read_anew() -> None:
    """The sink is not accused of records that it was never handed."""
    log = {P: records(2)}
    assert 1 == len(ran({**PLAIN, "flush.size": "2"}, log).history.versions)
    log[P] = records(4)
    second = ran({**PLAIN, "flush.size": "2"}, log)

    assert 2 == len(second.history.versions)
    assert () == judge(second.history).findings


def test_the_same_mapping_is_worked_out_once() -> None:
    """Until it is another, or is forgotten."""
    asked = []
    made = of_the_same(lambda mapping: asked.append(dict(mapping)))
    one = {"a": 1}
    for _ in range(3):
        made(one)
    one["a"] = 2
    made(one)
    made.cache_clear()  # type: ignore[attr-defined]
    made(one)

    assert [{"a": 1}, {"a": 2}, {"a": 2}] == asked
