"""A real SMTP server for the tests: STARTTLS required, then AUTH PLAIN or LOGIN; each message becomes a file in a folder."""
import os
import ssl
import sys
import threading

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword


class Mailbox:
    def __init__(self, folder):
        self.folder, self.count = folder, 0

    async def handle_DATA(self, _server, session, envelope):  # noqa: N802: the library's name
        self.count += 1
        path = os.path.join(self.folder, "%04d.eml" % self.count)
        with open(path + ".part", "wb") as file:
            file.write(("X-Test-Tls: %s\r\nX-Test-To: %s\r\n" % (session.ssl is not None, ",".join(envelope.rcpt_tos))).encode())
            file.write(envelope.content)
        os.rename(path + ".part", path)
        return "250 OK"


def authenticate(_server, _session, _envelope, _mechanism, data):
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (b"meerkat", b"correct horse")
    return AuthResult(success=good)


def main():
    port, folder, certificate, key = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    controller = Controller(Mailbox(folder), hostname="127.0.0.1", port=port, tls_context=context, require_starttls=True,
                            authenticator=authenticate, auth_required=True, auth_require_tls=True)
    controller.start()
    threading.Event().wait()


if __name__ == "__main__":
    main()
