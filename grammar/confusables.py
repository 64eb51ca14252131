"""Names that look alike: what a reader takes for one name and the language for two.

After Unicode Technical Standard 39, restricted to the letters that readers of programs meet: those of the
Greek, Cyrillic and Armenian scripts that look like Latin ones, and what compatibility normalisation (NFKC)
makes the same. Python normalises identifiers so, which means that names with one NFKC form are one name in a
compiled program.
"""

from __future__ import annotations

import unicodedata

_LOOKALIKES = {
    # Cyrillic
    **dict(zip("аеорсухіјѕԛԝһԁӏѵ", "aeopcyxijsqwhdlv", strict=True)),
    **dict(zip("АВЕКМНОРСТУХІЈЅԚԜҮӀ", "ABEKMHOPCTYXIJSQWYl", strict=True)),
    # Greek
    **dict(zip("οναιυργκσ", "ovaiupyko", strict=True)),
    **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹϳ", "ABEZHIKMNOPTYXCj", strict=True)),
    # Armenian
    **dict(zip("օսհոցյՕՏԼ", "ouhngjOSL", strict=True)),
    # Latin letters of other alphabets
    **dict(zip("ıɑɡɩ", "iagi", strict=True)),
}


def skeleton(name: str) -> str:
    """What a name looks like: two names with one skeleton look alike."""
    if name.isascii():
        return name
    normal = unicodedata.normalize("NFKC", name)
    return "".join(_LOOKALIKES.get(letter, letter) for letter in normal)
