"""A model behind the loopback server, with a key that must not be seen anywhere."""

from __future__ import annotations

from typing import Any

import dspyc.runtime as dspy
from support.openai_server import OpenAIServer

KEY = "sk-canary-0123456789abcdef"


def model(server: OpenAIServer, **options: Any) -> dspy.LM:
    return dspy.LM("openai/any", api_base=server.api_base, api_key=KEY, **{"num_retries": 0, **options})
