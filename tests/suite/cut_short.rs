//! What ends a run before its time: its own limits, and whoever started it. At every stage.
use std::future::pending;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rdp_probe::{
    BoxFuture, DialFault, Hop, Io, Network, Probe, ProbeBuilder, Prober, Progress, Report, Security, Stage,
    Target,
};
use rdp_probe_testkit::Scenario;
use rdp_probe_testkit::acceptor::{Acceptor, Accepts};
use rdp_probe_testkit::target::ScriptedTarget;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use crate::in_memory::{Answers, InMemory, addresses, confirm};
use crate::logon::{RIGHT, accepts, credentials, target};

const NO_TIME: Duration = Duration::ZERO;
/// When the stage begins that nothing ends.
const BEGINS: Duration = Duration::from_millis(400);
/// A clock of whole milliseconds rounds up, once a wait.
const ROUNDING: Duration = Duration::from_millis(2);

/// A run that hangs in one stage.
struct Hangs {
    stage: Stage,
    begins: Duration,
    security: Security,
    network: InMemory,
}

impl Hangs {
    fn probe(&self) -> ProbeBuilder {
        let target: Target = "srv1.lab.test".parse().unwrap();
        Probe::builder(target).security(self.security).network(Arc::new(self.network))
    }
}

/// The stages up to TLS, and the one behind it where there is none.
fn in_the_clear() -> [Hangs; 5] {
    const TLS: Answers = &[(BEGINS, &confirm(1))];
    const STANDARD: Answers = &[(BEGINS, &confirm(0))];
    let at_once = Some(NO_TIME);
    let hangs = |stage, security, resolve, dial, answers| {
        let begins = if stage == Stage::Resolve { NO_TIME } else { BEGINS };
        Hangs { stage, begins, security, network: InMemory { resolve, dial, answers } }
    };
    [
        hangs(Stage::Resolve, Security::Auto, None, None, &[]),
        hangs(Stage::TcpConnect, Security::Auto, Some(BEGINS), None, &[]),
        hangs(Stage::ConnectionInitiation, Security::Auto, at_once, Some(BEGINS), &[]),
        hangs(Stage::Tls, Security::Tls, at_once, at_once, TLS),
        hangs(Stage::BasicSettingsExchange, Security::Rdp, at_once, at_once, STANDARD),
    ]
}

/// Where the run failed, and when that was.
fn failed(report: &Report) -> (Stage, Duration) {
    let failure = report.evidence.failure().unwrap();
    let record = report.evidence.main_path().last().unwrap().stages.iter();
    let record = record.clone().find(|record| record.stage == failure.stage).unwrap();
    (failure.stage, record.started.unwrap().saturating_add(record.duration.unwrap()))
}

#[tokio::test(start_paused = true)]
async fn whichever_limit_ends_first_cuts_the_stage_and_says_which_it_was() {
    const RUN: Duration = Duration::from_millis(1000);
    for hangs in in_the_clear() {
        for own in [900, 500].map(Duration::from_millis) {
            let began = Instant::now();
            let own_end = hangs.begins + own;
            let (end, limit, overall) = if own_end < RUN { (own_end, own, false) } else { (RUN, RUN, true) };
            let report =
                hangs.probe().timeout(RUN).stage_timeout(hangs.stage, own).build().unwrap().run().await;
            let waited = began.elapsed();
            let (stage, at) = failed(&report);
            assert_eq!(stage, hangs.stage, "{own:?}");
            let is_end = |time: Duration| (end..=end + ROUNDING).contains(&time);
            assert!(is_end(at), "{stage}, {own:?}: {at:?}, not {end:?}");
            // After a stage's own limit a scout may follow.
            assert!(!overall || is_end(waited), "{stage}, {own:?}: {waited:?}, not {end:?}");
            let kind = format!("{:?}", report.evidence.failure().unwrap().kind);
            let cut = format!("TimedOut {{ limit: {limit:?}, overall: {overall} }}");
            assert!(kind.contains(&cut), "{stage}, {own:?}: {kind}");
        }
    }
}

/// A SYN that was lost is sent again after a second, and many addresses must not leave the first one less than that.
#[tokio::test(start_paused = true)]
async fn address_has_time_for_a_second_syn_however_many_there_are() {
    const ANSWERS: Answers = &[(NO_TIME, &confirm(2))];
    let dial = Some(Duration::from_millis(1100));
    let network = InMemory { resolve: Some(NO_TIME), dial, answers: ANSWERS };
    let target: Target = "srv1.lab.test".parse().unwrap();
    let probe = Probe::builder(target).network(Arc::new(network)).until(Stage::ConnectionInitiation);
    let report = probe.stage_timeout(Stage::TcpConnect, Duration::from_secs(2)).build().unwrap().run().await;
    assert!(report.is_reachable(), "{:?}", report.evidence.failure());
    assert_eq!(report.evidence.peer(), addresses(3389).first().copied());
}

/// One connection whose other end is the test's own.
#[derive(Debug)]
struct Handed(Mutex<Option<DuplexStream>>);

