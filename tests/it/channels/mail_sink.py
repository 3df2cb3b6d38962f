"""A real SMTP server (aiosmtpd) that writes each mail down as a line of JSON.

HOW PORT FOLDER [CHAIN KEY]; HOW is plain, auth, starttls or tls. Says on which port it listens, and stays until it is ended.
"""
import asyncio
import json
import ssl
import sys
from email import message_from_bytes, policy
from functools import partial
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult

how, port, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])


class Sink:
    async def handle_DATA(self, server, session, envelope):
        mail = message_from_bytes(envelope.content, policy=policy.default)

        def part(kind):
            return mail.get_body((kind,)).get_content()

        line = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "subject": str(mail["subject"]),
            "message_id": str(mail["message-id"]),
            "references": str(mail["references"]),
            "text": part("plain"),
            "html": part("html"),
            "user": getattr(session, "auth_data", None),
            "tls": session.ssl is not None or how == "tls",
        }
        with open(folder / "mails.jsonl", "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        return "250 OK, written down"


def authenticator(server, session, envelope, mechanism, data):
    good = (data.login, data.password) == (b"tower", b"correct-horse")
    return AuthResult(success=good, handled=False, auth_data=data.login.decode() if good else None)


async def main():
    options = {}
    context = None
    if how in ("starttls", "tls"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[4], sys.argv[5])
    if how == "starttls":
        options = {"tls_context": context, "require_starttls": True}
    if how == "auth":
        options = {"auth_required": True, "auth_require_tls": False, "authenticator": authenticator}
    loop = asyncio.get_running_loop()
    factory = partial(SMTP, Sink(), **options)
    server = await loop.create_server(factory, "127.0.0.1", port, ssl=context if how == "tls" else None)
    print("listening on", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
