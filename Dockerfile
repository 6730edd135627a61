# The service, as one image for API, worker and commands. Not built by the tests: see docs/operations.md.
#   docker build -t recoup .
#   docker build -t recoup-sandbox --target sandbox .      # the sandbox alone, without the rest
FROM python:3.13-slim-bookworm AS build
WORKDIR /build
# Versions from the lock, without its hashes: pip wants hashes for all or none, and ours has none.
COPY requirements.lock pyproject.toml README.md LICENSE ./
RUN sed -E 's/ *--hash=[^ ]+//; s/ *\\$//' requirements.lock > constraints.txt
COPY src src
RUN python -m venv /opt/recoup \
    && /opt/recoup/bin/pip install --no-cache-dir --constraint constraints.txt . \
    && python -m venv /opt/sandbox \
    && /opt/sandbox/bin/pip install --no-cache-dir --no-deps . \
    && /opt/sandbox/bin/pip install --no-cache-dir --constraint constraints.txt \
        croniter h11 platformdirs pydantic-settings python-dotenv starlette structlog typer uvicorn

FROM python:3.13-slim-bookworm AS sandbox
COPY --from=build /opt/sandbox /opt/sandbox
USER 10001
EXPOSE 8001
ENTRYPOINT ["/opt/sandbox/bin/recoup", "sandbox", "--host", "0.0.0.0"]

FROM python:3.13-slim-bookworm AS recoup
COPY --from=build /opt/recoup /opt/recoup
RUN useradd --uid 10001 --create-home --home-dir /var/lib/recoup recoup
USER 10001
ENV PATH=/opt/recoup/bin:$PATH RECOUP_DATA_DIR=/var/lib/recoup/data RECOUP_LOG_FORMAT=json
WORKDIR /var/lib/recoup
VOLUME /var/lib/recoup
EXPOSE 8000
# Where the embedded PostgreSQL is used: `docker run --shm-size 256m`, as its parallel queries share memory
# there, and `docker stop --time 150`, so that it stops in order.
STOPSIGNAL SIGTERM
CMD ["recoup", "serve", "--host", "0.0.0.0"]
