# syntax=docker/dockerfile:1
FROM python:3.11-slim-bookworm AS build
# The distribution's compiler and headers are what this base image offers; pinning them would break with each fix.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc libc6-dev libmariadb-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*
RUN python -m venv /opt/portal
COPY requirements.txt /tmp/requirements.txt
RUN /opt/portal/bin/pip install --no-cache-dir --require-hashes \
    --only-binary :all: --no-binary mysqlclient -r /tmp/requirements.txt

FROM python:3.11-slim-bookworm
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends libmariadb3 \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 portal \
    && useradd --uid 10001 --gid portal --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin portal
ENV PATH=/opt/portal/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    MALLOC_ARENA_MAX=2 \
    DJANGO_SETTINGS_MODULE=drportal.settings \
    VAR_DIR=/srv/portal/var
WORKDIR /srv/portal
COPY --from=build /opt/portal /opt/portal
COPY . .
# Collecting needs settings that load; the key and the database are of this one command and stay nowhere.
RUN mkdir -p var/exports var/imports var/pki \
    && SECRET_KEY="$(python -c 'import secrets; print(secrets.token_urlsafe(50))')" DATABASE_URL=sqlite:///:memory: \
       python manage.py collectstatic --noinput \
    && chown portal:portal var var/exports var/imports var/pki
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "deploy/healthcheck.py"]
CMD ["gunicorn", "--config", "deploy/gunicorn.conf.py", "drportal.wsgi:application"]
