# syntax=docker/dockerfile:1
# metavox in a container. Packages come from scripts/setup.sh, so that there is one list.
#
#   docker build -t metavox .
#   docker run --rm -u "$(id -u):$(id -g)" -v "$PWD:/data" metavox run tumour.yaml -o runs/first
#
# With the CUDA back end as well (the host needs NVIDIA's container toolkit):
#
#   docker build -t metavox:cuda --build-arg BASE=nvidia/cuda:12.4.1-devel-ubuntu22.04 \
#     --build-arg RUN_BASE=nvidia/cuda:12.4.1-base-ubuntu22.04 --build-arg PRESET=cuda .
#   docker run --rm --gpus all -u "$(id -u):$(id -g)" -v "$PWD:/data" metavox:cuda run tumour.yaml -o runs/first
#
# The file itself has not been run: no docker daemon was at hand. The steps of both stages were, without CUDA, in fresh
# roots of Debian 12 (scripts/clean-room.sh), and tests/test_recipes.py checks what can be checked without docker.
ARG BASE=debian:bookworm
ARG RUN_BASE=debian:bookworm

FROM ${BASE} AS build
ARG PRESET=cpu
# One image for many machines: results do not depend on the instruction set, speed does.
ARG MARCH=x86-64-v3
WORKDIR /metavox
COPY scripts/setup.sh scripts/
RUN scripts/setup.sh && rm -rf /var/lib/apt/lists/*
COPY . .
RUN scripts/build.sh ${PRESET} -DMETAVOX_MARCH=${MARCH} -DMETAVOX_TESTS=OFF -DMETAVOX_BENCH=OFF \
    && cmake --install build/${PRESET} --prefix /opt/metavox \
    && scripts/run-packages.sh /opt/metavox/bin/metavox >/opt/metavox/packages

FROM ${RUN_BASE}
COPY --from=build /opt/metavox /opt/metavox
RUN export DEBIAN_FRONTEND=noninteractive && apt-get update \
    && xargs apt-get install -y --no-install-recommends python3-numpy </opt/metavox/packages \
    && rm -rf /var/lib/apt/lists/*
ENV PATH=/opt/metavox/bin:$PATH PYTHONPATH=/opt/metavox/share/metavox/viz
WORKDIR /data
ENTRYPOINT ["metavox"]
CMD ["--help"]
