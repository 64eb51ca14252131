"""Read emails: what they are, how urgent, what to do."""
from enum import Enum

import dspy
from pydantic import BaseModel


class EmailType(str, Enum):
    ORDER_CONFIRMATION = "order_confirmation"
    SUPPORT_REQUEST = "support_request"
    OTHER = "other"


class UrgencyLevel(str, Enum):
    LOW = "low"
    HIGH = "high"


class ExtractedEntity(BaseModel):
    entity_type: str
    value: str
    confidence: float


class ClassifyEmail(dspy.Signature):
    """Classify the type and urgency of an email based on its content."""

    email_subject: str = dspy.InputField(desc="The subject line of the email")
    email_body: str = dspy.InputField(desc="The main content of the email")
    email_type: EmailType = dspy.OutputField(desc="The classified type of email")
    urgency: UrgencyLevel = dspy.OutputField(desc="The urgency level of the email")
    reasoning: str = dspy.OutputField(desc="Brief explanation of the classification")


class ExtractEntities(dspy.Signature):
    """Extract key entities and information from email content."""

    email_content: str = dspy.InputField(desc="The full email content including subject and body")
    email_type: EmailType = dspy.InputField(desc="The classified type of email")
    key_entities: list[ExtractedEntity] = dspy.OutputField(desc="List of extracted entities")
    financial_amount: float | None = dspy.OutputField(desc="Any monetary amounts found")
    important_dates: list[str] = dspy.OutputField(desc="List of important dates found in the email")


class EmailProcessor(dspy.Module):
    """A comprehensive email processing system using DSPy."""

    def __init__(self):
        super().__init__()
        self.classifier = dspy.Predict(ClassifyEmail)
        self.entity_extractor = dspy.ChainOfThought(ExtractEntities)

    def forward(self, email_subject: str, email_body: str):
        """Process an email and extract structured information."""
        classification = self.classifier(email_subject=email_subject, email_body=email_body)
        full_content = f"Subject: {email_subject}\n\nFrom: \n\n{email_body}"
        entities = self.entity_extractor(email_content=full_content, email_type=classification.email_type)
        return dspy.Prediction(
            email_type=classification.email_type,
            urgency=classification.urgency,
            entities=entities.key_entities,
            amount=entities.financial_amount,
        )


processor = EmailProcessor()
