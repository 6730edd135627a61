"""A workspace's tables as files. The home of pyarrow."""
