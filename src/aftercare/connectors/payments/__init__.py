"""Payment providers: money on its way back, asked for under one key that names a refund for ever."""

from dataclasses import dataclass

from aftercare.claims import GatewayAnswer, PaidAnswer
from aftercare.kit.errors import Invalid, NotSignedIn, Unavailable


class PushNotSigned(NotSignedIn):
    """This message is not signed by the payment provider."""


class PushNotUnderstood(Invalid):
    """This is signed, but its form is not the one that the payment provider documents."""


class ProviderAway(Unavailable):
    """The payment provider has to be asked about this, and does not answer right now; please send it again."""


@dataclass(frozen=True)
class Heard:
    """What a provider said by itself of the refund with this key."""

    key: str
    answer: GatewayAnswer


@dataclass(frozen=True)
class HeardPayment:
    """What a provider said by itself of a customer's payment with this key."""

    key: str
    answer: PaidAnswer
