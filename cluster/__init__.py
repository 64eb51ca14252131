"""Tasks performed by the workers of a cluster: an engine for Dask, and one for Ray.

Programs, metrics and rows travel as JSON, and what they name as the source text of the user's files. Nothing
of them is pickled: a worker gets texts, and gives texts back.
"""
