"""Loading: what has landed becomes rows of `raw`, once, whole, in the order in which it was learned."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from warehouse import disagreements
from warehouse.contracts import DATASETS
from warehouse.home import Home
from warehouse.landing import LandingError, Manifest, RuleResult, read_manifest, verify
from warehouse.quarantine import rows as quarantine
from warehouse.quarantine.check_releases import TABLE as CHECK_RELEASES
from warehouse.quarantine.check_releases import CheckRelease, insert_release, is_release, read_release
from warehouse.quarantine.verdicts import (
    JUDGEMENT,
    MANIFEST,
    Rejudged,
    in_the_order_learned,
    is_judgement,
    read_judgement,
    releases,
)
from warehouse.revisions import LoadedBatch, append, settle


@dataclass(frozen=True)
class Load:
    """One landed file that became rows: how many it held, how many were new, how many went to quarantine.

    A judgement's `quarantined_rows` is what it let go, as a negative number: so that sums come out right.
    """

    load_id: int
    dataset: str
    origin: str
    rows: int
    new_rows: int
    quarantined_rows: int


def load_landed(connection: duckdb.DuckDBPyConnection, home: Home) -> list[Load]:
    """Load every landed batch, judgement and release that is not loaded yet, oldest first; each whole or not at all."""
    done = {row[0] for row in connection.execute("select landing_file from raw.loads").fetchall()}
    paths = [path for path in in_the_order_learned(home) if str(path.relative_to(home.landing)) not in done]
    loads: list[Load] = []
    for judged, group in groupby(paths, key=is_judgement):
        if judged:
            with _whole(connection):
                loads += _load_judgements(connection, home, [read_judgement(path) for path in group])
        else:
            for path in group:
                if is_release(path):
                    with _whole(connection):
                        loads.append(_load_release(connection, home, read_release(path)))
                    continue
                manifest = read_manifest(path)
                verify(manifest)
                with _whole(connection):
                    loads.append(_load_batch(connection, home, manifest))
    return loads


def _load_batch(connection: duckdb.DuckDBPyConnection, home: Home, manifest: Manifest) -> Load:
    dataset, recorded_at = DATASETS[manifest.dataset], _zoneless(manifest.recorded_at)
    load_id, held, new_rows = _next_load(connection), manifest.held_rows, 0
    is_late = _is_late(connection, manifest.dataset, manifest.origin, recorded_at)
    if manifest.parquet and not is_late:
        quarantine.hold(connection, home, manifest, manifest.verdicts, learned_at=manifest.recorded_at, load_id=load_id)
        new_rows = append(
            connection, dataset, manifest.parquet, held,
            recorded_at=manifest.recorded_at, load_id=load_id, archive=manifest.archive,
        )  # fmt: skip
    if manifest.requests:
        connection.register("asked", pa.Table.from_pylist([_request_row(r) for r in manifest.requests]))
        connection.execute(
            "insert into raw.requests select dataset, origin, market_type, series, window_start, window_end,"
            " rows_received, status, reason, ?, ? from asked",
            [recorded_at, load_id],
        )
        connection.unregister("asked")
    _keep_results(connection, manifest, manifest.results, load_id, recorded_at)
    _keep_load(
        connection,
        [load_id, manifest.dataset, manifest.origin, str(manifest.path.relative_to(home.landing)), manifest.sha256,
         manifest.rows, new_rows, len(held), recorded_at, manifest.ingest_id, _zoneless_or_none(manifest.clock),
         manifest.archive],
    )  # fmt: skip
    if is_late and manifest.parquet:
        moved = {manifest.parquet: set(range(manifest.rows)) - held}
        new_rows = _settle(connection, home, manifest.dataset, manifest.origin, moved, [load_id])[load_id]
        _hold_again(connection, home, manifest.dataset, manifest.origin)
    elif manifest.parquet:
        disagreements.update(connection, dataset, manifest.origin, [manifest.parquet])
    return Load(load_id, manifest.dataset, manifest.origin, manifest.rows, new_rows, len(held))


def _load_release(connection: duckdb.DuckDBPyConnection, home: Home, release: CheckRelease) -> Load:
    """Keep what was decided; the facts themselves have been rows of raw all the time."""
    load_id, n_facts = _next_load(connection), len(release.facts)
    insert_release(connection, release, load_id)
    _keep_load(
        connection,
        [load_id, CHECK_RELEASES, release.rule, str(release.path.relative_to(home.landing)), None, n_facts, 0, 0,
         _zoneless(release.released_at), None, None, None],
    )  # fmt: skip
    return Load(load_id, CHECK_RELEASES, release.rule, n_facts, 0, 0)


def _load_judgements(connection: duckdb.DuckDBPyConnection, home: Home, found: Sequence[Rejudged]) -> list[Load]:
    """Judgements that stand together are settled together: histories are read once for all of them."""
    loads: list[Load] = []
    moved: dict[tuple[str, str], dict[Path, set[int]]] = defaultdict(lambda: defaultdict(set))
    for judgement in found:
        manifest = read_manifest(judgement.manifest_path)
        load, released = _load_judgement(connection, home, judgement, manifest)
        loads.append(load)
        if released and manifest.parquet:
            moved[load.dataset, load.origin][manifest.parquet] |= released
    new_rows: dict[int, int] = {}
    for (dataset, origin), files in moved.items():
        ids = [load.load_id for load in loads if (load.dataset, load.origin) == (dataset, origin)]
        new_rows |= _settle(connection, home, dataset, origin, files, ids)
    return [replace(load, new_rows=new_rows.get(load.load_id, 0)) for load in loads]


def _load_judgement(
    connection: duckdb.DuckDBPyConnection, home: Home, judgement: Rejudged, manifest: Manifest
) -> tuple[Load, set[int]]:
    """Keep what a judgement says; the rows that it lets go on. Rows that went on before are not held any more."""
    verify(manifest)
    batch_id = _load_of(connection, home, manifest)
    earlier = _judgements_of(home, manifest, _loaded(connection, manifest.dataset, manifest.origin))
    load_id, judged_at = _next_load(connection), judgement.judged_at
    is_late = _is_late(connection, manifest.dataset, manifest.origin, _zoneless(judged_at))
    # A judgement found late may have let go what a later one, loaded before it, seemed to be the first to let go.
    released_by = {found.path: rows for found, rows in releases(manifest, [*earlier, judgement])}
    released = released_by.pop(judgement.path)
    if not is_late:
        _apply(connection, home, manifest, earlier, judgement, load_id)
    _keep_results(connection, manifest, judgement.results, batch_id, _zoneless(judged_at))
    _keep_load(
        connection,
        [load_id, manifest.dataset, manifest.origin, str(judgement.path.relative_to(home.landing)), None, 0, 0,
         -len(released), _zoneless(judged_at), manifest.ingest_id, _zoneless(judgement.clock), manifest.archive],
    )  # fmt: skip
    if is_late:
        for path, rows in released_by.items():
            file = str(path.relative_to(home.landing))
            connection.execute("update raw.loads set quarantined_rows = ? where landing_file = ?", [-len(rows), file])
        _hold_again(connection, home, manifest.dataset, manifest.origin)
    return Load(load_id, manifest.dataset, manifest.origin, 0, 0, -len(released)), released


def _apply(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    manifest: Manifest,
    earlier: list[Rejudged],
    judgement: Rejudged,
    load_id: int,
) -> None:
    """Quarantine after a judgement: a rule that lets a row go is marked so, one that holds it now has its own line."""
    held = manifest.held_rows
    for _, rows in releases(manifest, earlier):
        held -= rows
    still = [v for v in judgement.verdicts if v.row in held and v.severity != "warn"]
    said = {(v.row, v.rule) for v in still}
    before = earlier[-1].verdicts if earlier else manifest.verdicts
    gone = [v for v in before if v.row in held and (v.row, v.rule) not in said]
    quarantine.let_go(connection, manifest, gone, learned_at=judgement.judged_at)
    quarantine.hold(connection, home, manifest, still, learned_at=judgement.judged_at, load_id=load_id)


def _hold_again(connection: duckdb.DuckDBPyConnection, home: Home, dataset: str, origin: str) -> None:
    """The quarantine of an origin, told again from its beginning: something was found that belongs in the middle."""
    connection.execute("delete from raw.quarantine where dataset = ? and origin = ?", [dataset, origin])
    judged: dict[Path, list[Rejudged]] = defaultdict(list)
    for file, load_id in connection.execute(
        "select landing_file, load_id from raw.loads where dataset = ? and origin = ?"
        " and (quarantined_rows > 0 or ends_with(landing_file, ?)) order by recorded_at, load_id",
        [dataset, origin, JUDGEMENT],
    ).fetchall():
        if is_judgement(file):
            judgement = read_judgement(home.landing / file)
            earlier = judged[judgement.manifest_path]
            _apply(connection, home, read_manifest(judgement.manifest_path), earlier, judgement, load_id)
            earlier.append(judgement)
        else:
            manifest = read_manifest(home.landing / file)
            learned_at = manifest.recorded_at
            quarantine.hold(connection, home, manifest, manifest.verdicts, learned_at=learned_at, load_id=load_id)


def _is_late(connection: duckdb.DuckDBPyConnection, dataset: str, origin: str, learned_at: datetime) -> bool:
    """True if something learned later is loaded already: after a crash, or from a backup."""
    found = connection.execute(
        "select exists (select 1 from raw.loads where dataset = ? and origin = ? and recorded_at > ?)",
        [dataset, origin, learned_at],
    ).fetchall()
    return bool(found[0][0])


def _settle(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    dataset: str,
    origin: str,
    moved: dict[Path, set[int]],
    load_ids: Sequence[int],
) -> dict[int, int]:
    """Put the histories of the moved rows' keys right; how many versions each of these loads brought."""
    gone = settle(connection, DATASETS[dataset], moved, list(_loaded_batches(connection, home, dataset, origin)))
    if gone and connection.execute("select count(*) from raw.builds").fetchall()[0][0]:
        # Versions that a build has read are no more: what was built from them must be built anew, and wholly.
        connection.execute(
            "insert into raw.builds (build_id, load_id, fingerprint, is_passed)"
            " select max(build_id) + 1, ?, '', false from raw.builds",
            [max(load_ids)],
        )
    disagreements.update(connection, DATASETS[dataset], origin, moved)
    # Versions of other loads may have come or gone too: what a load brought is counted for the whole origin.
    connection.execute(
        f"""
        update raw.loads set new_rows = counted.new_rows
        from (
            select l.load_id, count(t.load_id) as new_rows
            from raw.loads l left join raw.{dataset} t using (load_id)
            where l.dataset = ? and l.origin = ?
            group by l.load_id
        ) counted
        where counted.load_id = loads.load_id and counted.new_rows <> loads.new_rows
        """,
        [dataset, origin],
    )
    return dict(
        connection.execute(
            "select load_id, new_rows from raw.loads where list_contains(?, load_id)", [load_ids]
        ).fetchall()
    )


