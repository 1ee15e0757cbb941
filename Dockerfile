FROM python:3.11-slim

WORKDIR /opt/backhaul
COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md Procfile ./
COPY integration integration
COPY tasks tasks
COPY mappings mappings
RUN pip install --no-cache-dir --no-build-isolation --no-deps .

# A named volume takes its owner from the folder it first covers.
ENV BACKHAUL_DATA_DIR=/var/lib/backhaul PYTHONUNBUFFERED=1
RUN useradd --system backhaul && install -d -o backhaul "$BACKHAUL_DATA_DIR"
USER backhaul
WORKDIR /var/lib/backhaul

# A command is one line, as in the Procfile: the shell expands its variables, then gives it its own place, so that
# SIGTERM reaches Celery and a worker may finish its calls.
ENTRYPOINT ["sh", "-c", "eval exec \"$0\""]
