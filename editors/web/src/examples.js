// Programs to begin with. The tests check them.

export const EXAMPLES = {
  Triage: `"""Messages of customers: what they want, and how urgent it is."""

lm main = LM("openai/gpt-4o-mini")
configure(lm=main)

signature Triage:
    """Say what a customer wants."""
    input message: str "what they wrote"
    output intent: Literal["card", "transfer", "account"]
    output urgency: int where 1 <= urgency <= 5 "5 is most urgent"

module triage = ChainOfThought(Triage)
`,
  "Steps that run together": `"""An outline, its sections written at the same time, and a title."""

lm main = LM("openai/gpt-4o-mini")
configure(lm=main)

module Article:
    """A short article."""
    input topic: str
    output title: str
    output sections: list[str]
    outline = Predict("topic -> headings: list[str]")
    write = Predict("topic, heading -> section")
    name = Predict("sections: list[str] -> title")

    forward:
        plan = outline(topic=topic)
        written = [write(topic=topic, heading=heading).section for heading in plan.headings]
        return title=name(sections=written).title, sections=written

module article = Article()
`,
  "Records": `"""Orders as records, read from a letter."""

lm main = LM("openai/gpt-4o-mini")
configure(lm=main)

type Item:
    name: str
    quantity: int
    note: str | None "what the customer says about it"

signature ReadOrder:
    """Read the order in a letter."""
    input letter: str
    output ordered: list[Item]
    output deliver_by: date | None

module read_order = Predict(ReadOrder)
`,
  "With a mistake": `"""Three mistakes; each has a fix."""

lm main = LM("openai/gpt-4o-mini", temprature=0.2)
configure(lm=main)

signature Answer:
    """Answer in a sentence."""
    input question: str
    output answer: str

module ask = ChainOfThough(Answer)

test "it answers":
    assert ask(qestion="Why?").answer
`,
};
