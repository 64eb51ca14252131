"""Keys taken out of texts that people, logs and error trackers see: the rule of `base/secrets.py`."""

from ...base.secrets import is_secret as is_secret
from ...base.secrets import redact as redact
