# SPDX-License-Identifier: Apache-2.0
"""Self-signed certificates for servers on 127.0.0.1, made with openssl."""

import subprocess


def make_certificate(folder, serial):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", folder / "key.pem", "-out", folder / "certificate.pem", "-days", "1", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-set_serial", str(serial)], check=True, capture_output=True)
