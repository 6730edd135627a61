"""Reading of one stream of a sync: its pages, and its reports through `reports`."""
