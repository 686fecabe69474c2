"""Which directory a record belongs to, under which name it is stored, and which schemas share a file."""
