"""The proof store: documents that Amazon demands, kept once and used by every pack that needs them."""
