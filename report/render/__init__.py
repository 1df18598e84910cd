"""From a document to files: HTML, Markdown, JSON and pictures, with each medium's markup, escaping and typography.

Not here: words and figures; a renderer adds none.
"""
