"""`recon profile new`: looks at a file or two, proposes a profile, shows what it reads with it, and asks."""

from __future__ import annotations

import re
from pathlib import Path

from jobs.validation.judgement import normalised
from recon.errors import UsageError
from recon.output import Output
from recon.profile import preview
from recon.profile.against_reference import propose_against
from recon.profile.chosen import READY
from recon.profile.proposal import Proposal, propose

HEAD = 1 << 20
"""Bytes that are looked at."""


def new(
    file: Path,
    reference: Path | None,
    name: str | None,
    out: Path | None,
    output: Output,
    *,
    yes: bool,
    force: bool,
) -> int:
    head, ledger = _head(file), _head(reference) if reference else None
    name = _checked(name) if name else _named_after(file)
    target = out or READY / f"{name}.toml"
    if target.exists() and not force:
        raise UsageError(
            f"{target} já existe.",
            hint="Dê outro nome (--name) ou lugar (--out), ou substitua-o com --force.",
        )
    proposal = propose(head, name) if ledger is None else propose_against(ledger, head, name)
    _show(proposal, output)
    written = yes or output.ask(f"Gravar em {target}?")
    if written:
        with target.open("w" if force else "x", encoding="utf-8") as profile:
            profile.write(proposal.text)
    _tell(target, written, file, reference, output)
    if output.as_json:
        output.document(
            {
                "profile": name,
                "text": proposal.text,
                "remarks": proposal.remarks,
                "read": preview.document(proposal.seen),
                "read_of_reference": proposal.reference and preview.document(proposal.reference),
                "written": str(target) if written else None,
            }
        )
    return 0


def _head(file: Path) -> bytes:
    with preview.opened(file) as source:
        return source.read(HEAD)


def _show(proposal: Proposal, output: Output) -> None:
    output.block(proposal.text)
    output.line()
    if proposal.reference:
        preview.show(proposal.reference, output, "do razão")
        output.line()
        preview.show(proposal.seen, output, "do extrato")
    else:
        preview.show(proposal.seen, output)
    if proposal.remarks:
        output.line()
        output.line("Confira:")
    for remark in proposal.remarks:
        output.line(f"  - {remark}")
    output.line()


def _tell(target: Path, written: bool, file: Path, reference: Path | None, output: Output) -> None:
    if not written:
        why = "" if output.can_ask else ", porque aqui não há terminal para perguntar"
        output.line(f"Nada foi gravado{why}; --yes grava em {target} sem perguntar.")
        return
    ready = target == READY / f"{target.stem}.toml"
    output.line(f"Gravado: {target}")
    against = f" --reference {reference}" if reference else ""
    output.line(
        f"A seguir: recon reconcile {file} --profile {target.stem if ready else target}{against}"
    )
    if ready:
        put = f"; recon reference put {reference} --profile {target.stem}" if reference else ""
        output.line(f"Para um pipeline que já está no ar: recon publish{put}")


def _named_after(file: Path) -> str:
    name = re.sub(r"[^a-z0-9]+", "-", (normalised(file.stem) or "").lower()).strip("-")
    return name[:24].strip("-") or "perfil"


def _checked(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9-]{1,24}", name):
        raise UsageError(f"--name {name}: use a-z, 0-9 e hífen, até 24 caracteres.")
    return name
