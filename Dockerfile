# syntax=docker/dockerfile:1
# One image for every process of the Procfile: the command says which. `.ci/image_steps` takes the same steps without
# a container engine.

FROM python:3.13-slim-bookworm AS build
ENV UV_LINK_MODE=copy \
    UV_PROJECT_ENVIRONMENT=/opt/countersign/.venv \
    UV_PYTHON_DOWNLOADS=never
RUN pip install --no-cache-dir uv==0.13.9
WORKDIR /opt/countersign
COPY pyproject.toml uv.lock ./
RUN --mount=type=cache,target=/root/.cache/uv \
    uv sync --frozen --no-default-groups --extra github --extra kubernetes --extra locust --no-install-project --no-build --compile-bytecode --quiet

FROM python:3.13-slim-bookworm
LABEL org.opencontainers.image.title="Countersign" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV PATH=/opt/countersign/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    ENV=production \
    HOST=0.0.0.0 \
    PORT=8300 \
    VAR_FOLDER=/var/lib/countersign
RUN groupadd --gid 10001 countersign \
    && useradd --uid 10001 --gid 10001 --home-dir /var/lib/countersign --no-create-home --shell /usr/sbin/nologin countersign \
    && install --directory --owner=10001 --group=10001 --mode=0700 /var/lib/countersign
WORKDIR /opt/countersign
COPY --from=build /opt/countersign/.venv .venv
COPY LICENSE app-manifest.yml ./
COPY agents agents
COPY bot bot
COPY governance governance
COPY handlers handlers
COPY integrations integrations
COPY storage storage
COPY examples examples
RUN python -m compileall -q agents bot governance handlers integrations storage
USER 10001:10001
VOLUME /var/lib/countersign
EXPOSE 8300
# Of `web` alone; the other processes listen on nothing, and compose.yaml switches it off for them.
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as web; web.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/healthz', timeout=2)"]
CMD ["python", "-m", "bot", "web"]
