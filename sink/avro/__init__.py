"""Avro as Confluent's converters know it: schemas, values and bytes."""
