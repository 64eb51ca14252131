"""The LALR(1) automaton: its tables, how they are built, and the loop that runs them."""
