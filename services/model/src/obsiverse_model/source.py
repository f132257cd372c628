"""The user's code, of a training job or a model: fetched, and unpacked so that nothing lands outside its folder."""

from __future__ import annotations

import shutil
import tarfile
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import structlog

from obsiverse_model.errors import SourceError
from obsiverse_model.settings import Settings

_log = structlog.stdlib.get_logger()


def bring(location: str, settings: Settings) -> Path:
    """Put the source of a training job or a model into the code folder.

    Args:
        location: `s3://bucket/key` of an archive, or a file or folder, where /opt/ml stands for the base folder.

    Raises:
        SourceError: it is not there, is no tar archive, or would write outside the folder.
    """
    _log.info("bringing the source", location=location)
    target = settings.code
    target.mkdir(parents=True, exist_ok=True)
    if location.startswith("s3://"):
        with tempfile.TemporaryDirectory() as folder:
            archive = Path(folder) / "sourcedir.tar.gz"
            _download(location, archive)
            _unpack(archive, target)
        return target
    place = settings.place(location)
    if place.is_dir():
        shutil.copytree(place, target, dirs_exist_ok=True)
    elif place.is_file():
        _unpack(place, target)
    else:
        raise SourceError(f"sagemaker_submit_directory {location} is neither a file nor a folder nor an s3:// address")
    return target


def _download(location: str, target: Path) -> None:
    # boto3 takes a third of a second to import, and a source in the input needs none of it.
    import boto3
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    parts = urlsplit(location)
    try:
        boto3.client("s3").download_file(parts.netloc, parts.path.lstrip("/"), str(target))
    except (Boto3Error, BotoCoreError, ClientError) as error:
        raise SourceError(f"{location} can't be fetched: {error}") from error


def _unpack(archive: Path, target: Path) -> None:
    try:
        with tarfile.open(archive) as tar:
            tar.extractall(target, filter="data")
    except (tarfile.TarError, OSError, EOFError) as error:
        raise SourceError(f"{archive.name} can't be unpacked: {error}") from error
