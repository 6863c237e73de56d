"""A run that can be gone on with: what has ended is written down, and is not fetched again.

Three files: the journal itself, the source and sink of a run that keeps one, and the output that is gone on with.
What holds, whenever a run dies:

- With the records in a file (`-o`), that file is the truth and the journal says what it belongs to. Going on keeps a
  record only if it is whole and the journal knows it, so that in the end there is exactly one for each input.
- Through a pipe nothing can be taken back. A record is handed over before its line is written, so that each input has
  at least one record; what was handed over last may come once more.

A request may have reached its server although its record was not written: it is sent again.
"""
