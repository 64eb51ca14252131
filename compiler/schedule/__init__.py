"""When the calls of a body run: which wait for which, which are made again, and how many there can be.

Facts about a program and nothing else: no Python is written here, and `emit` is one reader among others.
"""
