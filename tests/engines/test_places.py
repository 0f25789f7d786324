"""The harsh places of tests/live/places.py, in containers of crun and podman."""
import pytest
from conftest import Podman, Runtime
from places import PLACES, SERVICES, live_through


def rows(*ways):
    return [pytest.param(place, id=name) for name, place in PLACES.items() if any(getattr(place, way) is not None for way in ways)]


@pytest.mark.parametrize("place", rows("oci"))
def test_crun(start, place):
    c = start(Runtime("crun", change=place.oci, without=place.without), *place.inside, "/bin/tend", "run", files={"etc/tend.ini": SERVICES})
    live_through(c, place)


@pytest.mark.parametrize("place", rows("podman"))
def test_podman(start, place):
    c = start(Podman(*place.podman), *place.inside, "/bin/tend", "run", files={"etc/tend.ini": SERVICES}, terminal=place.terminal)
    live_through(c, place)


def test_podman_of_an_ordinary_user(start):
    place = PLACES["most of this at once"]
    live_through(start(Podman(*place.podman), *place.inside, "/bin/tend", "run", user="tester", files={"etc/tend.ini": SERVICES}), place)
