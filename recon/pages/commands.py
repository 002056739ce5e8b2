"""docs/commands.md: every verb as its help has it, and what exit codes mean (`make contracts`)."""

from __future__ import annotations

import sys
from pathlib import Path

from recon.cli import app

PAGE = Path(__file__).parents[2] / "docs" / "commands.md"
_HEAD = """\
# The `recon` command

Written by `make contracts` from the command's own help. Results are told in Portuguese, help is English; names that
both meet (states, classes, keys of JSON) are never translated. Every example below is run by a test.

## Exit codes

| code | means |
|---|---|
| 0 | agreed, with warnings or pending rows too; what was asked for is done; a run that `show` looks at still goes on |
| 1 | divergent, refused, incomplete or failed; a proof of `verify` or a line of `check` does not hold |
| 2 | wrong usage, profile or environment: nothing was concluded |
| 130 | interrupted, by Ctrl-C or SIGTERM; what the command started is stopped |

With `--json` stdout holds exactly one document in each of these cases but the last. An error's is
`{"error": {"code", "message", "hint"}}`; what people read goes to stderr.

## Which AWS

Verbs about a pipeline find the only `recon up` that runs; `--endpoint` or `AWS_ENDPOINT_URL` chooses one of several.
With `--aws` they use the ordinary settings instead (`AWS_PROFILE`, `AWS_REGION`, …) and the stack that `--stack-name`
names. That was tested against the embedded AWS, by those settings; it was not run against an account.

## Completion

```sh
source <(recon completion bash)                                        # for this shell
recon completion bash > ~/.local/share/bash-completion/completions/recon   # for all to come
recon completion zsh > "${fpath[1]}/_recon"
recon completion fish > ~/.config/fish/completions/recon.fish
```

Tested in bash; zsh and fish get what the library writes for them.

"""


def page() -> str:
    started, sys.argv = sys.argv, ["recon"]  # cyclopts writes how it was started into each usage
    try:
        return _HEAD + app.generate_docs(heading_level=2).rstrip() + "\n"
    finally:
        sys.argv = started


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
