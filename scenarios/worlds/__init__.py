"""Where a scenario runs: each world declares what it can do, and refuses a scenario beyond that."""
