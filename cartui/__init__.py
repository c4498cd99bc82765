"""cartui keeps web shops (carts) and a merchant's own system in step, safely."""

__version__ = "0.1.0"
