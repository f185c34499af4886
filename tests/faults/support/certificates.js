// A certificate authority of one's own, and a certificate of it for the loopback address.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

export class Certificates {
  constructor() {
    this.folder = mkdtempSync(path.join(tmpdir(), "rtm-tls-"));
    const at = (name) => path.join(this.folder, name);
    Object.assign(this, { authority: at("ca.pem"), certificate: at("server.pem"), key: at("server.key") });
    const openssl = (...args) => execFileSync("openssl", args, { stdio: "pipe" });
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc"];
    openssl("req", "-x509", ...curve, "-keyout", at("ca.key"), "-out", this.authority, "-days", "2", "-subj", "/CN=Test authority");
    openssl("req", ...curve, "-keyout", this.key, "-out", at("server.csr"), "-subj", "/CN=redis");
    writeFileSync(at("extensions"), "subjectAltName=IP:127.0.0.1,DNS:localhost\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n");
    openssl("x509", "-req", "-in", at("server.csr"), "-CA", this.authority, "-CAkey", at("ca.key"), "-CAcreateserial", "-out", this.certificate, "-days", "2", "-extfile", at("extensions"));
  }

  stop() {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
