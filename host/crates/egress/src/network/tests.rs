//! What `network` must do.

use super::*;

fn origin(text: &str) -> Origin {
    parse_base(text).unwrap().0
}

fn grants(texts: &[&str]) -> Vec<NetworkGrant> {
    texts.iter().map(|t| t.parse().unwrap()).collect()
}

fn allowed(to: &str, address: &str, granted: &[&str]) -> bool {
    check(&origin(to), address.parse().unwrap(), &grants(granted)).is_ok()
}

#[test]
fn every_form_of_an_address_that_is_not_public_is_refused() {
    for address in [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "100.100.100.200",
        "127.0.0.1",
        "127.255.255.254",
        "168.63.129.16",
        "169.254.0.1",
        "169.254.169.254",
        "169.254.170.2",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::8.8.8.8",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:0:127.0.0.1",
        "64:ff9b::127.0.0.1",
        "64:ff9b::a00:1",
        "64:ff9b::8.8.8.8",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:0:1:2:3:4:80ff:fffe",
        "2001:10::1",
        "2001:20::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:a00:1::1",
        "2002:808:808::1",
        "2a00:1450::5efe:7f00:1",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd00::1",
        "fd00:ec2::254",
        "fd20:ce::254",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "ff02::1",
        "4000::1",
    ] {
        assert!(!allowed("https://api.example.com", address, &[]), "{address}");
    }
}

#[test]
fn public_addresses_need_no_grant_and_are_never_spoken_to_in_the_clear() {
    for address in ["1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "::ffff:8.8.8.8", "2606:4700::1111", "2a00:1450:4001::1"] {
        assert!(allowed("https://api.example.com", address, &[]), "{address}");
        assert!(!allowed("http://api.example.com", address, &[]), "{address}");
        assert!(allowed("http://api.example.com", address, &["http://api.example.com"]), "{address}");
    }
}

#[test]
fn a_grant_covers_one_scheme_one_host_and_one_port() {
    let api = "https://api.example.com";
    assert!(allowed(api, "10.1.2.3", &["https://10.1.2.3"]), "the address is granted, whatever leads there");
    assert!(allowed(api, "::ffff:10.1.2.3", &["https://10.1.2.3"]));
    assert!(allowed(api, "10.1.2.3", &["https://api.example.com"]), "the name is granted, wherever it leads");
    assert!(allowed(api, "127.0.0.1", &["https://api.example.com"]));
    assert!(!allowed(api, "10.1.2.4", &["https://10.1.2.3"]));
    assert!(!allowed(api, "10.1.2.3", &["https://10.1.2.3:8443"]));
    assert!(!allowed(api, "10.1.2.3", &["http://10.1.2.3:443"]));
    assert!(!allowed(api, "10.1.2.3", &["https://other.example.com"]));
    assert!(!allowed("http://127.0.0.1:8080", "127.0.0.1", &["http://127.0.0.1:8081"]));
    assert!(allowed("http://127.0.0.1:8080", "127.0.0.1", &["http://127.0.0.1:8080"]));
}

#[test]
fn metadata_and_link_local_are_never_granted() {
    for never in [
        "http://169.254.169.254",
        "https://[fd00:ec2::254]",
        "http://0.0.0.0:80",
        "https://[fe80::1]",
        "http://224.0.0.1",
        "http://[::ffff:169.254.169.254]",
    ] {
        assert!(never.parse::<NetworkGrant>().is_err(), "{never}");
    }
    assert!(!allowed("https://meta.example", "169.254.169.254", &["https://meta.example"]), "a granted name does not lead there either");
}

#[test]
fn a_refusal_names_the_grant_that_would_mend_it() {
    let refused = check(&origin("http://127.0.0.1:8080"), "127.0.0.1".parse().unwrap(), &[]).unwrap_err().to_string();
    assert!(refused.contains("--allow-network http://127.0.0.1:8080"), "{refused}");
    assert!("https://10.0.0.1/path".parse::<NetworkGrant>().unwrap_err().contains("path"));
}
