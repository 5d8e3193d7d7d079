//! Whole command lines, and what they come to.
use std::ffi::OsString;

use crate::pasted::{Pasted, PastedGateway};
use crate::spellings::rewrite;
use crate::spellings::spelt::Spelt;

fn spelt_words<S: Into<OsString>>(words: impl IntoIterator<Item = S>) -> Result<Spelt, String> {
    rewrite(std::iter::once("rdp-probe".into()).chain(words.into_iter().map(Into::into)).collect())
}

fn spelt(line: &str) -> Spelt {
    spelt_words(line.split(' ')).unwrap_or_else(|message| panic!("{line}: {message}"))
}

fn args(spelt: &Spelt) -> String {
    spelt.args.iter().skip(1).map(|word| word.to_str().unwrap()).collect::<Vec<_>>().join(" ")
}

fn not_followed(spelt: &Spelt) -> Vec<String> {
    spelt.pasted.not_followed.iter().map(ToString::to_string).collect()
}

#[test]
fn command_lines_of_other_clients_are_rewritten() {
    for (theirs, ours) in [
        // Targets.
        ("/v:srv1", "-- srv1"),
        ("/V:srv1:3390 /f", "-- srv1:3390"),
        ("/v srv1 /w:1024 /h:768 /admin /multimon", "-- srv1"),
        ("/v=srv1 /port=3390", "-- srv1:3390"),
        ("/v:2001:db8::7 /port:3390", "-- [2001:db8::7]:3390"),
        ("/v:[2001:db8::7] /port:3390", "-- [2001:db8::7]:3390"),
        ("-v:srv1 -f -admin -multimon", "-- srv1"),
        ("--v:srv1 --port:3390 --f", "-- srv1:3390"),
        ("/v srv1 /w 1024 /h 768 /port 3390", "-- srv1:3390"),
        ("work.rdp /f", "work.rdp"),
        // The client's name.
        ("mstsc /v:srv1", "-- srv1"),
        ("-vv -o json mstsc.exe -v srv1 -f", "-vv -o json -- srv1"),
        ("sudo -E xfreerdp /v:srv1 /f -o json", "-o json -- srv1"),
        ("DISPLAY=:0 nohup wlfreerdp3 --v:srv1", "-- srv1"),
        ("mstsc work.rdp /f", "work.rdp"),
        ("mstsc", "mstsc"),
        ("mstsc --until tcp -o json", "mstsc --until tcp -o json"),
        ("mstsc:3389 srv1", "mstsc:3389 srv1"),
        ("mstsc /shadow:2 -v srv1 /control /noConsentPrompt", "-- srv1"),
        // Security.
        ("/sec:nla /v:srv1 -o json", "--security=nla -o json -- srv1"),
        ("/sec:ext", "--security=nla-ext"),
        ("/sec:TLS", "--security=tls"),
        ("/sec:TLS:on", ""),
        ("/sec:nla:off", "--security=tls"),
        ("/sec:nla:off,tls:on", "--security=tls"),
        ("/sec:tls,nla", ""),
        ("-sec-nla", "--security=tls"),
        ("-sec-nla -sec-tls", "--security=rdp"),
        ("+sec-tls -sec-nla", "--security=tls"),
        ("/sec-nla:off", "--security=tls"),
        ("--no-nla", "--security=tls"),
        ("--sec tls", "--security=tls"),
        ("/sec:tls --security nla", "--security nla"),
        ("/tls:seclevel:0 /tls-seclevel:0 /tls-ciphers:netmon /tls:enforce:1.2 +enforce-tlsv1_2", ""),
        // Certificates.
        ("/cert:ignore /cert-ignore /timeout:10000", "--timeout=10000ms"),
        ("/cert:tofu /cert:deny /cert-tofu -cert-deny", ""),
        ("/cert:name:srv1,fingerprint:sha256:AB:CD", "--server-name=srv1 --pin=AB:CD"),
        ("/cert:fingerprint:sha256:AB /cert:fingerprint:sha256:CD", "--pin=AB --pin=CD"),
        ("/cert-name:srv1", "--server-name=srv1"),
        ("/server-name:srv1 --server-name srv2", "--server-name srv2"),
        // Others that are this program's.
        (
            "/ipv4 /load-balance-info:tsv://x /pcb:vm +auth-only",
            "-4 --routing-token=tsv://x --pcb=vm --until=credssp",
        ),
        ("/ipv6:force -auth-only", "-6"),
        ("+auth-only --until tcp_connect", "--until tcp_connect"),
        ("/load-balance-info:x --cookie me", "--cookie me"),
        ("/timeout:1000 /timeout:2000", "--timeout=2000ms"),
        ("/client-hostname:sixteen-letters-and-more", "--client-name=sixteen-letters"),
        // A virtual machine's console.
        (
            "/v:srv1 /vmconnect:b510551d-1aed-4946-8f7b-9a5e0bcbc9be",
            "--pcb=b510551d-1aed-4946-8f7b-9a5e0bcbc9be -- srv1:2179",
        ),
        ("/vmconnect:ID;EnhancedMode=1 /v:srv1:20999", "--pcb=ID;EnhancedMode=1 -- srv1:20999"),
        ("/vmconnect /v:2001:db8::7", "-- [2001:db8::7]:2179"),
        ("/vmconnect /v:srv1 /port:5000", "-- srv1:5000"),
        // What makes no difference.
        ("/u:LAB\\me /d:LAB /v:srv1 +clipboard -wallpaper -themes -menu-anims", "-- srv1"),
        (
            "/v:srv1 /from-stdin /azure:tenantid:x /tune:FreeRDP_X:1 /dump:record,file:x /log-level:TRACE",
            "-- srv1",
        ),
        ("/v:srv1 /prompt /public /span /credentials-delegation", "-- srv1"),
        // rdesktop, and FreeRDP 1.
        (
            "rdesktop -u me -d LAB -g 800x600 -P -z -x m -a 16 -k de -r sound:local -0 -4 srv1:3390",
            "-- srv1:3390",
        ),
        (
            "rdesktop -5 -K -T Title -N -S standard -X 0x1 -s notepad -c C: -n pc1 srv1",
            "--client-name=pc1 -- srv1",
        ),
        (
            "-g 800x600 -u username 127.0.0.1:20999 --until tcp_connect -o ndjson",
            "--until tcp_connect -o ndjson -- 127.0.0.1:20999",
        ),
        ("-0 -f -g workarea srv1", "-- srv1"),
        ("-u me -g 800x600 -o json srv1", "-o json -- srv1"),
        ("-o json rdesktop -g 800x600 srv1", "-o json -- srv1"),
        ("-g80% -fzP srv1 -ojson -q", "-ojson -q -- srv1"),
        ("rdesktop srv1 --security tls", "--security tls -- srv1"),
        ("xfreerdp -u me -t 3390 -x l --no-nla --ignore-certificate srv1", "--security=tls -- srv1:3390"),
        ("xfreerdp -a 16 --plugin rdpdr --data disk:a:/b -- --plugin cliprdr srv1", "-- srv1"),
        ("xfreerdp --sec tls -u me srv1", "--security=tls -- srv1"),
        // PowerShell and others.
        ("remmina -c rdp://srv1:3390", "-- srv1:3390"),
        ("cmd /c start mstsc /v:srv1", "-- srv1"),
    ] {
        assert_eq!(args(&spelt(theirs)), ours, "{theirs}");
    }
}

