"""A real Dovecot for tests: mailboxes that anybody with the password may open, and that begin empty."""

import json
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import mkdtemp
from time import monotonic, sleep

import pytest
from imap_tools import MailBoxUnencrypted

from tests.given.ports import free_port

DOVECOT = shutil.which("dovecot") or "/usr/sbin/dovecot"
PASSWORD = "right-horse"

CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log
protocols = imap
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login xoauth2 oauthbearer
listen = 127.0.0.1
mail_location = maildir:{folder}/mail/%u
mail_uid = {user}
mail_gid = {group}
first_valid_uid = 1
default_login_user = {login}
default_internal_user = {login}
default_internal_group = {internal}
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/oauth2.conf
}}
passdb {{
  driver = static
  mechanisms = plain login
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/mail/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    address = 127.0.0.1
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
"""

OAUTH2 = """
tokeninfo_url = http://127.0.0.1:{port}/tokeninfo?access_token=
username_attribute = email
"""


@contextmanager
def tokens_known(tokens: dict[str, str]) -> Iterator[int]:
    """Whom the mailboxes ask whose a token is; the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            user = tokens.get(self.path.partition("access_token=")[2])
            told = json.dumps({"email": user} if user else {"error": "invalid_token"}).encode()
            self.send_response(200 if user else 401)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class Dovecot:
    port: int
    folder: Path
    tokens: dict[str, str]
    """Whose each access token is."""

    def box(self, user: str) -> MailBoxUnencrypted:
        box = MailBoxUnencrypted("127.0.0.1", self.port, timeout=60)
        box.login(user, PASSWORD)
        return box

    def put(self, user: str, raw: bytes) -> None:
        with self.box(user) as box:
            box.append(raw, "INBOX")


@pytest.fixture(scope="module")
def dovecot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dovecot]:
    if not os.access(DOVECOT, os.X_OK) or os.geteuid() != 0:
        pytest.skip("no Dovecot here, or not root to start one")
    folder = Path(mkdtemp(prefix="aftercare-dovecot-", dir="/tmp"))  # its sockets need a short path
    (folder / "mail").mkdir()
    folder.chmod(0o755)
    shutil.chown(folder / "mail", "mail", "mail")
    port = free_port()
    tokens: dict[str, str] = {}
    ends = ExitStack()
    asked = ends.enter_context(tokens_known(tokens))
    (folder / "oauth2.conf").write_text(OAUTH2.format(port=asked))
    config = folder / "dovecot.conf"
    config.write_text(
        CONFIG.format(
            folder=folder, port=port, user="mail", group="mail", login="dovenull", internal="dovecot",
            password=PASSWORD,
        ).replace("default_internal_user = dovenull", "default_internal_user = dovecot")
    )  # fmt: skip
    server = subprocess.Popen([DOVECOT, "-F", "-c", str(config)])
    try:
        until = monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if monotonic() > until or server.poll() is not None:
                    pytest.fail((folder / "log").read_text() if (folder / "log").exists() else "no Dovecot")
                sleep(0.1)
        yield Dovecot(port, folder, tokens)
    finally:
        server.terminate()
        server.wait(60)
        ends.close()
        shutil.rmtree(folder, ignore_errors=True)
