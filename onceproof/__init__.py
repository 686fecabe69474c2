"""Says whether a Kafka-to-S3 sink delivers exactly once, and shows the smallest story in which it does not."""
