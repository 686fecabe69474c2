"""`onceproof explain`: whether one configuration is exactly-once, under which faults, why not otherwise, in seconds.

Rules read off the configuration give the reason (`scenarios/rules`), a small search the evidence
(`scenarios/refuting`). Where the two differ, the worse is believed, and told.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from onceproof.model.judge import judge
from onceproof.reports.collect import Story
from onceproof.reports.proof import claim
from onceproof.reports.story import Telling, tell
from onceproof.scenarios.alphabet import Alphabet, alphabet, lacking
from onceproof.scenarios.errors import ScenarioError
from onceproof.scenarios.facts import Facts
from onceproof.scenarios.refuting import RUNS_MAX, Looked, Search, is_plain
from onceproof.scenarios.resets import PROPERTY as RESET
from onceproof.scenarios.resets import reset_of
from onceproof.scenarios.rules import CAUTIONS, Rule, applying, broken_by
from onceproof.scenarios.run import Run, run
from onceproof.scenarios.scenario import Fault
from onceproof.scenarios.worlds.simulated import SimulatedWorld
from onceproof.sink.config import SinkConfig

ALWAYS = ("none", "restart", "crash", "two crashes")
"""What must leave identical objects in any case: crashes and restarts at any cut, configuration and log unchanged."""
_BECAUSE = "found by onceproof explain"
_CHANGES = ("other flush.size",)
"""Faults that are a change of the configuration: they break every one."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One class of faults: what the rules say, and what the search found."""

    fault: str
    is_asked: bool
    rules: tuple[Rule, ...]
    looked: Looked

    @property
    def is_all_run(self) -> bool:
        """Whether all logs up to the longest were run before the share was spent."""
        return self.looked.witness is None and self.looked.runs < RUNS_MAX[self.fault]

    @property
    def holds(self) -> bool:
        """Whether nothing speaks against identical objects, and something was run."""
        return not self.rules and self.looked.witness is None and self.looked.runs > 0 and not self.looked.troubles


@dataclass(frozen=True, slots=True)
class Answer:
    """All that is said of one configuration."""

    name: str
    facts: Facts
    cells: tuple[Cell, ...]
    """One for each class that can be looked for."""
    rules: tuple[Rule, ...]
    cautions: tuple[str, ...]
    scaled: tuple[str, ...]
    """What was changed for small worlds."""
    story: "ToldStory | None"
    """The smallest against what is asked, or else against what is not."""

    @property
    def is_exactly_once(self) -> bool:
        """Whether all that was asked holds."""
        return all(cell.holds for cell in self.cells if cell.is_asked)

    @property
    def alphabet(self) -> Alphabet:
        """Of the logs that it speaks of."""
        return self.facts.alphabet

    @property
    def not_looked_at(self) -> tuple[str, ...]:
        """What the logs that it speaks of do not hold, though the sink may meet it."""
        return lacking(self.facts.config, self.alphabet.assumed)

    def is_asked(self, rule: Rule) -> bool:
        """Whether a rule touches what was asked."""
        return any(cell.is_asked and cell.fault in rule.faults for cell in self.cells)


@dataclass(frozen=True, slots=True)
class ToldStory:
    """A story against a configuration, where it was written, and in words."""

    fault: str
    path: Path
    guarantee: str
    telling: Telling
    is_asked: bool


def explain(
    name: str,
    properties: Mapping[str, str],
    config: SinkConfig,
    *,
    asked: Sequence[str] = ALWAYS,
    assumed: tuple[str, ...] = (),
    out: Path | None = None,
) -> Answer:
    """Answer for one configuration, `config` being what its properties come to, and write the story against it.

    Raises ScenarioError where the sink stores no log at all, OutsideDomain where the model does not cover it.
    """
    scaled = in_small(properties)
    if reset_of(properties) == "none":
        raise ScenarioError(
            f"{name}: the sink stores no log: no offset is committed at its first start, and {RESET}=none"
        )
    try:
        letters = alphabet(scaled, assumed)
    except ScenarioError as error:
        raise ScenarioError(f"{name}: {error}") from error
    facts = Facts(config, letters)
    small = quick(scaled)
    search = Search.of(facts, small)
    cells = []
    for fault in RUNS_MAX:
        rules = broken_by(facts, fault)
        looked = search.look(fault, [word for rule in rules for word in rule.words])
        cells.append(Cell(fault, fault in asked, rules, looked))
    return Answer(
        name=name,
        facts=facts,
        cells=tuple(cells),
        rules=applying(facts),
        cautions=tuple(caution.text for caution in CAUTIONS if caution.applies(facts)),
        scaled=tuple(_scaled(properties, small)),
        story=_smallest_story(cells, scaled, out or Path("reports/out/explain") / f"{_slug(name)}.yaml"),
    )


