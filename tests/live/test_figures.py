"""The promised figures that a busy machine cannot change: size, memory, and nothing done while there is nothing to
do. Those that are times are for `make bench`."""
import sys

import pytest
from conftest import ROOT, binaries

sys.path.insert(0, str(ROOT / "tests" / "bench"))
import lab  # noqa: E402

FEW, MANY = 10, 1000


@pytest.fixture
def static():
    """The binary that is shipped: its figures are the ones promised."""
    found = [path for path in binaries() if "static" in path.parts]
    if not found:
        pytest.skip("make static")
    return found[0]


@pytest.fixture
def memory(static, tmp_path, can_unshare):
    if can_unshare:
        pytest.skip(can_unshare)
    lab.build()
    return lambda count: lab.idle_memory(static, tmp_path, count)


def test_size(static):
    assert static.stat().st_size <= 1500 * 1024


def test_memory_with_few_services(memory):
    pss, dirty = memory(FEW)
    assert pss <= 1434, "KiB of PSS"
    assert dirty <= 200, "KiB of private dirty memory"


def test_memory_for_each_service(memory):
    few, many = memory(FEW)[1], memory(MANY)[1]
    assert (many - few) / (MANY - FEW) <= 1.0, "KiB of private dirty memory for each service"


def test_idle(tend, tmp_path):
    lab.build()
    with lab.Board(goal=FEW) as board, \
            lab.Stage(board, tend.path, "run", lab.services(tmp_path, FEW, board)) as stage:
        stage.wait_full()
        stage.wakeups(0.5)
        switches, calls = stage.wakeups(5)
    assert not calls, "system calls while idle"
    assert switches == 0, "wake-ups while idle"
