//! From what a server says of itself to its JSON form.
use rdp_probe_core::{Product, ShownServer};

use super::view::ServerView;

/// What a server says of itself.
pub(super) fn server(shown: ShownServer) -> ServerView {
    let ShownServer { facts, clock_skew_ms, credssp_version, product, .. } = shown;
    ServerView {
        os_build: facts.build_text(),
        guess: product.map(Product::name),
        netbios_computer: facts.netbios_computer,
        netbios_domain: facts.netbios_domain,
        dns_computer: facts.dns_computer,
        dns_domain: facts.dns_domain,
        dns_tree: facts.dns_tree,
        clock_skew_ms,
        credssp_version,
    }
}
