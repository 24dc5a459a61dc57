"""pytest plugin: points the upstream functional API tests at external servers.

    pytest -p octavia_conformance.plugin --pyargs octavia.tests.functional.api ...
"""
import itertools
import json
import os
import random
import time
import types

import pecan.testing
import pytest

from . import db, dbfault, doubles, profiles, settings, shim

RESULTS = {}

# Tests that cannot be true of any server reached over HTTP.
EXCLUDED = {
    "TestMember::test_update_members_subnet_not_found":
        "expects 404 from a validate.subnet_exists() that returns False; the real "
        "function never does (it raises InvalidSubresource, 400)",
}


def pytest_addoption(parser):
    parser.addoption("--conformance-out", default=os.path.join(settings.WORKDIR, "results.json"))


def pytest_configure(config):
    os.makedirs(settings.WORKDIR, exist_ok=True)
    doubles.install()
    pecan.testing.load_test_app = shim.load_test_app
    _patch_db_base()
    _patch_tests()


def _patch_db_base():
    from octavia.common import config
    from octavia.db import api as db_api
    from octavia.tests import fixtures as oc_fixtures
    from octavia.tests.functional.db import base as dbbase
    from oslo_config import fixture as oslo_fixture

    db_api.get_session = db.get_session

    def set_up(self, connection_string=None):
        super(dbbase.OctaviaDBTestBase, self).setUp()
        self.connection_string = settings.DB_URL
        self.warning_fixture = self.useFixture(oc_fixtures.WarningsFixture())
        conf = self.useFixture(oslo_fixture.Config(config.cfg.CONF))
        conf.config(group="database", connection=settings.DB_URL)
        dbfault.clear()
        db.reset()
        self.session = db_api.get_session()

    dbbase.OctaviaDBTestBase.setUp = set_up
    dbbase.OctaviaDBTestBase.get_session = lambda self: db_api.get_session()


def _patch_tests():
    """Places where the tests are random, slow or patch a constant."""
    from octavia.tests.functional.api.v2 import test_l7rule, test_quotas

    # Random default quotas would mean a new server for every quota test.
    rng = random.Random(0)
    values = [rng.randrange(-1, 9000) for _ in range(6)]
    state = {"n": 0}

    def randrange(*args):
        state["n"] += 1
        return values[state["n"] % len(values)]

    orig = test_quotas.TestQuotas.setUp

    def set_up(self):
        state["n"] = 0
        orig(self)

    test_quotas.TestQuotas.setUp = set_up
    test_quotas.random = types.SimpleNamespace(randrange=randrange)

    from octavia.tests.functional.api.v2 import base as v2base

    v2base.BaseAPITest._set_lb_and_children_statuses = \
        lambda self, lb_id, prov, op, autodetect=True: \
        db.set_statuses(lb_id, prov, op, autodetect)

    # Quotas and the statistics of an amphora have no defined order (no ORDER
    # BY): sqlite gives them in order of insertion, InnoDB in order of the
    # primary key.  With growing ids both are the same.
    from octavia.tests.functional.api.v2 import test_amphora
    from oslo_utils import uuidutils

    count = itertools.count(1)
    test_quotas.uuidutils = test_amphora.uuidutils = types.SimpleNamespace(
        is_uuid_like=uuidutils.is_uuid_like,
        generate_uuid=lambda: f"{next(count):08x}{uuidutils.generate_uuid()[8:]}")

    # MAX_L7RULES_PER_L7POLICY is patched to 2: leave it at upstream's value
    # and let the test fill a whole policy.
    from octavia.common import constants
    func = test_l7rule.TestL7Rule.test_create_too_many_rules
    for patching in getattr(func, "patchings", ()):
        if patching.attribute == "MAX_L7RULES_PER_L7POLICY":
            patching.new = constants.MAX_L7RULES_PER_L7POLICY
    doubles.BENIGN.add("octavia.common.constants.MAX_L7RULES_PER_L7POLICY")


def pytest_collection_modifyitems(items):
    for item in items:
        reason = EXCLUDED.get(f"{item.cls.__name__}::{item.name}")
        if reason:
            item.add_marker(pytest.mark.skip(reason="harness: excluded, " + reason))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item, nextitem):
    doubles.forget()
    began = time.monotonic()
    key = f"{item.module.__name__}::{item.cls.__name__}::{item.name}".replace(
        "octavia.tests.functional.", "")
    trace = shim.reset_trace(key)
    RESULTS[key] = rec = {"outcome": None}
    item._conformance = rec
    try:
        return (yield)
    finally:
        dbfault.clear()
        db.close_sessions()
        rec.update(seconds=round(time.monotonic() - began, 3),
                   requests=trace["requests"], profiles=sorted(trace["profiles"]),
                   doubles=sorted(trace["doubles"]), identity=trace["identity"])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    rec = getattr(item, "_conformance", None)
    if rec is not None and (call.when == "call" or report.outcome != "passed"):
        if rec["outcome"] in (None, "passed"):
            rec["outcome"] = report.outcome
        if report.outcome == "skipped":
            rec["reason"] = report.longrepr[2] if isinstance(report.longrepr, tuple) \
                else str(report.longrepr)
        elif report.outcome == "failed":
            rec["error"] = str(report.longrepr)[-3000:]
    return report


def pytest_sessionfinish(session):
    profiles.POOL.stop_all()
    starts = profiles.POOL.start_seconds
    summary = {
        "launched": profiles.POOL.launched,
        "start_seconds_mean": round(sum(starts) / len(starts), 3) if starts else None,
        "distinct_configurations": len(profiles.POOL.seen),
        "http_requests": shim.HTTP_SECONDS[1],
        "http_seconds": round(shim.HTTP_SECONDS[0], 2),
        "bridge_calls": len(doubles.LOG),
    }
    out = session.config.getoption("--conformance-out")
    with open(out, "w") as f:
        json.dump({"summary": summary, "tests": RESULTS,
                   "configurations": profiles.POOL.seen}, f, indent=1, sort_keys=True)
