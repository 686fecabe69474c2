"""A history that is written down can be read back and judged again."""

import pytest

from onceproof.model import jsonlines
from onceproof.model.history import DeadLettered, History, Record, Requested, TopicPartition, Version
from onceproof.model.judge import judge
from onceproof.scenarios import files
from onceproof.scenarios.replay import LIBRARY
from onceproof.scenarios.run import run
from onceproof.scenarios.worlds.simulated import SimulatedWorld


@pytest.mark.parametrize("path", sorted(LIBRARY.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_history_reads_back_the_same(path) -> None:
    """What is read back equals what was written, and comes to the same verdict."""
    history = run(files.load(path), SimulatedWorld()).history
    again = jsonlines.loads(jsonlines.dumps(history))

    assert history == again
    assert judge(history) == judge(again)


def test_any_bytes_survive() -> None:
    """Bytes that are no text, line separators of Unicode, absent keys and headers come back as they were."""
    records = (
        Record(7, None, None, b"\xff\x00", (("h", None), ("h", b"\xe2\x80\xa8"))),
        Record(9, -1, b"\xc2\x85", "\u2028\n".encode()),
    )
    history = History("w", {TopicPartition("t-1", 3): records}, (), ())

    assert history == jsonlines.loads(jsonlines.dumps(history))


def test_dead_letters_texts_and_schemas_survive() -> None:
    """What a body says where it does not say it itself, and what the registry holds."""
    partition = TopicPartition("t", 0)
    events = (
        DeadLettered(1, partition, 3, "unknown", applied=None, detail="null key"),
        Requested(1, partition, "tag", "k", "", "ok", applied=True),
    )
    versions = (Version("k", "v", b"\x1f\x8b", b'{"i":1}\n'), Version("l", "w", b"1\n"))
    history = History("w", {partition: ()}, events, versions, schemas={7: '"string"'})

    assert history == jsonlines.loads(jsonlines.dumps(history))


def test_a_history_of_an_older_version_has_neither_texts_nor_schemas() -> None:
    """Files of before there were any still load, and what has none is written as it was."""
    head = '{"history": 1, "world": "w", "unfinished_uploads": [], "committed": [], "settled": true, "drained": true}'
    text = f'{head}\n{{"version": "k", "version_id": "v", "body": "1"}}\n'

    assert History("w", {}, (), (Version("k", "v", b"1"),)) == jsonlines.loads(text)
    assert text == jsonlines.dumps(jsonlines.loads(text))


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"history":2}', '{"event":"Moved"}', "nonsense"])
def test_what_is_no_history_is_refused_by_its_line(text: str) -> None:
    """The message names the line."""
    with pytest.raises(ValueError, match="line 1: "):
        jsonlines.loads(text)
