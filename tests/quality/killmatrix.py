"""The kill matrix: which planted defect is seen by which oracle in which tier. A command writes it, a test compares it.

    .venv/bin/python tests/quality/killmatrix.py --write

runs the whole battery under every defect (minutes, on all cores), keeps the few cases that see all that it sees, and
writes `kill_matrix.json` and `docs/kill-matrix.md`.
"""

import argparse
import json
import multiprocessing
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias, get_args

HERE = Path(__file__).parent
if __name__ == "__main__":
    sys.path[:0] = [str(HERE.parent)]

import battery  # noqa: E402 - behind the path
from argued import ARGUED  # noqa: E402
from defects import SINK  # noqa: E402
from model_defects import MODEL  # noqa: E402
from outside import VIEWS, Missed, missed_in  # noqa: E402
from planting import Defect, meeting, planted  # noqa: E402

from onceproof.model.findings import Kind  # noqa: E402
from onceproof.model.history import History  # noqa: E402
from onceproof.scenarios.run import run  # noqa: E402
from onceproof.scenarios.scenario import Scenario  # noqa: E402
from onceproof.scenarios.worlds.simulated import SimulatedWorld  # noqa: E402

DATA = HERE / "kill_matrix.json"
PAGE = HERE.parents[1] / "docs" / "kill-matrix.md"
DEFECTS: Mapping[str, tuple[Defect, ...]] = {**SINK, **MODEL}
BY_NAME = {defect.name: defect for defects in DEFECTS.values() for defect in defects}

SHARE = 8

Row: TypeAlias = Mapping[str, Sequence[str]]
"""By tier: the oracles that see one defect there."""


def row(seen: Iterable[tuple[str, Iterable[str]]]) -> Row:
    """The row of what was seen in each case, by its tier."""
    found: dict[str, set[str]] = {}
    for tier, oracles in seen:
        found.setdefault(tier, set()).update(oracles)
    return {tier: sorted(found[tier]) for tier in battery.TIERS if found.get(tier)}


def seen_in(cases: Iterable[battery.Case], defect: Defect) -> Row:
    """What these cases see of a defect."""
    with planted(defect):
        return row([(case.tier, case.seen()) for case in cases])


def oracles_of(cells: Row) -> list[str]:
    """All that see a defect in any tier."""
    return sorted({oracle for oracles in cells.values() for oracle in oracles})


def read() -> dict[str, Row]:
    """The matrix that is committed."""
    found: dict[str, Row] = json.loads(DATA.read_text(encoding="utf-8"))["seen"]
    return found


def sizes() -> dict[str, int]:
    """How many cases of each tier it was made from."""
    found: dict[str, int] = json.loads(DATA.read_text(encoding="utf-8"))["cases"]
    return found


def missed() -> Missed:
    """What those miss who do not see all of a run, as it is committed."""
    found: Missed = json.loads(DATA.read_text(encoding="utf-8"))["missed"]
    return found


def damaged_histories(cases: Sequence[battery.Case]) -> Iterator[History]:
    """Runs of these cases under every defect of the sink, one in `SHARE` of them, and for each defect others."""
    scenarios = [case.scenario for case in cases if case.scenario is not None]
    defects = [defect for defects in SINK.values() for defect in defects]
    for number, defect in enumerate(defects):
        with planted(defect):
            ran = list(map(_history_of, scenarios[number % SHARE :: SHARE]))
        yield from (history for history in ran if history is not None)


def _history_of(scenario: Scenario) -> History | None:
    try:
        return run(scenario, SimulatedWorld()).history
    except Exception:  # noqa: BLE001 - a damaged sink may break in any way
        return None


# --- the page --------------------------------------------------------------------------------------------------------

_HEAD = """# Who tests the tester: the kill matrix

A tester that finds nothing may be blind. So defects are planted in the sink, {sink} of them, and in the model and the
judge, {model}: each a plausible change of one line, made in memory, with no test of its own and no switch in the code.
The same properties that hold for any scenario must see them. This page says which oracle sees which defect, and where;
`tests/quality` compares it with what is found.

Written by `.venv/bin/python tests/quality/killmatrix.py --write` from {cases} cases for each defect; those that are
needed to see all of it again, {kept}, are kept in `tests/quality/battery.jsonl`.

Tiers:

{tiers}

Oracles: those of `scenarios/refinement.py`, told apart as the *model* (what each life must do, from what it saw) and
the *judge* (what a reader of bucket and history may accuse a sink of); *recorded* is the real connector. *faults* means
that a fault did not meet the effect that it was placed at, *breaks* that an exception ended the run or the look at it;
*known verdict*, that a known history has another verdict than it must.
"""

