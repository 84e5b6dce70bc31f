"""The environment: what it means when nothing is said, and that a bad value names its variable."""

from pathlib import Path

import pytest

from config.env import BadSetting, ModelList, read


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("BASE_URL", "understudy.example.org"),
        ("UNDERSTUDY_PRODUCTION", "perhaps"),
        ("UNDERSTUDY_DEMO", "perhaps"),
        ("DEBUG", "perhaps"),
        ("UNDERSTUDY_VAR", "/dev/null/var"),
        ("DATABASE_URL", "mysql://127.0.0.1/understudy"),
        ("DATABASE_URL", "postgresql://understudy@127.0.0.1:fivethousand/understudy"),
        ("REDIS_URL", "http://127.0.0.1:6379"),
        ("EMAIL_URL", "pigeon://127.0.0.1"),
        ("EMAIL_URL", "smtp://127.0.0.1:twentyfive"),
        ("HF_ENDPOINT", "huggingface.co"),
        ("LITELLM_URL", "file:///etc/passwd"),
        ("MODELS_DEV_URL", "models.dev/api.json"),
        ("DEPRECATIONS_INFO_URL", "ftp://deprecations.info/feed.json"),
        ("MODEL_DEPRECATIONS_URL", "file:///etc/passwd"),
        ("OPENAI_URL", "api.openai.com"),
        ("AZURE_URL", "https://north.example.org/models,west.example.org/models"),
        ("MISTRAL_API_KEY", "a key\nwith a line"),
        ("GEMINI_API_KEY_FILE", "/nowhere/secret"),
        ("BEDROCK_REGIONS", "Frankfurt"),
        ("BEDROCK_URL", "bedrock.example.org"),
        ("JIRA_URL", "http://jira.example.org"),
        ("HF_WEBHOOK_SECRET", "too short"),
        ("HF_WEBHOOK_SECRET", "sixteen characters with ä"),
        ("UNDERSTUDY_DIGEST_MINUTES", "0"),
        ("UNDERSTUDY_RETENTION_DAYS", "89"),
        ("LOG_LEVEL", "LOUD"),
        ("SECRET_KEY_FILE", "/nowhere/secret"),
        ("DATABASE_URL_FILE", "/nowhere/secret"),
        ("UNDERSTUDY_ADMIN_PASSWORD_FILE", "/nowhere/secret"),
    ],
)
def test_a_bad_value_stops_the_start_and_names_its_variable(bare: pytest.MonkeyPatch, name: str, value: str) -> None:
    bare.setenv(name, value)
    with pytest.raises(BadSetting, match=f'"{name}"'):
        read()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgresql://understudy:hunter2@127.0.0.1:fivethousand/understudy"),
        ("EMAIL_URL", "smtp://understudy:hunter2@127.0.0.1:twentyfive"),
        ("REDIS_URL", "http://:hunter2@127.0.0.1:6379"),
    ],
)
def test_what_is_said_of_a_bad_address_does_not_repeat_its_password(
    bare: pytest.MonkeyPatch, name: str, value: str
) -> None:
    bare.setenv(name, value)
    with pytest.raises(BadSetting) as stopped:
        read()
    assert "hunter2" not in str(stopped.value)


@pytest.mark.usefixtures("bare")
def test_nothing_need_be_set_on_a_laptop(tmp_path: Path) -> None:
    env = read()
    assert (env.host, env.port, env.base_url) == ("127.0.0.1", 8000, "http://127.0.0.1:8000")
    assert env.database["NAME"] == str(tmp_path / "var" / "understudy.sqlite3")
    assert env.database["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert (env.redis_url, env.email, env.demo, env.production) == ("", {}, True, False)


def test_an_empty_value_counts_as_none(bare: pytest.MonkeyPatch) -> None:
    expected = read()
    for name in ("BASE_URL", "HOST", "DATABASE_URL", "REDIS_URL", "EMAIL_URL", "HF_ENDPOINT", "HF_TOKEN", "JIRA_URL"):
        bare.setenv(name, "")
    assert read() == expected


@pytest.mark.usefixtures("bare")
def test_the_secret_key_of_a_laptop_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    first = read().secret_key
    assert read().secret_key == first
    assert len(first) > 50
    assert (tmp_path / "var" / "secret-key").stat().st_mode & 0o077 == 0


def test_production_makes_up_no_secret_key(bare: pytest.MonkeyPatch) -> None:
    bare.setenv("UNDERSTUDY_PRODUCTION", "1")
    with pytest.raises(BadSetting, match="SECRET_KEY_FILE"):
        read()


def test_a_secret_can_come_as_a_file(bare: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("p@ss/word\n", encoding="utf-8")
    bare.setenv("DATABASE_URL", "postgresql://understudy@db:5433/register")
    bare.setenv("DATABASE_PASSWORD_FILE", str(tmp_path / "password"))
    database = read().database
    assert (database["USER"], database["PASSWORD"]) == ("understudy", "p@ss/word")
    assert (database["HOST"], database["PORT"], database["NAME"]) == ("db", 5433, "register")


def test_requests_are_answered_under_the_name_in_the_public_address(bare: pytest.MonkeyPatch) -> None:
    bare.setenv("HOST", "0.0.0.0")
    bare.setenv("BASE_URL", "https://understudy.example.org/")
    env = read()
    assert env.base_url == "https://understudy.example.org"
    assert env.allowed_hosts == ["127.0.0.1", "[::1]", "localhost", "understudy.example.org"]


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("0.0.0.0", "http://localhost:8000"),
        ("::1", "http://[::1]:8000"),
        ("192.0.2.7", "http://192.0.2.7:8000"),
    ],
)
def test_the_address_that_is_printed_is_one_that_a_browser_can_open(
    bare: pytest.MonkeyPatch, host: str, address: str
) -> None:
    bare.setenv("HOST", host)
    assert read().base_url == address


def test_mail_goes_to_the_server_that_is_named(bare: pytest.MonkeyPatch) -> None:
    bare.setenv("EMAIL_URL", "submission://understudy:secret@mail.example.org")
    email = read().email
    assert email["EMAIL_BACKEND"] == "django.core.mail.backends.smtp.EmailBackend"
    assert (email["EMAIL_HOST"], email["EMAIL_PORT"], email["EMAIL_USE_TLS"]) == ("mail.example.org", 587, True)


def test_a_vendors_list_has_its_addresses_and_its_key(bare: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("of the file\n", encoding="utf-8")
    bare.setenv("AZURE_API_KEY_FILE", str(tmp_path / "key"))
    bare.setenv("AZURE_URL", "https://north.example.org/models?api-version=1, https://west.example.org/models")
    lists = read().model_lists
    assert lists["azure"].urls == ("https://north.example.org/models?api-version=1", "https://west.example.org/models")
    assert lists["azure"].key == "of the file"
    assert "of the file" not in repr(lists)
    assert lists["openai"] == ModelList()


def test_the_regions_of_bedrock_are_listed(bare: pytest.MonkeyPatch) -> None:
    bare.setenv("BEDROCK_REGIONS", "eu-central-1, us-gov-west-1")
    assert read().bedrock_regions == ["eu-central-1", "us-gov-west-1"]
