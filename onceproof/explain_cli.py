"""`onceproof explain`: the command, and how an answer is told to people and to machines."""

import argparse
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from onceproof.scenarios.alphabet import ASSUMPTIONS
from onceproof.scenarios.refuting import RECORDS_MAX, RUNS_MAX
from onceproof.userfiles import WORKER_HELP, own_config

if TYPE_CHECKING:
    from onceproof.explain import Answer, Cell

_EXACTLY_ONCE, _NOT_EXACTLY_ONCE = 0, 1


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "explain",
        help="say in two seconds whether a configuration is exactly-once, and why not",
        description="Whether crashes and restarts at any place leave identical objects, configuration and log "
        "unchanged; which property is to blame if not, and the smallest story against it.",
        epilog="Exit codes: 0 exactly-once, 1 not, 2 the configuration is invalid or cannot be asked.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="a .properties file, or Connect's JSON")
    parser.add_argument("--worker", type=Path, metavar="FILE", help=WORKER_HELP)
    parser.add_argument(
        "--faults",
        type=_faults,
        default=(),
        metavar="NAME,…",
        help="what must leave identical objects besides crashes and restarts: all, or names of "
        + ", ".join(map(_hyphenated, RUNS_MAX)),
    )
    parser.add_argument(
        "--assume",
        type=_assumptions,
        default=(),
        metavar="NAME,…",
        help="what may be taken for granted of the logs: " + ", ".join(ASSUMPTIONS),
    )
    parser.add_argument(
        "--out", type=_file, metavar="FILE", help="where the story against it goes (reports/out/explain/NAME.yaml)"
    )
    parser.add_argument("--json", action="store_true", help="print the answer as JSON instead of text")
    parser.set_defaults(run=run)


def _hyphenated(name: str) -> str:
    return name.replace(" ", "-")


def _faults(text: str) -> tuple[str, ...]:
    """Names of faults, with hyphens for blanks if one likes."""
    known = {_hyphenated(fault).lower(): fault for fault in RUNS_MAX}
    if text.strip() == "all":
        return tuple(RUNS_MAX)
    return tuple([known[name] for name in _listed(text, known)])


def _file(text: str) -> Path:
    """A place for a file, that can be one."""
    path = Path(text)
    if path.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is a directory; it must name a file")
    parent = next(parent for parent in (*path.parents, Path()) if parent.exists())
    if not parent.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} cannot be made: {os.fspath(parent)!r} is no directory")
    return path


def _assumptions(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_listed(text, ASSUMPTIONS)))


def _listed(text: str, known: "dict[str, str] | Any") -> list[str]:
    names = [_hyphenated(name.strip()).lower() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in known:
            raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(known)}")
    return names


def run(chosen: argparse.Namespace, command: str) -> int:
    """Run the command; raises ConfigError, ScenarioError and OutsideDomain for what cannot be asked."""
    from onceproof import explain  # noqa: PLC0415 - slow to load, and of no use to the other commands

    properties, config = own_config(chosen.file, chosen.worker)
    asked = tuple(dict.fromkeys((*explain.ALWAYS, *chosen.faults)))
    answer = explain.explain(chosen.file.name, properties, config, asked=asked, assumed=chosen.assume, out=chosen.out)
    told = json.dumps(as_data(answer), indent=2, ensure_ascii=False) if chosen.json else "\n".join(as_text(answer))
    print(told)  # noqa: T201 - this is the command's output
    return _EXACTLY_ONCE if answer.is_exactly_once else _NOT_EXACTLY_ONCE


# --- for people ------------------------------------------------------------------------------------------------------


def as_text(answer: "Answer") -> Iterator[str]:
    """The answer, line by line."""
    yield _headline(answer)
    yield ""
    for cell in answer.cells:
        yield _line(cell)
    yield from _reasons(answer, is_asked=True)
    yield from _story(answer, is_asked=True)
    beyond = [*_reasons(answer, is_asked=False), *_story(answer, is_asked=False)]
    yield from ("", "Beyond what was asked", *beyond) if beyond else ()
    yield ""
    yield from _evidence(answer)


def _headline(answer: "Answer") -> str:
    assumed = f", assuming {', '.join(answer.alphabet.assumed)}" if answer.alphabet.assumed else ""
    asked = [cell for cell in answer.cells if cell.is_asked]
    if answer.is_exactly_once:
        return f"{answer.name}: exactly-once under {_and([_named(cell.fault) for cell in asked])}{assumed}."
    broken = [_named(cell.fault) for cell in asked if cell.rules or cell.looked.witness]
    unknown = [_named(cell.fault) for cell in asked if not (cell.holds or cell.rules or cell.looked.witness)]
    if broken:
        return f"{answer.name}: NOT exactly-once: refuted under {_and(broken)}{assumed}."
    return f"{answer.name}: not shown to be exactly-once: no verdict under {_and(unknown)}{assumed}."


def _named(fault: str) -> str:
    """A class of faults in words, in which "none" is what a guarantee is called."""
    return "no fault" if fault == "none" else fault


