FROM python:3.11-slim AS build

WORKDIR /build
COPY requirements-build.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements-build.lock
COPY pyproject.toml README.md Procfile ./
COPY integration integration
COPY tasks tasks
COPY mappings mappings
RUN pip wheel --no-cache-dir --no-build-isolation --no-deps --wheel-dir dist .

# What runs, and nothing that builds or tests it.
FROM python:3.11-slim

COPY requirements.lock /tmp/
RUN pip install --no-cache-dir --require-hashes -r /tmp/requirements.lock
COPY --from=build /build/dist /tmp/dist
RUN pip install --no-cache-dir --no-deps /tmp/dist/*.whl && rm -r /tmp/dist

# A named volume takes its owner, and who may read it, from the folder it first covers.
ENV BACKHAUL_DATA_DIR=/var/lib/backhaul PYTHONUNBUFFERED=1
RUN useradd --system backhaul && install -d -m 0700 -o backhaul "$BACKHAUL_DATA_DIR"
USER backhaul
WORKDIR /var/lib/backhaul

# A command is one line, as in the Procfile: the shell expands its variables, then gives it its own place, so that
# SIGTERM reaches Celery and a worker may finish its calls. What it writes is for its own user, as under `backhaul up`.
ENTRYPOINT ["sh", "-c", "umask 077; eval exec \"$0\""]
