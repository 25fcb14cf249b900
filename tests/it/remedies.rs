//! The commands of the remedies, run as printed against a small PKI and a server, with `HOST` and `PORT` filled
//! in; lines of configuration, read by their programs. What is not run says why not.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use tlswhy::cause::Cause;
use tlswhy::knowledge::remedies;

/// Words that a command cannot be run for here, and why.
const NOT_RUN: &[(&str, &str)] = &[
    ("-starttls smtp", "needs a mail server"),
    ("PROXY:PORT", "needs a proxy"),
    ("ss -", "looks at the server's own machine"),
    ("nc -", "needs netcat, and is about TCP"),
    ("ping ", "changes the firewall"),
    ("tcpdump ", "needs the right to capture"),
    ("example.com", "asks for a name that the server here does not have"),
    ("nginx -s reload", "needs the machine's own nginx"),
    ("apachectl", "needs the machine's own Apache"),
    ("kubectl", "needs a cluster"),
    ("localhost:8001", "needs Kong"),
    ("127.0.0.1:9180", "needs APISIX"),
    ("aws ", "needs an account"),
    ("psql ", "needs a database"),
    ("mosquitto_pub ", "needs a broker"),
    ("PROGRAM.jar", "needs the user's program"),
    ("program.js", "needs the user's program"),
    ("cat server.pem intermediate.pem server.key > /etc/haproxy", "writes to the machine's own configuration"),
];

/// Programs whose commands are run through the shell.
const RUN: &[&str] = &["openssl", "curl", "python3", "keytool", "cat", "printf"];

fn has(program: &str) -> bool {
    let shown = Command::new("sh").args(["-c", &format!("command -v {program}")]).stdout(Stdio::null()).status();
    shown.is_ok_and(|status| status.success())
}

