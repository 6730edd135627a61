"""recoup: copies an Amazon seller's data into PostgreSQL and finds the money that Amazon owes."""

__version__ = "0.1.0"
