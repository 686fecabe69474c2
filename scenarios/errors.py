"""Errors of scenarios and of the worlds they run in."""


class ScenarioError(ValueError):
    """The scenario's fault: the file cannot be read, or says what cannot be run."""


class Incapable(ScenarioError):  # noqa: N818 - an answer, not an error: the world says what it lacks
    """This world cannot run that scenario; `capability` names what is missing."""

    def __init__(self, world: str, capability: str) -> None:
        super().__init__(f"the {world} world cannot run it: it has no {capability}")
        self.world = world
        self.capability = capability


class EnvironmentFailure(RuntimeError):  # noqa: N818 - names what failed
    """The world itself failed (no engine, no broker, a service that died); says nothing about the sink."""
