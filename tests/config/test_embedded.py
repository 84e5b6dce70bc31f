"""What must be true before everything starts on one machine."""

import socket
from pathlib import Path

import pytest

from config.embedded import CannotStart, is_ready, only_one, require_free


def test_a_port_in_use_is_named_with_the_variable_that_chooses_another() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotStart, match=rf"Port {port} of 127\.0\.0\.1 cannot be used: .*PORT="):
            require_free("127.0.0.1", port)


def test_a_port_that_is_free_again_is_no_obstacle() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    require_free("127.0.0.1", port)


def test_a_host_that_is_no_address_is_named() -> None:
    with pytest.raises(CannotStart, match=r"HOST=no such host is no address"):
        require_free("no such host", 8000)


def test_two_do_not_share_one_folder(tmp_path: Path) -> None:
    with (
        only_one(tmp_path, address="http://127.0.0.1:18000"),
        pytest.raises(CannotStart, match=r"already runs on .*http://127\.0\.0\.1:18000.*UNDERSTUDY_VAR"),
        only_one(tmp_path, address="http://127.0.0.1:18001"),
    ):
        pass


def test_a_folder_is_free_again_when_its_holder_has_ended(tmp_path: Path) -> None:
    with only_one(tmp_path, address="http://127.0.0.1:18000"):
        pass
    with only_one(tmp_path, address="http://127.0.0.1:18001"):
        assert "18001" in (tmp_path / "up.lock").read_text()


def test_a_port_where_nobody_listens_is_not_ready() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert not is_ready("127.0.0.1", port)
