import dspy


class Translate(dspy.Signature):
    """Translate the text, keeping terms of the glossary as they are given."""

    text: str = dspy.InputField()
    target: str = dspy.InputField(desc="the language to translate into")
    glossary: dict[str, str] = dspy.InputField(desc="terms with their translations")
    translation: str = dspy.OutputField()


class Check(dspy.Signature):
    """Say whether a translation keeps the terms."""

    translation: str = dspy.InputField()
    glossary: dict[str, str] = dspy.InputField()
    missing: list[str] = dspy.OutputField()


class Translator(dspy.Module):
    def __init__(self):
        super().__init__()
        self.translate = dspy.Predict(Translate)
        self.check = dspy.Predict(Check)

    def forward(self, text, target="German", glossary={}):
        draft = self.translate(text=text, target=target, glossary=glossary)
        found = self.check(translation=draft.translation, glossary=glossary)
        if len(found.missing) > 0:
            return dspy.Prediction(translation=draft.translation, complete=False)
        return dspy.Prediction(translation=draft.translation, complete=True)


translator = Translator()
