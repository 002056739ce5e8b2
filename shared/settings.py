"""A service's environment as a model, read once inside the handler, never at import."""

from __future__ import annotations

import os
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from shared.errors import SettingsError


class EnvironmentSettings(BaseModel):
    """Field `data_bucket` is read from the variable DATA_BUCKET; there are no hidden defaults."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    @classmethod
    def load(cls) -> Self:
        """Raises SettingsError naming every variable that is missing or wrong."""
        known = {
            name: os.environ[name.upper()]
            for name in cls.model_fields
            if name.upper() in os.environ
        }
        try:
            return cls.model_validate(known)
        except ValidationError as error:
            wrong = "; ".join(f"{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors())
            raise SettingsError(f"Variáveis de ambiente ausentes ou inválidas: {wrong}") from error
