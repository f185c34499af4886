// What a browser, a load balancer and an operator see over plain HTTP.
import assert from "node:assert/strict";
import { test } from "node:test";
import { clientsOf } from "./support/client.js";
import { Polling, request } from "./support/http.js";
import { unique } from "./support/random.js";
import { serve, Server } from "./support/server.js";

const HANDSHAKE = "/socket.io/?EIO=4&transport=polling";
const HOME = "https://app.example";
const OTHER = "https://other.example";

const server = await serve();
const picky = await serve({ CORS_ORIGINS: `${HOME},https://second.example` });

test("/healthz and /readyz answer 200", async () => {
  for (const path of ["/healthz", "/readyz"]) {
    assert.equal((await request(server, path)).status, 200, path);
    assert.equal((await request(server, `${path}?probe=1`)).status, 200, path);
  }
});

test("any other path is 404", async () => {
  for (const path of ["/favicon.ico", "/index.html", "/demo", "/demo/", "/demo/index.html", "/demo/../demo/icon.svg", "/demo/%69con.svg", "/demo/other.js", "/healthz/", "/healthz/x", "/socket.ioo/", "/presence", "/metrics/", "/..%2f..%2fetc/passwd"]) {
    assert.equal((await request(server, path)).status, 404, path);
  }
  assert.equal((await request(server, "/", { method: "POST", body: "{}" })).status, 404);
});

test("the demo is a page with files of its own, under a policy that lets nothing else in", async () => {
  const page = await request(server, "/");
  assert.equal(page.status, 200);
  assert.equal(page.headers["content-type"], "text/html; charset=utf-8");
  assert.equal(page.headers["cache-control"], "no-cache");
  const kinds = { js: "text/javascript; charset=utf-8", css: "text/css; charset=utf-8", svg: "image/svg+xml" };
  const files = page.body.match(/\/demo\/[^"]+/g);
  assert.equal(files.length, 3, page.body);
  assert.doesNotMatch(page.body.replaceAll(/<script[^>]*src=[^>]*><\/script>/g, ""), /<script|style=|https?:/, "nothing inline, nothing from elsewhere");
  for (const path of files) {
    const { status, headers, body } = await request(server, path);
    assert.equal(status, 200, path);
    assert.equal(headers["content-type"], kinds[path.split(".").at(-1)], path);
    assert.match(headers["cache-control"], /immutable/);
    assert.ok(body.length > 0);
  }
  for (const { headers } of [page, await request(server, files[0])]) {
    assert.match(headers["content-security-policy"], /default-src 'none'/);
    assert.doesNotMatch(headers["content-security-policy"], /unsafe|\*|https?:/);
    assert.equal(headers["x-content-type-options"], "nosniff");
  }
  const again = await request(server, "/", { headers: { "if-none-match": page.headers.etag } });
  assert.deepEqual([again.status, again.body], [304, ""]);
  const head = await request(server, "/", { method: "HEAD" });
  assert.deepEqual([head.status, head.body], [200, ""]);
});

test("without the demo nothing of it is there, and the rest is", async (t) => {
  const bare = await Server.start({ DEMO: "false" });
  t.after(() => bare.kill());
  for (const path of ["/", "/demo/icon.svg"]) assert.equal((await request(bare, path)).status, 404, path);
  assert.equal((await request(bare, "/healthz")).status, 200);
  assert.doesNotMatch(bare.stdout, /demo/);
  await bare.stop();
});

test("the banner is on stdout and the log on stderr, in JSON if asked for", async (t) => {
  assert.match(server.stdout, /http:\/\/127\.0\.0\.1:\d+/);
  const logging = await Server.start({ LOG_FORMAT: "json" });
  t.after(() => logging.kill());
  await (await Polling.open(logging)).enter();
  await logging.stop();
  const lines = logging.stderr.split("\n").filter(Boolean);
  assert.ok(lines.length > 0, "no log at all");
  for (const line of lines) assert.equal(typeof JSON.parse(line), "object", line);
});

test("every origin may use polling by default", async () => {
  const { status, headers } = await request(server, HANDSHAKE, { headers: { origin: OTHER } });
  assert.equal(status, 200);
  assert.equal(headers["access-control-allow-origin"], "*");
  const polling = await Polling.open(server, { headers: { origin: OTHER } });
  const posted = await polling.post("40", { origin: OTHER, "content-type": "text/plain;charset=UTF-8" });
  assert.equal(posted.headers["access-control-allow-origin"], "*");
});

test("a preflight request is answered", async () => {
  const headers = { origin: OTHER, "access-control-request-method": "POST", "access-control-request-headers": "content-type,authorization" };
  const answer = await request(server, HANDSHAKE, { method: "OPTIONS", headers });
  assert.ok([200, 204].includes(answer.status), `${answer.status}`);
  assert.equal(answer.headers["access-control-allow-origin"], "*");
  assert.match(answer.headers["access-control-allow-methods"], /POST|\*/);
  assert.match(answer.headers["access-control-allow-headers"], /content-type|\*/i);
});

test("CORS_ORIGINS lets in those it names and no other", async () => {
  const allowed = async (origin, method = "GET") => {
    const headers = { origin, ...(method === "OPTIONS" ? { "access-control-request-method": "POST" } : {}) };
    return (await request(picky, HANDSHAKE, { method, headers })).headers["access-control-allow-origin"];
  };
  for (const method of ["GET", "OPTIONS"]) {
    assert.equal(await allowed(HOME, method), HOME);
    assert.equal(await allowed("https://second.example", method), "https://second.example");
    for (const origin of [OTHER, "https://app.example.evil.example", "http://app.example", "null"]) {
      assert.equal(await allowed(origin, method), undefined, origin);
    }
  }
});

test("clients that send no origin are not concerned by CORS", async (t) => {
  const { connect } = clientsOf(t, picky);
  const ann = await connect({ transports: ["polling"] });
  await ann.join(unique("room"), "ann");
});

test("the handshake tells the intervals and the largest message", async () => {
  const { body } = await request(server, HANDSHAKE);
  const { sid, upgrades, pingInterval, pingTimeout, maxPayload } = JSON.parse(body.slice(1));
  assert.equal(typeof sid, "string");
  assert.deepEqual({ upgrades, pingInterval, pingTimeout, maxPayload }, { upgrades: ["websocket"], pingInterval: 10_000, pingTimeout: 10_000, maxPayload: 1_000_000 });
});