fn shell(folder: &Path, script: &str) -> Output {
    let mut command = Command::new("sh");
    command.current_dir(folder).args(["-c", script]).stdin(Stdio::null());
    let bundle = folder.join("ca.pem");
    for variable in ["CURL_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"] {
        command.env(variable, &bundle);
    }
    command.env_remove("SSLKEYLOGFILE").output().expect("a shell")
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A folder that goes away.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("tlswhy-remedies-{}-{number}-{name}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn copy(&self, name: &str) -> Self {
        let copy = Self::new(name);
        for entry in fs::read_dir(&self.0).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_file() {
                fs::copy(&path, copy.0.join(path.file_name().expect("a name"))).expect("copied");
            }
        }
        copy
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Root, intermediate, a server's and a client's certificate, by the names that the remedies use.
fn pki() -> Folder {
    let folder = Folder::new("pki");
    let script = r#"set -e
printf 'basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign,cRLSign\n' > ca.ext
printf 'keyUsage=digitalSignature\nextendedKeyUsage=clientAuth\nsubjectAltName=DNS:client.example\n' > leaf-client.ext
printf 'keyUsage=digitalSignature\nextendedKeyUsage=serverAuth\nsubjectAltName=DNS:localhost,IP:127.0.0.1\n' > leaf-server.ext
for name in root ca client server; do
  openssl req -new -newkey rsa:2048 -nodes -subj "/CN=$name" -keyout $name.key -out $name.csr 2>/dev/null
done
openssl x509 -req -in root.csr -signkey root.key -extfile ca.ext -days 30 -out root.pem
openssl x509 -req -in ca.csr -CA root.pem -CAkey root.key -CAcreateserial -extfile ca.ext -days 30 -out intermediate.pem
for name in client server; do
  openssl x509 -req -in $name.csr -CA intermediate.pem -CAkey ca.key -CAcreateserial -extfile leaf-$name.ext -days 30 -out $name.pem
  cat $name.pem intermediate.pem > $name-chain.pem
done
cat intermediate.pem root.pem > ca.pem
cp ca.pem client-ca.pem; cp ca.pem server-client-ca.pem; cp ca.pem new-ca.pem; cp ca.pem intermediate-and-root.pem
touch index.txt; echo 01 > crlnumber
printf '[ca]\ndefault_ca=here\n[here]\ndatabase=index.txt\ncrlnumber=crlnumber\ndefault_md=sha256\ndefault_crl_days=30\n' > ca.cnf
openssl ca -config ca.cnf -keyfile ca.key -cert intermediate.pem -revoke client.pem
openssl ca -config ca.cnf -keyfile ca.key -cert intermediate.pem -gencrl -out crl.pem
rm -f root.srl
"#;
    let output = shell(&folder.0, script);
    assert!(output.status.success(), "{}", said(&output));
    folder
}

/// A server that asks for certificates and takes any.
struct Server {
    process: Child,
    port: u16,
}

impl Server {
    fn start(folder: &Path) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
        let mut command = Command::new("openssl");
        command.current_dir(folder).args(["s_server", "-accept", &format!("127.0.0.1:{port}"), "-www", "-verify", "3"]);
        command.args(["-cert", "server.pem", "-key", "server.key", "-cert_chain", "intermediate.pem"]);
        command.args(["-CAfile", "ca.pem"]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().expect("openssl s_server");
        let mut lines = BufReader::new(process.stdout.take().expect("its output")).lines();
        assert!(lines.any(|line| line.is_ok_and(|line| line.contains("ACCEPT"))), "the server did not start");
        // What it prints further on goes nowhere, and must not stop it.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, port }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn program(command: &str) -> &str {
    command.split_whitespace().next().unwrap_or_default()
}

fn not_run(command: &str) -> Option<&'static str> {
    // A word at the beginning of a command, wherever that begins, or any other part of it.
    let found = NOT_RUN.iter().find(|(part, _)| {
        if part.ends_with([' ', '-']) {
            command.split(['\n', ';', '|', '&']).any(|one| one.trim_start().starts_with(part))
        } else {
            command.contains(part)
        }
    });
    found.map(|(_, why)| *why)
}

#[test]
fn commands_work_as_printed() {
    if !has("openssl") {
        println!("not run: openssl is missing");
        return;
    }
    let pki = pki();
    let server = Server::start(&pki.0);
    let mut ran = 0;
    for (number, row) in remedies::all().enumerate() {
        let Some(command) = row.command.filter(|command| RUN.contains(&program(command))) else { continue };
        let missing = RUN.iter().find(|name| command.contains(**name) && !has(name));
        let requests = command.contains("import requests")
            && !Command::new("python3").args(["-c", "import requests"]).output().is_ok_and(|o| o.status.success());
        let why = not_run(command)
            .or_else(|| missing.map(|_| "the program is missing"))
            .or(requests.then_some("Python's requests are missing"));
        if let Some(why) = why {
            println!("not run, {why}: {command}");
            continue;
        }
        let folder = pki.copy(&number.to_string());
        let filled = remedies::filled(command, Some("localhost"), Some(server.port))
            .replace("NAME-IN-CERTIFICATE::", &format!("NAME-IN-CERTIFICATE:{}:", server.port))
            .replace("https://NAME-IN-CERTIFICATE/", &format!("https://localhost:{}/", server.port))
            .replace("NAME-IN-CERTIFICATE", "localhost");
        if command.starts_with("keytool -list") {
            // It has a trust store to look into.
            let import =
                "keytool -importcert -noprompt -alias ca -file ca.pem -keystore truststore.p12 -storepass changeit";
            assert!(shell(&folder.0, import).status.success());
        }
        let output = shell(&folder.0, &filled);
        assert!(output.status.success(), "{}: {filled}\n{}", row.cause, said(&output));
        ran += 1;
    }
    assert!(ran > 30, "only {ran} commands were run");
}

#[test]
fn what_a_command_shows_is_what_is_to_be_seen() {
    if !has("openssl") {
        println!("not run: openssl is missing");
        return;
    }
    let pki = pki();
    let server = Server::start(&pki.0);
    let shown = |cause: Cause, part: &str| {
        let rows = remedies::all().filter(|row| row.cause == cause && row.whom.label().is_none());
        let commands: Vec<&str> = rows.filter_map(|row| row.command).filter(|one| one.contains(part)).collect();
        let filled = remedies::filled(commands.first().expect("a command"), Some("localhost"), Some(server.port));
        said(&shell(&pki.0, &filled))
    };
    assert!(shown(Cause::ClientCertMissing, "Acceptable client").contains("CN = ca"), "the names of the CAs");
    assert!(shown(Cause::ServerCertExpired, "enddate").contains("notAfter="));
    let keys = shown(Cause::ClientCertKeyMismatch, "pubkey");
    let digests: Vec<&str> = keys.lines().collect();
    assert!(digests.len() == 2 && digests[0] == digests[1], "{keys}");
    assert!(shown(Cause::ClientCertRevoked, "crl").contains("Serial Number"));
}

/// Lines of configuration in the smallest file that they can stand in.
fn read_by(program: &str, label: &str, check: impl Fn(&Path, &str) -> Output) {
    if !has(program) || !has("openssl") {
        println!("not read: {program} is missing");
        return;
    }
    let pki = pki();
    let haproxy = "cat server.pem intermediate.pem server.key > both.pem; mkdir certs; cp both.pem certs/";
    assert!(shell(&pki.0, haproxy).status.success());
    let mut checked = 0;
    for row in remedies::all().filter(|row| row.whom.label() == Some(label)) {
        let Some(lines) = row.command.filter(|lines| not_run(lines).is_none()) else { continue };
        let here = format!("{}/", pki.0.display());
        let lines = lines
            .replace("/etc/haproxy/server.pem", "/etc/haproxy/both.pem")
            .replace("/etc/nginx/", &here)
            .replace("/etc/haproxy/", &here)
            .replace("HOST", "localhost")
            .replace("443", "0");
        let output = check(&pki.0, &lines.replace("listen 0", "listen 127.0.0.1:8443"));
        assert!(output.status.success(), "{}: {lines}\n{}", row.cause, said(&output));
        checked += 1;
    }
    assert!(checked > 5, "{label}: only {checked} were read");
}

#[test]
fn nginx_reads_its_lines() {
    read_by("nginx", "nginx", |folder, lines| {
        let or = |name: &str, value: &str| {
            if lines.lines().any(|line| line.trim().starts_with(&format!("{name} "))) {
                String::new()
            } else {
                format!("{name} {value};\n")
            }
        };
        let whole = lines.starts_with("server {") || lines.starts_with("map ");
        let (outside, inside) = if whole { (lines, "") } else { ("", lines) };
        let here = folder.display();
        let server = [
            or("listen", "127.0.0.1:8444 ssl"),
            or("ssl_certificate", &format!("{here}/server.pem")),
            or("ssl_certificate_key", &format!("{here}/server.key")),
            or("ssl_client_certificate", &format!("{here}/client-ca.pem")),
        ];
        let server = if whole { String::new() } else { format!("server {{ {} {inside} }}", server.concat()) };
        let conf = format!(
            "pid {here}/pid; error_log {here}/error.log; events {{}} http {{ access_log off; \
             client_body_temp_path {here}/a; proxy_temp_path {here}/b; fastcgi_temp_path {here}/c; \
             uwsgi_temp_path {here}/d; scgi_temp_path {here}/e;\n{outside}\n{server} }}"
        );
        fs::write(folder.join("nginx.conf"), conf).expect("written");
        let nginx = format!("nginx -t -p {here} -c {here}/nginx.conf -e {here}/error.log");
        shell(folder, &nginx)
    });
}

#[test]
fn haproxy_reads_its_lines() {
    read_by("haproxy", "HAProxy", |folder, lines| {
        let bind = if lines.starts_with("bind") { "" } else { "bind 127.0.0.1:8445 ssl crt both.pem\n" };
        let lines = lines.replace("bind :0", "bind 127.0.0.1:8445");
        let conf = format!("defaults\n mode http\n timeout client 1s\nfrontend f\n {bind} {lines}\n");
        fs::write(folder.join("haproxy.cfg"), conf).expect("written");
        shell(folder, "haproxy -c -q -f haproxy.cfg")
    });
}

#[test]
fn python_takes_its_lines() {
    if !has("python3") {
        println!("not run: python3 is missing");
        return;
    }
    let rows = remedies::all().filter(|row| row.whom.label() == Some("Python"));
    let mut ran = 0;
    for line in rows.filter_map(|row| row.command).filter(|line| line.starts_with("context.")) {
        let script = format!("import ssl; context = ssl.create_default_context(); {line}");
        let output = Command::new("python3").args(["-c", &script]).output().expect("python3");
        assert!(output.status.success(), "{line}\n{}", said(&output));
        ran += 1;
    }
    assert!(ran > 0);
}
