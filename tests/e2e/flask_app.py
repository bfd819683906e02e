"""The application under watch: two endpoints, counted by method, endpoint and status, timed by endpoint."""
import sys
import time

import flask
import prometheus_client

REQUESTS = prometheus_client.Counter("flask_app_requests", "Requests served.", ["method", "endpoint", "status"])
SECONDS = prometheus_client.Histogram("flask_http_request_duration_seconds", "Time to serve a request.", ["endpoint"])

app = flask.Flask(__name__)


@app.before_request
def begin():
    flask.g.started = time.perf_counter()


@app.after_request
def end(response):
    endpoint = flask.request.path
    if endpoint != "/metrics":
        REQUESTS.labels(flask.request.method, endpoint, response.status_code).inc()
        SECONDS.labels(endpoint).observe(time.perf_counter() - flask.g.started)
    return response


@app.route("/")
def index():
    return "hello"


@app.route("/broken")
def broken():
    return "no", 500


@app.route("/metrics")
def metrics():
    return flask.Response(prometheus_client.generate_latest(), mimetype="text/plain; version=0.0.4")


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=int(sys.argv[1]), threaded=True)
