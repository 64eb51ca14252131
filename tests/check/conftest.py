"""The programs here are cases for the checker; they are not run."""

collect_ignore_glob = ["*.dspy"]
