"""What a user configures: the table of properties, what is allowed, what is refused or declared, and why."""
