"""What the notebooks share: the report of one question and area, its words and its figures."""
