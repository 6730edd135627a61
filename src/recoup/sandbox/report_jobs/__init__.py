"""Reports from the request to the file: rules, states, schedules and downloads."""
