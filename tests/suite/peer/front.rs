//! What stands in front of Remote Desktop servers, or in their place: proxies, load balancers and wrappers that nobody here wrote.
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::process::Command;

use super::Peer;
use super::process::{command, run_as};
use super::scratch::Scratch;

/// Nothing listens there.
pub(crate) const DEAD: &str = "127.0.0.1:9";

/// haproxy with these lines in its `listen` section. `{pem}` in them is a certificate with its key.
pub(crate) fn haproxy(bind: &str, lines: &[&str]) -> Peer {
    let scratch = Scratch::new();
    let (certificate, key) = scratch.certificate();
    let both = std::fs::read_to_string(certificate).unwrap() + &std::fs::read_to_string(key).unwrap();
    let pem = scratch.write("both.pem", &both);
    let lines = lines.join("\n  ");
    Peer::start("haproxy", scratch, Vec::new(), |address| {
        let text = format!(
            "global\n  maxconn 64\ndefaults\n  mode tcp\n  retries 0\n  timeout connect 500ms\n  timeout client 5s\n  \
             timeout server 5s\nlisten front\n  bind {address} {}\n  {lines}\n",
            bind.replace("{pem}", &pem.display().to_string()),
        );
        let file = pem.with_file_name("haproxy.cfg");
        std::fs::write(&file, text).unwrap();
        let mut command = command("haproxy");
        command.arg("-db").arg("-f").arg(file);
        command
    })
}

/// nginx as a stream proxy in front of `to`.
pub(crate) fn nginx(tls: bool, to: &str) -> Peer {
    let scratch = Scratch::new();
    let (certificate, key) = scratch.certificate();
    let folder = scratch.path("");
    Peer::start("nginx", scratch, Vec::new(), |address| {
        let mut text = String::new();
        text.push_str("load_module /usr/lib/nginx/modules/ngx_stream_module.so;\n");
        let here = folder.display();
        let ssl = if tls { " ssl" } else { "" };
        write!(
            text,
            "daemon off; master_process off; pid {here}/pid; error_log stderr; events {{}}\nstream {{ server {{ listen \
             {address}{ssl}; ssl_certificate {}; ssl_certificate_key {}; proxy_pass {to}; }} }}\n",
            certificate.display(),
            key.display()
        )
        .unwrap();
        let file = folder.join("nginx.conf");
        std::fs::write(&file, text).unwrap();
        let mut command = command("nginx");
        command.arg("-p").arg(&folder).arg("-c").arg(file);
        command
    })
}

/// nginx as a web proxy that speaks TLS with this certificate, in front of a gateway: each of the other ports that it is given stands for a
/// way to answer. `locations` are those of its server, `{to}` in them is the gateway.
pub(crate) fn nginx_http((certificate, key): (&str, &str), locations: &str, to: SocketAddr) -> Peer {
    let scratch = Scratch::new();
    let certificate = scratch.write("front.pem", certificate);
    let key = scratch.write("front.key", key);
    let folder = scratch.path("");
    let locations = locations.replace("{to}", &format!("https://{to}"));
    Peer::start("nginx", scratch, Vec::new(), |address| {
        let here = folder.display();
        let mut text = String::new();
        write!(
            text,
            "daemon off; master_process off; pid {here}/pid; error_log stderr; events {{}}\nhttp {{ access_log off; \
             client_body_temp_path {here}/body; proxy_temp_path {here}/proxy; fastcgi_temp_path {here}/f; \
             uwsgi_temp_path {here}/u; scgi_temp_path {here}/s; server {{ listen {address} ssl; ssl_certificate {}; \
             ssl_certificate_key {}; {locations} }} }}\n",
            certificate.display(),
            key.display()
        )
        .unwrap();
        let file = folder.join("nginx.conf");
        std::fs::write(&file, text).unwrap();
        let mut command = command("nginx");
        command.arg("-p").arg(&folder).arg("-c").arg(file);
        command
    })
}

/// nginx as a stream proxy that takes TLS apart with this certificate, and makes it anew to `to`.
pub(crate) fn nginx_tls((certificate, key): (&str, &str), to: SocketAddr) -> Peer {
    let scratch = Scratch::new();
    let certificate = scratch.write("front.pem", certificate);
    let key = scratch.write("front.key", key);
    let folder = scratch.path("");
    Peer::start("nginx", scratch, Vec::new(), |address| {
        let here = folder.display();
        let text = format!(
            "load_module /usr/lib/nginx/modules/ngx_stream_module.so;\ndaemon off; master_process off; pid {here}/pid; error_log stderr; \
             events {{}}\nstream {{ server {{ listen {address} ssl; ssl_certificate {}; ssl_certificate_key {}; proxy_ssl on; \
             proxy_pass {to}; }} }}\n",
            certificate.display(),
            key.display()
        );
        let file = folder.join("nginx.conf");
        std::fs::write(&file, text).unwrap();
        let mut command = command("nginx");
        command.arg("-p").arg(&folder).arg("-c").arg(file);
        command
    })
}

