"""The chat of a shop's page: a visitor's window, from its first token to the stars at the end; and which colleagues have the same
case before them."""
