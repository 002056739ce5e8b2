"""AWS clients of an embedded AWS, which need no account: what this machine's AWS settings say is not for them.

A profile named in `AWS_PROFILE` that does not exist, or a proxy that knows nothing of loopback,
would otherwise keep `recon run` from reaching its own emulator.
"""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import boto3  # only when a client is made: `recon validate` and its like need no AWS


def client(
    service: str, *, endpoint: str, region: str, access_key_id: str, secret_access_key: str
) -> Any:
    from botocore.config import Config

    return _session().client(
        service,  # type: ignore[call-overload]
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret_access_key,
        # TestState would otherwise dial sync-127.0.0.1.
        config=Config(inject_host_prefix=False, proxies={}),
    )


@cache
def _session() -> boto3.Session:
    import boto3
    from botocore.session import Session

    # Each is (name in the settings file, name in the environment, default, conversion).
    no_file = (None, None, os.devnull, None)
    return boto3.Session(
        botocore_session=Session(
            session_vars={
                "profile": (None, None, None, None),
                "config_file": no_file,
                "credentials_file": no_file,
            }
        )
    )
