"""A configuration and the logs that it can meet, in the terms in which rules speak of them (`rules`)."""

from dataclasses import dataclass
from functools import cached_property

from onceproof.model.schemas import Schema, Unprojectable, can_project, rotates
from onceproof.scenarios.alphabet import Alphabet, Kind
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
        is_forward = self._goes_forward and "no-equal" in self.alphabet.assumed
        return is_forward and self._has_shortest_interval and not self.is_wallclock

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
    def chooses_directories(self) -> bool:
        """Whether records choose their directories by what they hold."""
        kinds = self.alphabet.kinds
        affixed = self.config.affix != "NONE" and "other schema" in kinds
        return "other" in kinds or affixed or self.writes_nulls

    @cached_property
    def has_several_files(self) -> bool:
        """Whether files of several directories are open side by side, and it matters that one of them fails.

        The wall clock does not go back, so that a schedule, or an interval no longer than a directory, may as well have
        closed each directory's file before the next one's was opened. Record times go back, unless none is late.
        """
        has_schedule = self.config.rotate_schedule_interval_ms > 0 and self._goes_forward
        return self.has_several_records and self._opens(by_time=self._opens_by_time and not has_schedule)

    def _opens(self, *, by_time: bool) -> bool:
        """Whether a record of another directory may come amid a file, and close it for no reason but its schema."""
        if self.config.max_open_files == 1:
            return False
        if self.closes_directories:
            return self.writes_nulls
        return self.chooses_directories or (self.turns and by_time)

    @property
    def closes_directories(self) -> bool:
        """Whether a record of another directory closes a file, unless one of the two is of null values."""
        return self.has_interval and self.config.rotate_on_partition_change

    @property
    def _opens_by_time(self) -> bool:
        """Whether time may lead to another directory, and not close the file of the one before."""
        if self.is_wallclock:
            return not self._closes_by_clock
        return not (self._goes_forward and self._has_shortest_interval)

    @property
    def _closes_by_clock(self) -> bool:
        """Whether a wall clock that moves to the next directory may have closed the file of the last one on its way."""
        interval_ms = self.config.rotate_interval_ms
        has_interval = self.has_interval and interval_ms <= (self.alphabet.turn_ms or 0)
        return has_interval or self.config.rotate_schedule_interval_ms > 0

    @property
    def _goes_forward(self) -> bool:
        """Whether no record is late."""
        return "no-late" in self.alphabet.assumed

    @property
    def _has_shortest_interval(self) -> bool:
        """Whether whatever is later closes a file."""
        return self.has_interval and self.config.rotate_interval_ms == 1

    @cached_property
    def has_timed_dead_letters(self) -> bool:
        """Whether a record that is not stored can begin an interval."""
        return bool(self._seen_dead_letters)

    @property
    def is_cut_by_dead_letters(self) -> bool:
        """Whether an interval that a dead letter begins closes a file that has more than one record.

        Under the wall clock it may begin at any time anyway.
        """
        return self.has_interval and not self.is_wallclock and self.has_several_records and self.has_timed_dead_letters

    @property
    def misses_a_dead_interval(self) -> bool:
        """Whether a late record may miss the file that the interval of a dead letter closed.

        Nothing but that interval keeps the two apart, of whose records the first is later than the dead letter: neither
        the dead letter's schema, if it is of their directory, nor their own directories.
        """
        if not self.is_cut_by_dead_letters or "late" not in self.alphabet.steps:
            return False
        by_time = self.turns and (not self._has_shortest_interval or self._opens(by_time=True))
        return by_time or any(
            kind.directory != dead.directory or self._joins(kind.schema, dead.schema)
            for dead in self._seen_dead_letters
            for kind in self.alphabet.kinds_of("stored")
        )

    def _joins(self, schema: Schema | None, of_file: Schema | None) -> bool:
        """Whether records of one schema are stored where a dead letter of another was first, and close nothing."""
        is_projected = self.config.schema_compatibility != "NONE"
        return not self._closes(schema, of_file) and (not is_projected or can_project(schema, of_file))

    @property
    def forgets_a_dead_interval(self) -> bool:
        """Whether a file that is tried again is cut elsewhere, or stays open, since a dead letter began its interval.

        One that comes to several objects may have lost the reply to the first of them.
        """
        return self.is_cut_by_dead_letters or (self.stores_keys_or_headers and self.leaves_its_last_file_open)

    @property
    def leaves_its_last_file_open(self) -> bool:
        """Whether the one record of a file, which the interval of a dead letter closed, stays open when tried again."""
        return self.closes_at_each_record and self.leaves_records_in_files and self.has_timed_dead_letters

    @property
    def is_cut_by_dead_letters_again(self) -> bool:
        """Whether what reads again may begin an interval with a dead letter that stood amid a file before.

        With a schedule any file may end before any dead letter anyway.
        """
        if not self.is_cut_by_dead_letters or self.is_moved_by_schedule:
            return False
        return any(map(self._stands_amid_a_file, self._seen_dead_letters))

    @property
    def _seen_dead_letters(self) -> tuple[Kind, ...]:
        """Dead letters that a writer looks at."""
        return tuple([kind for kind in self.alphabet.kinds_of("dead letter") if kind.reaches_writer])

    def _stands_amid_a_file(self, dead: Kind) -> bool:
        """Whether a dead letter may come behind a record that is stored, and close no file."""
        if self._opens(by_time=self._opens_by_time):
            return True
        stored = [kind for kind in self.alphabet.kinds_of("stored") if kind.directory == dead.directory]
        return any(not self._closes(dead.schema, kind.schema) for kind in stored)

    def _closes(self, schema: Schema | None, of_file: Schema | None) -> bool:
        """Whether a record of one schema closes a file of another; one that has no version may be refused instead."""
        try:
            return rotates(self.config.schema_compatibility, schema, of_file)
        except Unprojectable:
            return False

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
    def schemas(self) -> tuple[tuple[frozenset[Schema | None], frozenset[Schema | None]], ...]:
        """Those of values that are stored, and those of dead letters that a writer looks at.

        Only what stands together may meet: where names of schemas make directories, those of one name.
        """
        found: dict[str | None, tuple[set[Schema | None], set[Schema | None]]] = {}
        for kind in (*self.alphabet.kinds_of("stored"), *self._seen_dead_letters):
            if kind.choice.oddity != "null":
                name = kind.schema.name if kind.schema and self.config.affix != "NONE" else None
                found.setdefault(name, (set(), set()))[kind.fate != "stored"].add(kind.schema)
        return tuple([(frozenset(stored), frozenset(dead)) for stored, dead in found.values()])

    @property
    def meets_schemas_later(self) -> bool:
        """Whether a change of schema closes a file, a change of directory does not, and a clock chooses directories."""
        by_directory = self.closes_directories or self.config.max_open_files == 1
        if not (self.is_wallclock and self.turns and self.has_several_records) or by_directory:
            return False
        return not self._closes_by_clock and any(len(stored | dead) > 1 for stored, dead in self.schemas)

    @property
    def forgets_a_dead_schema(self) -> bool:
        """Whether a file that is tried again is compared with another schema than a dead letter's before it.

        Behind a dead letter to whose schema nothing can be brought there is no file of its directory.
        """
        pairs = [(each, entry) for stored, dead in self.schemas for each in stored for entry in dead if each != entry]
        if self.config.schema_compatibility == "NONE":
            return bool(pairs) and self.has_several_records
        return any(can_project(schema, entry) for schema, entry in pairs)

    @property
    def meets_a_dead_schema(self) -> bool:
        """Whether what reads again meets a dead letter that the first reading had met in the file before.

        With a schedule any file may end before any dead letter anyway.
        """
        if not self.has_several_records or self.is_moved_by_schedule:
            return False
        return any(self._meets_amid_a_file(stored, dead) for stored, dead in self.schemas)

    def _meets_amid_a_file(self, stored: frozenset[Schema | None], dead: frozenset[Schema | None]) -> bool:
        """Whether a dead letter stands amid a file, and what comes behind it closes that file for its schema.

        In another directory it does so for the dead letter's own, in the same one for that of the file.
        """
        if self._opens(by_time=self._opens_by_time) and any(
            self._closes(each, entry) for each in stored for entry in dead
        ):
            return True
        return any(
            self._closes(later, entry)
            for entry in stored
            if any(not self._closes(each, entry) for each in dead)
            for later in stored | dead
        )