_TIERS = {
    "small worlds": "one in eight of the small worlds of the configurations of `onceproof prove` under one crash, one "
    "S3 error or one lost reply",
    "drawn": "logs, courses and faults that Hypothesis draws for configurations under record time and under the clock",
    "drawn, all parts": "the same over all partitioners, converters, formats, schemas, null values and dead letters",
    "recordings": "what the real connector did, step by step",
    "known histories": "histories written by hand with all findings that they must have "
    "(`tests/unit/test_judge_known_bad.py`); no sink runs, so only the judge's defects show",
}


def page(rows: Mapping[str, Row], cases: Mapping[str, int], missed: Missed, kept: int) -> str:
    """The page of a matrix."""
    parts = [
        _HEAD.format(
            sink=sum(map(len, SINK.values())),
            model=sum(map(len, MODEL.values())),
            cases=f"{sum(cases.values()):,}",
            kept=kept,
            tiers="\n".join(f"* **{tier}** ({cases[tier]:,} cases): {_TIERS[tier]}." for tier in battery.TIERS),
        ),
        *_sections(rows),
        *_alone(rows),
        *_survivors(rows),
        *_missed(missed),
    ]
    return "\n".join(parts)


def _sections(rows: Mapping[str, Row]) -> Iterator[str]:
    for section, defects in DEFECTS.items():
        yield f"## {section[0].upper()}{section[1:]}\n"
        yield f"| planted | {' | '.join(battery.TIERS)} |"
        yield f"|---|{'---|' * len(battery.TIERS)}"
        for defect in defects:
            cells = [_cell(rows[defect.name].get(tier, ())) for tier in battery.TIERS]
            name = defect.name if rows[defect.name] else f"**{defect.name}** (survives)"
            yield f"| {name} | {' | '.join(cells)} |"
        yield ""


def _cell(oracles: Sequence[str]) -> str:
    """Oracles of one family are named together: `model: bytes, names; judge: lost`."""
    families: dict[str, list[str]] = {}
    for oracle in oracles:
        family, _, rest = oracle.rpartition(": ")
        families.setdefault(family, []).append(rest)
    return "; ".join(f"{family}: {', '.join(rest)}" if family else ", ".join(rest) for family, rest in families.items())


def _alone(rows: Mapping[str, Row]) -> Iterator[str]:
    yield "## Seen by one oracle alone\n"
    yield "Why each of these oracles exists: without it the defect would survive in every tier.\n"
    for oracle, names in alone(rows).items():
        yield f"* **{oracle}**: {'; '.join(names)}"
    yield ""


def alone(rows: Mapping[str, Row]) -> dict[str, list[str]]:
    """Defects that one oracle alone sees, by that oracle."""
    found: dict[str, list[str]] = {}
    for name, cells in rows.items():
        oracles = oracles_of(cells)
        if len(oracles) == 1:
            found.setdefault(oracles[0], []).append(name)
    return dict(sorted(found.items()))


def _survivors(rows: Mapping[str, Row]) -> Iterator[str]:
    yield "## Survivors\n"
    yield "| planted | why nothing above sees it |"
    yield "|---|---|"
    for name in rows:
        if not rows[name]:
            yield f"| {name} | {ARGUED.get(name, '**not argued**')} |"
    yield ""


def _missed(missed: Missed) -> Iterator[str]:
    yield "## What a black box misses\n"
    yield (
        "The judge of a simulated run knows all of it. Others see less (`model/blackbox.py`): the sink's own diary,\n"
        "or the requests with their answers, and the bucket, perhaps without versions. They are never told of a fault\n"
        "that is none. Of the runs of damaged sinks that have a finding of a kind they miss so many:\n"
    )
    yield f"| finding | {' | '.join(VIEWS)} |"
    yield f"|---|{'---|' * len(VIEWS)}"
    for kind in get_args(Kind):
        counts = [missed[view].get(kind, [0, 0]) for view in VIEWS]
        yield f"| {kind} | {' | '.join(f'{count:,} of {total:,}' for count, total in counts)} |"
    yield ""


