"""Pages and schemas in docs/ that are written from the code by `make contracts`, and checked against it by tests."""
