"""What the run is told, by the environment."""
import os

# SQLAlchemy URL of the database that the server under test uses too.
DB_URL = os.environ["CONFORMANCE_DB_URL"]

# A shell command that starts one server: {config} is an octavia.conf, {port} the port to listen on
# (also in the file), {workdir} a scratch folder.
SERVER_CMD = os.environ["CONFORMANCE_SERVER_CMD"]

# 1: the server offers the calls of its no-op drivers to [harness] bridge_url.
BRIDGE = os.environ.get("CONFORMANCE_BRIDGE", "0") == "1"

# Configurations, logs of servers, results.
WORKDIR = os.environ["CONFORMANCE_WORKDIR"]

# A file for every request and answer, as JSON lines.
TRANSCRIPT = os.environ.get("CONFORMANCE_TRANSCRIPT")

# Servers kept alive at once, and the seconds that one may take to answer.
MAX_SERVERS = 12
START_TIMEOUT = 30

# A database nobody answers on, for the health checks of a database that is down.
DEAD_DB_URL = "mysql+pymysql://octavia:octavia@boom.invalid:3306/octavia?connect_timeout=2"

# What makes our server answer as upstream's does: at once. And tests that say nothing of how callers
# are known ask without a token; a server that is to ask Keystone needs to be told where it is.
EXTRA_CONF = {
    ("api_settings", "auth_strategy"): "noauth",
    ("api_settings", "immutable_wait"): "0",
    ("api_settings", "sync_wait"): "0",
}