#[test]
fn options_of_this_program_and_their_values_stay() {
    for line in [
        "srv1 --ca /v --keylog /nonexistent/f -o json",
        "--load-balance-info /f srv1",
        "srv1 -vv -4 --until=tls",
        "explain /f",
        "-- /v:srv1",
        "-- mstsc /v:srv1",
        "-usb -dvc srv1",
        "/dev/null",
        "/nonexistent/work.rdp",
        "-h -q --all-addresses",
        "-v srv1",
        "-u me -d LAB -g gw1 srv1",
        "--timeout 2s --version",
        "-p 3390 srv1",
        "srv1 srv2 @list -",
    ] {
        assert_eq!(args(&spelt(line)), line);
    }
}

#[test]
fn what_is_not_followed_is_said() {
    for (line, said) in [
        ("/remoteGuard", &["Remote Credential Guard"][..]),
        ("/shadow:2 /control", &["the session to watch \"2\""]),
        ("/pcid:7", &["the pre-connection id \"7\""]),
        ("/vmconnect:x -nego", &["a beginning without negotiation"]),
        ("--no-nego", &["a beginning without negotiation"]),
        (
            "/pth:hunter2 /smartcard-logon:pin:hunter2",
            &["the way to log on \"by hash\"", "the way to log on \"by smart card\""],
        ),
        ("+password-is-pin", &["the way to log on \"by smart card\""]),
        ("/auth-pkg-list:kerberos", &["the way to log on \"without NTLM\""]),
        ("-authentication", &["the way to log on \"none\""]),
        ("/assistance:hunter2", &["the session to watch \"of remote assistance\""]),
        (
            "/kerberos:kdc-url:https://kdc1/KdcProxy,lifetime:1",
            &["the proxy for Kerberos \"https://kdc1/KdcProxy\""],
        ),
        ("/proxy:socks5://me:hunter2@proxy1:1080", &["the proxy \"socks5://proxy1:1080\""]),
        ("/cert:fingerprint:sha1:AB", &["the certificate's fingerprint \"sha1:AB\""]),
        ("proxychains xfreerdp /f", &["the proxy \"proxychains\""]),
        ("rdesktop -i srv1", &["the way to log on \"by smart card\""]),
        ("/auth-pkg-list:ntlm /kerberos:lifetime:1 /proxy:none +nego +authentication -password-is-pin", &[]),
    ] {
        let spelt = spelt(line);
        assert_eq!(not_followed(&spelt), said, "{line}");
    }
}