impl Network for Handed {
    fn resolve<'a>(&'a self, _: &'a str, port: u16) -> BoxFuture<'a, Result<Vec<SocketAddr>, DialFault>> {
        Box::pin(async move { Ok(addresses(port)) })
    }

    fn dial(&self, _: SocketAddr) -> BoxFuture<'_, Result<Box<dyn Io>, DialFault>> {
        Box::pin(async {
            let near: Box<dyn Io> = Box::new(self.0.lock().unwrap().take().unwrap());
            Ok(near)
        })
    }
}

#[tokio::test(start_paused = true)]
async fn answer_that_is_there_came_in_time_however_late_it_is_looked_at() {
    let limit = Duration::from_millis(200);
    let (near, mut far) = tokio::io::duplex(4096);
    let target: Target = "srv1.lab.test".parse().unwrap();
    let probe = Probe::builder(target).network(Arc::new(Handed(Mutex::new(Some(near)))));
    let probe = probe.until(Stage::ConnectionInitiation).stage_timeout(Stage::ConnectionInitiation, limit);
    let probe = probe.build().unwrap();
    let running = tokio::spawn(async move { probe.run().await });
    far.read_u8().await.unwrap();
    far.write_all(&confirm(2)).await.unwrap();
    // Too little to count as time that was lost.
    tokio::time::advance(limit + Duration::from_millis(50)).await;
    let report = running.await.unwrap();
    assert!(report.is_reachable(), "{:?}", report.evidence.failure());
}

/// What an interrupted run says: where it was, and that nobody else is to blame.
fn is_interrupted(report: &Report, stage: Stage) {
    let failure = report.evidence.failure().unwrap();
    assert_eq!((failure.stage, failure.hop), (stage, Hop::Client), "{failure:?}");
    let rule = report.diagnosis.verdict.rule.map(|rule| rule.id);
    assert_eq!((rule, report.exit_code()), (Some("interrupted"), 5), "{stage}");
    assert_eq!(report.evidence.attempts.len(), 1, "{stage}: no connection follows");
}

#[tokio::test(start_paused = true)]
async fn run_is_interrupted_in_the_stage_that_it_is_in() {
    const INTERRUPT: Duration = Duration::from_millis(600);
    for hangs in in_the_clear() {
        let probe = hangs.probe().build().unwrap();
        let report = probe.run_until(sleep(INTERRUPT)).await;
        is_interrupted(&report, hangs.stage);
        let (_, at) = failed(&report);
        assert!((INTERRUPT..=INTERRUPT + ROUNDING).contains(&at), "{}: {at:?}", hangs.stage);
    }
}

/// What the server said of its own end counts more than how the stream ended, but the run's own end is not one.
#[tokio::test(start_paused = true)]
async fn reason_that_was_given_before_an_interruption_is_no_cause_of_it() {
    // Selects Standard RDP Security; Set Error Info in place of a Connect Response.
    const ANSWERS: Answers = &[(NO_TIME, &confirm(0)), (NO_TIME, &ERROR_INFO)];
    const ERROR_INFO: [u8; 36] = [
        3, 0, 0, 0x24, 2, 0xF0, 0x80, // TPKT, X.224 Data
        0x68, 0, 1, 3, 0xEB, 0x70, 0x16, // Send Data Indication, 22 octets
        0x16, 0, 0x17, 0, 0xEA, 3, 0xEA, 3, 1, 0, 0, 1, 8, 0, 0x2F, 0, 0, 0, // share headers
        7, 0, 0, 0, // ERRINFO_SERVER_DENIED_CONNECTION
    ];
    let network = InMemory { resolve: Some(NO_TIME), dial: Some(NO_TIME), answers: ANSWERS };
    let target: Target = "srv1.lab.test".parse().unwrap();
    let probe = Probe::builder(target).network(Arc::new(network)).security(Security::Rdp).build().unwrap();
    let report = probe.run_until(sleep(Duration::from_millis(600))).await;
    assert!(format!("{:?}", report.evidence).contains("ErrorInfo(7)"), "{:?}", report.evidence);
    is_interrupted(&report, Stage::BasicSettingsExchange);
}

/// A target on loopback, and where a run ends that is interrupted when its stage `stage` begins for the `nth` time.
async fn interrupted(security: Security, script: &str, stage: Stage, nth: usize) -> Report {
    let text = format!(
        "title = \"t\"\n{script}\n[expect]\noutcome = \"inconclusive\"\nstage = \"{stage}\"\nhop = \"client\"\n\
         rule = \"interrupted\"\nexit = 5"
    );
    let target = ScriptedTarget::start(&Scenario::parse("interrupted", &text).unwrap()).await.unwrap();
    let address = target.addresses().next().unwrap();
    let probe = Probe::builder(address.to_string().parse().unwrap())
        .security(security)
        .timeout(Duration::from_secs(60));
    let deeper = stage.rank() > Stage::BasicSettingsExchange.rank();
    let probe = if deeper { probe.until(stage) } else { probe };
    let (interrupt, interrupted) = oneshot::channel::<()>();
    let probe = probe.stage_timeout(stage, Duration::from_secs(60)).build().unwrap();
    let (mut events, run) = probe.watch(async {
        if interrupted.await.is_err() {
            pending::<()>().await;
        }
    });
    let watch = async {
        let mut begun = 0_usize;
        let mut interrupt = Some(interrupt);
        while let Some(event) = events.next().await {
            let begins = matches!(event, Progress::Began { stage: now, .. } if now == stage);
            begun = begun.saturating_add(usize::from(begins));
            if begun == nth
                && let Some(interrupt) = interrupt.take()
            {
                interrupt.send(()).unwrap();
            }
        }
    };
    let (report, ()) = tokio::join!(run, watch);
    let served = target.finish().await;
    assert!(served.violations.is_empty(), "{stage}: {:?}", served.violations);
    report
}

