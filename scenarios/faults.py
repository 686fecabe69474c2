"""Faults that wait for their effect, and what they show to the sink.

Laws:
1. A fault that prevents its request (`before`, `unsent`, `late`) is met before the effect, one that loses a reply
   (`after`) behind it; each counts the effects of its kind for itself.
2. One effect meets one fault; the triggers `thaw` and `arrive` are none: they happen, and the effect goes on.
3. What an error tells the sink is what its S3 port would tell it after all attempts of the client.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple

from onceproof.scenarios.errors import ScenarioError
from onceproof.scenarios.scenario import TRIGGERS, Fault
from onceproof.sink.errors import StoreError

Outcome = Literal["not applied", "unknown"]


class _Answer(NamedTuple):
    status: int
    code: str
    retry: bool


_ANSWERS = {
    "429": _Answer(429, "TooManyRequests", retry=True),
    "500": _Answer(500, "InternalError", retry=True),
    "502": _Answer(502, "BadGateway", retry=True),
    "503": _Answer(503, "ServiceUnavailable", retry=True),
    "504": _Answer(504, "GatewayTimeout", retry=True),
    "SlowDown": _Answer(503, "SlowDown", retry=True),
    "200": _Answer(500, "InternalError", retry=True),  # an error in the body of a 200: the client makes it a 500
    "403": _Answer(403, "AccessDenied", retry=False),
    "409": _Answer(409, "ConditionalRequestConflict", retry=False),
    "412": _Answer(412, "PreconditionFailed", retry=False),
    "ExpiredToken": _Answer(400, "ExpiredToken", retry=False),
}
"""What each kind of answer is to the sink; whether it tries again is the SDK's retry condition (reference 2.1)."""


def injected(kind: str, outcome: Outcome) -> StoreError:
    """The error that a fault of that kind shows to the sink, after all attempts of the client."""
    if kind == "io":
        return StoreError("the connection was lost (injected)", retry=True, outcome=outcome)
    status, code, retry = _ANSWERS[kind]
    return StoreError(f"{status} {code} (injected)", retry=retry, outcome=outcome, status=status, code=code)


def _no_trigger(fault: Fault) -> None:
    raise ScenarioError(f"'{fault}' needs a world that holds several lives")


class UnderWay(NamedTuple):
    """A request that its sender has given up, and what applies it."""

    kind: str
    arrive: Callable[[], None]


class Armed:
    """Faults that wait for their effect; one that is not reached stays armed.

    `outage` is the kind of answer that every request to S3 gets, while there is one; `under_way` are requests whose
    reply the sink has given up and that are still to be applied. `trigger` does what `thaw` and `arrive` ask for.
    """

    def __init__(self, faults: tuple[Fault, ...] = ()) -> None:
        self.faults = list(faults)
        self.outage: str | None = None
        self.under_way: list[UnderWay] = []
        self.trigger: Callable[[Fault], None] = _no_trigger

    def await_a(self, at: str) -> bool:
        """Whether one of the faults waits for effects of that kind."""
        for fault in self.faults:  # noqa: SIM110 - any() would make a generator for each effect of a run
            if fault.at == at:
                return True
        return False

    def lose(self, kind: str) -> None:
        """Requests of that kind that are under way arrive nowhere."""
        self.under_way = [request for request in self.under_way if request.kind != kind]

    def meet(self, at: str, partition: tuple[str, int] | None, *, made: bool) -> tuple[list[Fault], Fault | None]:
        """Count this effect, which was `made` or is about to be, for every fault that waits for it.

        Returns the triggers that are due, and the first fault that is due, all of them disarmed. Another fault that is
        due as well stays armed, for the next such effect. A request that is prevented is counted by all faults that
        are met before one, and by none that is met behind one, as the recorder did.
        """
        triggers: list[Fault] = []
        due = None
        left = []
        for fault in self.faults:
            if fault.at != at or (fault.when == "after") != made or (fault.of is not None and fault.of != partition):
                left.append(fault)
            elif fault.nth > 1:
                left.append(fault._replace(nth=fault.nth - 1))
            elif fault.kind in TRIGGERS:
                triggers.append(fault)
            elif due is None:
                due = fault
            else:
                left.append(fault)
        self.faults[:] = left
        return triggers, due
