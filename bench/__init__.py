"""Speed, measured beside the same SQL on the same server."""
