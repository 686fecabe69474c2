"""From converted records to the bytes of objects, and their uploads."""
