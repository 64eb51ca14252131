import dspyc


class Ask(dspyc.Module):
    def forward(self, text: str) -> dspyc.Prediction: ...
