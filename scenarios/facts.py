"""A configuration and the logs that it can meet, in the terms in which rules speak of them (`rules`)."""

from dataclasses import dataclass
from functools import cached_property

from onceproof.model.schemas import Schema
from onceproof.scenarios.alphabet import Alphabet
from onceproof.scenarios.resets import reset_of
from onceproof.sink.config import SinkConfig


@dataclass(frozen=True)
class Facts:
    """A configuration and the logs that it can meet, in the terms of the rules."""

    config: SinkConfig
    alphabet: Alphabet

    @property
    def begins_at_the_end(self) -> bool:
        """Whether a life that finds no committed offset passes over all that came before it."""
        return reset_of(self.config.raw) == "latest"

    @property
    def leaves_records_in_files(self) -> bool:
        """Whether an orderly stop can leave records in a file that is not complete, as no file of one record does."""
        return self.config.flush_size > 1

    @property
    def reads_what_is_not_stored(self) -> bool:
        """Whether there are records that are skipped, or dead letters."""
        return any(kind.fate != "stored" for kind in self.alphabet.kinds.values())

    @property
    def has_several_records(self) -> bool:
        """Whether a file, or the files that are closed together, can have more than one record."""
        return self.config.flush_size > 1 and not self.closes_at_each_record

    @property
    def closes_at_each_record(self) -> bool:
        """Whether record time closes a file at every next record."""
        is_shortest = self.has_interval and self.config.rotate_interval_ms == 1 and not self.is_wallclock
        return is_shortest and {"no-late", "no-equal"} <= {*self.alphabet.assumed}

    @property
    def has_cuts_to_change(self) -> bool:
        """Whether another flush.size may leave other objects.

        Where each file has one record, and a conditional write passes over those that are there, none is written twice.
        """
        passes_over = self.config.flush_size == 1 and self.config.conditional_writes
        return not self.closes_at_each_record and not passes_over

    @property
    def is_timed(self) -> bool:
        """Whether the partitioner asks for times."""
        return self.config.time_bucket is not None

    @property
    def is_wallclock(self) -> bool:
        """Whether the time of a record is that of the put which brings it."""
        return self.is_timed and "Wallclock" in self.config.extractor

    @property
    def has_interval(self) -> bool:
        """Whether rotate.interval.ms closes files."""
        return self.is_timed and self.config.rotate_interval_ms > 0

    @property
    def turns(self) -> bool:
        """Whether time chooses the directory."""
        return self.alphabet.turn_ms is not None

    @property
    def stores_keys_or_headers(self) -> bool:
        """Whether one file comes to several objects, which are completed one after another."""
        return self.config.store_keys or self.config.store_headers

    @property
    def writes_nulls(self) -> bool:
        """Whether null values have a directory of their own."""
        return self.config.null_values == "write" and "null" in self.alphabet.kinds

    @property
    def has_several_directories(self) -> bool:
        """Whether one partition's records go to more than one."""
        return self.chooses_directories or self.turns

    @property
    def chooses_directories(self) -> bool:
        """Whether records choose their directories by what they hold."""
        kinds = self.alphabet.kinds
        affixed = self.config.affix != "NONE" and "other schema" in kinds
        return "other" in kinds or affixed or self.writes_nulls

    @cached_property
    def has_several_files(self) -> bool:
        """Whether files of several directories are open side by side, and it matters that one of them fails."""
        if not self.has_several_records or self.config.max_open_files == 1:
            return False
        if self.has_interval and self.config.rotate_on_partition_change:
            return self.writes_nulls
        return self.chooses_directories or (self.turns and self._opens_by_time)

    @property
    def _opens_by_time(self) -> bool:
        """Whether time alone leaves files open side by side that no clock would have closed one by one.

        The wall clock does not go back, so that a schedule, or an interval no longer than a directory, may as well have
        closed each directory's file before the next one's was opened. Record times go back, unless none is late.
        """
        has_schedule = self.config.rotate_schedule_interval_ms > 0
        interval_ms = self.config.rotate_interval_ms
        if self.is_wallclock:
            return not has_schedule and (not self.has_interval or interval_ms > (self.alphabet.turn_ms or 0))
        is_forward = "no-late" in self.alphabet.assumed
        return not is_forward or not (has_schedule or (self.has_interval and interval_ms == 1))

    @cached_property
    def has_timed_dead_letters(self) -> bool:
        """Whether a record that is not stored can begin an interval."""
        return any(kind.reaches_writer for kind in self.alphabet.kinds_of("dead letter"))

    @property
    def is_cut_by_dead_letters(self) -> bool:
        """Whether an interval that a dead letter begins closes a file that has more than one record.

        Under the wall clock it may begin at any time anyway.
        """
        return self.has_interval and not self.is_wallclock and self.has_several_records and self.has_timed_dead_letters

    @property
    def is_moved_by_schedule(self) -> bool:
        """Whether the schedule closes files, and where it does makes a difference."""
        return self.config.rotate_schedule_interval_ms > 0 and self.has_several_records

    @property
    def is_moved_by_wallclock(self) -> bool:
        """Whether the time of a put names an object, or closes files where it makes a difference."""
        return self.is_wallclock and (self.turns or (self.has_interval and self.has_several_records))

    @property
    def is_blocked_by_its_own(self) -> bool:
        """Whether a conditional write may be refused for an object that holds more than its first record."""
        return self.config.conditional_writes and self.has_several_records

    @cached_property
    def schemas(self) -> tuple[frozenset[Schema | None], frozenset[Schema | None]]:
        """Those of values that are stored, and those of dead letters that a writer looks at.

        Where schemas have directories of their own no two of them meet: there are none.
        """
        if self.config.affix != "NONE":
            return frozenset(), frozenset()
        letters = self.alphabet
        stored = [kind.schema for kind in letters.kinds_of("stored") if kind.choice.oddity != "null"]
        dead = [kind.schema for kind in letters.kinds_of("dead letter") if kind.reaches_writer]
        return frozenset(stored), frozenset(dead)

    @property
    def meets_schemas_later(self) -> bool:
        """Whether a change of schema closes a file, a change of directory does not, and a clock chooses directories."""
        by_directory = self.has_interval and self.config.rotate_on_partition_change
        if not (self.is_wallclock and self.turns and self.has_several_records) or by_directory:
            return False
        stored, dead = self.schemas
        return self.config.rotate_schedule_interval_ms <= 0 and len(stored | dead) > 1

    @property
    def forgets_a_dead_schema(self) -> bool:
        """Whether a file that is tried again is compared with another schema than a dead letter's before it."""
        stored, dead = self.schemas
        projects = self.config.schema_compatibility != "NONE"
        return bool(dead) and len(stored | dead) > 1 and (self.has_several_records or projects)

    @property
    def meets_a_dead_schema(self) -> bool:
        """Whether what reads again meets a dead letter that the first reading had met in the file before."""
        stored, dead = self.schemas
        other_cause = len(stored) > 1 or len(dead) > 1 or self.has_several_directories
        return self.forgets_a_dead_schema and self.has_several_records and other_cause
