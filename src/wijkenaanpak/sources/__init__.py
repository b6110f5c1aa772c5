"""From a publisher's file to tidy rows."""
