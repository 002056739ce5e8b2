"""Where a person finds what an alert names: S3 addresses, and pages of the AWS console where there is one.

Not presigned URLs: those end with the credentials of the function that signed them, after some hours. A page of the
console is for good, and asks who opens it.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

CONSOLES = {
    "aws": "aws.amazon.com",
    "aws-cn": "amazonaws.cn",
    "aws-us-gov": "amazonaws-us-gov.com",
}
"""Each partition's own domain of it."""


@dataclass(frozen=True)
class Places:
    """region: of the console; None where it has no pages, as on the embedded AWS. domain: its partition's."""

    data_bucket: str
    region: str | None
    domain: str = CONSOLES["aws"]

    def address(self, key: str) -> str:
        return f"s3://{self.data_bucket}/{key}"

    def page(self, key: str) -> str | None:
        """The object's own, from which it is opened."""
        return self._page(
            f"s3/object/{self.data_bucket}?region={self.region}&prefix={quote(key, safe='/')}"
        )

    def execution_page(self, arn: str | None) -> str | None:
        if not arn:
            return None
        there = quote(arn[:300], ":/")
        return self._page(f"states/home?region={self.region}#/v2/executions/details/{there}")

    def _page(self, path: str) -> str | None:
        return f"https://{self.region}.console.{self.domain}/{path}" if self.region else None
