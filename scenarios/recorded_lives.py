"""What was recorded of the real connector, as inputs of the model: the writers of a case, and its history.

A rewind or a rebalance begins a new writer; each is set against what the model predicts from the puts that it saw.
"""

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from onceproof.model.history import (
    CommitAsked,
    Committed,
    DeadLettered,
    Ended,
    Event,
    History,
    Opened,
    Put,
    Requested,
    Rewound,
    Started,
    TopicPartition,
    Version,
)
from onceproof.model.placement import Expected, Life, Object, OutsideDomain, Pass, expected
from onceproof.model.predictions import text_of as model_text_of
from onceproof.scenarios.errors import ScenarioError
from onceproof.scenarios.recordings import Recording, assigned, dead_letters, log_of, texts

Found: TypeAlias = tuple[int | None, str, Any, Any]
"""A difference: step, what, recorded, and what the model says."""


@dataclass(slots=True)
class RecordedLife:
    """A life, with what was recorded of it: for each pass the keys that appeared, for each ask the answer."""

    config: Mapping[str, str]
    partition: TopicPartition
    start_offset: int
    opened_ms: int
    failed_ms: int | None = None
    passes: list[Pass] = field(default_factory=list)
    asks: list[int] = field(default_factory=list)
    keys: list[list[str]] = field(default_factory=list)
    """By pass, in order."""
    steps: list[int] = field(default_factory=list)
    """By pass: the step of the case that it belongs to."""
    answers: list[int | None] = field(default_factory=list)
    is_cut_short: bool = False
    """A fault, a rewind or a crash inside a pass: not all that was begun in the last pass was finished."""
    has_died: bool = False
    """Its process failed in the last pass."""
    is_interrupted: bool = False
    """A fault or a rewind inside its last pass: what is predicted of that pass may not all have happened."""
    letters: list[int] = field(default_factory=list)
    """Offsets that were reported to the errant record reporter, in order."""

    @property
    def position(self) -> int:
        """Where reading stands."""
        return self.passes[-1].end_offset if self.passes else self.start_offset

    def life(self) -> Life:
        """The same as the model's input."""
        return Life(
            self.config, self.partition, self.start_offset, self.opened_ms, tuple(self.passes),
            tuple(self.asks), self.failed_ms,
        )  # fmt: skip


def differences_of_model(
    recording: Recording,
) -> tuple[Literal["equal", "different", "outside its domain"], Found | None, str]:
    """Set the model against a recording: what came of it, the first difference, and why it is outside the domain."""
    try:
        first = next(_differences(recording), None)
    except OutsideDomain as error:
        return "outside its domain", None, str(error)
    return ("equal" if first is None else "different"), first, ""


def _differences(recording: Recording) -> Iterator[Found]:
    """Names by pass in order, dead letters, answers, contents, and what kills; rewinds and crashes included."""
    log = log_of(recording.case)
    versions = {(seen["key"], version["step"]): version for seen in recording.objects for version in seen["versions"]}
    for life in lives_of(recording):
        wanted = expected(log[life.partition], life.life())
        yield from _of_life(life, wanted, is_alone=len(log) == 1)
        completed = sum(map(len, life.keys))
        for made in wanted.objects[:completed]:
            step = life.steps[made.pass_index]
            text = model_text_of(log[life.partition], life.config, life.partition, made)
            yield from _of_object(step, versions.get((made.key, step)), made, text)


