"""The file of verdicts while it is being written: kept from run to run, whole lines only, in order at the end.

While programs are judged, rows come in the order in which programs finish. Beside the file stands
`NAME.settings.json`, which says what the verdicts were made with: a run that was killed goes on with the rows that are
whole, provided that nothing that decides a verdict has changed.
"""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, NamedTuple, Self

from cppo.config import differences
from cppo.errors import ConfigError, DataError, RunError
from cppo.files import read_json, write_json
from cppo.verifier.rows import verdict_from_row, verdict_to_row
from cppo.verifier.verdict import ProgramVerdict, Verdict


class VerdictKey(NamedTuple):
    """What a row is the verdict of. `checker`: the one that was asked for in place of the problem's own, else ""."""

    problem_id: str
    program_id: str
    checker: str = ""


@dataclass(frozen=True)
class Fingerprint:
    """All that decides a verdict. `problems`: a digest by problem id; `programs`: one by (problem id, program id)."""

    settings: Mapping[str, Any]
    problems: Mapping[str, str]
    programs: Mapping[tuple[str, str], str]


class VerdictFile:
    """Rows of verdicts, written one whole line at a time. Only one process at a time writes a file.

    `kept`: the verdicts that are there already, without those that were INFRA: these are judged again.
    """

    def __init__(self, path: Path | str, fingerprint: Fingerprint, *, restart: bool = False) -> None:
        self.path, self.fingerprint, self.restart = Path(path), fingerprint, restart
        if self.path.is_symlink():  # else the link itself would be replaced
            self.path = self.path.resolve()
        self.record = self.path.parent / f"{self.path.name}.settings.json"
        self.kept: dict[VerdictKey, ProgramVerdict] = {}
        self._descriptor = -1

    def __enter__(self) -> Self:
        """Take up the file; raises `RunError` when it belongs to other problems, programs or settings or is in use."""
        if self.path.exists() and not self.path.is_file():
            raise ConfigError(f"--output {self.path} is no regular file; name one")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = self._lock()
        try:
            if self.restart:
                os.ftruncate(self._descriptor, 0)
            self._take_up()
        except BaseException:
            os.close(self._descriptor)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)

    def append(self, key: VerdictKey, verdict: ProgramVerdict) -> None:
        """Write one row."""
        row = verdict_to_row(key.problem_id, key.program_id, verdict)
        if key.checker:
            row["checker"] = key.checker
        # a lone surrogate becomes \udXXX: in JSON that is the escape for it
        data = memoryview((json.dumps(row, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace"))
        while data:
            data = data[os.write(self._descriptor, data) :]

    def finish(self, order: Iterable[VerdictKey]) -> None:
        """Put the rows in this order, in one step; of several rows of one key the last counts."""
        places: dict[VerdictKey, tuple[int, int]] = {}
        rows_written = offset = 0
        with self.path.open("rb") as rows:
            for raw in rows:
                places[_key(json.loads(raw), str(self.path))] = offset, len(raw)
                offset += len(raw)
                rows_written += 1
            wanted = [key for key in order if key in places]
            if wanted != list(places) or rows_written != len(wanted):
                self._replace(rows, [places[key] for key in wanted])

    def _replace(self, rows: BinaryIO, places: Iterable[tuple[int, int]]) -> None:
        descriptor, temporary = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.", suffix=".tmp")
        try:
            with os.fdopen(descriptor, "wb") as file:
                for offset, size in places:
                    rows.seek(offset)
                    file.write(rows.read(size))
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, os.fstat(self._descriptor).st_mode & 0o777)
            os.replace(temporary, self.path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    def _lock(self) -> int:
        while True:
            descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.path.samestat(os.fstat(descriptor), os.stat(self.path)):
                    return descriptor
            except BlockingIOError:
                os.close(descriptor)
                raise RunError(f"another process is writing {self.path}; wait for it or stop it") from None
            except FileNotFoundError:
                pass  # removed in between
            os.close(descriptor)  # replaced in between by a writer that has finished: look again

    def _take_up(self) -> None:
        """Read the rows that are there, hold them against the fingerprint, and write down the new one."""
        whole, old = 0, None
        with self.path.open("rb") as rows:
            for number, raw in enumerate(rows, start=1):
                if not raw.endswith(b"\n"):
                    os.ftruncate(self._descriptor, whole)  # the trace of a killed writer
                    break
                whole += len(raw)
                if old is None:
                    old = self._old_fingerprint()
                self._keep(raw, f"{self.path}, line {number}", old)
        new = self.fingerprint
        record = {"settings": dict(new.settings), "problems": dict(new.problems), "programs": [*new.programs.values()]}
        write_json(self.record, record)

    def _old_fingerprint(self) -> Mapping[str, Any]:
        """Return what the rows were made with, once the settings are found to be the same."""
        if not self.record.exists():
            raise RunError(f"{self.path} holds rows, but {self.record.name} beside it is missing; {self._ways_out}")
        old = read_json(self.record)
        shape = {"settings": dict, "problems": dict, "programs": list}
        if not isinstance(old, dict) or any(not isinstance(old.get(key), kind) for key, kind in shape.items()):
            raise RunError(f"{self.record} is damaged; {self._ways_out}")
        changed = list(differences(old["settings"], self.fingerprint.settings))
        if changed:
            lines = "\n  ".join(changed)
            raise RunError(f"{self.path} was made with other settings (old -> new):\n  {lines}\n{self._ways_out}")
        return {"problems": old["problems"], "programs": set(old["programs"])}

    def _keep(self, raw: bytes, origin: str, old: Mapping[str, Any]) -> None:
        try:
            row = json.loads(raw.decode("utf-8"))
            key = _key(row, origin)
            verdict = verdict_from_row(row, origin)[2]
        except (DataError, ValueError, RecursionError) as error:
            raise RunError(f"{origin} cannot be read ({error}); {self._ways_out}") from error
        if verdict.verdict is Verdict.INFRA:
            self.kept.pop(key, None)
            return
        program = self.fingerprint.programs.get((key.problem_id, key.program_id))
        whose = f"program {key.program_id!r} of problem {key.problem_id!r}"
        if program is None:
            raise RunError(f"{origin}: {whose} is no longer among the programs; {self._ways_out}")
        if program not in old["programs"]:
            raise RunError(f"{origin}: {whose} is not the text that was judged; {self._ways_out}")
        if old["problems"].get(key.problem_id) != self.fingerprint.problems[key.problem_id]:
            raise RunError(
                f"{origin}: the tests, limits, mode or checker of problem {key.problem_id!r} are not those that "
                f"{whose} was judged with; {self._ways_out}"
            )
        self.kept[key] = ProgramVerdict(verdict.verdict, (), verdict.detail)

    @property
    def _ways_out(self) -> str:
        return "use another --output, or add --restart to judge everything again"


def _key(row: Any, origin: str) -> VerdictKey:
    if not isinstance(row, dict) or not all(isinstance(row.get(name, ""), str) for name in VerdictKey._fields):
        raise DataError(f"{origin}: not the row of a verdict")
    return VerdictKey(*(row.get(name, "") for name in VerdictKey._fields))
