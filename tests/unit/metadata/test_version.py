"""Whether anything is to be migrated, as every command asks: yes, unless it is certain that there is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from seawall.metadata.version import SCRIPTS, is_current

if TYPE_CHECKING:
    from pathlib import Path


def test_a_migrated_database_is_current(url: str) -> None:
    assert is_current(url)


@pytest.mark.parametrize("version", ["0001", "0000", "9999", "x"])
def test_one_of_another_version_is_not(url: str, version: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        before = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        connection.execute(text("UPDATE alembic_version SET version_num = :version"), {"version": version})
    assert not is_current(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :version"), {"version": before})
    engine.dispose()


def test_what_cannot_be_read_is_not(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.db"
    damaged.write_bytes(b"no database" * 1000)
    assert not is_current(f"sqlite:///{damaged}")
    assert not is_current(f"sqlite:///{tmp_path / 'new.db'}")
    assert not is_current(f"sqlite:///{tmp_path / 'nowhere' / 'new.db'}")
    assert not is_current("postgresql+psycopg://nobody@127.0.0.1:1/none")


def test_the_newest_is_what_alembic_takes_for_it(url: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    engine = create_engine(url)
    with engine.connect() as connection:
        known = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    engine.dispose()
    assert known == ScriptDirectory.from_config(config).get_current_head()