def _of_life(life: RecordedLife, wanted: Expected, *, is_alone: bool) -> Iterator[Found]:
    is_prefix = life.is_interrupted or (life.is_cut_short and wanted.failed is None)
    seen = [(index, key) for index, keys in enumerate(life.keys) for key in keys]
    named = [(made.pass_index, made.key) for made in wanted.objects]
    named = named[: len(seen)] if is_prefix else named
    if seen != named:
        at = next(
            (at for at, (a, b) in enumerate(zip(seen, named, strict=False)) if a != b), min(len(seen), len(named))
        )
        index = min(each[at][0] for each in (seen, named) if at < len(each))
        yield life.steps[index], f"objects of {life.partition}", seen[at:][:1], named[at:][:1]
    last_step = life.steps[-1] if life.steps else None
    # Another partition of the same task may be what killed a life.
    is_told = not life.is_interrupted and (wanted.failed is not None or is_alone)
    if is_told and (wanted.failed is not None) != life.has_died:
        yield last_step, f"death of {life.partition}", life.has_died, wanted.failed
    yield from _of_letters(life, wanted, last_step)
    # A pass that met a fault did not return, so what it did is not known.
    last = len(life.passes) if is_prefix else len(life.passes) + 1
    answers = [answer for ask, answer in zip(life.asks, life.answers, strict=True) if ask < last]
    said = list(wanted.commits[: len(answers)])
    if answers != said:
        yield last_step, f"offsets handed out by {life.partition}", answers, said


def _of_letters(life: RecordedLife, wanted: Expected, last_step: int | None) -> Iterator[Found]:
    """Those of the task itself; what converters refuse is reported by the runtime, which a recording may leave out."""
    said = [letter.offset for letter in wanted.dead_letters]
    of_task = [letter.offset for letter in wanted.dead_letters if letter.stage != "conversion"]
    if life.is_interrupted:
        said, of_task = said[: len(life.letters)], of_task[: len(life.letters)]
    if life.letters not in (said, of_task):
        yield last_step, f"dead letters of {life.partition}", life.letters, said


def _of_object(step: int, version: Mapping[str, Any] | None, made: Object, text: bytes) -> Iterator[Found]:
    """Byte for byte, compressed ones by their plain text, binary ones by their records."""
    if version is None:
        yield step, f"versions of {made.key}", 0, 1
        return
    digest = version.get("plain_sha256", version.get("sha256"))
    if digest is None:
        if text_of(version) != text:
            yield step, f"content of {made.key}", text_of(version), text
    elif digest != hashlib.sha256(text).hexdigest():
        yield step, f"content of {made.key}", version.get("text", digest), text


def text_of(version: Mapping[str, Any]) -> bytes | None:
    """What a recorded version says: decompressed, and binary formats as canonical lines; None for a digest alone."""
    if "text" in version:
        return str(version["text"]).encode()
    if "b64" in version:
        return base64.b64decode(version["b64"])
    records = version.get("avro_records", version.get("parquet_records"))
    if records is None:
        return None
    lines = [_canonical(record, version.get("avro_schema", "")) for record in records]
    return b"".join([line.encode() + b"\n" for line in lines])


def _canonical(record: str, avro_schema: str) -> str:
    try:
        tree = json.loads(record)
    except ValueError:
        tree = record  # primitives are recorded bare
    if '"io.confluent.connect.avro.Anything"' in avro_schema or '"name":"Anything"' in avro_schema:
        tree = _anything(tree)
    if isinstance(tree, int | float) and '"string"' in avro_schema:
        tree = record
    return json.dumps(tree, ensure_ascii=False, separators=(",", ":"))


def _anything(tree: Any) -> Any:
    """The one field that is not null of a record of Avro's type for values without schema."""
    if not isinstance(tree, dict):
        return tree
    found = next(((name, value) for name, value in tree.items() if value is not None), None)
    if found is None:
        return None
    if found[0] == "array":
        return [_anything(item) for item in found[1]]
    if found[0] == "map":
        return dict(sorted((_anything(entry["key"]), _anything(entry["value"])) for entry in found[1]))
    return found[1]


def lives_of(recording: Recording) -> list[RecordedLife]:
    """The lives of a case in order of their beginning; a rewind or a rebalance begins a new one."""
    return _Reader(recording).read()


