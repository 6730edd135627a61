"""Assistants: recoup's API as tools of the Model Context Protocol (docs/assistants.md).

Each tool calls the public API with the token of whoever asks, so every wall, scope and limit of the
API holds.
"""
