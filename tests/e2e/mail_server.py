"""A real SMTP server for the tests; each message becomes a file in a folder. Users must log in, under TLS.

    mail_server.py PORT FOLDER CERTIFICATE KEY [--implicit-tls] [--no-starttls] [--mechanism PLAIN|LOGIN|CRAM-MD5]
"""
import argparse
import hashlib
import hmac
import os
import ssl
import threading

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import MISSING, AuthResult, LoginPassword

USER, PASSWORD = b"meerkat", b"correct horse"


class Mailbox:
    def __init__(self, folder, implicit_tls):
        self.folder, self.implicit_tls, self.count = folder, implicit_tls, 0

    async def handle_DATA(self, _server, session, envelope):  # noqa: N802: the library's name
        self.count += 1
        path = os.path.join(self.folder, "%04d.eml" % self.count)
        with open(path + ".part", "wb") as file:
            file.write(("X-Test-Tls: %s\r\nX-Test-To: %s\r\nX-Test-From: %s\r\nX-Test-Hello: %s\r\n"
                        % (self.implicit_tls or session.ssl is not None, ",".join(envelope.rcpt_tos), envelope.mail_from,
                           session.host_name)).encode())
            file.write(envelope.content)
        os.rename(path + ".part", path)
        return "250 OK"


class MailboxWithCramMd5(Mailbox):
    async def auth_CRAM__MD5(self, server, _args):  # noqa: N802: the library derives the mechanism from it
        challenge = b"<4711.1700000000@mail.example>"
        answer = await server.challenge_auth(challenge)
        if answer is MISSING:
            return AuthResult(success=False)
        name, _, digest = answer.partition(b" ")
        good = name == USER and digest.decode() == hmac.new(PASSWORD, challenge, hashlib.md5).hexdigest()
        return AuthResult(success=good, handled=False, message=None if good else "535 5.7.8 wrong")


def authenticate(_server, _session, _envelope, _mechanism, data):
    return AuthResult(success=isinstance(data, LoginPassword) and (data.login, data.password) == (USER, PASSWORD))


def main():
    parser = argparse.ArgumentParser()
    for name in ("port", "folder", "certificate", "key"):
        parser.add_argument(name)
    parser.add_argument("--implicit-tls", action="store_true")
    parser.add_argument("--no-starttls", action="store_true")
    parser.add_argument("--mechanism", default="")
    options = parser.parse_args()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(options.certificate, options.key)
    mailbox = (MailboxWithCramMd5 if options.mechanism == "CRAM-MD5" else Mailbox)(options.folder, options.implicit_tls)
    settings = {"authenticator": authenticate, "auth_required": True,
                "auth_exclude_mechanism": {"PLAIN": ["LOGIN"], "LOGIN": ["PLAIN"],
                                           "CRAM-MD5": ["LOGIN", "PLAIN"]}.get(options.mechanism, [])}
    if options.implicit_tls:
        settings.update(ssl_context=context, auth_require_tls=False)
    elif options.no_starttls:
        settings.update(auth_require_tls=False)
    else:
        settings.update(tls_context=context, require_starttls=True, auth_require_tls=True)
    Controller(mailbox, hostname="127.0.0.1", port=int(options.port), **settings).start()
    threading.Event().wait()


if __name__ == "__main__":
    main()
