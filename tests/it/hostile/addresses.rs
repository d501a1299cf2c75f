//! Guests that want to reach other places than their target: asked for by any spelling, led to by a name or a setting.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use hallpass_domain::port::{Done, Effect};

use super::site::{OTHER, Site, TOKEN};
use super::stage::stage;

const fn four(a: u8, b: u8, c: u8, d: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(a, b, c, d))
}

fn six(text: &str) -> IpAddr {
    IpAddr::V6(text.parse::<Ipv6Addr>().unwrap())
}

#[test]
pub(super) fn reach_loopback() {
    let site = Site::open();
    site.refuses("reach_loopback");
    let port = site.forbidden_port();
    for scheme in ["http", "https"] {
        site.does_not_lead_to(&format!("{scheme}://127.0.0.1:{port}"), "address-refused", "which this target was not granted");
    }
    site.does_not_lead_by_name("loopback.example", &[four(127, 0, 0, 1), four(127, 8, 8, 8), six("::1")], "this machine");
}

#[test]
pub(super) fn reach_a_private_address() {
    let site = Site::open();
    site.refuses("reach_a_private_address");
    for (name, address) in [
        ("a.private.example", four(10, 0, 0, 1)),
        ("b.private.example", four(172, 31, 255, 254)),
        ("c.private.example", four(192, 168, 0, 1)),
        ("d.private.example", four(100, 64, 0, 1)),
        ("e.private.example", six("fd12:3456::1")),
        ("f.private.example", six("fec0::1")),
    ] {
        site.does_not_lead_by_name(name, &[address], "a private address");
    }
}

#[test]
pub(super) fn reach_a_link_local_address() {
    let site = Site::open();
    site.refuses("reach_a_link_local_address");
    site.does_not_lead_by_name("link4.example", &[four(169, 254, 7, 7)], "a link-local address, which no target is ever given");
    site.does_not_lead_by_name("link6.example", &[six("fe80::1")], "a link-local address, which no target is ever given");
}

#[test]
pub(super) fn reach_metadata() {
    let site = Site::open();
    site.refuses("reach_metadata");
    for (name, address) in [
        ("a.metadata.example", four(169, 254, 169, 254)),
        ("b.metadata.example", six("fd00:ec2::254")),
        ("c.metadata.example", six("::ffff:169.254.169.254")),
        ("d.metadata.example", four(100, 100, 100, 200)),
        ("e.metadata.example", four(168, 63, 129, 16)),
        ("f.metadata.example", six("64:ff9b::a9fe:a9fe")),
    ] {
        site.does_not_lead_by_name(name, &[address], "a metadata service of a cloud");
    }
    // Not even where an operator granted the name.
    stage().names.lead("granted.metadata.example", &[&[four(169, 254, 169, 254)]]);
    let granted = "http://granted.metadata.example";
    let act = site.act("go_where_it_may").with("elsewhere", granted.to_owned()).granted(granted);
    site.judge(act.play()).failed("address-refused", Effect::None);
}

#[test]
pub(super) fn reach_a_mapped_address() {
    let site = Site::open();
    site.refuses("reach_a_mapped_address");
    let port = site.forbidden_port();
    for host in ["[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]"] {
        site.does_not_lead_to(&format!("https://{host}:{port}"), "address-refused", "this machine");
    }
    site.does_not_lead_by_name("mapped.example", &[six("::ffff:127.0.0.1"), six("::ffff:0:127.0.0.1")], "this machine");
    // What one target was granted by its IPv4 address is that address in every spelling, on that port alone.
    site.does_not_lead_to(&site.url("[::ffff:127.0.0.2]"), "address-refused", "this machine");
}

#[test]
pub(super) fn reach_a_decimal_address() {
    let site = Site::open();
    site.refuses("reach_a_decimal_address");
    site.does_not_lead_to(&format!("http://2130706433:{}", site.forbidden_port()), "bad-setting", "not written in full");
}

#[test]
pub(super) fn reach_an_octal_address() {
    let site = Site::open();
    site.refuses("reach_an_octal_address");
    let port = site.forbidden_port();
    for host in ["0177.0.0.1", "017700000001", "0x7f.1", "0x7f000001", "127.1"] {
        site.does_not_lead_to(&format!("http://{host}:{port}"), "bad-setting", "not written in full");
    }
    site.does_not_lead_to(&format!("https://0.0.0.0:{port}"), "address-refused", "an address of no one");
}

#[test]
pub(super) fn reach_an_ipv6_address() {
    let site = Site::open();
    site.refuses("reach_an_ipv6_address");
    let port = site.forbidden_port();
    for host in ["[::1]", "[0:0:0:0:0:0:0:1]"] {
        site.does_not_lead_to(&format!("https://{host}:{port}"), "address-refused", "this machine");
    }
    site.does_not_lead_to(&format!("https://[::1%25lo]:{port}"), "bad-setting", "which is no name");
}

