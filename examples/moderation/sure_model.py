"""A model that is as sure of its verdicts as a table says, so that the example runs without one.

It is also how a model of your own gives log probabilities: in OpenAI's form, with the alternatives
of each token.
"""

import math
from typing import Any

from dspyc.runtime import BaseLM, Request, Response
from dspyc.runtime.lm.messages import Text
from dspyc.runtime.lm.request import Completion

_TABLE = {
    "misses the hospital": {"FINE": 0.97, "INSULT": 0.03},
    "jump in everybody": {"FINE": 0.9, "DANGER": 0.1},
    "Cheap watches": {"ADVERT": 0.99, "FINE": 0.01},
    "idiot": {"INSULT": 0.95, "FINE": 0.05},
    "disgrace of a defence": {"FINE": 0.6, "INSULT": 0.4},
}


class SureModel(BaseLM):
    """Gives the verdict that the table finds most probable, and how probable each one is."""

    model = "sure"

    def complete(self, request: Request) -> Response:
        """The answer to a comment."""
        asked = request.messages[-1].text
        shares = next(shares for text, shares in _TABLE.items() if text in asked)
        ways = sorted(shares.items(), key=lambda way: -way[1])
        tokens = [
            _token({"[[ ## verdict ## ]]\n": 1.0}),
            _token(dict(ways)),
            _token({"\n\n[[ ## completed ## ]]": 1.0}),
        ]
        text = "".join(token["token"] for token in tokens)
        return Response([Completion((Text(text),), "stop", {"content": tokens})])


def _token(ways: dict[str, float]) -> dict[str, Any]:
    alternatives = [{"token": text, "logprob": math.log(share)} for text, share in ways.items()]
    return {**alternatives[0], "top_logprobs": alternatives}
