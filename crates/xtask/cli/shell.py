"""The unmodified `openstack` client, many commands in one process.

Reads a JSON object a line: the words of a command and variables of its environment.
Answers with one: what it printed, and whether it succeeded. Before the first, names
all subcommands that the installed client adds for load balancers.
"""
import contextlib
import importlib.metadata
import io
import json
import os
import sys

from openstackclient import shell


def subcommands():
    found = importlib.metadata.entry_points(group="openstack.load_balancer.v2")
    return sorted(entry.name.replace("_", " ") for entry in found)


def run(words):
    printed, complained = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(complained):
        try:
            status = shell.OpenStackShell().run(words)
        except SystemExit as end:
            status = end.code
    return {"succeeded": not status, "printed": printed.getvalue(), "complained": complained.getvalue()}


print(json.dumps(subcommands()), flush=True)
for line in sys.stdin:
    call = json.loads(line)
    os.environ.update(call["environment"])
    print(json.dumps(run(call["words"])), flush=True)
