"""From what the user gives to requests: URLs, search keys, templates, lines of a file or a pipe.

Knows how people and other programs write lists. Must not know when a request is sent or by which strategy.
"""
