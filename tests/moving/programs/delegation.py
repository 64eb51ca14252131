"""Privacy-conscious delegation: a small trusted model asks a large one without saying who asks."""
import dspy
from typing import Literal

openai_lm = dspy.LM("openai/gpt-4o-mini", max_tokens=4000)
local_lm = dspy.LM("openai/meta-llama/Llama-3.2-3B-Instruct", api_base="http://localhost:7501/v1", api_key="", max_tokens=4000)
dspy.configure(lm=local_lm)


class CraftRedactedRequest(dspy.Signature):
    """
    Given a private user query, create a privacy-preserving request for a powerful external LLM.
    The LLM may assist without learning private information about the user.
    """

    user_query = dspy.InputField()
    llm_request = dspy.OutputField()


class RespondToQuery(dspy.Signature):
    """
    Respond to a user query.
    For inspiration, we found a potentially related request to a powerful external LLM and its response.
    """

    related_llm_request = dspy.InputField()
    related_llm_response = dspy.InputField(desc="information from a powerful LLM responding to a related request")
    user_query = dspy.InputField(desc="the user's request you need to fulfill")
    response = dspy.OutputField(desc="your final response to the user's request")


class PAPILLON(dspy.Module):
    def __init__(self, untrusted_model):
        self.craft_redacted_request = dspy.ChainOfThought(CraftRedactedRequest)
        self.respond_to_query = dspy.Predict(RespondToQuery)
        self.untrusted_model = untrusted_model

    def forward(self, user_query):
        try:
            llm_request = self.craft_redacted_request(user_query=user_query).llm_request
            llm_response = self.untrusted_model(llm_request)[0]
            response = self.respond_to_query(
                related_llm_request=llm_request, related_llm_response=llm_response, user_query=user_query
            ).response
        except Exception:
            return dspy.Prediction(llm_request="", llm_response="", response="")

        return dspy.Prediction(llm_request=llm_request, llm_response=llm_response, response=response)


class JudgeQuality(dspy.Signature):
    """
    Given a user query, determine which of two responses is better.
    """

    user_query: str = dspy.InputField()
    response_A: str = dspy.InputField()
    response_B: str = dspy.InputField()
    judgment: bool = dspy.OutputField(desc="whether response A is at least as good as response B")


class JudgeLeakage(dspy.Signature):
    """Given a list of pieces of private information, count how many appear in the prompt."""

    pii_list: list[str] = dspy.InputField()
    prompt: str = dspy.InputField()
    num_pii_leaked: int = dspy.OutputField()


class LLMJudge(dspy.Module):
    def __init__(self):
        self.judge_quality = dspy.ChainOfThought(JudgeQuality)
        self.judge_leakage = dspy.ChainOfThought(JudgeLeakage)

    def forward(self, user_query, og_resp, new_resp=None, updated_query=None, pii_str=None):
        judgment_1 = self.judge_quality(user_query=user_query, response_A=new_resp, response_B=og_resp).judgment
        judgment_2 = self.judge_quality(user_query=user_query, response_A=og_resp, response_B=new_resp).judgment
        judgment = judgment_1 or (judgment_1 == judgment_2)
        pii = list(set(pii_str.split("||")))
        leakage = self.judge_leakage(pii_list=pii, prompt=updated_query).num_pii_leaked
        return dspy.Prediction(quality=judgment, leakage=leakage / len(pii) if pii else 0)


llm_judge = LLMJudge()
llm_judge.set_lm(openai_lm)


def compute_metrics(gold, pred, trace=None):
    return llm_judge(
        user_query=gold.user_query,
        new_resp=pred.response,
        og_resp=gold.target_response,
        updated_query=pred.llm_request,
        pii_str=gold.pii_str,
    )


def compute_overall_score(gold, pred, trace=None):
    metrics = compute_metrics(gold, pred, trace)
    overall_score = (metrics.quality + (1 - metrics.leakage)) / 2.0
    return overall_score >= 1.0 if trace is not None else overall_score


examples = [
    dspy.Example({"target_response": "Dear Ana, …", "user_query": "Write to Ana Li about her visa.", "pii_str": "Ana Li||visa"}).with_inputs("user_query"),
    dspy.Example({"target_response": "Hello Bo, …", "user_query": "Write to Bo Berg about rent.", "pii_str": "Bo Berg"}).with_inputs("user_query"),
]
trainset, devset = examples[:1], examples[1:]

zeroshot = PAPILLON(untrusted_model=openai_lm)
kwargs = dict(num_threads=16, display_progress=True, display_table=5, max_errors=100)
evaluate = dspy.Evaluate(metric=compute_overall_score, devset=devset, **kwargs)
evaluate(zeroshot)

optimizer = dspy.MIPROv2(metric=compute_overall_score, auto="medium", num_threads=16, max_errors=1000)
kwargs = dict(minibatch_size=2, max_bootstrapped_demos=0, max_labeled_demos=0)
papillon = optimizer.compile(PAPILLON(openai_lm), trainset=trainset, **kwargs)
