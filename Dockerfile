# One image runs the API, the loader and the one-shot `init`; the command chooses.
FROM python:3.13-slim AS build
WORKDIR /src
RUN python -m venv /opt/ugc
COPY requirements/base.txt requirements/base.txt
RUN /opt/ugc/bin/pip install --no-cache-dir --require-hashes -r requirements/base.txt
COPY . .
RUN /opt/ugc/bin/pip install --no-cache-dir --no-deps .

FROM python:3.13-slim
# The folders are there, and ours, before volumes are laid over them.
RUN useradd --system --create-home --uid 10001 ugc \
    && install --directory --owner ugc /home/ugc/schema-ids \
    && install --directory --owner ugc --mode 700 /home/ugc/spool
COPY --from=build /opt/ugc /opt/ugc
ENV PATH=/opt/ugc/bin:$PATH PYTHONUNBUFFERED=1
USER ugc
WORKDIR /home/ugc
EXPOSE 8000
STOPSIGNAL SIGTERM
ENTRYPOINT ["ugc"]
CMD ["api", "serve", "--host", "0.0.0.0", "--port", "8000"]
