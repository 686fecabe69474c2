"""A refuted cell as a story: the scenario file that expects what was found, and the line that replays it."""

import hashlib
from dataclasses import replace
from pathlib import Path

from onceproof.model.judge import Verdict
from onceproof.reports.collect import Story
from onceproof.reports.proof import claim
from onceproof.scenarios import files, replay
from onceproof.scenarios.ablation import explained
from onceproof.scenarios.configurations import CONFIGURATIONS, FAULTS, FLIGHTS
from onceproof.scenarios.run import Run

_BUILT_IN_NAMES = {row.name for row in (*CONFIGURATIONS, *FLIGHTS)} | {*FAULTS}


def story(ran: Run, verdict: Verdict, *, name: str, folder: Path, because: str, seed: int | None = None) -> Story:
    """A run as a story of the report in `folder`; `because` is the reason that its findings are expected.

    What it refutes and why stand in the file too.
    """
    why = explained(ran.scenario, verdict)
    about = " ".join((claim(ran.history, verdict), *why))
    scenario = replay.with_expectation(replace(ran.scenario, name=name, seed=seed, about=about), verdict, because)
    path = f"scenarios/{name}.yaml"
    return Story(
        name=name,
        scenario_yaml=files.dump(scenario),
        scenario_path=path,
        replay=replay.command(folder / path, ran.history.world),
        history=ran.history,
        verdict=verdict,
        why=why,
    )


def slug(text: str) -> str:
    """A name for a file: letters, digits and hyphens of ASCII; what is not is told apart by a digest."""
    plain = "-".join("".join(char if char.isalnum() and char.isascii() else " " for char in text.lower()).split())
    if text in _BUILT_IN_NAMES or plain == text.replace(", ", "-").replace(" ", "-"):
        return plain
    return f"{plain or 'config'}-{hashlib.sha256(text.encode()).hexdigest()[:6]}"
