"""Run the reports that are due; engine, warm server, command line."""