def history_of(recording: Recording) -> History | None:
    """A case as the judge reads it; None where the recording holds a digest instead of an object's text.

    What stands in a body that is compressed or binary is not recorded, so its text stands for it.
    """
    versions = []
    for seen in recording.objects:
        for number, version in enumerate(seen["versions"]):
            text = text_of(version)
            if text is None:
                return None
            versions.append(Version(seen["key"], str(number), text))
    reader = _Reader(recording)
    reader.read()
    return History(
        world="recorded",
        log=reader.log,
        events=tuple(reader.events),
        versions=tuple(versions),
        committed=reader.committed,
        settled=False,
        drained=False,
    )


class _Reader:
    """Walks the steps of a recording and keeps what Connect's worker knows."""

    def __init__(self, recording: Recording) -> None:
        self.case = recording.case
        self.seen = recording.steps
        self.log = log_of(self.case)
        self.config = texts(self.case["props"])
        self.now_ms = self.case["clock"]
        self.committed: dict[TopicPartition, int] = {}
        self.open: dict[TopicPartition, RecordedLife] = {}
        self.lives: list[RecordedLife] = []
        self.events: list[Event] = []
        self.process = 0
        self.version: Counter[str] = Counter()
        """How many versions of each key were written so far."""

    def read(self) -> list[RecordedLife]:
        for index, step in enumerate(self.case["steps"]):
            seen = self.seen.get(index, {})
            if not seen.get("skipped"):
                getattr(self, f"_{step['op']}")(index, step, seen)
            if seen.get("state") in ("FAILED", "REJECTED") or seen.get("crashed"):
                for life in self.open.values():
                    life.is_interrupted |= bool(seen.get("crashed") or seen.get("faults"))
                self._fail(seen)
                self._end("failed" if seen.get("state") == "FAILED" else "killed", cut_short=True)
        return self.lives

    def _start(self, index: int, step: Mapping[str, Any], seen: Mapping[str, Any]) -> None:
        for name, value in texts(step.get("props")).items():
            if value is None:
                self.config.pop(name, None)
            else:
                self.config[name] = value
        if seen.get("state") == "RUNNING":
            self.process += 1
            self.events.append(Started(self.process, dict(self.config)))
            self._open(step.get("assign"))

    def _poll(self, index: int, step: Mapping[str, Any], seen: Mapping[str, Any]) -> None:
        delivered = seen.get("delivered", {})
        keys = self._keys(seen.get("puts", []))
        for partition, life in self.open.items():
            ends = delivered.get(str(partition))
            end_offset = ends[1] + 1 if ends else life.position
            if seen.get("state") == "FAILED" and not delivered:  # a record could not be converted: polled all the same
                end_offset = self._end_of_poll(partition, life.position, step["n"])
            life.passes.append(Pass(end_offset, self.now_ms))
            life.keys.append(keys.get(partition, []))
            life.steps.append(index)
            self.events.append(Put(self.process, partition, life.position, self.now_ms))
            for key in life.keys[-1]:
                self.events.append(self._completed(partition, key))
        for name, offset, why in dead_letters(seen):
            partition = self._partition(name)
            self.open[partition].letters.append(offset)
            self.events.append(DeadLettered(self.process, partition, offset, "ok", applied=True, detail=why))
        for name, offset in (seen.get("rewind") or {}).items():
            partition = self._partition(name)
            self.open[partition].is_cut_short = self.open[partition].is_interrupted = True
            self.events.append(Rewound(self.process, partition, offset, self.now_ms))
            self._begin(partition, offset, failed_ms=self.now_ms)

    def _partition(self, name: str) -> TopicPartition:
        for partition in self.open:
            if str(partition) == name:
                return partition
        raise ScenarioError(f"{name} is named, and not assigned")

    def _end_of_poll(self, partition: TopicPartition, position: int, count: int) -> int:
        offsets = [record.offset for record in self.log[partition] if record.offset >= position][:count]
        return offsets[-1] + 1 if offsets else position

    def _commit(self, index: int, step: Mapping[str, Any], seen: Mapping[str, Any]) -> None:
        answers = seen.get("pre_commit") or {}
        for partition, life in self.open.items():
            life.asks.append(len(life.passes))
            life.answers.append(answers.get(str(partition)))
        self.events.append(CommitAsked(self.process))
        self._commit_on_fail(seen)

    def _commit_on_fail(self, seen: Mapping[str, Any]) -> None:
        """What of the answers reached the broker: nothing beyond the position that Connect had recorded."""
        ignored = seen.get("ignored_by_framework", {})
        answers = {name: at for name, at in (seen.get("pre_commit") or {}).items() if name not in ignored}
        found = {each: answers[str(each)] for each in self.log if str(each) in answers}
        if found:
            self.committed.update(found)
            self.events.append(Committed(self.process, found, "ok", applied=True))

    def _fail(self, seen: Mapping[str, Any]) -> None:
        """The process is over: what its closing commit did, if it had one."""
        closing = seen.get("on_fail")
        for partition, life in self.open.items():
            life.has_died = seen.get("state") == "FAILED" and not seen.get("faults")
            if closing is not None:
                ignored = closing.get("ignored_by_framework", {})
                life.asks.append(len(life.passes))
                answer = (closing.get("pre_commit") or {}).get(str(partition))
                life.answers.append(None if str(partition) in ignored else answer)
        if closing is not None:
            self.events.append(CommitAsked(self.process))
            self._commit_on_fail(closing)

    def _stop(self, index: int, step: Mapping[str, Any], seen: Mapping[str, Any]) -> None:
        self._commit(index, step, seen)
        self._end("stopped", cut_short=False)

    def _crash(self, index: int, step: Mapping[str, Any], seen: Mapping[str, Any]) -> None:
        self._end("killed", cut_short=False)

    def _rebalance(self, index: int, step: Mapping[str, Any], seen: Mapping[str, Any]) -> None:
        self._commit(index, step, seen)
        self._end(None, cut_short=False)
        self._open(step.get("assign"))

    def _clock(self, index: int, step: Mapping[str, Any], seen: Mapping[str, Any]) -> None:
        self.now_ms = step["set"] if "set" in step else self.now_ms + step.get("add", 0)

    def _fault(self, index: int, step: Mapping[str, Any], seen: Mapping[str, Any]) -> None:
        pass

    def _open(self, names: list[Any] | None) -> None:
        mine = tuple(self.log) if names is None else assigned(names, self.case)
        for partition, records in self.log.items():
            if partition in mine:
                offset = self.committed.get(partition, records[0].offset if records else 0)
                self.events.append(Opened(self.process, partition, offset, self.now_ms))
                self._begin(partition, offset, failed_ms=None)

    def _begin(self, partition: TopicPartition, offset: int, *, failed_ms: int | None) -> None:
        life = RecordedLife(dict(self.config), partition, offset, self.now_ms, failed_ms)
        self.open[partition] = life
        self.lives.append(life)

    def _completed(self, partition: TopicPartition, key: str) -> Requested:
        version = str(self.version[key])
        self.version[key] += 1
        return Requested(self.process, partition, "complete", key, "", "ok", applied=True, version_id=version)

    def _end(self, how: Literal["killed", "stopped", "failed"] | None, *, cut_short: bool) -> None:
        """All writers are gone; `how` the process ended, None if it goes on."""
        if how and self.open:
            self.events.append(Ended(self.process, how))
        for life in self.open.values():
            life.is_cut_short |= cut_short
        self.open = {}

    def _keys(self, keys: list[str]) -> dict[TopicPartition, list[str]]:
        """Keys by partition, told by the start of the file's name."""
        file_delim = self.config.get("file.delim", "+")
        found: dict[TopicPartition, list[str]] = {}
        for key in keys:
            for partition in self.log:
                name = f"{partition.topic}{file_delim}{partition.partition}{file_delim}"
                if key.rfind(name) > -1 and key[key.rfind(name) + len(name) :].split(".")[0].isdigit():
                    before = key[: key.rfind(name)]
                    if before == "" or before.endswith(self.config.get("directory.delim", "/")):
                        found.setdefault(partition, []).append(key)
        return found
