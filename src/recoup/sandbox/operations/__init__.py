"""One file per API of Amazon's; each declares its operations and how they answer."""
