"""The real outside: Kafka, S3, schema registry, and the processes of the sink. The only part that does I/O."""
