"""The bad origin: a server that misbehaves by name, so that clients can be held to what they promise."""
