// What a server counts, as Prometheus reads it.
import assert from "node:assert/strict";
import { request } from "./http.js";

/** One scrape. */
export async function scrape(server, options) {
  const { status, headers, body } = await request(server, "/metrics", options);
  assert.equal(status, 200, body);
  assert.match(headers["content-type"], /^application\/openmetrics-text/);
  assert.ok(body.endsWith("# EOF\n"), "not a whole exposition");
  return new Scrape(body);
}

export class Scrape {
  #samples = new Map();
  /** Names of all metrics, as their `# TYPE` lines say. */
  names = [];

  constructor(text) {
    for (const line of text.split("\n")) {
      const [, name] = /^# TYPE (\S+) /.exec(line) ?? [];
      if (name) this.names.push(name);
      if (!line || line.startsWith("#")) continue;
      const [, key, value] = /^(\S+?(?:\{.*\})?) (\S+)$/.exec(line) ?? [];
      assert.ok(key && Number.isFinite(Number(value)), `no sample: ${line}`);
      assert.ok(!this.#samples.has(key), `${key} twice`);
      this.#samples.set(key, Number(value));
    }
  }

  /** The sum of all samples of a name whose labels include these. */
  of(name, labels = {}) {
    let sum = 0;
    for (const [key, value] of this.#samples) {
      const fits = Object.entries(labels).every(([label, is]) => key.includes(`${label}="${is}"`));
      if (key.split("{")[0] === name && fits) sum += value;
    }
    return sum;
  }
}
