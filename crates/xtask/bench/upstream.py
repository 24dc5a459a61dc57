"""Upstream's own API, as its application server loads it; OCTAVIA_CONF names the configuration."""
import os

from octavia.api import app

application = app.setup_app(argv=["octavia-api", "--config-file", os.environ["OCTAVIA_CONF"]])
