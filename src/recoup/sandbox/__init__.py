"""A server that SP-API clients can use in place of Amazon. Imports nothing else of recoup."""
