"""The harsh places of tests/live/places.py, in containers of crun and podman. Containers are slow to come up in this machine, so that
each ends in one of the two ways; tests/live/test_places.py has both."""
import pytest
from conftest import Podman, Runtime
from places import PLACES, SERVICES, live_through


def places(way):
    return pytest.mark.parametrize("place", [pytest.param(place, id=name) for name, place in PLACES.items() if place.way(way) is not None])


def live(start, engine, place, code, user="root"):
    c = start(engine, *place.inside, "/bin/tend", "run", user=user, files={"etc/tend.ini": SERVICES}, terminal=place.terminal, outside=place.outside)
    live_through(c, place, code)


@places("oci")
def test_crun(start, place):
    live(start, Runtime("crun", change=place.oci, without=place.without), place, code=7)


@places("podman")
def test_podman(start, place):
    live(start, Podman(*place.podman), place, code=0)


@places("rootless")
def test_podman_of_an_ordinary_user(start, place):
    live(start, Podman(*place.rootless), place, code=7, user="tester")
