"""A database of an older Seawall is brought up to date, as a whole or not at all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, select, text

from seawall.metadata.migrate import migrate
from seawall.metadata.own import LOG, METADATA
from tests.unit.metadata.former import CONTENT, SCRIPTS, fill, make

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from seawall.metadata.database import Database


def tables_of(url: str) -> set[str]:
    engine = create_engine(url)
    found = set(inspect(engine).get_table_names())
    engine.dispose()
    return found


def test_two_upgraded_databases_have_logs_of_different_names(
    tmp_path: Path, open_databases: Callable[..., Database]
) -> None:
    urls = [f"sqlite:///{tmp_path / name}.db" for name in ("one", "other")]
    for url in urls:
        make(url, "0002")
        migrate(url)
    one, other = (
        open_databases(url).read_now(lambda connection: connection.execute(select(LOG)).one()) for url in urls
    )
    assert one.epoch != other.epoch
    assert (one.sequence, one.clock) == (other.sequence, other.clock) == (0, 0)


def test_tables_that_are_of_no_more_use_are_gone(old_url: str) -> None:
    make(old_url, "0001")
    assert {"blob", "registry"} <= tables_of(old_url)
    migrate(old_url)
    assert tables_of(old_url) == {*METADATA.tables, "alembic_version"}


def test_an_upgrade_that_fails_changes_nothing(old_url: str) -> None:
    make(old_url, "0002")
    fill(old_url, CONTENT | {"registry": [CONTENT["registry"][0] | {"document": "{"}]})
    before = tables_of(old_url)
    with pytest.raises(json.JSONDecodeError):
        migrate(old_url)
    assert tables_of(old_url) == before
    engine = create_engine(old_url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM tag")).scalar_one() == len(CONTENT["tag"])
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == "0002"
    engine.dispose()


def test_every_revision_leads_to_the_newest(tmp_path: Path) -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    script = ScriptDirectory.from_config(config)
    (newest,) = script.get_heads()
    for one in script.walk_revisions():
        url = f"sqlite:///{tmp_path / one.revision}.db"
        make(url, one.revision)
        migrate(url)
        engine = create_engine(url)
        with engine.connect() as connection:
            assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == newest
        engine.dispose()
