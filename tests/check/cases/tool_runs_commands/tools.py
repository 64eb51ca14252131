import subprocess


def run(command: str) -> str:
    """Run a command of the shell."""
    return _capture(["sh", "-c", command])


def _capture(arguments: list[str]) -> str:
    return subprocess.run(arguments, capture_output=True, text=True, check=False).stdout
