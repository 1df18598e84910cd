"""From a document to files: HTML, Markdown and JSON, one module each.

Belongs here: markup, escaping and typography of a medium.
Does not: words and figures; a renderer adds none.
"""
