# syntax=docker/dockerfile:1
FROM node:22-bookworm-slim AS ui
WORKDIR /src
COPY web/openapi.yaml web/openapi.yaml
COPY web/ui/package.json web/ui/package-lock.json web/ui/.npmrc web/ui/
RUN cd web/ui && npm ci --no-audit --no-fund
COPY web/ui web/ui
RUN cd web/ui && npm run build

FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
COPY --from=ui /src/web/ui/dist web/ui/dist
ARG VERSION=dev
RUN CGO_ENABLED=0 go build -trimpath -tags ui \
      -ldflags "-s -w -X github.com/aisle-dcim/aisle/cmd/internal/app.Version=${VERSION}" \
      -o /out/aisle ./cmd/aisle && install -d -o 65532 -g 65532 -m 0700 /out/data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /usr/local/go/lib/time/zoneinfo.zip /usr/local/go/lib/time/zoneinfo.zip
COPY --from=build /out/aisle /aisle
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532
ENV AISLE_DATA_DIR=/data ZONEINFO=/usr/local/go/lib/time/zoneinfo.zip
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s CMD ["/aisle", "healthcheck"]
ENTRYPOINT ["/aisle"]
CMD ["serve"]
