"""An asynchronous pipeline."""
import asyncio
import logging
from enum import Enum
from typing import Optional, TypedDict

import dspy

logger = logging.getLogger(__name__)


class Route(str, Enum):
    BILLING = "billing"
    TECH = "tech"
    OTHER = "other"


classify = dspy.Predict(dspy.Signature("message: str -> route: Route", "Route the message to a team.", custom_types={"Route": Route}))


class Reply(dspy.Signature):
    "Reply politely."

    message: str = dspy.InputField(desc="the customer's message")
    policy: Optional[str] = dspy.InputField(desc="the policy to follow, if any")
    reply: str = dspy.OutputField(desc="the reply, signed")


POLICIES = {Route.BILLING: "Refunds within 30 days.", Route.TECH: "Ask for a screenshot."}


class Support(dspy.Module):
    """Routes and answers messages."""

    def __init__(self, callbacks=None):
        super().__init__(callbacks)
        self.classify = classify
        self.reply = dspy.ChainOfThought(Reply, temperature=0.3)
        self.check = dspy.Predict("reply -> is_polite: bool, problems: list[str]")

    async def aforward(self, message: str, **kwargs):
        route = (await self.classify.acall(message=message)).route
        logger.info("route %s", route)
        policy = POLICIES.get(route)
        drafted, checked = await asyncio.gather(
            self.reply.acall(message=message, policy=policy),
            self.check.acall(reply=message),
        )
        if not checked.is_polite:
            return dspy.Prediction(reply="Please rephrase.", route=route, problems=checked.problems)
        final = await self.check.acall(reply=drafted.reply)
        return dspy.Prediction(reply=drafted.reply, route=route, problems=final.problems)


support = Support()


async def main():
    dspy.configure(lm=dspy.LM("anthropic/claude-3-5-sonnet-20240620"))
    results = await asyncio.gather(*[support.acall(message=m) for m in ["a", "b"]])
    for r in results:
        print(r.reply)


if __name__ == "__main__":
    asyncio.run(main())
