"""Files in an object store that speaks S3, over the wire: a stand-in server in this process."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from moto.server import ThreadedMotoServer

from aftercare.kit.files import BytesMissing, Files, StoreAway
from tests.kit.test_files import PNG, pieces, whole

KEYS = {"key": "test", "secret": "test"}


@pytest.fixture
def s3() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def store(address: str, bucket: str = "uploads") -> Files:
    return Files(
        f"s3://{bucket}/shop",
        largest=1_000,
        endpoint_url=address,
        client_kwargs={"region_name": "us-east-1"},
        config_kwargs={"connect_timeout": 2, "read_timeout": 5, "retries": {"max_attempts": 0}},
        skip_instance_cache=True,
        use_listings_cache=False,
        **KEYS,
    )


def bucket(address: str) -> "boto3.client":
    client = boto3.client(
        "s3",
        endpoint_url=address,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    client.create_bucket(Bucket="uploads")
    return client


def held(client: "boto3.client") -> list[str]:
    return [one["Key"] for one in client.list_objects_v2(Bucket="uploads").get("Contents", [])]


async def test_a_file_is_kept_once_read_in_parts_and_deleted(s3: str) -> None:
    client, files = bucket(s3), store(s3)
    first, second = await files.put(pieces(PNG)), await files.put(pieces(PNG, 1000))
    assert first == second
    assert held(client) == [f"shop/{first.key}"]
    assert await whole(await files.read(first.key)) == PNG
    assert await whole(await files.read(first.key, 1, 4)) == b"PNG"
    now = datetime.now(UTC)
    assert await files.forget_if_older(first.key, now - timedelta(hours=1)) is False
    assert await files.forget_if_older(first.key, now + timedelta(hours=1)) is True
    assert held(client) == []
    with pytest.raises(BytesMissing):
        await files.read(first.key)
    await files.forget(first.key)


async def test_a_bucket_that_is_not_there_refuses_and_nothing_stays(s3: str) -> None:
    files = store(s3, "elsewhere")
    with pytest.raises(StoreAway):
        await files.put(pieces(PNG))
    with pytest.raises(BytesMissing):
        await files.read("ab/cd/abcd")


async def test_a_store_that_does_not_answer_refuses() -> None:
    # Taken as long as the test asks: nobody else begins to answer there.
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        files = store(f"http://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(StoreAway):
            await files.put(pieces(PNG))
        with pytest.raises(StoreAway):
            await files.read("ab/cd/abcd")
        with pytest.raises(StoreAway):
            await files.forget("ab/cd/abcd")