def _loaded_batches(
    connection: duckdb.DuckDBPyConnection, home: Home, dataset: str, origin: str
) -> Iterator[LoadedBatch]:
    """Every loaded batch of an origin that has rows, with what became of those that were held."""
    loaded = _loaded(connection, dataset, origin)
    batches = connection.execute(
        "select landing_file, recorded_at, load_id, quarantined_rows, archive from raw.loads"
        " where dataset = ? and origin = ? and rows > 0 order by recorded_at, load_id",
        [dataset, origin],
    ).fetchall()
    for file, recorded_at, load_id, quarantined, archive in batches:
        path = home.landing / file
        held: dict[int, tuple[datetime, int] | None] = {}
        if quarantined:
            manifest = read_manifest(path)
            held = dict.fromkeys(manifest.held_rows)
            for judgement, rows in releases(manifest, _judgements_of(home, manifest, loaded)):
                known = (_zoneless(judgement.judged_at), loaded[str(judgement.path.relative_to(home.landing))])
                held |= dict.fromkeys(rows, known)
        rows = path.with_name(path.name.removesuffix(MANIFEST) + ".parquet")
        yield LoadedBatch(rows, recorded_at, load_id, held, archive)


def _loaded(connection: duckdb.DuckDBPyConnection, dataset: str, origin: str) -> dict[str, int]:
    """The loaded judgements of an origin, by file, with their loads."""
    return dict(
        connection.execute(
            "select landing_file, load_id from raw.loads where dataset = ? and origin = ?"
            " and ends_with(landing_file, ?)",
            [dataset, origin, JUDGEMENT],
        ).fetchall()
    )


