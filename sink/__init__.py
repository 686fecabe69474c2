"""A Kafka-to-S3 sink that behaves as the Kafka Connect S3 sink: same properties, object names, contents and offsets.

The core (`task`, `machine` and what they stand on) is a generator of effects: it takes inputs, yields effects as data
and is sent their results. `driver` performs them through the ports; nothing else here touches Kafka, S3 or a clock.
"""
