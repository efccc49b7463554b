"""The local web server: the app's files, and movies localized as jobs.

In come `ServeSettings`; `serve` runs the server until Ctrl-C, `create_app` gives it as an ASGI
application. It needs the extra ``serve`` and holds no science: jobs are carried out by
`cellstorm.run` in processes of their own.
"""

from cellstorm.serve.application import create_app
from cellstorm.serve.gate import GateRules
from cellstorm.serve.server import serve
from cellstorm.serve.settings import ServeSettings
from cellstorm.serve.state_folder import StateFolder

__all__ = ["GateRules", "ServeSettings", "StateFolder", "create_app", "serve"]