def _judgements_of(home: Home, manifest: Manifest, loaded: dict[str, int]) -> list[Rejudged]:
    stem = str(manifest.path.relative_to(home.landing)).removesuffix(MANIFEST)
    return [read_judgement(home.landing / file) for file in sorted(loaded) if file.startswith(f"{stem}.")]


def _load_of(connection: duckdb.DuckDBPyConnection, home: Home, manifest: Manifest) -> int:
    file = str(manifest.path.relative_to(home.landing))
    found = connection.execute("select load_id from raw.loads where landing_file = ?", [file]).fetchall()
    if not found:
        raise LandingError(f"{manifest.path} was judged before it was loaded; restore what is missing in landing/")
    return int(found[0][0])


def _keep_results(
    connection: duckdb.DuckDBPyConnection,
    manifest: Manifest,
    results: Sequence[RuleResult],
    load_id: int,
    recorded_at: datetime,
) -> None:
    """What the rules found, under the load of the batch itself: of a batch judged again, the newest results count."""
    if not results:
        return
    connection.executemany(
        "insert into raw.guard_results values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            [load_id, manifest.dataset, manifest.origin, r.rule, r.severity, r.reason, r.evaluated_rows,
             r.failed_rows, r.is_passed, recorded_at, manifest.ingest_id]
            for r in results
        ],
    )  # fmt: skip


def _keep_load(connection: duckdb.DuckDBPyConnection, row: list[Any]) -> None:
    connection.execute(
        "insert into raw.loads (load_id, dataset, origin, landing_file, sha256, rows, new_rows, quarantined_rows,"
        " recorded_at, ingest_id, clock_at, archive) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        row,
    )


def _next_load(connection: duckdb.DuckDBPyConnection) -> int:
    return int(connection.execute("select coalesce(max(load_id), 0) + 1 from raw.loads").fetchall()[0][0])


@contextmanager
def _whole(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """One transaction: all of it, or nothing."""
    connection.begin()
    try:
        yield
        connection.commit()
    except BaseException:
        connection.rollback()
        raise


def _request_row(request: dict[str, object]) -> dict[str, object]:
    times = {name: _zoneless(datetime.fromisoformat(str(request[name]))) for name in ("window_start", "window_end")}
    return request | times


def _zoneless(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)


def _zoneless_or_none(moment: datetime | None) -> datetime | None:
    return None if moment is None else _zoneless(moment)
