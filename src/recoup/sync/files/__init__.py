"""Reports that people download in Seller Central: recognised by their headings, loaded like the API's."""
