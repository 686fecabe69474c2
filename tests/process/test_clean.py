"""`onceproof sink clean` against a real S3 server: it shows what it would do, and touches what is its own and old."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from working import properties

from onceproof import cli
from onceproof.scenarios.worlds.bucket import MotoServer
from onceproof.sink.config import SinkConfig
from onceproof.sink.outside import clean
from onceproof.sink.outside.s3 import S3Store
from onceproof.sink.settings.parsing import parse

OWN = "topics/t/partition=0/t+0+0000000007.json"
OTHERS = ("topics/t/partition=0/backup.json", "topics/t2/partition=0/t2+0+0000000007.json", "t+0+0000000007.json")


@pytest.fixture(scope="module")
def moto() -> Iterator[MotoServer]:
    """One S3 for all tests; each takes a fresh bucket."""
    server = MotoServer()
    yield server
    server.close()


class Bucket:
    """One with unfinished uploads of ours and of others, and the configuration in a file."""

    def __init__(self, moto: MotoServer, folder: Path) -> None:
        self.name = moto.fresh_bucket()
        given = properties(moto, self.name)
        store = S3Store(parse(given))
        for key in (OWN, *OTHERS):
            store.upload_part(key, store.create_upload(key), 1, b"x" * 1_500_000)
        self.path = folder / "sink.properties"
        self.path.write_text("".join(f"{name}={value}\n" for name, value in given.items()), encoding="utf-8")
        self.unfinished = lambda: moto.unfinished_uploads(self.name)

    def clean(self, *more: str) -> int:
        """Run the command."""
        return cli.main(["sink", "clean", str(self.path), "--bootstrap-servers", "nowhere:1", *more])


@pytest.fixture
def bucket(moto: MotoServer, tmp_path: Path) -> Bucket:
    """A fresh one."""
    return Bucket(moto, tmp_path)


@pytest.fixture
def members(monkeypatch: pytest.MonkeyPatch) -> dict[str, int | None]:
    """How many members each group has; Kafka is not asked."""
    found: dict[str, int | None] = {}

    class Group:
        def __init__(self, bootstrap_servers: str, settings: Any) -> None:
            assert ("nowhere:1", {}) == (bootstrap_servers, settings)

        def members(self, group: str) -> int | None:
            return found.get(group, 0)

        def topics(self, config: SinkConfig) -> tuple[str, ...]:
            return config.topics

    monkeypatch.setattr(clean, "Group", Group)
    return found


def test_without_the_order_it_only_shows(
    bucket: Bucket, members: dict[str, int | None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Key, age and size of what is its own, and the command that would abort it."""
    code = bucket.clean("--older-than", "0s")

    said = capsys.readouterr().out.splitlines()
    assert 0 == code
    assert f"1 unfinished upload in bucket {bucket.name}, 1.5 MB in all" == said[0]
    assert said[1].endswith(f"1.5 MB  {OWN}")
    assert f"1 older than 0s; to abort: onceproof sink clean {bucket.path} " in said[2]
    assert said[2].endswith("--older-than 0s --abort")
    assert 4 == len(bucket.unfinished())


def test_it_aborts_what_is_its_own_and_nothing_else(
    bucket: Bucket, members: dict[str, int | None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Others' uploads stay, in the same folder too."""
    code = bucket.clean("--older-than", "0s", "--abort")

    assert 0 == code
    assert ["aborted " + OWN, "1 upload aborted, 0 left"] == capsys.readouterr().out.splitlines()[-2:]
    assert tuple(sorted(OTHERS)) == bucket.unfinished()


def test_what_is_young_is_left_alone(
    bucket: Bucket,
    members: dict[str, int | None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A week, if nothing else is said; the age is counted from when the upload was begun."""
    listed = S3Store.unfinished_uploads

    def begun(days: int) -> None:
        started = datetime.now(UTC) - timedelta(days=days, hours=1)
        monkeypatch.setattr(
            S3Store,
            "unfinished_uploads",
            lambda store, prefix: (upload._replace(started=started) for upload in listed(store, prefix)),
        )

    begun(days=6)
    codes = [bucket.clean("--abort"), bucket.clean()]
    said = capsys.readouterr().out.splitlines()
    young = bucket.unfinished()
    begun(days=7)
    codes.append(bucket.clean("--abort"))

    assert [0, 0, 0] == codes
    assert ["0 uploads aborted, 1 left", "None is older than 7d."] == [said[2], said[-1]]
    assert said[1].startswith("   6d 1h ")
    assert (4, 3) == (len(young), len(bucket.unfinished()))


def test_it_aborts_nothing_while_the_sink_runs(
    bucket: Bucket, members: dict[str, int | None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Its uploads may be in work; they can still be looked at."""
    members["connect-landing"] = 2
    codes = [bucket.clean("--older-than", "0s", "--abort"), bucket.clean("--older-than", "0s")]

    said = capsys.readouterr()
    assert [2, 0] == codes
    reason = (
        "group connect-landing has 2 members: stop the sink first; one that was killed counts until its session ends"
    )
    assert f"onceproof: nothing was aborted: {reason}\n" == said.err
    assert f"nothing can be aborted now: {reason}." in said.out
    assert 4 == len(bucket.unfinished())


def test_a_broker_that_cannot_name_members_is_no_leave_to_abort(
    bucket: Bucket, members: dict[str, int | None], capsys: pytest.CaptureFixture[str]
) -> None:
    """What nobody can see may be alive."""
    members["connect-landing"] = None

    assert 2 == bucket.clean("--older-than", "0s", "--abort")
    assert "the broker cannot say whether group connect-landing has members" in capsys.readouterr().err
    assert 4 == len(bucket.unfinished())


def test_the_group_is_the_one_that_is_given(
    bucket: Bucket, members: dict[str, int | None], capsys: pytest.CaptureFixture[str]
) -> None:
    """As for `sink run`."""
    members["mine"] = 1

    assert 2 == bucket.clean("--abort", "--group", "mine")
    assert "group mine has 1 member: stop the sink first" in capsys.readouterr().err


def test_without_kafka_nothing_is_done(
    bucket: Bucket, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can say whether the sink runs."""
    monkeypatch.setattr(clean, "REACH_S", 0.2)

    assert 2 == bucket.clean("--older-than", "0s", "--abort")
    assert "onceproof: the broker cannot be used: " in capsys.readouterr().err
    assert 4 == len(bucket.unfinished())


@pytest.mark.parametrize("span", ["soon", "1", "-1d"])
def test_an_age_that_is_none_is_a_mistake_of_usage(bucket: Bucket, span: str) -> None:
    """Exit code 2, as for all of them."""
    with pytest.raises(SystemExit) as caught:
        bucket.clean(f"--older-than={span}")

    assert 2 == caught.value.code