/// haproxy as a web proxy that speaks TLS with this certificate, and makes it anew to `to`.
pub(crate) fn haproxy_http((certificate, key): (&str, &str), to: &str) -> Peer {
    let scratch = Scratch::new();
    let pem = scratch.write("both.pem", &format!("{certificate}{key}"));
    Peer::start("haproxy", scratch, Vec::new(), |address| {
        let text = format!(
            "global\n  maxconn 64\ndefaults\n  mode http\n  retries 0\n  timeout connect 500ms\n  timeout client 5s\n  \
             timeout server 5s\n  timeout tunnel 5s\nlisten front\n  bind {address} ssl crt {}\n  server gateway {to} ssl verify none\n",
            pem.display()
        );
        let file = pem.with_file_name("haproxy.cfg");
        std::fs::write(&file, text).unwrap();
        let mut command = command("haproxy");
        command.arg("-db").arg("-f").arg(file);
        command
    })
}

/// stunnel, which speaks TLS and passes on to `to`.
pub(crate) fn stunnel(to: &str) -> Peer {
    let scratch = Scratch::new();
    let (certificate, key) = scratch.certificate();
    let file = scratch.path("stunnel.conf");
    Peer::start("stunnel4", scratch, Vec::new(), |address| {
        let text = format!(
            "foreground = yes\npid =\n[rdp]\naccept = {address}\nconnect = {to}\ncert = {}\nkey = {}\n",
            certificate.display(),
            key.display()
        );
        std::fs::write(&file, text).unwrap();
        let mut command = command("stunnel4");
        command.arg(&file);
        command
    })
}

/// socat that listens, in TLS or not, and passes on to `to`.
pub(crate) fn socat(tls: bool, to: &str) -> Peer {
    let scratch = Scratch::new();
    let (certificate, key) = scratch.certificate();
    Peer::start("socat", scratch, Vec::new(), |address| {
        let (ip, port) = (address.ip(), address.port());
        let listen = if tls {
            format!(
                "OPENSSL-LISTEN:{port},bind={ip},reuseaddr,fork,verify=0,cert={},key={}",
                certificate.display(),
                key.display()
            )
        } else {
            format!("TCP-LISTEN:{port},bind={ip},reuseaddr,fork")
        };
        let mut command = command("socat");
        command.arg(listen).arg(format!("TCP:{to}"));
        command
    })
}

/// `openssl s_server`, which has nothing behind it.
pub(crate) fn openssl(arguments: &[&str]) -> Peer {
    let scratch = Scratch::new();
    let (certificate, key) = scratch.certificate();
    Peer::start("openssl", scratch, Vec::new(), |address| {
        let mut command = command("openssl");
        command.args(["s_server", "-www", "-accept"]).arg(address.to_string());
        command.arg("-cert").arg(&certificate).arg("-key").arg(&key).args(arguments);
        command
    })
}

/// xinetd that passes on to `to`.
pub(crate) fn xinetd(to: SocketAddr, more: &str) -> Peer {
    let scratch = Scratch::new();
    let folder = scratch.path("");
    let user = run_as();
    Peer::start("xinetd", scratch, Vec::new(), |address| {
        let text = format!(
            "defaults\n{{\n}}\nservice rdp-front\n{{\n type = UNLISTED\n socket_type = stream\n protocol = tcp\n wait = no\n \
             user = {user}\n bind = {}\n port = {}\n redirect = {} {}\n {more}\n}}\n",
            address.ip(),
            address.port(),
            to.ip(),
            to.port()
        );
        let file = folder.join("xinetd.conf");
        std::fs::write(&file, text).unwrap();
        let mut command = command("xinetd");
        command.args(["-dontfork", "-stayalive", "-pidfile"]).arg(folder.join("pid")).arg("-f").arg(file);
        command
    })
}

/// `ssh -L` through a server of its own, to `to`.
pub(crate) fn ssh(to: &str) -> Peer {
    let scratch = Scratch::new();
    let (host_key, key) = (scratch.path("host_key"), scratch.path("key"));
    for file in [&host_key, &key] {
        super::scratch::run(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(file));
    }
    let known = std::fs::read_to_string(key.with_extension("pub")).unwrap();
    let authorized = scratch.write("authorized", &known);
    let user = run_as();
    let folder = scratch.path("");
    let server = Peer::start("sshd", Scratch::new(), Vec::new(), |address| {
        let text = format!(
            "ListenAddress {address}\nHostKey {}\nPidFile none\nAuthorizedKeysFile {}\nStrictModes no\nUsePAM no\n\
             PermitRootLogin yes\nPasswordAuthentication no\n",
            host_key.display(),
            authorized.display()
        );
        let file = folder.join("sshd.conf");
        std::fs::write(&file, text).unwrap();
        let mut command = command("/usr/sbin/sshd");
        command.args(["-D", "-e", "-f"]).arg(file);
        command
    });
    let behind = server.address();
    let mut peer = Peer::start("ssh", scratch, Vec::new(), |address| {
        let mut command = command("ssh");
        command.args([
            "-N",
            "-F",
            "none",
            "-o",
            "StrictHostKeyChecking=no",
            "-o",
            "UserKnownHostsFile=/dev/null",
        ]);
        command.args(["-o", "IdentitiesOnly=yes", "-o", "ExitOnForwardFailure=yes", "-i"]).arg(&key);
        command.arg("-L").arg(format!("{address}:{to}")).args(["-p", &behind.port().to_string()]);
        command.arg(format!("{user}@{}", behind.ip()));
        command
    });
    peer.keep(server);
    peer
}
