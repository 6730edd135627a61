"""Amazon's token buckets and a worker's slots: who may call, and when."""
