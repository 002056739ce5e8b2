"""The way to QuickSight, and to what S3 keeps of its refreshes. What it refuses is an ingestion that failed."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from services.timeout_handler.refresh import Ingestion, Refreshes
from shared import layout
from shared.observability import logger

if TYPE_CHECKING:
    from mypy_boto3_quicksight import QuickSightClient
    from mypy_boto3_s3 import S3Client

_LIVE = Ingestion(status="LIVE")
# Of an answer that says nothing of the ingestion: the next tick asks again.
_PASSING = ("ThrottlingException", "InternalFailureException")


class QuickSightGateway:
    """services.timeout_handler.refresh.DataSets, on the real services."""

    def __init__(
        self,
        s3: S3Client,
        quicksight: QuickSightClient,
        bucket: str,
        account_id: str,
        names: list[str],
        refreshes_a_day: int,
    ) -> None:
        self._s3 = s3
        self._quicksight = quicksight
        self._bucket = bucket
        self._account_id = account_id
        self.names = names
        self.refreshes_a_day = refreshes_a_day

    def changed_at(self) -> datetime | None:
        return self._put_at(layout.CURATED_CHANGED)

    def load(self) -> Refreshes:
        try:
            found = self._s3.get_object(Bucket=self._bucket, Key=layout.REFRESHES)
        except self._s3.exceptions.NoSuchKey:
            return Refreshes()
        return Refreshes.from_json(found["Body"].read())

    def save(self, refreshes: Refreshes) -> None:
        self._s3.put_object(
            Bucket=self._bucket,
            Key=layout.REFRESHES,
            Body=refreshes.to_json().encode(),
            ContentType="application/json",
        )

    def start(self, name: str, ingestion_id: str) -> Ingestion:
        try:
            self._quicksight.create_ingestion(
                AwsAccountId=self._account_id, DataSetId=name, IngestionId=ingestion_id
            )
        except self._quicksight.exceptions.ResourceExistsException:
            return _LIVE  # another tick was first
        except (ClientError, BotoCoreError) as error:
            return _failed(name, error)
        return _LIVE

    def look(self, name: str, ingestion_id: str) -> Ingestion:
        try:
            found = self._quicksight.describe_ingestion(
                AwsAccountId=self._account_id, DataSetId=name, IngestionId=ingestion_id
            )["Ingestion"]
        except BotoCoreError:
            logger.exception("quicksight not reached", data_set=name)
            return _LIVE
        except ClientError as error:
            return _LIVE if _code(error) in _PASSING else _failed(name, error)
        match found["IngestionStatus"]:
            case "COMPLETED" if found.get("RowInfo", {}).get("RowsDropped"):
                return Ingestion(status="FAILED", reason="ROWS_DROPPED")
            case "COMPLETED":
                return Ingestion(status="DONE")
            case "FAILED":
                reason = found.get("ErrorInfo", {}).get("Type", "UNKNOWN")
                return Ingestion(status="FAILED", reason=reason)
            case "CANCELLED":
                return Ingestion(status="CANCELLED")
        return _LIVE

    def was_told(self, day: date) -> bool:
        marker = layout.daily_alert_marker_key("refresh_failed", "all", day)
        return self._put_at(marker) is not None

    def _put_at(self, key: str) -> datetime | None:
        try:
            return self._s3.head_object(Bucket=self._bucket, Key=key)["LastModified"]
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return None
            raise


def _failed(name: str, error: ClientError | BotoCoreError) -> Ingestion:
    logger.exception("quicksight refused", data_set=name)
    return Ingestion(status="FAILED", reason=_code(error))


def _code(error: ClientError | BotoCoreError) -> str:
    if isinstance(error, ClientError):
        return error.response["Error"]["Code"]
    return type(error).__name__
