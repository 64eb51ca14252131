"""Work as data: tasks and their outcomes, the engine that runs them, the journal that makes a run resumable,
and the budget that ends it.
"""
