//! What to do on the server, by program. Lines of configuration where the program has no command for it.
//!
//! Sources: the programs' manuals (nginx ngx_http_ssl_module, Apache mod_ssl, HAProxy 2.6 configuration
//! manual, Envoy v3 API, Istio security reference, Kong mtls-auth, APISIX SSL object, AWS CLI reference,
//! PostgreSQL chapter 19.9, mosquitto.conf, JSSE reference guide, Go crypto/tls, Node.js tls). What is run by
//! `tests/it/remedies.rs` is known to work as printed.

use crate::cause::Cause;
use crate::knowledge::remedies::{GO, JAVA, NODE, OPENSSL, Program, Row, Whom};
use crate::role::Side;

const NGINX: Whom = Whom::Program(&Program { name: "nginx", words: &["nginx", "openresty"] });
const APACHE: Whom = Whom::Program(&Program { name: "Apache", words: &["apache"] });
const HAPROXY: Whom = Whom::Program(&Program { name: "HAProxy", words: &["haproxy"] });
const ENVOY: Whom = Whom::Program(&Program { name: "Envoy", words: &["envoy"] });
const ISTIO: Whom = Whom::Program(&Program { name: "Istio", words: &["istio"] });
const KONG: Whom = Whom::Program(&Program { name: "Kong", words: &["kong"] });
const APISIX: Whom = Whom::Program(&Program { name: "APISIX and API7", words: &["apisix", "api7"] });
const AWS: Whom = Whom::Program(&Program { name: "AWS API Gateway", words: &["awselb", "amazon"] });
const POSTGRESQL: Whom = Whom::Program(&Program { name: "PostgreSQL", words: &["postgresql"] });
const MOSQUITTO: Whom = Whom::Program(&Program { name: "mosquitto", words: &["mqtt", "mosquitto"] });

const fn row(whom: Whom, cause: Cause, text: &'static str, command: &'static str) -> Row {
    Row::new(Side::Server, whom, cause, text, command)
}