#[test]
pub(super) fn reach_by_another_spelling() {
    let site = Site::open();
    site.refuses("reach_by_another_spelling");
    let port = site.forbidden_port();
    for host in ["localhost.", "127.0.0.1.", "b\u{fc}cher.example", "\u{2460}27.0.0.1", "loc%61lhost"] {
        site.does_not_lead_to(&format!("https://{host}:{port}"), "bad-setting", "has the host");
    }
}

#[test]
pub(super) fn ask_by_another_spelling() {
    let site = Site::open();
    stage().names.lead("spelled.example", &[&[four(127, 0, 0, 1)]]);
    let url = site.url("spelled.example");
    let done = site.judge(site.act("ask_by_another_spelling").with("url", url.clone()).granted(&url).play()).succeeded();
    let [request] = site.seen().try_into().unwrap();
    // One spelling goes out, whatever was asked for, and with it the credential that belongs there.
    assert!(request.contains(&format!("host: {}\r\n", &url["http://".len()..])), "{request}");
    assert!(request.contains(TOKEN) && done.log.is_empty(), "{request} {:?}", done.log);
}

#[test]
pub(super) fn reach_by_a_user_name() {
    let site = Site::open();
    site.refuses("reach_by_a_user_name");
    let port = site.forbidden_port();
    site.does_not_lead_to(&format!("https://api.example@127.0.0.1:{port}"), "bad-setting", "carries a user name");
}

#[test]
pub(super) fn reach_another_port() {
    let site = Site::open();
    site.refuses("reach_another_port");
    // The host was granted, on another port.
    site.does_not_lead_to(&format!("http://127.0.0.1:{}", site.forbidden_port()), "address-refused", "was not granted");
    for port in ["0", "080", "65536", "+80"] {
        site.does_not_lead_to(&format!("https://127.0.0.1:{port}"), "bad-setting", "has the port");
    }
}

#[test]
pub(super) fn reach_by_an_absolute_path() {
    Site::open().refuses("reach_by_an_absolute_path");
}

#[test]
pub(super) fn reach_in_the_clear() {
    let site = Site::open();
    site.refuses("reach_in_the_clear");
    // A public name, for which plain HTTP was not granted: nobody even asks where it leads.
    stage().names.lead("clear.example", &[&[four(127, 0, 0, 1)]]);
    site.does_not_lead_to("http://clear.example", "address-refused", "plain http, which this target was not granted");
    assert_eq!(stage().names.lookups("clear.example"), 0);
    // Granted for one name is not granted for another that leads to a public address.
    stage().names.lead("public.example", &[&[four(93, 184, 215, 14)]]);
    let url = site.url("public.example");
    site.does_not_lead_to(&url, "address-refused", "in the clear");
}

#[test]
pub(super) fn go_where_it_may() {
    let site = Site::open();
    // A place that it may reach answers: a refusal in the tests here is no accident of the guest.
    let url = site.url("127.0.0.1");
    site.judge(site.act("go_where_it_may").with("elsewhere", url).play()).succeeded();
    assert_eq!(site.seen().len(), 1);
}

#[test]
pub(super) fn follow_a_redirect() {
    let site = Site::open();
    let done = site.play("follow_a_redirect").failed("refused", Effect::None);
    assert_eq!(site.seen().len(), 1, "the host follows nothing: {:?}", site.seen());
    let told = done.log.iter().filter(|line| line.contains("is no destination of this call")).count();
    assert_eq!(told, 2, "{:?}", done.log);
}

#[test]
pub(super) fn rebind() {
    let site = Site::open();
    let url = site.url("rebind.example");
    let (here, there) = ([four(127, 0, 0, 1)], [IpAddr::V4(OTHER)]);
    // The address is granted, not the name: the name's owner has it lead elsewhere, where somebody listens on the same port.
    stage().names.lead("rebind.example", &[&here, &there]);
    let done = site.judge(site.act("rebind").with("url", url).play()).failed("address-refused", Effect::None);
    assert!(done.log.iter().any(|line| line.contains("leads to 127.0.0.2 (this machine)")), "{:?}", done.log);
    assert_eq!((site.seen().len(), stage().names.lookups("rebind.example")), (1, 2), "once for each connection, never again to dial");
    // Both at once: the one that was granted is dialled, in whatever order they come.
    let both = [IpAddr::V4(OTHER), four(127, 0, 0, 1)];
    stage().names.lead("both.example", &[&both]);
    let done = site.judge(site.act("ask_by_another_spelling").with("url", site.url("both.example")).play()).succeeded();
    assert!(
        matches!(done.result, Ok(Some(ref applied)) if matches!(&applied.done, Done::Settled { locator, .. } if locator.starts_with("200")))
    );
}
