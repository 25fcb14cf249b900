//! What to do about a cause, whatever the program: in the words and with the commands of OpenSSL and curl,
//! which are nearly everywhere.

use crate::cause::Cause;
use crate::knowledge::remedies::{Row, Whom};
use crate::role::Side;

const fn row(cause: Cause, side: Side, text: &'static str, command: Option<&'static str>) -> Row {
    Row { cause, side, whom: Whom::Everybody, text, command, general: false }
}

/// The table, in the order of the causes.
pub(super) const ROWS: &[Row] = &[
    row(
        Cause::ClientCertMissing,
        Side::Client,
        "Configure the client with a certificate and its private key for this connection.",
        Some("curl --cert client.pem --key client.key https://HOST:PORT/"),
    ).general(),
    row(
        Cause::ClientCertMissing,
        Side::Client,
        "Compare the issuers that the server names with the issuer of the certificate that the client holds.",
        Some(
            "openssl s_client -connect HOST:PORT -servername HOST </dev/null 2>/dev/null | sed -n '/Acceptable client/,/Requested/p'; openssl x509 -in client.pem -noout -issuer",
        ),
    ),
    row(
        Cause::ClientCertMissing,
        Side::Server,
        "Where clients without a certificate are to be let in, make it optional (nginx: ssl_verify_client optional).",
        None,
    ).general(),
    row(
        Cause::ClientCertUntrustedCa,
        Side::Server,
        "Add the CA that issued the client's certificate to the CAs that the server trusts for clients.",
        Some("cat new-ca.pem >> client-ca.pem && openssl verify -CAfile client-ca.pem client.pem"),
    ).general(),
    row(
        Cause::ClientCertUntrustedCa,
        Side::Client,
        "Use a certificate that a CA trusted by the server has issued; look at who issued this one.",
        Some("openssl x509 -in client.pem -noout -subject -issuer"),
    ),
    row(
        Cause::ClientCertChainIncomplete,
        Side::Client,
        "Send the intermediate along with the leaf: put both into the certificate file, the leaf first.",
        Some(
            "cat client.pem intermediate.pem > client-chain.pem && openssl verify -CAfile root.pem -untrusted intermediate.pem client.pem",
        ),
    ).general(),
    row(
        Cause::ClientCertSelfSigned,
        Side::Client,
        "Have the client's certificate issued by a CA that the server trusts, instead of signing it with its own key.",
        Some(
            "openssl req -new -key client.key -subj '/CN=client' -out client.csr && openssl x509 -req -in client.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 365 -out client.pem",
        ),
    ),
    row(
        Cause::ClientCertSelfSigned,
        Side::Server,
        "Or trust this one certificate: add it to the CAs that the server trusts for clients.",
        Some("cat client.pem >> client-ca.pem"),
    ),
    row(
        Cause::ClientCertExpired,
        Side::Client,
        "Renew the client's certificate, and see that the program has loaded the new one.",
        Some("openssl x509 -in client.pem -noout -enddate -checkend 0"),
    ),
    row(
        Cause::ClientCertNotYetValid,
        Side::Client,
        "Check the clock of the machine that issued the certificate and of the server, or wait until the certificate is valid.",
        Some("openssl x509 -in client.pem -noout -startdate; date -u"),
    ),
    row(
        Cause::ClientCertWrongUsage,
        Side::Client,
        "Have the certificate issued for client authentication: extendedKeyUsage clientAuth and keyUsage digitalSignature.",
        Some(
            "printf 'keyUsage=digitalSignature\\nextendedKeyUsage=clientAuth\\n' > client.ext && openssl x509 -req -in client.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 365 -extfile client.ext -out client.pem",
        ),
    ),
    row(
        Cause::ClientCertRevoked,
        Side::Client,
        "Get a new certificate; this one has been revoked.",
        Some(
            "openssl crl -in crl.pem -noout -text | grep -A1 -i \"$(openssl x509 -in client.pem -noout -serial | cut -d= -f2)\"",
        ),
    ),
    row(
        Cause::ClientCertWeak,
        Side::Client,
        "Get a certificate with an RSA key of at least 2048 bits (or ECDSA P-256) that is signed with SHA-256.",
        Some("openssl x509 -in client.pem -noout -text | grep -E 'Public-Key|Signature Algorithm'"),
    ),
    row(
        Cause::ClientCertKeyMismatch,
        Side::Client,
        "Configure the private key that belongs to the certificate: both commands have to print the same.",
        Some(
            "openssl x509 -in client.pem -noout -pubkey | openssl sha256; openssl pkey -in client.key -pubout | openssl sha256",
        ),
    ),
    row(
        Cause::ClientCertUnsupportedAlgorithm,
        Side::Either,
        "Give the client a certificate with a kind of key that the server allows, or allow its kind on the server (nginx, Apache: ClientSignatureAlgorithms in OpenSSL's configuration).",
        Some(
            "openssl s_client -connect HOST:PORT -servername HOST </dev/null 2>/dev/null | grep -i 'signature algorithms'",
        ),
    ),
    row(
        Cause::ClientCertChainTooLong,
        Side::Server,
        "Raise the verification depth of the server (nginx: ssl_verify_depth 3; Apache: SSLVerifyDepth 3).",
        None,
    ).general(),
    row(
        Cause::ClientCertMalformed,
        Side::Client,
        "Have the certificate issued anew; where it is X.509 v1, with any extension at all it becomes v3.",
        Some("openssl x509 -in client.pem -noout -text"),
    ),
    row(
        Cause::ClientCertNotAuthorized,
        Side::Either,
        "Let in the identity that the certificate names, or use a certificate that names one that is let in.",
        Some("openssl x509 -in client.pem -noout -subject -ext subjectAltName"),
    ),
    row(
        Cause::ClientCertNotRequested,
        Side::Server,
        "Make the server ask for client certificates on the listener, and for the name, that the client reaches (nginx: ssl_verify_client on, in the server block of that name).",
        Some(
            "openssl s_client -connect HOST:PORT -servername HOST </dev/null 2>/dev/null | grep -i 'client certificate'",
        ),
    ).general(),
    row(Cause::ClientCertNotRequested, Side::Client, "See that the client sends the right name in SNI.", None),
    row(
        Cause::ClientCertRejected,
        Side::Either,
        "Verify the client's certificate with the CA file of the server, as the server would.",
        Some("openssl verify -purpose sslclient -CAfile server-client-ca.pem -untrusted client-chain.pem client.pem"),
    ),
    row(
        Cause::ServerCertUntrustedCa,
        Side::Client,
        "Give the client the CA that issued the server's certificate.",
        Some("curl --cacert ca.pem https://HOST:PORT/"),
    ).general(),
    row(
        Cause::ServerCertUntrustedCa,
        Side::Server,
        "Or use a certificate that a CA known to the clients has issued; look at who issued this one.",
        Some(
            "openssl s_client -connect HOST:PORT -servername HOST -showcerts </dev/null 2>/dev/null | openssl x509 -noout -subject -issuer",
        ),
    ),
    row(
        Cause::ServerCertChainIncomplete,
        Side::Server,
        "Send the intermediate along with the leaf: put both into the server's certificate file, the leaf first.",
        Some("cat server.pem intermediate.pem > server-chain.pem"),
    ).general(),
    row(
        Cause::ServerCertSelfSigned,
        Side::Client,
        "Trust this one certificate explicitly.",
        Some("curl --cacert server.pem https://HOST:PORT/"),
    ).general(),
    row(
        Cause::ServerCertSelfSigned,
        Side::Server,
        "Or have the server's certificate issued by a CA that the clients trust.",
        None,
    ),
    row(
        Cause::ServerCertExpired,
        Side::Server,
        "Renew the server's certificate and make the server load it again.",
        Some(
            "openssl s_client -connect HOST:PORT -servername HOST </dev/null 2>/dev/null | openssl x509 -noout -enddate",
        ),
    ),
    row(
        Cause::ServerCertNotYetValid,
        Side::Either,
        "Check the clock of the client and of the machine that issued the certificate.",
        Some(
            "openssl s_client -connect HOST:PORT -servername HOST </dev/null 2>/dev/null | openssl x509 -noout -startdate; date -u",
        ),
    ),
    row(
        Cause::ServerCertWrongUsage,
        Side::Server,
        "Have the certificate issued for server authentication: extendedKeyUsage serverAuth.",
        Some(
            "printf 'keyUsage=digitalSignature,keyEncipherment\\nextendedKeyUsage=serverAuth\\nsubjectAltName=DNS:HOST\\n' > server.ext && openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 365 -extfile server.ext -out server.pem",
        ),
    ),
    row(Cause::ServerCertRevoked, Side::Server, "Get a new certificate; this one has been revoked.", None),
    row(
        Cause::ServerCertWeak,
        Side::Server,
        "Get a certificate with an RSA key of at least 2048 bits (or ECDSA P-256) that is signed with SHA-256.",
        Some(
            "openssl s_client -connect HOST:PORT -servername HOST </dev/null 2>/dev/null | openssl x509 -noout -text | grep -E 'Public-Key|Signature Algorithm'",
        ),
    ),
    row(
        Cause::ServerCertKeyMismatch,
        Side::Server,
        "Configure the private key that belongs to the certificate: both commands have to print the same.",
        Some(
            "openssl x509 -in server.pem -noout -pubkey | openssl sha256; openssl pkey -in server.key -pubout | openssl sha256",
        ),
    ),
    row(
        Cause::ServerCertMalformed,
        Side::Server,
        "Have the certificate issued anew; where it is X.509 v1, with any extension at all (subjectAltName is needed anyhow) it becomes v3.",
        Some("openssl x509 -in server.pem -noout -text"),
    ),
    row(
        Cause::ServerCertChainTooLong,
        Side::Either,
        "Shorten the chain, or raise the verification depth of the client.",
        None,
    ),
    row(
        Cause::ServerCertRejected,
        Side::Client,
        "Verify the server's certificate with the client's CA file, as the client would.",
        Some(
            "openssl s_client -connect HOST:PORT -servername HOST -CAfile client-ca.pem -verify_hostname HOST -verify_return_error </dev/null",
        ),
    ),
    row(
        Cause::ServerCertNameMismatch,
        Side::Server,
        "Have the certificate issued with the name (DNS:…) or the address (IP:…) that clients use as a subject alternative name.",
        Some(
            "printf 'subjectAltName=DNS:HOST\\n' > server.ext && openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 365 -extfile server.ext -out server.pem",
        ),
    ),
    row(
        Cause::ServerCertNameMismatch,
        Side::Client,
        "Or connect by a name that is in the certificate.",
        Some(
            "openssl s_client -connect HOST:PORT -servername HOST </dev/null 2>/dev/null | openssl x509 -noout -ext subjectAltName",
        ),
    ),
    row(
        Cause::ServerCertMissing,
        Side::Server,
        "Configure a certificate for the name that the client asks for, with a kind of key that fits the offered cipher suites.",
        Some("openssl s_client -connect HOST:PORT -servername HOST </dev/null"),
    ),
    row(
        Cause::NoCommonVersion,
        Side::Either,
        "Enable a version that both sides speak, TLS 1.2 or 1.3 (nginx: ssl_protocols TLSv1.2 TLSv1.3).",
        Some(
            "openssl s_client -connect HOST:PORT -servername HOST -tls1_2 </dev/null; openssl s_client -connect HOST:PORT -servername HOST -tls1_3 </dev/null",
        ),
    ),
    row(
        Cause::NoCommonCipher,
        Side::Either,
        "Enable a cipher suite that both sides have (nginx: ssl_ciphers; OpenSSL clients: -cipher and -ciphersuites).",
        Some("openssl ciphers -v 'HIGH:!aNULL'"),
    ),
    row(
        Cause::NoCommonGroup,
        Side::Either,
        "Enable a group that both sides have, X25519 or P-256 (nginx: ssl_ecdh_curve X25519:prime256v1).",
        Some("openssl s_client -connect HOST:PORT -servername HOST -groups X25519:P-256 </dev/null"),
    ),
    row(
        Cause::NoCommonSignatureAlgorithm,
        Side::Either,
        "Give the server a certificate whose key the client accepts, or let the client accept its kind of signature.",
        Some("openssl s_client -connect HOST:PORT -servername HOST -sigalgs RSA-PSS+SHA256:ECDSA+SHA256 </dev/null"),
    ),
    row(
        Cause::NoCommonAlpn,
        Side::Either,
        "Agree on an application protocol: enable it on the server, or offer one that it has.",
        Some("openssl s_client -connect HOST:PORT -servername HOST -alpn h2,http/1.1 </dev/null | grep ALPN"),
    ),
    row(
        Cause::UnrecognizedName,
        Side::Either,
        "Ask for a name that the server serves, or configure it there (nginx: server_name).",
        Some("openssl s_client -connect HOST:PORT -servername HOST </dev/null"),
    ),
    row(
        Cause::MisdirectedRequest,
        Side::Either,
        "Name the same host in SNI and in the request, and open a connection for each host; or give hosts that share an address the same rules for client certificates.",
        Some("curl --cert client.pem --key client.key --cacert ca.pem https://HOST:PORT/"),
    ),
    row(
        Cause::InappropriateFallback,
        Side::Client,
        "Find out why the client's first try failed; do not let it retry with a lower version.",
        None,
    ),
    row(
        Cause::PskRefused,
        Side::Either,
        "Configure the same identity and key on both sides; for session tickets, let the client start anew without one.",
        None,
    ),
    row(
        Cause::RenegotiationRefused,
        Side::Server,
        "Ask for the certificate in the handshake itself (server-wide or by name) rather than for a part of the site.",
        None,
    ),
    row(
        Cause::EchRejected,
        Side::Either,
        "Fetch the server's current ECH configuration (the HTTPS record of its name), or turn ECH off in the client.",
        None,
    ),
    row(
        Cause::MissingExtension,
        Side::Either,
        "Update the side that leaves the extension out, or that sends one that was not offered.",
        None,
    ),
    row(
        Cause::PlaintextClient,
        Side::Client,
        "Use TLS on this port: an https:// URL, or the TLS option of the client.",
        Some("curl https://HOST:PORT/"),
    ),
    row(
        Cause::PlaintextServer,
        Side::Either,
        "Connect to the port that speaks TLS, enable TLS on this one (nginx: listen 443 ssl), or use the upgrade of the protocol (STARTTLS).",
        Some("openssl s_client -connect HOST:PORT -starttls smtp </dev/null"),
    ),
    row(
        Cause::ProxyRefused,
        Side::Network,
        "Ask the proxy's operator to let this destination through, or give the proxy the credentials that it wants.",
        Some("curl -v -x http://USER:PASSWORD@PROXY:PORT https://HOST:PORT/"),
    ),
    row(
        Cause::UpgradeRefused,
        Side::Server,
        "Enable TLS on the server (PostgreSQL: ssl = on; Postfix: smtpd_tls_security_level = may).",
        None,
    ).general(),
    row(
        Cause::ProxyHeaderUnexpected,
        Side::Either,
        "Let the listener expect the PROXY protocol, or stop the load balancer from sending it (nginx: listen 443 ssl proxy_protocol; HAProxy: send-proxy).",
        None,
    ),
    row(Cause::TcpRefused, Side::Server, "Start the server, or correct the port.", Some("ss -ltnp | grep :PORT")),
    row(
        Cause::TcpNoAnswer,
        Side::Network,
        "Open the way to the server: firewall, security group, route, or the address itself.",
        Some("nc -vz -w 3 HOST PORT"),
    ),
    row(
        Cause::ResetAfterClientHello,
        Side::Network,
        "Try the same hello without a name, and with another one: a filter that looks at SNI treats them differently.",
        Some(
            "openssl s_client -connect HOST:PORT -noservername </dev/null; openssl s_client -connect HOST:PORT -servername example.com </dev/null",
        ),
    ),
    row(
        Cause::ServerSilent,
        Side::Either,
        "Look at the server: whether its process accepts connections at all.",
        Some("ss -ltn 'sport = :PORT'"),
    ),
    row(
        Cause::ClientSilent,
        Side::Either,
        "Look at the client: whether it waits for a person, a token or a look-up. Where it is a health check, nothing is to be done.",
        None,
    ),
    row(
        Cause::PathMtuBlackhole,
        Side::Network,
        "Find the largest packet that passes, and either let ICMP 'fragmentation needed' through or clamp the MSS to the path.",
        Some(
            "ping -M do -s 1400 HOST; iptables -t mangle -A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu",
        ),
    ),
    row(
        Cause::ResetMidHandshake,
        Side::Either,
        "Look into the log of the side that reset the connection, at the time of that packet.",
        None,
    ),
    row(
        Cause::ClosedWithoutAlert,
        Side::Either,
        "Look into the log of the side that closed, at the time of that packet.",
        None,
    ),
    row(
        Cause::ClientAborted,
        Side::Client,
        "Look at the client's own message and at its time-outs.",
        Some("curl -v --connect-timeout 10 https://HOST:PORT/"),
    ),
    row(
        Cause::CorruptedRecord,
        Side::Either,
        "Capture on both sides and compare: something between the two alters bytes, or the two sides hold different keys.",
        None,
    ),
    row(
        Cause::ProtocolViolation,
        Side::Either,
        "Update the side that broke the protocol; look for a middlebox that rewrites TLS.",
        None,
    ),
    row(
        Cause::CaptureIncomplete,
        Side::Capture,
        "Capture again: full packets, both directions, from before the client starts until the connection is closed.",
        Some("tcpdump -i any -s 0 -B 65536 -w capture.pcap host HOST and port PORT"),
    ),
];
