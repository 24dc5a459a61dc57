"""The unmodified `openstack` client, many commands in one process.

Reads the words of a command as a JSON list a line, and answers with what it printed and
whether it succeeded. Before the first, names all subcommands that the installed client
adds for load balancers. The client keeps whom it acts for: one process an account.
"""
import contextlib
import importlib.metadata
import io
import json
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
    print(json.dumps(run(json.loads(line))), flush=True)