/// The table, by program.
pub(super) const ROWS: &[Row] = &[
    row(
        NGINX,
        Cause::ClientCertMissing,
        "Where clients without a certificate are to be let in too, make the certificate optional.",
        "ssl_verify_client optional;",
    ),
    row(
        NGINX,
        Cause::ClientCertUntrustedCa,
        "Add the CA of the client to the file that ssl_client_certificate names, and reload nginx.",
        "ssl_client_certificate /etc/nginx/client-ca.pem;",
    ),
    row(
        NGINX,
        Cause::ClientCertChainIncomplete,
        "Where clients cannot be made to send their intermediate, give nginx the intermediate along with the root, and a depth that reaches the root.",
        "ssl_client_certificate /etc/nginx/intermediate-and-root.pem;\nssl_verify_depth 2;",
    ),
    row(NGINX, Cause::ClientCertChainTooLong, "Raise the depth, which is 1 by default.", "ssl_verify_depth 3;"),
    row(
        NGINX,
        Cause::ClientCertRevoked,
        "Where the revocation list is out of date, fetch the new one to the file that ssl_crl names, and reload nginx.",
        "ssl_crl /etc/nginx/crl.pem;",
    ),
    row(
        NGINX,
        Cause::ClientCertNotAuthorized,
        "Look at the identity that nginx compares, and add the one of this client.",
        "map $ssl_client_s_dn $allowed {\n    default 0;\n    \"CN=client\" 1;\n}",
    ),
    row(
        NGINX,
        Cause::ClientCertNotRequested,
        "Ask for the certificate in the server block of that name (and in the default one, for clients without SNI).",
        "ssl_client_certificate /etc/nginx/client-ca.pem;\nssl_verify_client on;",
    ),
    row(
        NGINX,
        Cause::ServerCertChainIncomplete,
        "Put the intermediate behind the leaf in the file that ssl_certificate names.",
        "ssl_certificate /etc/nginx/server-chain.pem;",
    ),
    row(NGINX, Cause::ServerCertExpired, "Make nginx load the renewed certificate.", "nginx -t && nginx -s reload"),
    row(
        NGINX,
        Cause::ServerCertNameMismatch,
        "Give the name a server block of its own, with its certificate.",
        "server {\n    listen 443 ssl;\n    server_name HOST;\n    ssl_certificate /etc/nginx/server.pem;\n    ssl_certificate_key /etc/nginx/server.key;\n}",
    ),
    row(
        NGINX,
        Cause::NoCommonVersion,
        "Enable the versions in the default server block, which decides for all names on that address.",
        "ssl_protocols TLSv1.2 TLSv1.3;",
    ),
    row(NGINX, Cause::NoCommonCipher, "Allow the strong suites of both kinds of key.", "ssl_ciphers HIGH:!aNULL:!MD5;"),
    row(
        NGINX,
        Cause::UnrecognizedName,
        "Configure the name, or remove ssl_reject_handshake from the default server block.",
        "server_name HOST;",
    ),
    row(NGINX, Cause::PlaintextServer, "Turn TLS on for the port.", "listen 443 ssl;"),
    row(
        NGINX,
        Cause::ProxyHeaderUnexpected,
        "Let the listener expect the PROXY header that the load balancer sends.",
        "listen 443 ssl proxy_protocol;",
    ),
    row(
        APACHE,
        Cause::ClientCertMissing,
        "Where clients without a certificate are to be let in too, make the certificate optional.",
        "SSLVerifyClient optional",
    ),
    row(
        APACHE,
        Cause::ClientCertUntrustedCa,
        "Add the CA of the client to the file that SSLCACertificateFile names, and restart Apache gracefully.",
        "SSLCACertificateFile /etc/apache2/client-ca.pem",
    ),
    row(APACHE, Cause::ClientCertChainTooLong, "Raise the depth, which is 1 by default.", "SSLVerifyDepth 3"),
    row(
        APACHE,
        Cause::ClientCertRevoked,
        "Where the revocation list is out of date, fetch the new one to the file that SSLCARevocationFile names, and restart Apache gracefully.",
        "SSLCARevocationFile /etc/apache2/crl.pem",
    ),
    row(
        APACHE,
        Cause::ClientCertNotAuthorized,
        "Let in the identity of this client.",
        "Require expr \"%{SSL_CLIENT_S_DN_CN} == 'client'\"",
    ),
    row(
        APACHE,
        Cause::ClientCertNotRequested,
        "Ask for the certificate in the virtual host of that name.",
        "SSLCACertificateFile /etc/apache2/client-ca.pem\nSSLVerifyClient require",
    ),
    row(
        APACHE,
        Cause::RenegotiationRefused,
        "Move SSLVerifyClient from the Location or Directory to the virtual host, so that the certificate is asked for in the handshake.",
        "SSLVerifyClient require",
    ),
    row(
        APACHE,
        Cause::ServerCertChainIncomplete,
        "Put the intermediate behind the leaf in the file that SSLCertificateFile names.",
        "SSLCertificateFile /etc/apache2/server-chain.pem",
    ),
    row(
        APACHE,
        Cause::ServerCertExpired,
        "Make Apache load the renewed certificate.",
        "apachectl configtest && apachectl graceful",
    ),
    row(
        APACHE,
        Cause::ServerCertNameMismatch,
        "Give the name a virtual host of its own, with its certificate.",
        "ServerName HOST\nSSLCertificateFile /etc/apache2/server.pem\nSSLCertificateKeyFile /etc/apache2/server.key",
    ),
    row(APACHE, Cause::NoCommonVersion, "Enable the versions.", "SSLProtocol -all +TLSv1.2 +TLSv1.3"),
    row(
        APACHE,
        Cause::NoCommonCipher,
        "Allow the strong suites of both kinds of key.",
        "SSLCipherSuite HIGH:!aNULL:!MD5",
    ),
    row(
        HAPROXY,
        Cause::ClientCertMissing,
        "Where clients without a certificate are to be let in too, make the certificate optional.",
        "bind :443 ssl crt /etc/haproxy/server.pem ca-file /etc/haproxy/client-ca.pem verify optional",
    ),
    row(
        HAPROXY,
        Cause::ClientCertUntrustedCa,
        "Add the CA of the client to the file that ca-file names, and reload HAProxy.",
        "bind :443 ssl crt /etc/haproxy/server.pem ca-file /etc/haproxy/client-ca.pem verify required",
    ),
    row(
        HAPROXY,
        Cause::ClientCertRevoked,
        "Where the revocation list is out of date, fetch the new one to the file that crl-file names, and reload HAProxy.",
        "bind :443 ssl crt /etc/haproxy/server.pem ca-file /etc/haproxy/client-ca.pem verify required crl-file /etc/haproxy/crl.pem",
    ),
    row(
        HAPROXY,
        Cause::ClientCertNotAuthorized,
        "Look at the identity that HAProxy compares, and add the one of this client.",
        "http-request deny unless { ssl_c_s_dn(CN) -m str client }",
    ),
    row(
        HAPROXY,
        Cause::ClientCertNotRequested,
        "Ask for the certificate on the bind line.",
        "bind :443 ssl crt /etc/haproxy/server.pem ca-file /etc/haproxy/client-ca.pem verify required",
    ),
    row(
        HAPROXY,
        Cause::ServerCertChainIncomplete,
        "Put leaf, intermediate and private key into the file that crt names, in this order.",
        "cat server.pem intermediate.pem server.key > /etc/haproxy/server.pem",
    ),
    row(
        HAPROXY,
        Cause::UnrecognizedName,
        "Add a certificate for the name, or leave out strict-sni.",
        "bind :443 ssl crt /etc/haproxy/certs/",
    ),
    row(
        HAPROXY,
        Cause::NoCommonVersion,
        "Lower the minimum version.",
        "bind :443 ssl crt /etc/haproxy/server.pem ssl-min-ver TLSv1.2",
    ),
    row(
        HAPROXY,
        Cause::ProxyHeaderUnexpected,
        "Let the listener expect the PROXY header that the load balancer sends.",
        "bind :443 accept-proxy ssl crt /etc/haproxy/server.pem",
    ),
    row(
        ENVOY,
        Cause::ClientCertMissing,
        "Where clients without a certificate are to be let in too, do not require it.",
        "require_client_certificate: false",
    ),
    row(
        ENVOY,
        Cause::ClientCertUntrustedCa,
        "Add the CA of the client to the trusted CA of the listener's validation context.",
        "validation_context:\n  trusted_ca: { filename: /etc/envoy/client-ca.pem }",
    ),
    row(
        ENVOY,
        Cause::ClientCertNotAuthorized,
        "Let the validation context match a name that is in the certificate.",
        "match_typed_subject_alt_names:\n- san_type: DNS\n  matcher: { exact: client.example }",
    ),
    row(
        ENVOY,
        Cause::ClientCertNotRequested,
        "Require the certificate in the listener's DownstreamTlsContext.",
        "require_client_certificate: true",
    ),
    row(ENVOY, Cause::ClientCertChainTooLong, "Raise the depth of the validation context.", "max_verify_depth: 4"),
    row(
        ISTIO,
        Cause::ClientCertMissing,
        "Where clients outside of the mesh are to be let in too, accept plaintext and TLS for that workload.",
        "kubectl apply -f - <<\"EOF\"\napiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: { name: default, namespace: NAMESPACE }\nspec: { mtls: { mode: PERMISSIVE } }\nEOF",
    ),
    row(
        ISTIO,
        Cause::ClientCertUntrustedCa,
        "Add the CA of the client to the secret that the Gateway's credentialName names.",
        "kubectl create -n istio-system secret generic gateway-credential --from-file=tls.key=server.key --from-file=tls.crt=server.pem --from-file=ca.crt=client-ca.pem --dry-run=client -o yaml | kubectl apply -f -",
    ),
    row(
        ISTIO,
        Cause::ClientCertNotRequested,
        "Set the mode of the Gateway's server to MUTUAL.",
        "tls: { mode: MUTUAL, credentialName: gateway-credential }",
    ),
    row(
        KONG,
        Cause::ClientCertMissing,
        "Where clients without a certificate are to be let in too, limit the mtls-auth plugin to the routes that need it.",
        "",
    ),
    row(
        KONG,
        Cause::ClientCertUntrustedCa,
        "Upload the CA of the client, and add its id to ca_certificates of the mtls-auth plugin.",
        "curl -X POST http://localhost:8001/ca_certificates -F cert=@client-ca.pem",
    ),
    row(
        KONG,
        Cause::ClientCertNotAuthorized,
        "Create a consumer whose name (or custom_id) is in the certificate, or match no consumers at all.",
        "curl -X POST http://localhost:8001/consumers -d username=client.example",
    ),
    row(
        KONG,
        Cause::ClientCertNotRequested,
        "Enable mtls-auth for the service or route; Kong asks for a certificate on the server names of those routes only.",
        "curl -X POST http://localhost:8001/services/SERVICE/plugins -d name=mtls-auth -d config.ca_certificates=CA-ID",
    ),
    row(
        APISIX,
        Cause::ClientCertUntrustedCa,
        "Set the CA of the client in the SSL object of that server name.",
        "curl -X PATCH http://127.0.0.1:9180/apisix/admin/ssls/ID -H \"X-API-KEY: $ADMIN_KEY\" -d \"{\\\"client\\\": {\\\"ca\\\": $(jq -Rs . client-ca.pem)}}\"",
    ),
    row(
        APISIX,
        Cause::ClientCertChainTooLong,
        "Raise the depth in the SSL object of that server name.",
        "curl -X PATCH http://127.0.0.1:9180/apisix/admin/ssls/ID -H \"X-API-KEY: $ADMIN_KEY\" -d '{\"client\": {\"depth\": 3}}'",
    ),
    row(
        APISIX,
        Cause::ClientCertMissing,
        "Where some paths are to be open to clients without a certificate, list them in skip_mtls_uri_regex of the SSL object.",
        "",
    ),
    row(
        APISIX,
        Cause::ClientCertNotRequested,
        "Create an SSL object for the server name, with client.ca; without SNI none is found.",
        "",
    ),
    row(
        AWS,
        Cause::ClientCertUntrustedCa,
        "Upload a trust store with the whole chain of the client's issuer, and point the domain name at the new version.",
        "aws s3 cp truststore.pem s3://BUCKET/truststore.pem && aws apigateway update-domain-name --domain-name HOST --patch-operations op=replace,path=/mutualTlsAuthentication/truststoreUri,value=s3://BUCKET/truststore.pem",
    ),
    row(
        AWS,
        Cause::ClientCertNotRequested,
        "Set a trust store for the custom domain name, and disable the default endpoint, which never asks.",
        "aws apigateway get-domain-name --domain-name HOST --query mutualTlsAuthentication",
    ),
    row(
        AWS,
        Cause::ClientCertRejected,
        "Look for warnings about the trust store: certificates that do not parse, expired ones, weak signatures.",
        "aws apigateway get-domain-name --domain-name HOST --query mutualTlsAuthentication.truststoreWarnings",
    ),
    row(
        POSTGRESQL,
        Cause::ClientCertMissing,
        "Where clients without a certificate are to be let in too, ask for a password instead of clientcert in pg_hba.conf.",
        "hostssl all all all scram-sha-256",
    ),
    row(
        POSTGRESQL,
        Cause::ClientCertUntrustedCa,
        "Add the CA of the client to the file that ssl_ca_file names, and reload the configuration.",
        "psql -c \"SHOW ssl_ca_file\" -c \"SELECT pg_reload_conf()\"",
    ),
    row(
        POSTGRESQL,
        Cause::ClientCertNotAuthorized,
        "Map the common name of the certificate to the database user in pg_ident.conf, and name the map in pg_hba.conf.",
        "# pg_ident.conf\ncerts client.example dbuser\n# pg_hba.conf\nhostssl all dbuser all cert map=certs",
    ),
    row(
        POSTGRESQL,
        Cause::ClientCertNotRequested,
        "Name the CA in ssl_ca_file (PostgreSQL asks for certificates only then), and demand them in pg_hba.conf.",
        "# postgresql.conf\nssl_ca_file = 'client-ca.pem'\n# pg_hba.conf\nhostssl all all all scram-sha-256 clientcert=verify-full",
    ),
    row(
        POSTGRESQL,
        Cause::UpgradeRefused,
        "Turn TLS on, and restart the server.",
        "ssl = on\nssl_cert_file = 'server.pem'\nssl_key_file = 'server.key'",
    ),
    row(
        MOSQUITTO,
        Cause::ClientCertMissing,
        "Where clients without a certificate are to be let in too, do not require it on that listener.",
        "require_certificate false",
    ),
    row(
        MOSQUITTO,
        Cause::ClientCertUntrustedCa,
        "Add the CA of the client to the file that cafile names, and restart mosquitto.",
        "cafile /etc/mosquitto/client-ca.pem",
    ),
    row(
        MOSQUITTO,
        Cause::ClientCertNotAuthorized,
        "Take the common name as the user name, and give that user access in the ACL file.",
        "use_identity_as_username true\nacl_file /etc/mosquitto/acl",
    ),
    row(
        MOSQUITTO,
        Cause::ClientCertNotRequested,
        "Require the certificate on that listener.",
        "cafile /etc/mosquitto/client-ca.pem\nrequire_certificate true",
    ),
    row(
        OPENSSL,
        Cause::ClientCertUntrustedCa,
        "Find the server's CA file for clients (nginx: ssl_client_certificate; Apache: SSLCACertificateFile; HAProxy: ca-file; PostgreSQL: ssl_ca_file), and try the client's certificate against it.",
        "openssl verify -purpose sslclient -CAfile client-ca.pem client.pem",
    ),
    row(
        OPENSSL,
        Cause::ClientCertMissing,
        "Where clients without a certificate are to be let in too, make it optional (nginx: ssl_verify_client optional; Apache: SSLVerifyClient optional; HAProxy: verify optional).",
        "",
    ),
    row(
        OPENSSL,
        Cause::NoCommonVersion,
        "Where a distribution's openssl.cnf forbids the version, lower its minimum there.",
        "[system_default_sect]\nMinProtocol = TLSv1.2",
    ),
    row(
        OPENSSL,
        Cause::ClientCertWeak,
        "Where the certificate cannot be replaced at once, lower the security level for the time being (nginx: ssl_ciphers; HAProxy: ciphers).",
        "DEFAULT:@SECLEVEL=0",
    ),
    row(
        JAVA,
        Cause::ClientCertUntrustedCa,
        "Import the CA of the client into the trust store, and restart the server.",
        "keytool -importcert -noprompt -alias client-ca -file client-ca.pem -keystore truststore.p12 -storetype PKCS12 -storepass changeit",
    ),
    row(
        JAVA,
        Cause::ClientCertMissing,
        "Where clients without a certificate are to be let in too, want it instead of needing it (SSLParameters.setWantClientAuth; Spring Boot: server.ssl.client-auth).",
        "server.ssl.client-auth=want",
    ),
    row(
        JAVA,
        Cause::ClientCertNotRequested,
        "Need the certificate (SSLParameters.setNeedClientAuth; Spring Boot: server.ssl.client-auth).",
        "server.ssl.client-auth=need",
    ),
    row(
        JAVA,
        Cause::ClientCertExpired,
        "See what the server's trust store holds: a certificate there may have expired, too.",
        "keytool -list -v -keystore truststore.p12 -storepass changeit",
    ),
    row(
        JAVA,
        Cause::ServerCertChainIncomplete,
        "Import leaf and intermediate as one chain into the key store.",
        "openssl pkcs12 -export -in server-chain.pem -inkey server.key -name server -passout pass:changeit -out keystore.p12",
    ),
    row(
        JAVA,
        Cause::NoCommonVersion,
        "Remove the version from the disabled algorithms of java.security.",
        "jdk.tls.disabledAlgorithms=SSLv3, TLSv1, TLSv1.1, RC4, DES, MD5withRSA",
    ),
    row(
        GO,
        Cause::ClientCertUntrustedCa,
        "Add the CA of the client to the pool in tls.Config.",
        "pool := x509.NewCertPool()\npool.AppendCertsFromPEM(clientCA)\nconfig.ClientCAs = pool",
    ),
    row(
        GO,
        Cause::ClientCertMissing,
        "Where clients without a certificate are to be let in too, verify it only if one is given.",
        "config.ClientAuth = tls.VerifyClientCertIfGiven",
    ),
    row(
        GO,
        Cause::ClientCertNotRequested,
        "Require the certificate in tls.Config.",
        "config.ClientAuth = tls.RequireAndVerifyClientCert",
    ),
    row(
        GO,
        Cause::ServerCertChainIncomplete,
        "Load a file with the leaf and the intermediate behind it.",
        "cert, err := tls.LoadX509KeyPair(\"server-chain.pem\", \"server.key\")",
    ),
    row(GO, Cause::NoCommonVersion, "Lower the minimum version in tls.Config.", "config.MinVersion = tls.VersionTLS12"),
    row(
        NODE,
        Cause::ClientCertUntrustedCa,
        "Add the CA of the client to ca of the server's options.",
        "tls.createServer({ key, cert, ca: fs.readFileSync(\"client-ca.pem\"), requestCert: true })",
    ),
    row(
        NODE,
        Cause::ClientCertNotRequested,
        "Ask for the certificate in the server's options.",
        "tls.createServer({ key, cert, ca, requestCert: true, rejectUnauthorized: true })",
    ),
];
