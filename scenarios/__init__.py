"""Stories (config + log + what goes wrong) as files, the worlds they run in, and the search for new ones."""
