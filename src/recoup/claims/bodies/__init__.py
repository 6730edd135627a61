"""Claims as the API, the command line and exports show them."""
