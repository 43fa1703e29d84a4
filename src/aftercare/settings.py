"""Settings: the only place that reads the environment.

Every value has the prefix ``AFTERCARE_``; groups use two underscores (``AFTERCARE_MAIL__HOST``). No secret has a
default in production: there the secret key must be given; in development one is made once and kept in the home folder.
"""

import os
import secrets
from functools import cached_property
from pathlib import Path
from typing import Literal

from platformdirs import user_data_path
from pydantic import BaseModel, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

# Our matrices are small and several computations run side by side: threads of a BLAS that wait for each other by spinning
# doubled the time of a fit on two free cores, and made minutes of it on busy ones. Read when numpy is loaded, so before it.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")


def default_home() -> Path:
    """`./var` in a checkout of the source, the user's data folder when installed as a wheel."""
    checkout = Path(__file__).resolve().parents[2]
    if (checkout / "pyproject.toml").is_file() and (checkout / "migrations").is_dir():
        return checkout / "var"
    return user_data_path("aftercare")


class Mail(BaseModel):
    host: str | None = None
    port: int = 25
    username: str | None = None
    password: SecretStr | None = None
    security: Literal["none", "starttls", "tls"] = "none"
    sender: str = "Aftercare <service@localhost>"
    timeout_seconds: float = 20


class MailListener(BaseModel):
    """Our own SMTP listener, for who lets a mail server forward to it. Off without a host."""

    host: str | None = None
    port: int = 2525
    largest_bytes: int = 40 * 1024 * 1024
    certificate: Path | None = None
    """PEM files; with them STARTTLS is offered."""
    key: Path | None = None


class Files(BaseModel):
    """Where uploads lie: a folder of the home by default, or any address that fsspec knows (``s3://bucket/path``)."""

    url: str | None = None
    key: str | None = None
    secret: SecretStr | None = None
    endpoint: str | None = None
    largest_bytes: int = 50 * 1024 * 1024


class Stripe(BaseModel):
    secret_key: SecretStr | None = None
    webhook_secret: SecretStr | None = None


class WechatPay(BaseModel):
    merchant_id: str | None = None
    app_id: str | None = None
    private_key: SecretStr | None = None
    certificate_serial: str | None = None
    api_v3_key: SecretStr | None = None
    public_key: str | None = None
    public_key_id: str | None = None


class Shopify(BaseModel):
    webhook_secret: SecretStr | None = None


class Tracking(BaseModel):
    kuaidi100_salt: SecretStr | None = None
    kuaidi100_key: SecretStr | None = None
    kuaidi100_customer: str | None = None
    kuaidi100_api: str = "https://poll.kuaidi100.com"
    """Their own address, or a proxy of the house."""
    push_secret: SecretStr | None = None


class Channels(BaseModel):
    """Where the vendors of SMS and messaging are reached: their own addresses, or a proxy of the house. `private_hosts` are hosts
    of the inner network that channel accounts may send to and fetch from; all others must lie in the open internet."""

    wechat_api: str = "https://api.weixin.qq.com"
    wecom_api: str = "https://qyapi.weixin.qq.com"
    whatsapp_api: str = "https://graph.facebook.com/v23.0"
    telegram_api: str = "https://api.telegram.org"
    twilio_api: str = "https://api.twilio.com"
    aliyun_sms_api: str = "https://dysmsapi.aliyuncs.com"
    private_hosts: list[str] = []


class Webhooks(BaseModel):
    """Addresses that are told what happens lie in the open internet and are asked over TLS; `private_hosts` may be inner ones."""

    private_hosts: list[str] = []
    timeout_seconds: float = 10


class LanguageModelSettings(BaseModel):
    """Any OpenAI-compatible address (``http://127.0.0.1:11434/v1``); without one the assistant does without."""

    url: str | None = None
    key: SecretStr | None = None
    model: str = "default"
    timeout_seconds: float = 8
    tokens_a_day: int = 500_000
    """For each shop."""
    longest_answer_tokens: int = 600


class Insight(BaseModel):
    """What answers the questions of insight: DuckDB inside each process, or Spark (``pip install aftercare[spark]`` and Java 17)."""

    engine: Literal["duckdb", "spark"] = "duckdb"
    memory: str = "1GB"
    """What DuckDB may take in each process."""
    threads: int = 2
    spark_master: str = "local[*]"
    """``spark://host:7077`` for a cluster, whose machines see the home folder under the same path."""
    spark: dict[str, str] = {}
    """More settings of Spark, by their own names, as JSON."""
    fonts: Path | None = None
    """A folder with fonts for PDFs, where the system has no Chinese one."""


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="AFTERCARE_", env_nested_delimiter="__", extra="ignore")

    environment: Literal["development", "production"] = "development"
    home: Path = None  # type: ignore[assignment]  # filled by `place_home`: the default depends on where the code lies
    database_url: str | None = None
    pool_size: int = 8
    """Connections of each web process."""
    jobs_at_once: int = 8
    """Reactions that one worker runs beside each other."""
    secret_key: SecretStr | None = None
    base_url: str = "http://127.0.0.1:8000"
    trusted_proxies: str = "127.0.0.1"
    """Addresses whose X-Forwarded-For and -Proto are believed, with commas between them."""
    log_format: Literal["json", "console"] = "console"
    log_level: str = "INFO"
    mail: Mail = Mail()
    mail_listener: MailListener = MailListener()
    read_mailboxes: bool = True
    """Whether the leading worker reads the mail accounts of the shops."""
    files: Files = Files()
    stripe: Stripe = Stripe()
    wechat_pay: WechatPay = WechatPay()
    shopify: Shopify = Shopify()
    tracking: Tracking = Tracking()
    channels: Channels = Channels()
    webhooks: Webhooks = Webhooks()
    language_model: LanguageModelSettings = LanguageModelSettings()
    insight: Insight = Insight()
    sandbox_gateway: bool = False

    @model_validator(mode="before")
    @classmethod
    def place_home(cls, values: dict[str, object]) -> dict[str, object]:
        return values if values.get("home") else {**values, "home": default_home()}

    @model_validator(mode="after")
    def production_needs_a_secret(self) -> "Settings":
        if self.environment == "production" and self.secret_key is None:
            raise ValueError("AFTERCARE_SECRET_KEY must be set in production (32 random characters or more)")
        return self

    @cached_property
    def secret(self) -> bytes:
        """The key that signs links, codes and cookies."""
        if self.secret_key is not None:
            return self.secret_key.get_secret_value().encode()
        kept = self.home / "secret"
        if not kept.exists():
            self.home.mkdir(parents=True, exist_ok=True)
            fresh = self.home / f"secret.{secrets.token_hex(4)}"
            fresh.touch(mode=0o600)
            fresh.write_text(secrets.token_urlsafe(48))
            fresh.rename(kept)
        return kept.read_text().encode()


def share_metrics(folder: Path) -> None:
    """Processes started from now on add their numbers up in this folder."""
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
