"""The three Glue jobs: validation, reconciliation, quicksight_prep. Each is a process with `--key value` arguments."""
