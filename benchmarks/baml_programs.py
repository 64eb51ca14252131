"""BAML files with as many lines and declarations as those of `programs.py`, for `baml-cli check`.

BAML has no modules and no metrics: a file has a record, the record of an answer, a function with its prompt
and a test. Its names are global, so no file imports another. `baml-cli` finds nothing in them.
"""

from __future__ import annotations

from string import Template

from languages import Language

HEAD = """client<llm> Small {
  provider openai
  options {
    model "gpt-4o-mini"
    api_key env.OPENAI_API_KEY
  }
}

"""

MEMBER = Template("""\
${imports}// A desk that sorts what customers send about the $words.
class ${Name} {
  number int
  title string @description("as the customer calls it")
  tags string[]
  related ${Previous}[]
${use}}

class ${Name}Sorted {
  kind "money" | "delay" | "other"
  urgency int @assert(in_range, {{ this >= 1 and this <= 5 }})
}

function Sort${Name}(message: string, record: ${Name}) -> ${Name}Sorted {
  client Small
  prompt #"
    Say what a message about the $words is about.

    {{ record.title }} has the number {{ record.number }} and the tags:
    {% for tag in record.tags %}
    - {{ tag }}
    {% endfor %}

    {{ ctx.output_format }}

    {{ _.role("user") }}
    {{ message }}
  "#
}

test ${Name}Test {
  functions [Sort${Name}]
  args {
    message "$saying0"
    record {
      number $number0
      title "$saying1"
      tags ["$saying2"]
      related []
    }
  }
  @@assert(kind, {{ this.kind == "delay" }})
}
""")

ALONE = Template(MEMBER.safe_substitute(imports="", use="", Previous="${Name}"))
"""The same in a file that has nothing to do with others."""
SHARED = (
    HEAD
    + """class Case {
  name string
  priority int
}
"""
)

BAML = Language(
    identifier="baml",
    suffix=".baml",
    head=HEAD,
    unit=ALONE,
    small=Template(HEAD + ALONE.template),
    shared=SHARED,
    member=MEMBER,
    shared_import="",
    shared_use="  cases Case[]?\n",
    neighbour_import=Template(""),
)