_SMALL_FLUSH_SIZE = 3
_FORMATS = ("format.class", "keys.format.class", "headers.format.class")
_SLOW = ("avro.AvroFormat", "parquet.ParquetFormat")
_JSON_FORMAT = "io.confluent.connect.s3.format.json.JsonFormat"


def in_small(properties: Mapping[str, str]) -> dict[str, str]:
    """The properties of small worlds: a flush.size that a few records reach."""
    given = int(properties["flush.size"])
    return {**properties, "flush.size": str(min(given, _SMALL_FLUSH_SIZE))}


def quick(properties: Mapping[str, str]) -> Mapping[str, str]:
    """The same with JSON for Avro and Parquet: what closes a file and where it goes does not depend on its format."""
    slow = {"keys.format.class", "headers.format.class"} - properties.keys()  # Avro is their default
    slow |= {name for name in _FORMATS if properties.get(name, "").strip().endswith(_SLOW)}
    return {**properties, **dict.fromkeys(slow, _JSON_FORMAT)}


def _scaled(properties: Mapping[str, str], small: Mapping[str, str]) -> Iterator[str]:
    """What is otherwise in small worlds."""
    for name in ("flush.size", *_FORMATS):
        before, after = properties.get(name), small.get(name)
        if before is not None and before != after:
            yield f"{name} {before.rpartition('.')[2]} as {str(after).rpartition('.')[2]}"


def _smallest_story(cells: Sequence[Cell], properties: Mapping[str, str], path: Path) -> ToldStory | None:
    """Against what is asked if there is one; one that doubles or loses records, fewest faults, records, steps.

    That a change of the configuration breaks it is told only to who asks.
    """
    told = [
        (
            not cell.is_asked,
            not is_plain(cell.looked),
            _faults(witness[0]),
            len(cell.looked.word),
            len(witness[0].scenario.course),
            at,
        )
        for at, cell in enumerate(cells)
        if (witness := cell.looked.witness) is not None and (cell.is_asked or cell.fault not in _CHANGES)
    ]
    return _written(cells[min(told)[-1]], properties, path) if told else None


def _faults(ran: Run) -> int:
    return sum(isinstance(step, Fault) for step in ran.scenario.course)


def _written(cell: Cell, properties: Mapping[str, str], path: Path) -> ToldStory:
    """The witness of a cell as a file that expects what is found with the formats that were asked for."""
    from onceproof.scenarios import files, replay  # noqa: PLC0415 - slow to load, and not needed where all is well
    from onceproof.scenarios.ablation import explained  # noqa: PLC0415

    assert cell.looked.witness is not None, "only cells with a witness are told"
    ran, _ = cell.looked.witness
    if ran.scenario.config != properties:
        ran = run(replace(ran.scenario, config=properties), SimulatedWorld())
    verdict = judge(ran.history)
    name = _slug(f"{path.stem} {cell.fault}")
    why = explained(ran.scenario, verdict)
    about = " ".join((claim(ran.history, verdict), *why))
    scenario = replay.with_expectation(replace(ran.scenario, name=name, about=about), verdict, _BECAUSE)
    text = files.dump(scenario)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    command = replay.command(path, SimulatedWorld.name)
    story = Story(name, text, os.fspath(path), command, ran.history, verdict, why)
    return ToldStory(cell.fault, path, verdict.guarantee.value, tell(story), cell.is_asked)


def _slug(name: str) -> str:
    """A name for a file: letters, digits and hyphens of ASCII."""
    stem = Path(name).stem.lower()
    plain = "-".join("".join(char if char.isalnum() and char.isascii() else " " for char in stem).split())
    return plain or "config"