def _and(items: list[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def _line(cell: "Cell") -> str:
    looked = cell.looked
    runs = f"{looked.runs} run{'' if looked.runs == 1 else 's'}"
    if looked.witness is not None:
        sign, what = "✗", f"refuted after {runs}, which leave no more than {looked.witness[1].guarantee.value}"
        what += "" if cell.rules else "; no rule says why"
    elif cell.rules:
        sign, what = "✗", f"by rule; {runs} of small worlds did not show it"
    elif cell.holds:
        sign, what = (
            "✓",
            f"identical objects; not refuted by {runs} of the smallest logs, up to {looked.records} records",
        )
    else:
        sign, what = "◌", f"no verdict: {'; '.join(looked.troubles) or 'nothing could be run'}"
    asked = "" if cell.is_asked else " (not asked)"
    return f"{sign} {_named(cell.fault):<16} {what}{asked}"


def _reasons(answer: "Answer", *, is_asked: bool) -> Iterator[str]:
    """The rules that touch what was asked, or else the others, which are numbered on."""
    from onceproof.scenarios.rules import blamed  # noqa: PLC0415

    in_order = sorted(answer.rules, key=lambda rule: not answer.is_asked(rule))
    for number, rule in enumerate(in_order, 1):
        if answer.is_asked(rule) is not is_asked:
            continue
        under = [_named(fault) for fault in rule.faults if fault in {cell.fault for cell in answer.cells}]
        yield ""
        yield f"Why {number}: {rule.name} ({', '.join(under)})"
        yield f"  To blame: {', '.join(f'{name}={value}' for name, value in blamed(answer.facts, rule))}"
        yield f"  {rule.reason}"
        yield f"  Instead: {rule.remedy}"
        if rule.threads:
            yield f"  Met by users: {' '.join(rule.threads)}"


def _story(answer: "Answer", *, is_asked: bool) -> Iterator[str]:
    story = answer.story
    if story is None or story.is_asked is not is_asked:
        return
    yield ""
    yield f"The smallest story ({_named(story.fault)}): {story.guarantee}"
    yield f"  {story.telling.claim}"
    for records in story.telling.records:
        yield f"  Records  {records}"
    yield f"  {story.telling.paragraph}"
    for at, line in enumerate(story.telling.after):
        yield f"  {'At rest' if not at else '       '}  {line}"
    for at, sentence in enumerate(story.telling.why):
        yield f"  {'Why    ' if not at else '       '}  {sentence}"
    yield f"  Replay   {story.telling.replay}"


def _evidence(answer: "Answer") -> Iterator[str]:
    yield f"Logs: {', '.join(answer.alphabet.described())}."
    yield f"Not looked at: {', '.join(answer.not_looked_at)}."
    for name in answer.alphabet.assumed:
        yield f"Assumed: {name}: {ASSUMPTIONS[name]}."
    runs = sum(cell.looked.runs for cell in answer.cells)
    scaled = "".join(f"; {what}" for what in answer.scaled)
    all_run = f", or all logs up to {RECORDS_MAX} records are run" if any(c.is_all_run for c in answer.cells) else ""
    yield (
        f"Evidence: {runs:,} runs of the sink in small worlds by size, each class of faults until it is refuted or its "
        f"share is spent ({_shares(answer)}){all_run}{scaled}. "
        "`onceproof prove --config FILE` looks at all small worlds."
    )
    for caution in answer.cautions:
        yield f"Beware: {caution}"
    for warning in answer.facts.config.warnings:
        yield f"Warning: {warning}"


def _shares(answer: "Answer") -> str:
    """How many runs each class has at the most, beside those for what a rule names."""
    return ", ".join(f"{_named(cell.fault)} {RUNS_MAX[cell.fault]}" for cell in answer.cells)


# --- for machines ----------------------------------------------------------------------------------------------------


def as_data(answer: "Answer") -> dict[str, Any]:
    """The answer as plain data."""
    from onceproof.scenarios.rules import blamed  # noqa: PLC0415

    story = answer.story
    return {
        "config": answer.name,
        "exactly_once": answer.is_exactly_once,
        "asked": [cell.fault for cell in answer.cells if cell.is_asked],
        "faults": [_cell_data(cell) for cell in answer.cells],
        "rules": [
            {
                "name": rule.name,
                "asked": answer.is_asked(rule),
                "reason": rule.reason,
                "properties": dict(blamed(answer.facts, rule)),
                "faults": list(rule.faults),
                "instead": rule.remedy,
                "holes": list(rule.holes),
                "threads": list(rule.threads),
                "shown_by_small_worlds": rule.is_shown,
            }
            for rule in answer.rules
        ],
        "story": None
        if story is None
        else {
            "fault": story.fault,
            "asked": story.is_asked,
            "guarantee": story.guarantee,
            "file": str(story.path),
            "claim": story.telling.claim,
            "words": story.telling.paragraph,
            "why": list(story.telling.why),
            "replay": story.telling.replay,
        },
        "logs": {
            "alphabet": list(answer.alphabet.described()),
            "not_looked_at": list(answer.not_looked_at),
            "assumed": list(answer.alphabet.assumed),
            "records_max": RECORDS_MAX,
        },
        "scaled": list(answer.scaled),
        "beware": list(answer.cautions),
        "warnings": list(answer.facts.config.warnings),
    }


def _cell_data(cell: "Cell") -> dict[str, Any]:
    looked = cell.looked
    return {
        "fault": cell.fault,
        "asked": cell.is_asked,
        "holds": cell.holds,
        "rules": [rule.name for rule in cell.rules],
        "guarantee": None if looked.witness is None else looked.witness[1].guarantee.value,
        "runs": looked.runs,
        "runs_max": looked.runs_max,
        "records_max": looked.records,
        "all_logs_run": cell.is_all_run,
        "troubles": list(looked.troubles),
    }
