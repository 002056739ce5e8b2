"""Which profile is meant: a ready one, a file, one that is published, or the one that a run used."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from jobs.profile import Profile, ProfileError, load_profile, parse_profile
from recon.errors import UsageError, said_by_the_system
from recon.packages import ROOT
from recon.verification.written import USED_PROFILE, Written
from shared.layout import profile_key
from shared.manifest import Manifest

if TYPE_CHECKING:
    from recon.pipeline import Pipeline

READY = ROOT / "profiles"


def find_profile(profile: str) -> Profile:
    """A name among the ready ones, or the path of a TOML file."""
    if not profile.endswith(".toml"):
        return _ready(profile)
    try:
        return parse_profile(Path(profile).read_bytes(), profile)
    except FileNotFoundError as error:
        raise UsageError(f"Perfil não encontrado: {profile}") from error
    except OSError as error:
        raise UsageError(said_by_the_system(error)) from error


def _ready(name: str) -> Profile:
    names = sorted(path.stem for path in READY.glob("*.toml"))
    if name not in names:
        raise ProfileError(
            f"O perfil {name} não existe em {READY}.",
            hint=f"Os que existem: {', '.join(names)}. recon profile new ARQUIVO propõe outro.",
        )
    return load_profile(str(READY), name)


def published_profile(pipeline: Pipeline, name: str) -> Profile:
    """As the deployed pipeline has it. Raises UsageError where it has none of that name."""
    text = pipeline.published_profile(name)
    if text is None:
        raise UsageError(
            f"O perfil {name} não está publicado.", hint="recon publish publica os de profiles/."
        )
    return parse_profile(text, profile_key(name))


def profile_of_run(pipeline: Pipeline, manifest: Manifest) -> Profile:
    """Raises UsageError where the published one is no longer what the run used."""
    text = pipeline.published_profile(manifest.profile)
    profile = parse_profile(text, profile_key(manifest.profile)) if text is not None else None
    return _unchanged(profile, manifest, "publicado")


def recorded_profile(written: Written) -> Profile:
    """What a folder says of the profile of its run. Raises UsageError where that is nothing, or another by now."""
    if written.local:
        try:
            return written.local.used_profile
        except ValidationError as error:
            raise UsageError(
                f"{written.folder}: o perfil que a execução usou não é legível: {error}",
                hint="Dê o perfil com --profile.",
            ) from error
    own = written.folder / USED_PROFILE
    for manifest in written.manifests.values():
        profile = find_profile(str(own) if own.is_file() else manifest.profile)
        return _unchanged(profile, manifest, "daqui")
    raise UsageError(
        f"{written.folder} não diz com que perfil foi conciliado.",
        hint="Dê o perfil com --profile.",
    )


def _unchanged(profile: Profile | None, manifest: Manifest, where: str) -> Profile:
    if profile and profile.sha256 == manifest.inputs["profile"]:
        return profile
    raise UsageError(
        f"O perfil {manifest.profile} {where} não é mais o que a execução usou.",
        hint="Dê o daquela execução com --profile perfil.toml.",
    )