#[test]
fn what_cannot_be_taken_is_refused_without_its_value() {
    for (line, part) in [
        ("/v:srv1 /p:hunter2 /p:hunter2", "two /p"),
        ("/v:srv1 /u:hunter2 /u:me", "two /u"),
        ("/v:srv1 /password:hunter2", "/password is not an option"),
        ("/frobnicate:hunter2", "/frobnicate is not an option"),
        ("--frobnicate:hunter2", "--frobnicate is not an option"),
        ("+frobnicate", "+frobnicate is not an option"),
        ("/sec:hunter2", "/sec: expected rdp"),
        ("/sec:nla:off,tls:off,rdp:off", "/sec: no security protocol is left on"),
        ("/cert:fingerprint:md5:hunter2", "/cert: expected"),
        ("/v", "/v: expected /v:HOST"),
        ("/v:@list", "/v: expected /v:HOST"),
        ("/v:a /v:b", "two targets"),
        ("/port:3390", "no /v:HOST"),
        ("/v:a:1 /port:2", "has a port already"),
        ("/v:a /port:x", "from 1 to 65535"),
        ("/timeout:soon", "/timeout:MILLISECONDS"),
        ("/pcid:hunter2", "/pcid:NUMBER"),
        ("work.rdp /v:srv1", "together"),
        ("/v:srv1 hunter2", "it is not shown"),
        ("mstsc /v:srv1 hunter2", "it is not shown"),
        ("rdesktop srv1 hunter2", "it is not shown"),
        ("rdesktop -J srv1", "-J is not an option of rdesktop"),
        ("mstsc /?", "/? asks the client itself"),
        ("xfreerdp /help", "/help asks"),
        ("xfreerdp /version /list:tune", "/version asks"),
        ("xfreerdp /buildconfig", "/buildconfig asks"),
        ("mstsc /edit:x.rdp", "/edit asks"),
        ("mstsc /l", "/l asks"),
        ("xfreerdp /args-from:file:hunter2", "/args-from names where more options are"),
        ("/v:srv1 /gateway:g:gw1,hunter2", "/gateway: expected a list"),
        ("/v:srv1 /gt:hunter2 /g:gw1", "/gt: expected"),
        ("/v:srv1 /g:gw1/hunter2:x", "/g: expected /g:HOST"),
        ("/v:srv1 && mstsc /v:srv2", ">>> && <<<"),
        (
            "cmdkey /generic:x /pass:hunter2 && mstsc /v:srv1",
            "cmdkey /generic:... /pass:... >>> && <<< mstsc /v:...",
        ),
        ("xfreerdp /v:srv1 /p:hunter2 | tee log", "/p:... >>> | <<< ..."),
        ("xfreerdp /v:srv1 2>&1", ">>> 2>&1 <<<"),
        ("xfreerdp /v:srv1 > log", ">>> > <<<"),
        ("xfreerdp /v:srv1 ; hunter2", ">>> ; <<<"),
        ("xfreerdp /v:srv1 &", ">>> & <<<"),
        ("mstsc /v:srv1 ^", ">>> ^ <<<"),
        ("xfreerdp /v:$(hostname)", ">>> $(...) <<<"),
    ] {
        let message = spelt_words(line.split(' ')).err().unwrap_or_else(|| panic!("{line}"));
        assert!(
            message.contains(part) && !message.contains("hunter2") && !message.contains('\n'),
            "{line}: {message}"
        );
    }
}

