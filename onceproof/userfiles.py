"""A user's configuration file, as `prove` and `explain` take it: checked, without what is the world's to say."""

from pathlib import Path

from onceproof.scenarios.run import DEFAULTS
from onceproof.sink.config import SinkConfig
from onceproof.sink.errors import ConfigError
from onceproof.sink.settings.parsing import parse
from onceproof.sink.settings.propertyfiles import read_config

WORKER_HELP = "a Connect worker's .properties file: its converters stand in for those that FILE does not name"

WORLDS_OWN = frozenset(
    {
        "topics",
        "s3.bucket.name",
        "s3.region",
        "store.url",
        "aws.access.key.id",
        "aws.secret.access.key",
        "name",
        "tasks.max",
        "topics.regex",
    }
)
"""Properties that a world sets itself, so that a user's file runs unchanged."""


def own_config(path: Path, worker: Path | None) -> tuple[dict[str, str], SinkConfig]:
    """A user's file, checked as given, then without what is the world's to say: cluster, bucket, number of tasks.

    Raises ConfigError, also for a value that is then not used: with it no connector starts.
    """
    given = read_config(path, worker)
    properties = {name: value for name, value in given.items() if name not in WORLDS_OWN}
    try:
        parse({**DEFAULTS, **given})
        return properties, parse({**DEFAULTS, **properties})
    except ConfigError as error:
        problems = [problem._replace(name=f"{path}: {problem.name}") for problem in error.problems]
        raise ConfigError(problems, [f"{path}: warning: {warning}" for warning in error.warnings]) from error