/// Selects a protocol, shakes hands, and says nothing then.
fn inside_tls(protocol: &str) -> String {
    format!(
        "[[connection]]\nsteps = [\n{{ expect = \"connection_request\" }},\n\
         {{ send = \"03 00 00 13 0e d0 00 00 12 34 00 02 00 08 00 {protocol} 00 00 00\" }},\n\
         {{ tls = {{ certificate = \"good\" }} }},\n{{ close = \"silent\" }},\n]"
    )
}

#[tokio::test]
async fn run_is_interrupted_in_the_stage_behind_tls_that_it_is_in() {
    let stages = [
        (Stage::Credssp, Security::Nla, "02"),
        (Stage::Rdstls, Security::Rdstls, "04"),
        (Stage::Rdsaad, Security::Aad, "10"),
        (Stage::BasicSettingsExchange, Security::Tls, "01"),
        (Stage::ChannelConnection, Security::Tls, "01"),
        (Stage::Licensing, Security::Tls, "01"),
        (Stage::CapabilitiesExchange, Security::Tls, "01"),
        (Stage::ConnectionFinalization, Security::Tls, "01"),
    ];
    // What goes on behind TLS without a logon, up to where it hangs.
    const WAY: [(Stage, &str); 4] = [
        (Stage::ChannelConnection, "{ connect_response = { requested = \"0x01\", early_flags = 8 } }"),
        (Stage::Licensing, "{ say = \"attached\" }"),
        (Stage::CapabilitiesExchange, "{ say = \"valid_client\" }"),
        (Stage::ConnectionFinalization, "{ say = \"demand_active\" }"),
    ];
    for (stage, security, protocol) in stages {
        let mut script = inside_tls(protocol);
        for (own, says) in WAY.iter().filter(|(own, _)| own.rank() <= stage.rank()) {
            let asked =
                if *own == Stage::ChannelConnection { "{ expect = \"connect_initial\" },\n" } else { "" };
            script = script.replace("{ close", &format!("{asked}{says},\n{{ close"));
        }
        is_interrupted(&interrupted(security, &script, stage, 1).await, stage);
    }
    // Nothing is waited for where something is sent: that is interrupted without sockets. What lies behind a logon is below.
    let here = |stage| {
        matches!(stage, Stage::SecureSettingsExchange | Stage::EarlyUserAuth)
            || in_the_clear().iter().any(|hangs| hangs.stage == stage)
            || stages.iter().any(|(own, ..)| *own == stage)
    };
    // Those of a gateway are interrupted without sockets: interrupted.rs.
    let mut direct = Stage::BUILT.into_iter().filter(|stage| !stage.is_gateways());
    assert!(direct.all(here), "every stage is interrupted");
}

#[tokio::test]
async fn run_is_interrupted_behind_a_logon() {
    let accepts = Accepts { selects: (8, 0x1F), ..accepts() };
    let acceptor = Acceptor::start(accepts.clone()).unwrap();
    let prober = Prober::new().credentials(credentials("alice", RIGHT));
    let probe = prober.probe(target(&acceptor)).pin(&accepts.certificate.sha256()).until(Stage::EarlyUserAuth);
    // What was given has come: the result is waited for since it went out.
    let given = async {
        while acceptor.delegated() == 0 {
            sleep(Duration::from_millis(1)).await;
        }
    };
    let report = probe.build().unwrap().run_until(given).await;
    is_interrupted(&report, Stage::EarlyUserAuth);
}

/// The failure stays the one that the scout was sent for, and nobody follows it.
#[tokio::test]
async fn scout_that_is_interrupted_is_the_last_connection() {
    let connection = |end: &str| {
        format!(
            "[[connection]]\nsteps = [\n{{ expect = \"connection_request\" }},\n\
             {{ send = \"03 00 00 13 0e d0 00 00 12 34 00 02 00 08 00 01 00 00 00\" }},\n\
             {{ expect = \"client_hello\" }},\n{{ close = \"{end}\" }},\n]\n"
        )
    };
    let script = [connection("reset"), connection("silent")].concat();
    let report = interrupted(Security::Tls, &script, Stage::Tls, 2).await;
    let [first, scout] = &report.evidence.attempts[..] else { panic!("{:?}", report.evidence.attempts) };
    assert_eq!(report.evidence.failure(), first.failure.as_deref());
    let failure = scout.failure.as_ref().unwrap();
    assert_eq!((failure.stage, failure.hop), (Stage::Tls, Hop::Client), "{failure:?}");
}
