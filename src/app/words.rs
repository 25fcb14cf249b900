//! The words by which servers refuse a client for its certificate, and what they mean.

use crate::app::RefusalMeaning;

/// Words (in lower case) that an HTTP page may hold, the meaning, and who writes them.
const PAGES: &[(&str, RefusalMeaning, &str)] = &[
    ("no required ssl certificate was sent", RefusalMeaning::CertificateMissing, "nginx 496"),
    ("the ssl certificate error", RefusalMeaning::CertificateInvalid, "nginx 495"),
    ("the plain http request was sent to https port", RefusalMeaning::PlainHttpToTls, "nginx 497"),
    ("speaking plain http to an ssl-enabled server port", RefusalMeaning::PlainHttpToTls, "Apache"),
    ("client sent an http request to an https server", RefusalMeaning::PlainHttpToTls, "Go net/http"),
    ("combination of host and port requires tls", RefusalMeaning::PlainHttpToTls, "Tomcat"),
    ("no required tls certificate was sent", RefusalMeaning::CertificateMissing, "Kong mtls-auth"),
    ("tls certificate failed verification", RefusalMeaning::CertificateInvalid, "Kong mtls-auth"),
    ("rbac: access denied", RefusalMeaning::NotAuthorized, "Envoy"),
    ("system:anonymous", RefusalMeaning::CertificateMissing, "Kubernetes API server"),
    ("client certificate has been revoked", RefusalMeaning::CertificateRevoked, "IIS 403.13"),
    ("client certificate is untrusted", RefusalMeaning::CertificateUntrusted, "IIS 403.16"),
    ("client certificate has expired", RefusalMeaning::CertificateExpired, "IIS 403.17"),
    ("client certificate required", RefusalMeaning::CertificateMissing, "IIS 403.7"),
    ("client certificate is required", RefusalMeaning::CertificateMissing, "various"),
    ("client certificate missing", RefusalMeaning::CertificateMissing, "various"),
    ("client certificate was not present", RefusalMeaning::CertificateMissing, "APISIX"),
    ("client certificate verification is not passed", RefusalMeaning::CertificateInvalid, "APISIX"),
    ("missing client certificate", RefusalMeaning::CertificateMissing, "various"),
    ("no client certificate", RefusalMeaning::CertificateMissing, "various"),
    ("certificate required", RefusalMeaning::CertificateMissing, "various"),
    ("misdirected request", RefusalMeaning::Misdirected, "RFC 9110 section 15.5.20"),
];

/// What an HTTP answer says; `None` for one that refuses nobody.
pub fn http(status: u16, page: &str) -> Option<RefusalMeaning> {
    if !matches!(status, 400 | 401 | 403 | 421 | 495 | 496 | 497 | 525 | 526) {
        return None;
    }
    let page = page.to_ascii_lowercase();
    let said = PAGES.iter().find(|(words, _, _)| page.contains(words)).map(|(_, meaning, _)| *meaning);
    said.or({
        Some(match status {
            495 => RefusalMeaning::CertificateInvalid,
            496 => RefusalMeaning::CertificateMissing,
            497 => RefusalMeaning::PlainHttpToTls,
            421 => RefusalMeaning::Misdirected,
            403 => RefusalMeaning::NotAuthorized,
            _ => RefusalMeaning::Unclear,
        })
    })
}

/// What a database's error says; `None` for one that has nothing to do with who the client is.
pub fn database(code: &str, text: &str) -> Option<RefusalMeaning> {
    let text = text.to_ascii_lowercase();
    if text.contains("requires a valid client certificate") {
        return Some(RefusalMeaning::CertificateMissing);
    }
    if text.contains("certificate authentication failed") {
        return Some(RefusalMeaning::NotAuthorized);
    }
    match code {
        // invalid_authorization_specification, invalid_password (PostgreSQL appendix A).
        "28000" | "28P01" => Some(RefusalMeaning::Unclear),
        // ER_ACCESS_DENIED_ERROR, ER_DBACCESS_DENIED_ERROR, ER_SECURE_TRANSPORT_REQUIRED.
        "1045" | "1044" | "3159" | "1698" => Some(RefusalMeaning::Unclear),
        _ => None,
    }
}

/// What stands in a page's `<title>` or first heading, else its first line when it is short text.
pub fn title(page: &str) -> Option<String> {
    let between = |open: &str, close: &str| {
        let start = page.find(open)? + open.len();
        let rest = page.get(start..)?;
        rest.get(..rest.find(close)?).map(|text| text.trim().to_owned())
    };
    let found = between("<title>", "</title>").or_else(|| between("<h1>", "</h1>")).or_else(|| {
        let line = page.trim().lines().next()?.trim();
        (!line.is_empty() && line.len() <= 120 && !line.starts_with('<')).then(|| line.to_owned())
    })?;
    Some(found.chars().take(160).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_go_before_numbers() {
        assert_eq!(
            http(400, "<h1>No required SSL certificate was sent</h1>"),
            Some(RefusalMeaning::CertificateMissing)
        );
        assert_eq!(http(400, "bad request"), Some(RefusalMeaning::Unclear));
        assert_eq!(http(200, "no client certificate"), None);
        assert_eq!(database("42P01", "no such table"), None);
    }

    #[test]
    fn a_title_is_found() {
        assert_eq!(title("<html><title> 403 Forbidden </title>"), Some("403 Forbidden".to_owned()));
        assert_eq!(title("{\"message\":\"Forbidden\"}"), Some("{\"message\":\"Forbidden\"}".to_owned()));
    }
}
