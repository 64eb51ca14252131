"""A classifier with the labels in its types, fine-tuned from a larger model's answers."""
import random
from typing import Literal

import dspy

CLASSES = ["activate_my_card", "age_limit", "apple_pay_or_google_pay", "atm_support"]
dspy.settings.experimental = True

raw_data = [
    dspy.Example(text="What's the minimum age?", label="age_limit").with_inputs("text"),
    dspy.Example(text="Can I use Apple Pay?", label="apple_pay_or_google_pay").with_inputs("text"),
    dspy.Example(text="Which ATMs take my card?", label="atm_support").with_inputs("text"),
]
random.Random(0).shuffle(raw_data)

unlabeled_trainset = [dspy.Example(text=x.text).with_inputs("text") for x in raw_data[:2]]
devset = raw_data[2:]

classify = dspy.ChainOfThought(f"text -> label: Literal{CLASSES}")

student_lm_name = "meta-llama/Llama-3.2-1B-Instruct"
student_lm = dspy.LM(model=f"openai/local:{student_lm_name}", max_tokens=2000)
teacher_lm = dspy.LM("openai/gpt-4o-mini", max_tokens=3000)

student_classify = classify.deepcopy()
student_classify.set_lm(student_lm)

teacher_classify = classify.deepcopy()
teacher_classify.set_lm(teacher_lm)

optimizer = dspy.BootstrapFinetune(num_threads=16)
classify_ft = optimizer.compile(student_classify, teacher=teacher_classify, trainset=unlabeled_trainset)

metric = lambda x, y, trace=None: x.label == y.label
evaluate = dspy.Evaluate(devset=devset, metric=metric, display_progress=True, display_table=5, num_threads=16)
evaluate(classify)

optimizer = dspy.BootstrapFinetune(num_threads=16, metric=metric)
classify_ft_metric = optimizer.compile(student_classify, teacher=teacher_classify, trainset=raw_data[:2])

if __name__ == "__main__":
    classify_ft.get_lm().launch()
    print(classify_ft(text="I didn't receive my money earlier and it says the transaction is still in progress."))
