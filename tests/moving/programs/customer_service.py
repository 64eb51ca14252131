"""An agent for an airline, with a small database."""
import dspy
from pydantic import BaseModel


class Flight(BaseModel):
    flight_id: str
    origin: str
    destination: str
    price: float


class Itinerary(BaseModel):
    confirmation_number: str
    flight: Flight


FLIGHTS = {"DA123": Flight(flight_id="DA123", origin="SFO", destination="JFK", price=200.0)}


def fetch_flight_info(origin: str, destination: str) -> list[str]:
    """Fetch flight information from origin to destination."""
    return [number for number, flight in FLIGHTS.items() if flight.origin == origin]


class DSPyAirlineCustomerService(dspy.Signature):
    """You are an airline customer service agent that helps user book and manage flights.

    You are given a list of tools to handle user request, and you should decide the right tool to use in order to
    fulfill users' request."""

    user_request: str = dspy.InputField()
    process_result: str = dspy.OutputField(
        desc=(
            "Message that summarizes the process result, and the information users need, e.g., the "
            "confirmation_number if a new flight is booked."
        )
    )


agent = dspy.ReAct(DSPyAirlineCustomerService, tools=[fetch_flight_info], max_iters=2)
