"""Memory by open files: `python -m onceproof.openfiles`, part of `make bench`.

Every open file holds what is not yet a full part, so the most that many files can hold is their number times the size
of a part. Each figure is the growth of a fresh process while that many files are filled to just below one part.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

from onceproof.scenarios.run import DEFAULTS
from onceproof.sink import task
from onceproof.sink.config import SinkConfig
from onceproof.sink.effects import Assigned, Poll, ReadClock, Record, Records, TopicPartition
from onceproof.sink.settings.parsing import parse

COUNTS = (1, 10, 100)
PART_BYTES = 5 * 1024 * 1024
VALUE_BYTES = 1000
_BATCH = 1000
_HOUR_MS = 3_600_000
_S3 = "io.confluent.connect.s3.format"
FORMATS: Mapping[str, Mapping[str, str]] = {
    "json": {"format.class": f"{_S3}.json.JsonFormat"},
    "bytes": {
        "format.class": f"{_S3}.bytearray.ByteArrayFormat",
        "value.converter": "org.apache.kafka.connect.converters.ByteArrayConverter",
    },
    "avro": {"format.class": f"{_S3}.avro.AvroFormat"},
}
"""Those whose files grow in the buffer of a part as they are written."""


def measured(counts: tuple[int, ...] = COUNTS) -> dict[str, float]:
    """Bytes by which a process grew, over open files × part size, for each format and number of files."""
    found = {}
    for name in FORMATS:
        for count in counts:
            command = [sys.executable, "-m", __spec__.name, "--fill", name, str(count)]
            ran = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - ourselves
            found[f"memory of {count} open files ({name}), over files × part size"] = round(
                float(ran.stdout) / (count * PART_BYTES), 2
            )
    return found


def _config(name: str) -> SinkConfig:
    return parse(
        {
            **DEFAULTS,
            "flush.size": "1000000000",
            "key.converter": "org.apache.kafka.connect.storage.StringConverter",
            "value.converter": "org.apache.kafka.connect.storage.StringConverter",
            "partitioner.class": "io.confluent.connect.storage.partitioner.HourlyPartitioner",
            "timestamp.extractor": "Record",
            "timezone": "UTC",
            "locale": "en",
            "s3.part.size": str(PART_BYTES),
            **FORMATS[name],
        }
    )


def _fill(name: str, count: int) -> int:
    """Fill `count` files to just below a part; returns by how many bytes this process grew."""
    partition = TopicPartition("t", 0)
    core = task.run(_config(name))
    _until_poll(core, None)
    _until_poll(core, Assigned({partition: 0}))
    _until_poll(core, Records({partition: [Record(0, 0, None, b"warm")]}))
    before = _resident_bytes()
    offset = 1
    for file in range(count):
        for _ in range((PART_BYTES - PART_BYTES // 20) // (VALUE_BYTES * _BATCH)):
            values = [b"%0*d" % (VALUE_BYTES - 3, offset + at) for at in range(_BATCH)]
            records = [Record(offset + at, file * _HOUR_MS, None, value) for at, value in enumerate(values)]
            _until_poll(core, Records({partition: records}))
            offset += _BATCH
    return _resident_bytes() - before


def _until_poll(core: Generator[Any, Any, None], event: Any) -> None:
    """Answer the core until it waits for the next input; nothing but the clock is asked for below one part."""
    effect = core.send(event)
    while not isinstance(effect, Poll):
        effect = core.send(0 if isinstance(effect, ReadClock) else None)


def _resident_bytes() -> int:
    """What this process holds in memory now."""
    fields = Path("/proc/self/statm").read_text(encoding="ascii").split()
    return int(fields[1]) * 4096


def main() -> int:
    """Measure all, or fill once in this process."""
    parser = argparse.ArgumentParser(prog="python -m onceproof.openfiles", description=__doc__)
    parser.add_argument("--fill", nargs=2, metavar=("FORMAT", "COUNT"), help="fill once, and print the growth in bytes")
    chosen = parser.parse_args()
    said = str(_fill(chosen.fill[0], int(chosen.fill[1]))) if chosen.fill else json.dumps(measured(), indent=2)
    print(said)  # noqa: T201 - the command's output
    return 0


if __name__ == "__main__":
    sys.exit(main())
