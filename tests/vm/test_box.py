"""The machine itself: what the other tests rely on."""


def test_container_sees_its_own_cgroup_as_the_root(box):
    box.limit("memory.max", "67108864")
    p = box("--", "sh", "-c", "cat /proc/self/cgroup /sys/fs/cgroup/memory.max; cat /sys/fs/cgroup/cgroup.controllers")
    assert p.wait() == 0
    assert p.out.splitlines()[:2] == ["0::/", "67108864"]
    assert {"cpu", "cpuset", "io", "memory", "pids"} <= set(p.out.splitlines()[2].split())


def test_container_may_not_raise_its_own_limit(box):
    box.limit("pids.max", "100")
    p = box("--", "sh", "-c", "echo max > /sys/fs/cgroup/pids.max")
    assert p.wait() != 0
    assert box.read("pids.max") == "100"
