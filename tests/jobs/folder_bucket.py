"""S3 over a folder, for what has to be seen from two sides: as objects by boto3, as files by Hadoop."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape


@contextmanager
def folder_buckets(root: Path) -> Iterator[str]:
    """Serves each folder of `root` as a bucket; the endpoint's URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            if "list-type" in query:
                return self._answer(200, _listing(self._path, query.get("prefix", [""])[0]))
            if not self._path.is_file():
                return self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
            self._answer(200, self._path.read_bytes())

        def do_PUT(self) -> None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
            self._answer(200, b"")

        @property
        def _path(self) -> Path:
            return root / unquote(urlsplit(self.path).path).lstrip("/")

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def _listing(bucket: Path, prefix: str) -> bytes:
    keys = sorted(p.relative_to(bucket).as_posix() for p in bucket.rglob("*") if p.is_file())
    found = "".join(
        f"<Contents><Key>{escape(key)}</Key></Contents>" for key in keys if key.startswith(prefix)
    )
    return f"<ListBucketResult><IsTruncated>false</IsTruncated>{found}</ListBucketResult>".encode()
