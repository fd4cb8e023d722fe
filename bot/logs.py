"""Logs: one JSON object a line on standard error, with the turn's and plan's ids where there are any."""

from __future__ import annotations

import logging
import re
import sys
import threading

import structlog
from structlog.tracebacks import ExceptionDictTransformer
from structlog.types import Processor

_log = structlog.get_logger()


def configure_logs(level: str) -> None:
    """Set structlog up for the process, and what libraries, warnings and threads say: they only speak up from
    warnings on, in the same form."""
    # Without the frames' local variables, as structlog would add them: among them are tokens.
    exceptions = structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False))
    rendered: list[Processor] = [exceptions, structlog.processors.JSONRenderer()]
    begun: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*begun, *rendered],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        # In one write, so that the lines of two threads do not run together.
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
    logging.basicConfig(level=logging.WARNING, handlers=[_of_libraries(begun, rendered)])
    # A pool warns at every try to connect; an outage is logged once, by those who wait for it.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
    logging.captureWarnings(True)
    threading.excepthook = _thread_failed
    sys.unraisablehook = _not_raised


def _of_libraries(begun: list[Processor], rendered: list[Processor]) -> logging.Handler:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *begun],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendered],
        )
    )
    return handler


def _thread_failed(failed: threading.ExceptHookArgs) -> None:
    if failed.exc_value is not None:
        _log.error("thread_failed", thread=failed.thread and failed.thread.name, exc_info=failed.exc_value)


def _not_raised(failed: sys.UnraisableHookArgs) -> None:
    if failed.exc_value is not None:
        _log.error("exception_ignored", of=repr(failed.object), exc_info=failed.exc_value)


_USER = re.compile(r"(?<=://)[^\s“”\"']*@")
_QUERY = re.compile(r"(://[^\s“”\"'?#]*)[?#][^\s“”\"']*")


def without_credentials(text: str) -> str:
    """`text` with the addresses in it as they are, but for users, passwords and what follows a `?` or `#`."""
    return _QUERY.sub(r"\1", _USER.sub("", text))