#[test]
fn an_account_is_taken_from_the_line_and_a_password_is_warned_of() {
    for line in [
        "/u:LAB\\me /d:LAB /p:a:b=c /cert:ignore /v:srv1",
        "xfreerdp /u:LAB\\me /d:LAB /p a:b=c /cert-ignore /v:srv1",
        "xfreerdp -u LAB\\me -d LAB -p a:b=c --ignore-certificate srv1",
        "-u:LAB\\me -d:LAB -p:a:b=c -cert:ignore -v:srv1",
    ] {
        let whole = spelt(line);
        let Pasted { user, domain, password, accept_certificate, .. } = whole.pasted;
        assert_eq!((user.as_deref(), domain.as_deref()), (Some("LAB\\me"), Some("LAB")), "{line}");
        assert_eq!((password.unwrap().expose().as_str(), accept_certificate), ("a:b=c", true), "{line}");
        assert!(
            whole.notes.len() == 1 && whole.notes[0].starts_with("everybody on this computer can read"),
            "{line}"
        );
    }
    let rdesktop = spelt("rdesktop -u me -p hunter2 -d LAB srv1").pasted;
    assert_eq!(
        (rdesktop.user.as_deref(), rdesktop.password.unwrap().expose().as_str()),
        (Some("me"), "hunter2")
    );
    for line in [
        "/u:me /d: /cert:deny /v:srv1",
        "/u:me /p /v:srv1",
        "/u:me /p: /v:srv1",
        "rdesktop -u me -p - srv1",
        "/u:\\me /v:srv1",
    ] {
        let little = spelt(line);
        assert_eq!(little.pasted.user.as_deref(), Some("me"), "{line}");
        let Pasted { domain, password, accept_certificate, .. } = little.pasted;
        assert!(domain.is_none() && password.is_none() && !accept_certificate, "{line}");
        assert_eq!(little.notes, [""; 0], "{line}");
    }
    assert_eq!(spelt("/u: /v:srv1").pasted.user, None);
    assert!(spelt("/v:srv1 /restrictedAdmin").pasted.restricted_admin);
    let remmina = spelt("remmina -c rdp://me:hunter2@srv1");
    assert_eq!((args(&remmina).as_str(), remmina.pasted.user.as_deref()), ("-- srv1", Some("me")));
    assert!(remmina.pasted.password.is_some() && !remmina.notes[0].contains("hunter2"));
}

#[test]
fn arguments_of_start_process_may_stand_in_one_word() {
    let words = ["Start-Process", "mstsc.exe", "-ArgumentList", "/v:srv1 /f", "-Wait"];
    assert_eq!(args(&spelt_words(words).unwrap()), "-- srv1");
    for words in [
        &["mstsc /v:srv1 /f"][..],
        &["cmd.exe", "/c", "mstsc /v:srv1"],
        &["-q", "sudo", "xfreerdp /u:'a b' /v:srv1"],
    ] {
        assert!(args(&spelt_words(words.iter().copied()).unwrap()).ends_with("-- srv1"), "{words:?}");
    }
    assert_eq!(args(&spelt_words(["&", r"C:\Windows\System32\mstsc.exe", "/v:srv1"]).unwrap()), "-- srv1");
    assert_eq!(args(&spelt_words(["start", "", "/wait", "mstsc", "/v:srv1"]).unwrap()), "-- srv1");
}

#[test]
fn gateway_of_a_line_is_gone_through() {
    for line in [
        r"/v:srv1 /g:gw1:8443 /gu:LAB\me /gp:hunter2 /gt:http,no-websockets",
        r"/v:srv1 /gateway:g:gw1:8443,u:LAB\me,p:hunter2,type:http,no-websockets",
        r"xfreerdp3 /v:srv1 /gw:g:gw1:8443,u:LAB\me,p:hunter2 /gt:auto,no-websockets",
    ] {
        let spelt = spelt(line);
        let Some(PastedGateway::Through(through)) = spelt.pasted.gateway else { panic!("{line}") };
        assert_eq!((through.place.host.to_string().as_str(), through.place.port), ("gw1", 8443), "{line}");
        assert_eq!(
            (through.user.as_deref(), through.password.unwrap().expose().as_str()),
            (Some(r"LAB\me"), "hunter2")
        );
        assert_eq!(through.transport, Some(rdp_probe::GatewayTransport::Http), "{line}");
        assert!(
            spelt.notes[0].contains("can read the gateway's password") && !spelt.notes[0].contains("hunter2"),
            "{line}"
        );
    }
    for line in [
        "/v:srv1 /g:gw1 /gateway-usage-method:none",
        "/v:srv1 /gateway:g:gw1,usage-method:none",
        "/v:srv1 /g:gw1 /gum:4",
    ] {
        assert!(spelt(line).pasted.gateway.is_none(), "{line}");
    }
    for (line, detects) in [
        ("/v:srv1 /g:gw1 /gateway-usage-method:detect", true),
        ("/v:srv1 /g:gw1 /gum:2", true),
        ("/v:srv1 /gateway:g:gw1,usage-method:detect", true),
        ("/v:srv1 /gateway:g:gw1,usage-method:direct", false),
        ("/v:srv1 /g:gw1", false),
    ] {
        let spelt = spelt(line);
        let Some(PastedGateway::Through(through)) = spelt.pasted.gateway else { panic!("{line}") };
        assert_eq!((through.detect, spelt.notes.len()), (detects, 0), "{line}");
    }
    let Some(PastedGateway::Not(not)) = spelt("/v:srv1 /g:gw1 /gt:rpc").pasted.gateway else { panic!("rpc") };
    assert_eq!(not.to_string(), "the gateway \"gw1 by RPC over HTTP\"");
}
