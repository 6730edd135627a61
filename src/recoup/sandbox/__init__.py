"""A server that SP-API clients take for Amazon. Imports nothing else of recoup."""
