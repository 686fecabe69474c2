"""Why defects that nothing in the battery sees survive, by name: each reason is held against what the test finds."""

from collections.abc import Mapping

ARGUED: Mapping[str, str] = {
    "a commit that was refused counts as done": (
        "Harmless as long as the sink lives: the next commit with news names the refused offsets too, and all below "
        "them is durable by then."
    ),
    "what was given back is still committed": (
        "Such a commit repeats what the group holds. It would do harm if another member had committed since; in the "
        "battery a partition has one owner at a time."
    ),
    "a commit names only partitions with news": (
        "What a commit leaves out is committed already. The library sees it where a silent partition is to be "
        "committed where reading began (`first-record-poisons-the-schema`)."
    ),
    "a partition is paused while anything is buffered": (
        "Records stay buffered behind a put() only during a back-off, when a pause is allowed, or when "
        "`max.write.duration.ms` is over, when pauses are not judged. Either way nothing but time is lost."
    ),
    "a null in a field with a default stays null": (
        "JsonConverter has made the default of it before, unless `replace.null.with.default` is false, which no "
        "scenario sets. Held by `test_jsonformat`."
    ),
    "decimals are texts, not numbers": (
        "No Json object of the battery holds a Decimal by its schema while `json.decimal.format` is NUMERIC. Held by "
        "`test_jsonformat`."
    ),
    "dates are milliseconds": "No Json object of the battery holds a Date by its schema. Held by `test_jsonformat`.",
    "the answer for one file is remembered for the next": (
        "Needs one and the same schema against two files of different ones, in turn. Held by `test_compatibility`."
    ),
    "what is optional fits where it is required": (
        "Needs a field that becomes required in an older version of its schema. Held by `test_compatibility`."
    ),
    "a field that the record lacks is null, whatever its default": (
        "Json prints the default for such a null; an Avro or Parquet file that needs it was in no scenario. Held by "
        "`test_compatibility`."
    ),
    "names are remembered beyond a rotation": (
        "The search for a free name asks for offsets behind the first of a file, and those before it are never asked "
        "for again. Only the limit of 100 names is met earlier, which takes longer logs."
    ),
    "open uploads are left behind at the end": (
        "An upload begins with its first full part, of 5 MiB at the least, or at the completion; no log of the battery "
        "fills a part."
    ),
    "a tag that was refused is no news, though it must be": (
        "No drawn configuration has `s3.object.behavior.on.tagging.error=fail`. Held by the library "
        "(`tag-refused-with-conditional-writes`)."
    ),
    "objects are tagged with the offset behind their last": (
        "No history holds what tags say, so no oracle can read them. Held by `test_tags_say_what_an_object_holds` "
        "beside this page's test."
    ),
    "the model: a double local time is always its earlier instant": (
        "The directory is the same for both instants, unless the pattern prints the zone's offset, which no scenario's "
        "does."
    ),
    "the model: decimals are texts, not numbers": (
        "As for the sink. Held by `test_model_rendering`."
    ),
    "the model: a field that the record lacks is null, whatever its default": (
        "No defect at all: reading a null field of a struct gives its default, so both are the same value."
    ),
    "the model: a projected record keeps the schema of its key": (
        "Where values are projected keys are drawn as Json, and the text of every drawn key is the same with and "
        "without its schema."
    ),
    "the judge: a repeated complete is another object": (
        "Such a writer is then asked for its differences, and a repeated object differs in nothing."
    ),
    "the judge: a witness need not have all objects": (
        "What a finished run lacks is found as misplaced or lost as well, which refutes more than identity. Held by "
        "`test_guarantee`."
    ),
}  # fmt: skip
