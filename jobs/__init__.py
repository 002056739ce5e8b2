"""The three Glue jobs, each a process with `--key value` arguments."""
