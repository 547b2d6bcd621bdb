"""What the server says to strangers: each setting tried from outside, on the loopback."""

import http.client
import json
import re
import tomllib
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from scripts.server import running_server

SETTINGS = tomllib.loads((Path(__file__).parents[2] / ".streamlit" / "config.toml").read_text())


@pytest.fixture(scope="module")
def address():
    with running_server() as found:
        yield found


def status(address, path, method="GET", body=None, **headers):
    request = urllib.request.Request(address + path, data=body, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def socket_status(address, **headers):
    """Of the answer to a web socket that comes with these headers; 101 where it is let in."""
    place = urlsplit(address)
    plain = http.client.HTTPConnection(place.hostname, place.port, timeout=20)
    usual = {
        "Host": place.netloc,
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    plain.putrequest("GET", "/_stcore/stream", skip_host=True, skip_accept_encoding=True)
    for name, value in (usual | headers).items():
        plain.putheader(name, value)
    plain.endheaders()
    try:
        return plain.getresponse().status
    finally:
        plain.close()


def test_it_listens_for_this_machine_alone():
    assert SETTINGS["server"]["address"] == "127.0.0.1"


@pytest.mark.slow
def test_files_need_a_token_and_a_session(address):
    where = "/_stcore/upload_file/no-session/no-file"
    assert status(address, where, "PUT", b"x")[0] == 403
    assert status(address, where, "DELETE")[0] in (403, 405)
    code, content = status(address, where)  # nothing that was brought is ever served
    assert code in (403, 404, 405) or b"<title>" in content[:2000]  # the page itself


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/app/static/../../app.py", "/app/static/%2e%2e/%2e%2e/app.py", "/media/../app.py"])
def test_no_path_leads_out(address, path):
    place = urlsplit(address)
    plain = http.client.HTTPConnection(place.hostname, place.port, timeout=20)
    plain.putrequest("GET", path)
    plain.endheaders()
    answer = plain.getresponse()
    content = answer.read()
    plain.close()
    assert answer.status in (400, 403, 404) or b"<title>" in content[:2000]  # the page itself
    assert b"st.App(" not in content


@pytest.mark.slow
def test_a_page_elsewhere_gets_no_socket(address):
    place = urlsplit(address)
    assert socket_status(address, Origin=address) == 101
    assert socket_status(address, Origin="http://evil.example") == 403
    assert socket_status(address, Origin="null") == 403
    # The name of a stranger that was made to point at this machine
    rebound = f"evil.example:{place.port}"
    assert socket_status(address, Host=rebound, Origin=f"http://{rebound}") in (400, 403)
    with pytest.raises(InvalidStatus):
        connect(f"ws://{place.netloc}/_stcore/stream", origin="http://evil.example")


@pytest.mark.slow
def test_what_is_off_is_off(address):
    assert status(address, "/_stcore/agent/interact", "POST", b"{}")[0] in (403, 404, 405)
    answer = status(address, "/_stcore/agent/openapi.json")
    assert answer[0] in (403, 404) or b'"enabled":true' not in answer[1].replace(b" ", b"")
    assert status(address, "/_stcore/health")[0] == 200


@pytest.mark.slow
def test_the_page_is_told_no_more_than_it_needs(address):
    code, content = status(address, "/_stcore/host-config")
    assert code == 200
    assert "metricsUrl" not in json.loads(content) or not json.loads(content)["metricsUrl"]
    assert not re.search(rb"/(home|root|work|usr)/", content)


@pytest.mark.parametrize(
    ("section", "name", "value"),
    [
        ("server", "allowedHosts", ["localhost", "127.0.0.1"]),
        ("server", "enableCORS", True),
        ("server", "enableXsrfProtection", True),
        ("server", "xsrfCookieSameSite", "strict"),
        ("server", "maxUploadSize", 256),
        ("server", "enableStaticServing", False),
        ("server", "enableAgentApi", False),
        ("server", "fileWatcherType", "none"),
        ("client", "showErrorDetails", "none"),
        ("browser", "gatherUsageStats", False),
        ("runner", "magicEnabled", False),
    ],
)
def test_settings_that_no_answer_shows(section, name, value):
    assert SETTINGS[section][name] == value
