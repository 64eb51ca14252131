"""Front-page style: short programs of all kinds."""
from typing import Literal
import dspy

math = dspy.ChainOfThought("question -> answer: float")
classify = dspy.Predict(dspy.Signature({"sentence": (str, dspy.InputField(desc="one sentence")), "sentiment": (Literal["positive", "negative"], dspy.OutputField()), "confidence": (float, dspy.OutputField())}).with_instructions("Classify it."))
summarize = dspy.ChainOfThought("document -> summary")
multi = dspy.MultiChainComparison("question -> answer", M=3, temperature=0.7)
pot = dspy.ChainOfThought(dspy.Signature("question: str, choices: list[str] -> reasoning: str, selection: int", instructions="Pick one."))


class Outline(dspy.Signature):
    """Outline a thorough overview of a topic."""

    topic: str = dspy.InputField()
    title: str = dspy.OutputField()
    sections: list[str] = dspy.OutputField()
    section_subheadings: dict[str, list[str]] = dspy.OutputField(desc="mapping from section headings to subheadings")


class DraftSection(dspy.Signature):
    """Draft a top-level section of an article."""

    topic: str = dspy.InputField()
    section_heading: str = dspy.InputField()
    section_subheadings: list[str] = dspy.InputField()
    content: str = dspy.OutputField(desc="markdown-formatted section")


class DraftArticle(dspy.Module):
    def __init__(self):
        self.build_outline = dspy.ChainOfThought(Outline)
        self.draft_section = dspy.ChainOfThought(DraftSection)

    def forward(self, topic):
        outline = self.build_outline(topic=topic)
        sections = []
        for heading, subheadings in outline.section_subheadings.items():
            section, subheadings = f"## {heading}", [f"### {subheading}" for subheading in subheadings]
            section = self.draft_section(topic=outline.title, section_heading=section, section_subheadings=subheadings)
            sections.append(section.content)
        return dspy.Prediction(title=outline.title, sections=sections)


draft_article = DraftArticle()


class Compare(dspy.Module):
    def __init__(self):
        self.generate = dspy.Predict("question -> reasoning, answer", n=1)
        self.pick = dspy.MultiChainComparison("question -> answer", M=2)

    def forward(self, question: str) -> dspy.Prediction:
        attempts = [self.generate(question=f"{question} ({i})") for i in range(2)]
        return self.pick(attempts, question=question)


compare = Compare()