# --- the command -----------------------------------------------------------------------------------------------------

_WHOLE: list[battery.Case] = []
_MEETING: dict[str, Sequence[int]] = {}
"""Which of them run the line of each defect. Both are filled before the workers are forked, which then have them."""


def _shown(name: str) -> dict[tuple[str, str], list[int]]:
    """By tier and oracle: the cases that show it of a defect."""
    found: dict[tuple[str, str], list[int]] = {}
    with planted(BY_NAME[name]):
        for at in _MEETING[name]:
            for oracle in _WHOLE[at].seen():
                found.setdefault((_WHOLE[at].tier, oracle), []).append(at)
    return found


def _needed(shown: Mapping[str, Mapping[tuple[str, str], Sequence[int]]]) -> list[int]:
    """Cases that together show all that is shown, few of them: each time the one that shows most of the rest."""
    open_cells = {(name, *cell): set(cases) for name, cells in shown.items() for cell, cases in cells.items()}
    by_case: dict[int, set[tuple[str, str, str]]] = {}
    for cell, cases in open_cells.items():
        for at in cases:
            by_case.setdefault(at, set()).add(cell)
    needed = []
    while open_cells:
        best = max(sorted(by_case), key=lambda at: len(by_case[at]))
        needed.append(best)
        for cell in list(by_case[best]):
            for at in open_cells.pop(cell):
                by_case[at].discard(cell)
    return sorted(needed)


def compute(names: Sequence[str], workers: int) -> tuple[dict[str, Row], list[int]]:
    """Run the whole battery under each of these defects; the rows, and which cases are needed to see all of them."""
    _WHOLE[:] = battery.whole()
    wrong = [case.name for case in _WHOLE if case.seen()]
    if wrong:
        raise SystemExit(f"without any defect fault is found with {len(wrong)} cases, the first: {wrong[0]}")
    _MEETING.update(meeting([BY_NAME[name] for name in names], [case.seen for case in _WHOLE]))
    shown = {}
    with multiprocessing.get_context("fork").Pool(workers) as pool:
        for name, cells in zip(names, pool.imap(_shown, names), strict=True):
            shown[name] = cells
            print(f"{name}: {_cell(sorted({oracle for _, oracle in cells})) or 'SURVIVES'}", flush=True)  # noqa: T201
    rows = {name: row([(tier, [oracle]) for tier, oracle in cells]) for name, cells in shown.items()}
    return rows, _needed(shown)


def write(workers: int, words: Sequence[str]) -> None:
    """Compute the matrix, and write it, its page, and the cases that it needs.

    With words only the rows of defects whose names hold one of them are computed anew.
    """
    names = [name for name in BY_NAME if not words or any(word in name for word in words)]
    rows, needed = compute(names, workers)
    cases = {tier: sum(case.tier == tier for case in _WHOLE) for tier in battery.TIERS}
    keep = [_WHOLE[at] for at in needed]
    if words:
        new = {(case.tier, case.name) for case in keep}
        keep = [*[case for case in battery.kept() if (case.tier, case.name) not in new], *keep]
        rows = {**read(), **rows}
    battery.keep(keep)
    _save({name: rows[name] for name in BY_NAME}, cases)


def _save(rows: Mapping[str, Row], cases: Mapping[str, int]) -> None:
    battery.kept.cache_clear()
    kept = battery.kept()
    missed = missed_in(damaged_histories(kept))
    DATA.write_text(json.dumps({"cases": cases, "missed": missed, "seen": rows}, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(rows, cases, missed, len(kept)), encoding="utf-8")


def main() -> None:
    """Without `--write` nothing is written, and the rows are only shown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the matrix, its page and the cases kept")
    parser.add_argument(
        "--page", action="store_true", help="write the page and what a black box misses, from the matrix as it is"
    )
    parser.add_argument("--workers", type=int, default=2, help="processes (default 2)")
    parser.add_argument("words", nargs="*", help="only the defects whose names hold one of these")
    given = parser.parse_args()
    if given.write:
        write(given.workers, given.words)
    elif given.page:
        _save(read(), sizes())
    else:
        compute([name for name in BY_NAME if any(word in name for word in given.words)], given.workers)


if __name__ == "__main__":
    main()
