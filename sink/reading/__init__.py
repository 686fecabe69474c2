"""From the bytes of a poll to converted, transformed records."""
