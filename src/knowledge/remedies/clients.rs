//! What to do on the client, by program or TLS stack. Lines of configuration or of source where the program
//! has no command for it.
//!
//! Sources: the manuals of curl, requests, Python's ssl, libpq, mosquitto_pub, the JSSE reference guide, Go
//! crypto/tls, Node.js tls. What is run by `tests/it/remedies.rs` is known to work as printed.

use crate::cause::Cause;
use crate::knowledge::remedies::{GO, JAVA, NODE, OPENSSL, Program, Row, Whom};
use crate::role::Side;

const CURL: Whom = Whom::Program(&Program { name: "curl", words: &["curl"] });
const PYTHON: Whom = Whom::Program(&Program { name: "Python", words: &["python"] });
const PSQL: Whom = Whom::Program(&Program { name: "psql and libpq", words: &["postgresql", "psql"] });
const MOSQUITTO: Whom = Whom::Program(&Program { name: "mosquitto_pub", words: &["mqtt", "mosquitto"] });

const fn row(whom: Whom, cause: Cause, text: &'static str, command: &'static str) -> Row {
    Row::new(Side::Client, whom, cause, text, command)
}

/// The table, by program.
pub(super) const ROWS: &[Row] = &[
    row(
        CURL,
        Cause::ClientCertMissing,
        "Give curl the certificate and its key.",
        "curl --cert client.pem --key client.key https://HOST:PORT/",
    ),
    row(
        CURL,
        Cause::ClientCertChainIncomplete,
        "Give curl a file with the leaf and the intermediate behind it.",
        "curl --cert client-chain.pem --key client.key https://HOST:PORT/",
    ),
    row(
        CURL,
        Cause::ServerCertUntrustedCa,
        "Give curl the CA of the server.",
        "curl --cacert ca.pem https://HOST:PORT/",
    ),
    row(
        CURL,
        Cause::ServerCertNameMismatch,
        "Ask for a name that is in the certificate, at the address of the server.",
        "curl --cacert ca.pem --connect-to NAME-IN-CERTIFICATE::HOST:PORT https://NAME-IN-CERTIFICATE/",
    ),
    row(CURL, Cause::NoCommonVersion, "Lower the minimum version.", "curl --tlsv1.2 https://HOST:PORT/"),
    row(
        PYTHON,
        Cause::ClientCertMissing,
        "Give requests (or ssl.SSLContext.load_cert_chain) the certificate and its key.",
        "python3 -c 'import requests; print(requests.get(\"https://HOST:PORT/\", cert=(\"client.pem\", \"client.key\"), verify=\"ca.pem\").status_code)'",
    ),
    row(
        PYTHON,
        Cause::ClientCertChainIncomplete,
        "Load a file with the leaf and the intermediate behind it.",
        "python3 -c 'import ssl; ssl.create_default_context().load_cert_chain(\"client-chain.pem\", \"client.key\")'",
    ),
    row(
        PYTHON,
        Cause::ServerCertUntrustedCa,
        "Give requests the CA of the server (verify=, or REQUESTS_CA_BUNDLE), and ssl the same by cafile=.",
        "python3 -c 'import ssl, socket; c = ssl.create_default_context(cafile=\"ca.pem\"); print(c.wrap_socket(socket.create_connection((\"HOST\", PORT)), server_hostname=\"HOST\").version())'",
    ),
    row(
        PYTHON,
        Cause::NoCommonVersion,
        "Lower the minimum version of the context.",
        "context.minimum_version = ssl.TLSVersion.TLSv1_2",
    ),
    row(
        PSQL,
        Cause::ClientCertMissing,
        "Name the certificate and its key in the connection string.",
        "psql \"host=HOST port=PORT sslmode=verify-full sslrootcert=ca.pem sslcert=client.pem sslkey=client.key\"",
    ),
    row(
        PSQL,
        Cause::ServerCertUntrustedCa,
        "Name the CA of the server in the connection string.",
        "psql \"host=HOST port=PORT sslmode=verify-full sslrootcert=ca.pem\"",
    ),
    row(
        PSQL,
        Cause::ServerCertNameMismatch,
        "Connect by the name in the certificate, and give the address apart from it.",
        "psql \"host=NAME-IN-CERTIFICATE hostaddr=ADDRESS port=PORT sslmode=verify-full sslrootcert=ca.pem\"",
    ),
    row(
        MOSQUITTO,
        Cause::ClientCertMissing,
        "Give the client the certificate and its key.",
        "mosquitto_pub -h HOST -p PORT --cafile ca.pem --cert client.pem --key client.key -t test -m hello",
    ),
    row(
        MOSQUITTO,
        Cause::ServerCertUntrustedCa,
        "Give the client the CA of the server.",
        "mosquitto_pub -h HOST -p PORT --cafile ca.pem -t test -m hello",
    ),
    row(
        OPENSSL,
        Cause::ClientCertMissing,
        "Load the certificate and its key in the client (curl: --cert and --key; Python: load_cert_chain; libpq: sslcert and sslkey), and try them by hand.",
        "openssl s_client -connect HOST:PORT -servername HOST -cert client.pem -key client.key </dev/null",
    ),
    row(
        OPENSSL,
        Cause::ServerCertUntrustedCa,
        "Give the client the CA of the server (curl: --cacert; Python: cafile; libpq: sslrootcert), and try it by hand.",
        "openssl s_client -connect HOST:PORT -servername HOST -CAfile ca.pem -verify_return_error </dev/null",
    ),
    row(
        OPENSSL,
        Cause::NoCommonVersion,
        "Where a distribution's openssl.cnf forbids the version, lower its minimum there.",
        "[system_default_sect]\nMinProtocol = TLSv1.2",
    ),
    row(
        JAVA,
        Cause::ClientCertMissing,
        "Put certificate and key into a key store, and name it to the program; where it has one, see that an alias has an issuer that the server names.",
        "openssl pkcs12 -export -in client-chain.pem -inkey client.key -name client -passout pass:changeit -out client.p12\njava -Djavax.net.ssl.keyStore=client.p12 -Djavax.net.ssl.keyStorePassword=changeit -jar PROGRAM.jar",
    ),
    row(
        JAVA,
        Cause::ClientCertChainIncomplete,
        "Put leaf and intermediate into the key store as one chain.",
        "openssl pkcs12 -export -in client-chain.pem -inkey client.key -name client -passout pass:changeit -out client.p12",
    ),
    row(
        JAVA,
        Cause::ServerCertUntrustedCa,
        "Import the CA of the server into the trust store, and name it to the program.",
        "keytool -importcert -noprompt -alias server-ca -file ca.pem -keystore truststore.p12 -storetype PKCS12 -storepass changeit\njava -Djavax.net.ssl.trustStore=truststore.p12 -Djavax.net.ssl.trustStorePassword=changeit -jar PROGRAM.jar",
    ),
    row(
        JAVA,
        Cause::ServerCertSelfSigned,
        "Import the certificate itself into the trust store.",
        "keytool -importcert -noprompt -alias server -file server.pem -keystore truststore.p12 -storetype PKCS12 -storepass changeit",
    ),
    row(
        JAVA,
        Cause::NoCommonVersion,
        "Enable the version for the client.",
        "java -Djdk.tls.client.protocols=TLSv1.2,TLSv1.3 -jar PROGRAM.jar",
    ),
    row(
        GO,
        Cause::ClientCertMissing,
        "Load the certificate into tls.Config; Go leaves it out where the server names no issuer of it, unless GetClientCertificate returns it.",
        "cert, err := tls.LoadX509KeyPair(\"client-chain.pem\", \"client.key\")\nconfig.Certificates = []tls.Certificate{cert}",
    ),
    row(
        GO,
        Cause::ClientCertChainIncomplete,
        "Load a file with the leaf and the intermediate behind it.",
        "cert, err := tls.LoadX509KeyPair(\"client-chain.pem\", \"client.key\")",
    ),
    row(
        GO,
        Cause::ServerCertUntrustedCa,
        "Add the CA of the server to the pool in tls.Config.",
        "pool := x509.NewCertPool()\npool.AppendCertsFromPEM(serverCA)\nconfig.RootCAs = pool",
    ),
    row(
        GO,
        Cause::ServerCertNameMismatch,
        "Set the name that is in the certificate in tls.Config.",
        "config.ServerName = \"NAME-IN-CERTIFICATE\"",
    ),
    row(GO, Cause::NoCommonVersion, "Lower the minimum version in tls.Config.", "config.MinVersion = tls.VersionTLS12"),
    row(
        NODE,
        Cause::ClientCertMissing,
        "Give the request the certificate and its key.",
        "https.request({ host: \"HOST\", port: PORT, cert: fs.readFileSync(\"client.pem\"), key: fs.readFileSync(\"client.key\") })",
    ),
    row(
        NODE,
        Cause::ServerCertUntrustedCa,
        "Add the CA of the server to those that Node.js has built in.",
        "NODE_EXTRA_CA_CERTS=ca.pem node program.js",
    ),
    row(
        NODE,
        Cause::ServerCertNameMismatch,
        "Set the name that is in the certificate.",
        "https.request({ host: \"HOST\", port: PORT, servername: \"NAME-IN-CERTIFICATE\" })",
    ),
];
