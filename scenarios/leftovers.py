"""How many unfinished uploads a run may leave behind: the one rule for every check of it."""

from onceproof.model import history as h


def excused_uploads(history: h.History) -> int:
    """One for each life that did not stop in order, and one for each request that did not go well."""
    events = history.events
    ended = sum(isinstance(event, h.Ended) and event.how != "stopped" for event in events)
    failed = sum(isinstance(event, h.Requested) and event.outcome != "ok" for event in events)
    return ended + failed
