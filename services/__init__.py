"""The four Lambda functions, independent of each other around infra/pipeline.asl.json."""
