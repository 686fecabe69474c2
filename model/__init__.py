"""The reference of what a bucket must hold, and the judge of one that was observed.

Pure, deterministic, standard library alone. Written from the behaviour of the Kafka Connect S3 sink and checked
against recordings of it; it shares no code with `onceproof.sink`, so that a mistake must be made twice to go unseen.
"""
