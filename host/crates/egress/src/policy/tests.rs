//! What `policy` must do.

use super::*;

fn rule(method: Method, path: &[Segment], query: &[(&str, Option<&str>)]) -> Rule {
    let query = query.iter().map(|(n, v)| ((*n).to_owned(), v.map(str::to_owned))).collect();
    Rule { name: "rule".to_owned(), method, path: path.to_vec(), query, places: vec![], captures: vec![] }
}

fn allowance(base: &str) -> Allowance {
    let (origin, base) = crate::origin::parse_base(base).unwrap();
    let members = [Segment::exact("orgs"), Segment::exact("shop"), Segment::exact("members"), Segment::any()];
    let rules = vec![
        rule(Method::GET, &members, &[]),
        rule(Method::PUT, &[Segment::exact("orgs"), Segment::exact("shop"), Segment::exact("members"), Segment::exact("bob smith")], &[]),
        rule(Method::GET, &[Segment::exact("search")], &[("q", None), ("org", Some("shop"))]),
    ];
    let destination = Destination { name: "api".to_owned(), origin, base, roots: None, credentials: vec![], rules };
    Allowance::new(Allowed {
        target: hallpass_domain::ids::TargetId::new(Timestamp(0), &hallpass_domain::rng::SystemRng).unwrap(),
        revision: 1,
        destinations: vec![destination],
        network: vec![],
        deadline: Timestamp(0),
        bounds: Bounds::default(),
        secrets: vec![],
        stage: None,
    })
}

fn admits(allowance: &Allowance, method: &Method, uri: &str) -> Option<String> {
    let uri: Uri = uri.parse().ok()?;
    let admitted = allowance.admit(method, &uri).ok()?;
    let query = path::write_query(&admitted.query);
    Some(if query.is_empty() { admitted.path } else { format!("{}?{query}", admitted.path) })
}

#[test]
fn only_what_a_rule_says_goes_out_in_one_spelling() {
    let api = allowance("https://api.example.com/v3");
    assert_eq!(
        admits(&api, &Method::GET, "https://API.example.com:443/v3/orgs/shop/members/a@b").as_deref(),
        Some("/v3/orgs/shop/members/a%40b")
    );
    assert_eq!(
        admits(&api, &Method::PUT, "https://api.example.com/v3/orgs/sh%6fp/members/bob%20smith").as_deref(),
        Some("/v3/orgs/shop/members/bob%20smith")
    );
    assert_eq!(
        admits(&api, &Method::GET, "https://api.example.com/v3/search?q=a+b&org=shop").as_deref(),
        Some("/v3/search?q=a%20b&org=shop")
    );
}

#[test]
fn everything_else_is_refused() {
    let api = allowance("https://api.example.com/v3");
    for (method, uri) in [
        (Method::GET, "http://api.example.com/v3/orgs/shop/members/bob"),
        (Method::GET, "https://api.example.com:8443/v3/orgs/shop/members/bob"),
        (Method::GET, "https://evil.example/v3/orgs/shop/members/bob"),
        (Method::GET, "https://api.example.com.evil.example/v3/orgs/shop/members/bob"),
        (Method::GET, "https://api.example.com@evil.example/v3/orgs/shop/members/bob"),
        (Method::GET, "https://evil@api.example.com/v3/orgs/shop/members/bob"),
        (Method::GET, "https://api.example.com./v3/orgs/shop/members/bob"),
        (Method::GET, "https://api.example.com/orgs/shop/members/bob"),
        (Method::GET, "https://api.example.com/v3/../v3/orgs/shop/members/bob"),
        (Method::GET, "https://api.example.com/v3/orgs/shop/members/%2e%2e"),
        (Method::GET, "https://api.example.com/v3/orgs/shop/members/bob%2fteams"),
        (Method::GET, "https://api.example.com/v3/orgs/shop/members/"),
        (Method::GET, "https://api.example.com/v3//orgs/shop/members/bob"),
        (Method::GET, "https://api.example.com/v3/orgs/other/members/bob"),
        (Method::GET, "https://api.example.com/v3/orgs/shop/members/bob?admin=1"),
        (Method::PUT, "https://api.example.com/v3/orgs/shop/members/eve"),
        (Method::DELETE, "https://api.example.com/v3/orgs/shop/members/bob"),
        (Method::GET, "https://api.example.com/v3/search?q=a"),
        (Method::GET, "https://api.example.com/v3/search?q=a&org=other"),
        (Method::GET, "https://api.example.com/v3/search?q=a&org=shop&org=shop"),
        (Method::GET, "https://api.example.com/v3/search?q=a&q=b&org=shop"),
        (Method::CONNECT, "api.example.com:443"),
        (Method::GET, "/v3/orgs/shop/members/bob"),
    ] {
        assert_eq!(admits(&api, &method, uri), None, "{method} {uri}");
    }
}

#[test]
fn a_refusal_says_what_is_missing() {
    let api = allowance("https://api.example.com/v3");
    let error = |uri: &str| api.admit(&Method::GET, &uri.parse().unwrap()).err().unwrap().to_string();
    assert!(error("https://evil.example/x").contains("it may reach https://api.example.com"));
    assert!(error("https://api.example.com/v3/x?y=1").contains("no request `GET /v3/x` with the query y"));
}
