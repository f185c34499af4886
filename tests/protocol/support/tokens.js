// Tokens as an application would make them, and as an attacker would.
import { createHmac, generateKeyPairSync, sign as signWith } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { after } from "node:test";
import path from "node:path";

export const SECRET = "a secret that is long enough to be one";

const encode = (value) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

/** Seconds since 1970, `from` seconds from now. */
export const secondsFromNow = (from) => Math.floor(Date.now() / 1000) + from;

/** A token of `claims`; one hour long unless they say otherwise. */
export function token(claims, { secret = SECRET, header = { alg: "HS256", typ: "JWT" } } = {}) {
  const body = `${encode(header)}.${encode({ exp: secondsFromNow(3600), iat: secondsFromNow(0), ...claims })}`;
  return `${body}.${createHmac("sha256", secret).update(body).digest("base64url")}`;
}

/** A token that nobody signed. */
export function unsigned(claims, alg = "none") {
  return `${encode({ alg })}.${encode({ exp: secondsFromNow(3600), ...claims })}.`;
}

/** Key pairs of the three kinds, the public ones in files. */
export function keyPairs() {
  const folder = mkdtempSync(path.join(tmpdir(), "rtm-keys-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const kinds = { RS256: ["rsa", { modulusLength: 2048 }], ES256: ["ec", { namedCurve: "P-256" }], EdDSA: ["ed25519", {}] };
  return Object.entries(kinds).map(([alg, [kind, options]]) => {
    const { publicKey, privateKey } = generateKeyPairSync(kind, options);
    const file = path.join(folder, `${alg}.pem`);
    const pem = publicKey.export({ type: "spki", format: "pem" });
    writeFileSync(file, pem);
    const token = (claims) => {
      const body = `${encode({ alg })}.${encode({ exp: secondsFromNow(3600), ...claims })}`;
      const digest = alg === "EdDSA" ? null : "sha256";
      const signature = signWith(digest, Buffer.from(body), { key: privateKey, dsaEncoding: "ieee-p1363" });
      return `${body}.${signature.toString("base64url")}`;
    };
    return { alg, file, pem, token };
  });
}
