"""Filing packs: claims grouped as Seller Central takes them, with everything a person needs."""
