"""What rules say of a configuration, and what a search finds, over generated configurations.

Two claims, one for each direction, both over the logs of the declared alphabet:
* what no rule calls broken, no run of a small world refutes, but where the judge does not decide (`is_decided`);
* what a rule calls broken, some run of a small world refutes, unless the rule says that none can: then it is believed.
So the rules are exact but for those, as far as small worlds of five records and two crashes reach.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st
from measured import Measured
from profiles import PROFILE

from onceproof.explain import in_small, quick
from onceproof.model.settings import OutsideDomain
from onceproof.scenarios import strategies, wide
from onceproof.scenarios.alphabet import Alphabet, alphabet
from onceproof.scenarios.configurations import CONFIGURATIONS
from onceproof.scenarios.errors import ScenarioError
from onceproof.scenarios.facts import Facts
from onceproof.scenarios.refuting import RUNS_MAX, Search
from onceproof.scenarios.rules import applying, broken_by
from onceproof.scenarios.run import DEFAULTS
from onceproof.sink.settings.parsing import examine, parse

EXAMPLES = 60
RUNS = 250
"""Of one class of faults: more than an answer has time for."""

_JSON_FORMAT = "io.confluent.connect.s3.format.json.JsonFormat"
_KEYS = {"store.kafka.keys": "true", "keys.format.class": _JSON_FORMAT}
_LETTERS = {"errors.tolerance": "all", "errors.deadletterqueue.topic.name": "letters"}
DISTANT: tuple[Mapping[str, str], ...] = (
    {},
    {"rotate.schedule.interval.ms": "0"},
    {"rotate.schedule.interval.ms": "0", "enable.conditional.writes": "false"},
    {"partitioner.max.open.files": "1"},
    {"rotate.file.on.partition.change": "false"},
    {"flush.size": "1"},
    {"s3.object.tagging": "true", "s3.object.behavior.on.tagging.error": "fail"},
    {**_KEYS, **_LETTERS},
    {**_KEYS, "behavior.on.null.values": "write"},
    {"s3.schema.partition.affix.type": "SUFFIX"},
    {"schema.compatibility": "FORWARD", **_LETTERS},
    {"consumer.override.auto.offset.reset": "latest"},
)
"""Settings that act at a distance, laid over what is drawn."""

ASSUMED = ((), (), ("no-late",), ("no-late", "no-equal"), ("no-nulls",), ("no-dead-letters",), ("no-schema-changes",))


@st.composite
def configurations(draw: st.DrawFn) -> dict[str, str]:
    """Of any kind that can be drawn, with a setting that acts at a distance; each is accepted."""
    drawn = draw(
        st.one_of(wide.wide_configurations(), strategies.configurations(), strategies.clock_driven()), label="drawn"
    )
    config = {**drawn, **draw(st.sampled_from(DISTANT))}
    assume(not examine({**DEFAULTS, **config}).problems)
    return config


def letters_of(config: Mapping[str, str], assumed: tuple[str, ...]) -> Alphabet:
    """The alphabet of its small worlds; a configuration that the model does not cover is none of ours."""
    try:
        return alphabet(in_small(config), assumed)
    except (OutsideDomain, ScenarioError):
        assume(condition=False)
        raise


def is_decided(facts: Facts) -> bool:
    """Whether a verdict of the judge is one on all clocks: it looks for one fault-free run, and may miss another.

    It takes the time of a dead letter from who looked at it last, though under the wall clock another time at which it
    began an interval may explain the objects too.
    """
    return not (facts.is_wallclock and facts.has_interval and facts.has_timed_dead_letters)


AT_LEAST = 3
"""How often rules and search must have met each answer, for each class of faults."""


def require_agreement(config: Mapping[str, str], assumed: tuple[str, ...], faults: Sequence[str]) -> Counter[str]:
    """AssertionError where rules and search disagree under a class of faults; what was met, counted."""
    counts: Counter[str] = Counter()
    letters = letters_of(config, assumed)
    facts = Facts(parse({**DEFAULTS, **config}), letters)
    search = Search.of(facts, quick(letters.config))
    counts.update(rule.name for rule in applying(facts))
    for asked in dict.fromkeys(faults):
        rules = broken_by(facts, asked)
        found = search.look(asked, [word for rule in rules for word in rule.words], RUNS)
        told = [rule.name for rule in rules]
        counts["runs"] += found.runs
        counts[f"{asked}: {'broken' if rules else 'identical'}"] += 1

        assert () == found.troubles
        if not rules and is_decided(facts):
            assert found.witness is None, f"{asked}: no rule, but {found.word} shows it"
        elif rules and any(rule.is_shown for rule in rules):
            assert found.witness is not None, f"{asked}: {told}, but {found.runs} runs do not show it"
    return counts


def test_rules_and_search_agree(measured: Measured) -> None:
    """What rules call identical no run refutes, what they call broken some run does; no run proves nothing."""
    counts: Counter[str] = Counter()

    @settings(PROFILE, max_examples=EXAMPLES)
    @given(configurations(), st.sampled_from(ASSUMED), st.sampled_from(tuple(RUNS_MAX)))
    def property_holds(config: dict[str, str], assumed: tuple[str, ...], fault: str) -> None:
        met = require_agreement(config, assumed, ("crash", fault))
        counts.update(met)
        for what in met.keys() - {"runs"}:
            event(what)

    property_holds()

    measured(", ".join(f"{number:,} {what}" for what, number in sorted(counts.items())))
    assert AT_LEAST <= counts["crash: broken"]
    assert AT_LEAST <= counts["crash: identical"]


INTERVAL, COUNT, HOURS = (dict(row.properties) for row in CONFIGURATIONS[:3])
_SCHEMAS = {"value.converter.schemas.enable": "true"}
_BYTES = {**_SCHEMAS, "format.class": "io.confluent.connect.s3.format.bytearray.ByteArrayFormat"}
_PARQUET = {**_SCHEMAS, "format.class": "io.confluent.connect.s3.format.parquet.ParquetFormat"}
_SCHEDULE = {"rotate.schedule.interval.ms": "60000", "timezone": "UTC"}
_DAY_SLOTS = {"rotate.schedule.interval.ms": "86400000", "timezone": "UTC"}
_WALLCLOCK = {"timestamp.extractor": "Wallclock"}
_LATEST = {"consumer.override.auto.offset.reset": "latest"}
_HEADERS = {
    "store.kafka.headers": "true",
    "headers.format.class": _JSON_FORMAT,
    "header.converter": "org.apache.kafka.connect.storage.StringConverter",
}
_AFFIX = {"s3.schema.partition.affix.type": "PREFIX"}
_STAYS = {"rotate.file.on.partition.change": "false"}
_ONE_FILE = {"partitioner.max.open.files": "1"}


@pytest.mark.parametrize(
    ("config", "assumed", "faults"),
    [
        pytest.param(
            {**HOURS, **_WALLCLOCK, **_PARQUET, **_STAYS, "rotate.interval.ms": "1800000"},
            (),
            ("restart",),
            id="an interval may have closed the file that a schema closes",
        ),
        pytest.param(
            {**HOURS, **_WALLCLOCK, **_PARQUET, **_ONE_FILE},
            (),
            ("restart",),
            id="another directory closes the file that a schema closes",
        ),
        pytest.param(
            {**COUNT, **_BYTES, **_LETTERS, "schema.compatibility": "FORWARD"},
            (),
            ("crash", "S3 error"),
            id="nothing can be brought to a schema without a version",
        ),
        pytest.param(
            {**COUNT, **_BYTES, **_LETTERS, **_KEYS},
            (),
            ("crash", "restart", "frozen owner"),
            id="two dead letters behind one record",
        ),
        pytest.param(
            {**INTERVAL, **_BYTES, **_LETTERS, **_AFFIX},
            (),
            ("crash", "S3 error", "expired offsets"),
            id="a dead letter of another directory closes each file before it",
        ),
        pytest.param(
            {**COUNT, **_BYTES, **_AFFIX},
            (),
            ("S3 error", "lost reply"),
            id="an affix parts no schemas without names",
        ),
        pytest.param(
            {**COUNT, **_BYTES, **_LETTERS, **_AFFIX},
            (),
            ("crash", "S3 error"),
            id="schemas without names meet under an affix",
        ),
        pytest.param(
            {**INTERVAL, **_BYTES, **_LETTERS, **_STAYS, "rotate.interval.ms": "1"},
            (),
            ("crash", "frozen owner", "S3 error"),
            id="a dead letter in another directory by time",
        ),
        pytest.param(
            {**INTERVAL, **_LETTERS, **_KEYS, **_STAYS, **_ONE_FILE},
            ("no-late",),
            ("crash", "two crashes"),
            id="the first records are of one directory where one file is open",
        ),
        pytest.param(
            {**INTERVAL, **_LETTERS, **_KEYS, "rotate.interval.ms": "1"},
            ("no-late", "no-equal"),
            ("crash", "S3 error", "lost reply"),
            id="a dead letter closes the last file of one record",
        ),
        pytest.param(
            {**INTERVAL, **_BYTES, **_LETTERS, "rotate.interval.ms": "1"},
            ("no-late", "no-equal"),
            ("crash", "S3 error", "lost reply"),
            id="a dead letter closes the last object of one record",
        ),
        pytest.param(
            {**COUNT, **_SCHEMAS, **_LETTERS, **_KEYS, **_SCHEDULE},
            (),
            ("none", "restart"),
            id="a slot comes before or behind a dead letter's schema",
        ),
        pytest.param(
            {**INTERVAL, **_LETTERS, **_KEYS, **_SCHEDULE},
            (),
            ("none", "restart"),
            id="a slot comes before or behind a dead letter's interval",
        ),
        pytest.param(
            {**INTERVAL, **_SCHEDULE, **_STAYS, "rotate.interval.ms": "1"},
            (),
            ("S3 error",),
            id="a late record's neighbour comes back",
        ),
        pytest.param(
            {**HOURS, **_SCHEDULE, **_LETTERS, **_KEYS, **_STAYS, "rotate.interval.ms": "3600000"},
            ("no-late", "no-equal"),
            ("S3 error",),
            id="what a dead letter's interval parts is of one directory",
        ),
        pytest.param(
            {**HOURS, **_DAY_SLOTS, **_KEYS, **_HEADERS, **_STAYS, "rotate.interval.ms": "3600000"},
            ("no-late",),
            ("crash", "frozen owner"),
            id="three objects a file, and many places of the clock",
        ),
        pytest.param(
            {**HOURS, **_WALLCLOCK, **_LATEST, "flush.size": "3"},
            (),
            ("frozen owner",),
            id="four records, of which a frozen owner takes one along",
        ),
        pytest.param(
            {**INTERVAL, **_PARQUET, **_LETTERS, **_KEYS, **_HEADERS, **_STAYS, **_LATEST, "flush.size": "1"},
            (),
            ("restart",),
            id="a dead letter before the first record that is stored",
        ),
    ],
)
def test_rules_and_search_agree_where_they_once_did_not(
    config: dict[str, str], assumed: tuple[str, ...], faults: tuple[str, ...]
) -> None:
    """Each was found by the property above: a rule that said too much or too little, or a search that stopped short."""
    require_agreement(config, assumed, faults)
