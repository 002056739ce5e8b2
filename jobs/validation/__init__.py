"""The first stage: a CSV in a declared dialect becomes typed entries and explained rejects.

`judge` is the whole definition of one record. `shortcut` reads in bulk only what it can prove to be
what `judge` would say; `records` finds where each record begins and which of them are that plain.
"""
