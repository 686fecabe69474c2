"""A validated configuration of the sink, as `settings/parsing` makes it of properties.

What is secret does not show in its `repr`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from onceproof.sink.java.zones import Zone
from onceproof.sink.placing import pathformat

Format: TypeAlias = Literal["AvroFormat", "JsonFormat", "ByteArrayFormat", "ParquetFormat"]
TIME_BASED = ("TimeBasedPartitioner", "DailyPartitioner", "HourlyPartitioner")
"""The partitioners that know time."""


@dataclass(frozen=True, slots=True)
class TimeBucket:
    """How a time-based partitioner cuts time: buckets of `duration_ms` of local time, printed by `pattern`."""

    duration_ms: int
    pattern: pathformat.Pattern
    zone: Zone


@dataclass(frozen=True, slots=True)
class SinkConfig:
    """What the core and its adapters need to know; classes by their bare names, units last.

    Settings, overrides and `raw` are properties as given, trimmed but for `raw`; the settings' prefix is cut.
    """

    # --- framework
    name: str
    tasks_max: int
    topics: tuple[str, ...]
    topics_regex: str
    """In Java's language; blank if `topics` are given."""
    key_converter: str
    key_schemas: bool
    key_settings: Mapping[str, str] = field(repr=False)
    value_converter: str
    value_schemas: bool
    value_settings: Mapping[str, str] = field(repr=False)
    header_converter: str
    header_settings: Mapping[str, str] = field(repr=False)
    transforms: tuple[Any, ...]
    consumer_overrides: Mapping[str, str] = field(repr=False)
    # --- errors
    tolerate_errors: bool
    retry_timeout_ms: int
    retry_delay_max_ms: int
    log_errors: bool
    log_messages: bool
    dead_letter_topic: str
    """Blank for none."""
    dead_letter_replication_factor: int
    dead_letter_context_headers: bool
    null_values: Literal["fail", "ignore", "write"]
    report_nulls: bool
    tombstone_directory: str
    # --- formats
    format: Format
    extension: str
    """With its dot and that of gzip, as all three."""
    keys_format: Format
    keys_extension: str
    headers_format: Format
    headers_extension: str
    store_keys: bool
    store_headers: bool
    separator: bytes
    """Behind each value; JSON's is the system's end of line."""
    bytearray_separator: bytes
    """Behind each value or key that ByteArrayFormat writes."""
    compression: Literal["none", "gzip"]
    compression_level: int
    decimal_format: Literal["BASE64", "NUMERIC"]
    avro_codec: str
    parquet_codec: str
    schemas_cache_size: int
    enhanced_avro: bool
    connect_meta_data: bool
    optional_map_keys: bool
    # --- rotation
    flush_size: int
    """At least 1."""
    rotate_interval_ms: int
    rotate_schedule_interval_ms: int
    rotate_on_partition_change: bool
    schema_compatibility: Literal["NONE", "BACKWARD", "FORWARD", "FULL"]
    max_open_files: int
    """Below 0 for no limit."""
    max_write_duration_ms: int
    retry_backoff_ms: int
    # --- names
    topics_dir: str
    directory_delim: str
    file_delim: str
    pad_width: int
    partitioner: str
    """A class of the user's own as written."""
    partition_fields: tuple[str, ...]
    affix: Literal["NONE", "PREFIX", "SUFFIX"]
    time_bucket: TimeBucket | None
    """For the time-based family only."""
    extractor: str
    """A class of the user's own as written."""
    timestamp_field: tuple[str, ...]
    locale: str
    schedule_zone: Zone | None
    # --- S3
    bucket: str
    region: str
    endpoint: str
    path_style: bool
    accelerate: bool
    part_size_bytes: int
    part_attempts: int
    s3_retry_backoff_ms: int
    elastic_buffer: bool
    elastic_buffer_capacity_bytes: int
    conditional_writes: bool
    """Whether they take effect."""
    scan_limit: int
    send_digest: bool
    expect_continue: bool
    acl: str
    tagging: bool
    tags: tuple[tuple[str, str], ...]
    tagging_error_fails: bool
    sse_name: str
    sse_customer_key: bytes | None = field(repr=False)
    """Decoded; None unless it takes effect."""
    sse_kms_key_id: str
    access_key_id: str
    secret_access_key: str = field(repr=False)
    credentials_provider: str
    credentials_settings: Mapping[str, str] = field(repr=False)
    proxy_url: str = field(repr=False)
    proxy_user: str
    proxy_password: str = field(repr=False)
    # --- all
    raw: Mapping[str, str] = field(repr=False)
    warnings: tuple[str, ...]
    has_custom_classes: bool
    """Whether a class of the user's own looks at records, so that nothing of them may be left out."""
