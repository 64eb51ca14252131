"""Label messages of a bank's customers; a small model learns from a large one."""

import argparse
import random
from typing import Literal

import dspy
from dspy.datasets import DataLoader
from dspy.evaluate import Evaluate

CLASSES = ["card_arrival", "lost_or_stolen_card", "pin_blocked", "top_up_failed"]

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--model", default="openai/gpt-4o-mini")
parser.add_argument("--teacher", default="openai/gpt-4o")
parser.add_argument("--rows", type=int, default="500")

signature = dspy.Signature("text, hint -> label").with_updated_fields("label", type_=Literal[tuple(CLASSES)])
classify = dspy.ChainOfThought(signature.delete("hint"))


def same_label(example, prediction, trace=None):
    return example.label == prediction.label


def main(args):
    dspy.configure(lm=dspy.LM(args.model))
    key = input("The teacher's key: ")
    teacher = dspy.LM(args.teacher, api_key=key)
    rows = DataLoader().from_huggingface("PolyAI/banking77", fields=("text", "label"), input_keys=("text",), split="train")
    random.Random(0).shuffle(rows)
    rows = [dspy.Example(text=row.text, label=CLASSES[row.label]).with_inputs("text") for row in rows[: args.rows]]
    trainset, devset = rows[:400], rows[400:]
    tp = dspy.MIPROv2(metric=same_label, auto="light", prompt_model=teacher)
    better = tp.compile(classify, trainset=trainset)
    tp = dspy.BootstrapFewShot(metric=same_label, teacher_settings=dict(lm=teacher))
    best = tp.compile(better, trainset=trainset)
    evaluate = Evaluate(devset=devset, metric=same_label, num_threads=8)
    evaluate(best)
    best.save("best.json")


if __name__ == "__main__":
    main(parser.parse_args())
