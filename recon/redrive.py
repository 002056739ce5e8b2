"""`recon redrive-dlq`: uploads that nobody could take in are offered again, once the cause is mended."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_plus

from recon.output import Output
from recon.pipeline import Pipeline
from shared import ptbr


def redrive_dlq(pipeline: Pipeline, output: Output) -> int:
    uploads = [upload for body in pipeline.redrive() for upload in uploads_of(body)]
    for upload in uploads:
        output.line(f"Reenviado: {upload}")
    output.line(
        f"{ptbr.count(len(uploads), 'envio volta', 'envios voltam')} à fila; "
        "o que for feito de cada um se vê com: recon runs"
    )
    if output.as_json:
        output.document({"redriven": uploads})
    return 0


def uploads_of(body: str) -> Iterator[str]:
    """`s3://…` of each object of an S3 event; a body of another form tells itself, shortened and harmless."""
    try:
        document: Any = json.loads(body)
        for record in document["Records"]:
            s3 = record["s3"]
            key = unquote_plus(s3["object"]["key"])
            yield repr(f"s3://{s3['bucket']['name']}/{key}")[1:-1]
    except (ValueError, KeyError, TypeError):
        yield repr(body[:100])[1:-1]
