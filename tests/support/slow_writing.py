"""A project whose model also writes instructions, answers slowly and counts its answers; see `slow`."""

from __future__ import annotations

import json
from pathlib import Path

MODEL = '''\
"""A model that does what its instructions say, and writes down each answer before it gives it."""

import hashlib
import json
import os
import re
import time

from dspyc.runtime import BaseLM, Response

LABELS = ("red", "green", "blue")
HINTS = ("step by step", "one word", "of three")
POOL = ("Guess.", "Answer in one word.", "Think step by step, in one word, one of three.", "One of three.")


def number(text):
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)


class Slow(BaseLM):
    model = "test/slow"

    def complete(self, request):
        system = str(request.messages[0]["content"])
        last = str(request.messages[-1]["content"])
        time.sleep(0.004)
        outputs = system.partition("output fields are")[2].partition("All inter")[0]
        names = re.findall(r"^\\d+\\. `(\\w+)`", outputs, re.M)
        count = request.kwargs.get("n") or 1
        draws = [f"{request.kwargs.get('rollout_id')} {each}" for each in range(count)]
        answers = [self.answer(names, system, last, draw, request) for draw in draws]
        descriptor = os.open("calls.txt", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(descriptor, f"{names[0]} {number(last)}\\n".encode())
        os.close(descriptor)
        return Response(tuple(answers))

    def answer(self, names, system, last, draw, request):
        fields = {}
        for name in names:
            if "instruction" in name:
                fields[name] = POOL[number(last + draw) % len(POOL)]
            elif name == "label":
                text = int(re.findall(r"message (\\d+)", last)[-1])
                told = sum(hint in system.lower() for hint in HINTS) + (len(request.messages) > 2)
                fields[name] = LABELS[text % 3] if number(str(text)) % 5 < 1 + told else "wrong"
            else:
                fields[name] = f"words about the {name}"
        if "Outputs will be a JSON object" in system:
            return json.dumps(fields)
        return "\\n\\n".join(f"[[ ## {name} ## ]]\\n{value}" for name, value in fields.items())


slow = Slow()
'''

PROGRAM = """\
from model import slow

configure(lm=slow, num_threads=THREADS)

module classify = Predict("text -> label")

def same(example: classify, pred: classify) -> bool:
    return example.label == pred.label

dataset rows = Dataset("rows.jsonl", inputs=["text"])
dataset train, val = rows.split(0.4, 0.6, seed=0)
optimizer search = OPTIMIZER
program tuned = search.compile(classify, ARGUMENTS)
evaluate accuracy = Evaluate(tuned, devset=val, metric=same)
"""

OPTIMIZERS = {
    "mipro": (
        "MIPROv2(metric=same, auto=None, num_candidates=4, max_labeled_demos=2)",
        "trainset=train, valset=val, num_trials=8, minibatch_size=8, minibatch_full_eval_steps=3",
    ),
    "gepa": ("GEPA(metric=same, max_metric_calls=150, reflection_lm=slow)", "trainset=train, valset=val"),
    "copro": ("COPRO(metric=same, breadth=4, depth=3)", "trainset=val"),
}


def project(folder: Path, optimizer: str, threads: int) -> Path:
    """Make a folder with a program, its data and its model."""
    folder.mkdir()
    made, arguments = OPTIMIZERS[optimizer]
    text = PROGRAM.replace("THREADS", str(threads)).replace("OPTIMIZER", made).replace("ARGUMENTS", arguments)
    (folder / "model.py").write_text(MODEL, encoding="utf-8")
    (folder / "p.dspy").write_text(text, encoding="utf-8")
    labels = ("red", "green", "blue")
    lines = [json.dumps({"text": f"message {n}", "label": labels[n % 3]}) + "\n" for n in range(40)]
    (folder / "rows.jsonl").write_text("".join(lines), encoding="utf-8")
    return folder
