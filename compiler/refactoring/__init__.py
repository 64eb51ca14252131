"""Refactorings: what an editor may offer to do to a text that stands, one file a sort.

A function of this folder takes the `Selection` and gives the `Refactoring`s that make sense there. The look
must be cheap, because editors ask at every move of the cursor: edits are worked out by `Refactoring.make`,
which is only called for the one that is chosen.
"""
