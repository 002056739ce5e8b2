"""Starts and stops the embedded AWS, and hands out clients for it."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

from recon.embedded.clients import client
from recon.embedded.faults import FAULTS, FAULTS_PATH, Fault
from recon.embedded.mail import MAIL_PATH, MAILS, Mail
from recon.errors import UsageError
from recon.packages import ROOT

REGION = "sa-east-1"
ACCOUNT_ID = "000000000000"
START_SECONDS = 60.0
STOP_SECONDS = 30.0
# The whole environment of every Lambda worker comes from the emulator's, so it gets no more than it
# needs.
INHERITED = (
    "PATH",
    "HOME",
    "JAVA_HOME",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONPYCACHEPREFIX",
)


class EmbeddedAWSError(UsageError):
    """The emulator did not start, or died. Its message ends with the log's last lines, if any."""

    code = "EMBEDDED_AWS"


@dataclass(frozen=True)
class Credentials:
    """A 12-digit access key is that account's root, with any secret."""

    access_key_id: str
    secret_access_key: str = "embedded"


class EmbeddedAWS:
    """`with EmbeddedAWS() as aws: aws.client("s3")…`; afterwards no process of it is left.

    Without `state_dir` everything is forgotten at the end. With it, a clean stop saves what there
    is, and the next start from the same folder finds it; what ran then has failed. `auth` makes
    roles and policies count. `wait_scale` 0 skips the state machine's waits between retries.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        region: str = REGION,
        account_id: str = ACCOUNT_ID,
        state_dir: Path | None = None,
        log_file: Path | None = None,
        jobs_root: Path = ROOT,
        auth: bool = False,
        wait_scale: float = 1,
    ) -> None:
        self.port = port
        self.region = region
        self.account_id = account_id
        self.credentials = Credentials(account_id)
        self._state_dir = state_dir
        self._log_file = log_file
        self._jobs_root = jobs_root
        self._auth = auth
        self._wait_scale = wait_scale
        self._process: subprocess.Popen[bytes] | None = None
        self._scratch = Path()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def endpoint_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        if self._process is None:
            raise EmbeddedAWSError("A AWS embarcada não está no ar.")
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def client(self, service: str) -> Any:
        return client(
            service,
            endpoint=self.endpoint_url,
            region=self.region,
            access_key_id=self.credentials.access_key_id,
            secret_access_key=self.credentials.secret_access_key,
        )

    def start(self) -> None:
        self._scratch = Path(tempfile.mkdtemp(prefix="recon-aws-"))
        log_file = self._log_file or self._scratch / "emulator.log"
        try:
            self._spawn(log_file)
            if (failure := self._wait_until_ready()) is not None:
                log_end = log_file.read_text(errors="replace").splitlines()[-20:]
                raise EmbeddedAWSError("\n".join([failure, *log_end]))
        except BaseException:
            self.stop()
            raise

    def _spawn(self, log_file: Path) -> None:
        # Listening here leaves no moment in which another process could take the port, and no need
        # to poll: a client's connection waits in the kernel until the child accepts it.
        with ExitStack() as opened:
            listener = opened.enter_context(socket.socket())
            log = opened.enter_context(log_file.open("ab"))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(("127.0.0.1", self.port))
            except (OSError, OverflowError) as error:  # in use, not ours to take; no port at all
                raise EmbeddedAWSError(
                    f"A porta {self.port} não pode ser usada: {getattr(error, 'strerror', error)}.",
                    hint="Deixe que uma porta livre seja escolhida, ou diga outra.",
                ) from error
            listener.listen(512)
            self.port = listener.getsockname()[1]
            handed_on = [listener.fileno()]
            if self._state_dir:
                handed_on.append(opened.enter_context(self._take_state(self._state_dir)).fileno())
            self._process = subprocess.Popen(
                self._command(listener.fileno()),
                cwd=ROOT,
                env=self._environment(),
                stdin=subprocess.PIPE,  # closes when this process dies, and the child ends
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=handed_on,
                start_new_session=True,  # Ctrl-C is ours to handle, not the child's
            )

    def stop(self) -> None:
        """Saves the state (if kept), kills jobs and functions, waits. Harmless when repeated."""
        process, self._process = self._process, None
        try:
            if process:
                self._end(process)
        finally:
            shutil.rmtree(self._scratch, ignore_errors=True)

    @staticmethod
    def _end(process: subprocess.Popen[bytes]) -> None:
        with process:  # closes its stdin
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()

    def reset(self) -> None:
        """Forgets all resources, kills jobs and functions: cheaper than another start."""
        self._request("/_ministack/reset", b"", timeout=30)

    def fault(self, *faults: Fault) -> None:
        """Puts these faults in place of the former ones; the first that applies counts."""
        self._request(FAULTS_PATH, FAULTS.dump_json(list(faults)), timeout=10)

    def mails(self) -> list[Mail]:
        """What the e-mail subscribers of any topic got, the oldest first."""
        return MAILS.validate_json(self._request(MAIL_PATH, timeout=10))

    def _take_state(self, folder: Path) -> TextIO:
        """The open file is a lock, held by the child as long as it lives: two would overwrite each
        other's state. It holds the port, because queues' URLs in the state do."""
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "port").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.close()
            raise EmbeddedAWSError(
                f"Outra AWS embarcada está usando a pasta {folder}.",
                hint="Encerre-a, ou diga outra pasta.",
            ) from error
        lock.seek(0)
        former = lock.read()
        for file in (folder / "services").glob("*.json") if former else ():
            text = file.read_text().replace(f"http://127.0.0.1:{former}/", f"{self.endpoint_url}/")
            file.write_text(text)
        lock.truncate(0)
        lock.write(str(self.port))
        lock.flush()
        return lock

    def _command(self, listening_fd: int) -> list[str]:
        return [
            sys.executable,
            *("-m", "recon.embedded.serve"),
            *("--listening-fd", str(listening_fd)),
            *("--jobs-root", str(self._jobs_root)),
            *("--scratch", str(self._scratch)),
        ]

    def _environment(self) -> dict[str, str]:
        state = self._state_dir
        return {
            **{name: os.environ[name] for name in INHERITED if name in os.environ},
            "TMPDIR": str(self._scratch),
            "TZ": "UTC",  # both as in Lambda
            "PYTHONUTF8": "1",
            "GATEWAY_PORT": str(self.port),
            "MINISTACK_HOST": "127.0.0.1",
            "MINISTACK_ACCOUNT_ID": self.account_id,
            "MINISTACK_REGION": self.region,
            "AUTH": "true" if self._auth else "false",
            "SFN_WAIT_SCALE": str(self._wait_scale),
            "LOG_LEVEL": "INFO",
            "AWS_SECRET_ACCESS_KEY": self.credentials.secret_access_key,
            "AWS_EC2_METADATA_DISABLED": "true",
            # It would talk to a Docker daemon if it found one, and listen for MQTT and SFTP.
            "DOCKER_HOST": "unix:///nonexistent",
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            **(
                {
                    "PERSIST_STATE": "1",
                    "STATE_DIR": str(state / "services"),
                    "S3_PERSIST": "1",
                    "S3_DATA_DIR": str(state / "s3"),
                }
                if state
                else {"S3_DATA_DIR": str(self._scratch / "s3")}
            ),
        }

    def _wait_until_ready(self) -> str | None:
        """What went wrong, if anything did."""
        assert self._process
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                return (
                    f"A AWS embarcada terminou ao iniciar, com código {self._process.returncode}."
                )
            try:
                self._request("/_ministack/health", timeout=deadline - time.monotonic())
                return None
            except OSError:  # it has just died, which the next round sees
                time.sleep(0.05)
        return f"A AWS embarcada não respondeu em {START_SECONDS:.0f} s."

    def _request(self, path: str, body: bytes | None = None, *, timeout: float) -> bytes:
        # Proxies of the environment are not for loopback.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(self.endpoint_url + path, body, timeout) as response:
            answer: bytes = response.read()
        return answer
