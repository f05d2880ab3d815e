"""What is noted between two runs of upkeep: what the wall was given, from which list, and by which command."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from seawall.durable import READABLE, replace_file
from seawall.servicetags.prefixes import AddressSet
from seawall.servicetags.upkeep import State

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["KeepError", "Note", "read_note", "write_note"]

_VERSION: Final = 1


class KeepError(RuntimeError):
    """The new rules could not be put in place; the old ones are. The message says what failed."""


@dataclass(frozen=True, slots=True)
class Note:
    """What was noted after the last run that went well.

    Attributes:
        state: What the wall was given.
        basis: The list that the file was written from.
        apply: The command that made the wall take it, word by word.
    """

    state: State = State()  # noqa: RUF009 - frozen
    basis: str = ""
    apply: tuple[str, ...] = ()


def read_note(path: Path) -> Note:
    """Read what was noted last; nothing where nothing was noted yet.

    Raises:
        KeepError: The note cannot be read. It is never taken for empty: that would end every grace period.
    """
    try:
        noted: dict[str, Any] = json.loads(path.read_bytes())
        if noted["version"] != _VERSION:
            raise KeepError(f"{path}: this was noted by another version of seawall")
        wanted = noted["wanted"]
        if not isinstance(wanted, list) or not wanted:
            raise KeepError(f"{path}: this note says that nothing was wanted, which never is; remove it")
        leaving = {date.fromisoformat(day): AddressSet.of(prefixes) for day, prefixes in noted["leaving"].items()}
        return Note(State(AddressSet.of(wanted), leaving), str(noted["basis"]), tuple(map(str, noted["apply"])))
    except FileNotFoundError:
        return Note()
    except OSError as error:
        raise KeepError(f"{path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise KeepError(f"{path}: this is not a note of upkeep ({error}); put it right or remove it") from None


def write_note(path: Path, note: Note) -> None:
    """Note what a run did.

    Raises:
        KeepError: It cannot be written. The next run then does the same again.
    """
    noted = {
        "version": _VERSION,
        "basis": note.basis,
        "apply": list(note.apply),
        "wanted": list(note.state.wanted.cidrs),
        "leaving": {day.isoformat(): list(addresses.cidrs) for day, addresses in note.state.leaving.items()},
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, f"{json.dumps(noted, indent=1)}\n".encode(), READABLE)
    except OSError as error:
        raise KeepError(f"{error.filename or path}: {error.strerror}; the next run will do it all again") from None
