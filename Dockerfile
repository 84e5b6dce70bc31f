# One image for every process; docker-compose.yml and Procfile say which command each one runs.
FROM python:3.12-slim-bookworm AS build
WORKDIR /app
RUN python -m venv /venv
ENV PATH=/venv/bin:$PATH
COPY requirements.txt ./
RUN pip install --no-cache-dir --disable-pip-version-check --no-deps --require-hashes --requirement requirements.txt
COPY manage.py ./
COPY config config
COPY registry registry
COPY governance governance
COPY templates templates
# The admin shows the page of each rule.
COPY docs/rules docs/rules
# The key signs nothing: collecting static files only needs one to be there.
RUN UNDERSTUDY_PRODUCTION=1 SECRET_KEY=only-for-collecting-static-files python manage.py collectstatic --noinput \
    && python -m compileall -q config registry governance

FROM python:3.12-slim-bookworm
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin understudy \
    && install --directory --owner=understudy --mode=0750 /var/lib/understudy /var/lib/understudy-checkpoints
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    UNDERSTUDY_PRODUCTION=1 \
    UNDERSTUDY_DEMO=0 \
    UNDERSTUDY_VAR=/var/lib/understudy \
    UNDERSTUDY_CHECKPOINTS=/var/lib/understudy-checkpoints \
    GRANIAN_HOST=0.0.0.0 \
    GRANIAN_PORT=8000
USER 10001
VOLUME ["/var/lib/understudy", "/var/lib/understudy-checkpoints"]
EXPOSE 8000
HEALTHCHECK NONE
CMD ["granian", "--interface", "wsgi", "--workers", "2", "--blocking-threads", "4", "--no-ws", "config.wsgi:application"]
