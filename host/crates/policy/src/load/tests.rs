//! What `load` must do.

use super::*;
use crate::fixture::{GROUPS, ROUTES, names, sample, set, sources};

const ASK: &str = r#"@id("ask") @route("data-team") permit (principal, action == Action::"request", resource);"#;

fn faults(cedar: &str, routes: &str) -> Vec<Fault> {
    match PolicySet::from_sources(&sources(cedar, routes), &names(&GROUPS)) {
        Ok(_) => panic!("accepted: {cedar} {routes}"),
        Err(e) => e.faults,
    }
}

#[test]
fn everything_that_is_wrong_with_a_policy_refuses_the_set_and_names_file_line_policy_and_remedy() {
    let permit = "permit (principal, action == Action::\"request\", resource)";
    let table = [
        ("permit (principal, action == Action::\"audit.read\", resource);".to_owned(), 1, None, "has no @id; give it one"),
        (format!("@id(\"\") {permit};"), 1, None, "has no @id"),
        (format!("@id(\"My Policy\") {permit};"), 1, Some("My Policy"), "the @id must be 1 to 64"),
        (format!("@id(\"builtin.mine\") @route(\"data-team\") {permit};"), 1, Some("builtin.mine"), "choose another @id"),
        (format!("{ASK}\n\n// again\n{ASK}"), 4, Some("ask"), "the same @id stands at main.cedar:1"),
        (
            format!("\n@id(\"p\")\n@route(\"data-team\")\n@approval(\"2\")\n{permit};"),
            2,
            Some("p"),
            "@approval is not known; known are @id",
        ),
        (
            format!("@id(\"p\") @route(\"nobody\") {permit};"),
            1,
            Some("p"),
            "\"nobody\" is not in routes.toml, which has: data-team, team-then-dba, two-dbas; add [routes.nobody]",
        ),
        (format!("@id(\"p\") {permit};"), 1, Some("p"), "must say who approves: add @route"),
        (
            format!("@id(\"p\") @route(\"data-team\") @max(\"PT30M\") {permit};"),
            1,
            Some("p"),
            "@max(\"PT30M\") cannot be read; it must be a whole number",
        ),
        (format!("@id(\"p\") @route(\"data-team\") @max(\"0m\") {permit};"), 1, Some("p"), "@max(\"0m\")"),
        (
            format!("@id(\"p\") @route(\"data-team\") @justification(\"yes\") {permit};"),
            1,
            Some("p"),
            "@justification(\"yes\") cannot be read; it must be \"required\"",
        ),
        (format!("@id(\"p\") @route(\"data-team\") @reason(\"\") {permit};"), 1, Some("p"), "@reason(\"\")"),
        (
            "@id(\"p\") @route(\"data-team\") permit (principal, action == Action::\"audit.read\", resource);".to_owned(),
            1,
            Some("p"),
            "@route means something only on a permit of \"request\"",
        ),
        (
            "@id(\"p\") @route(\"data-team\") permit (principal, action == Action::\"auto_approve\", resource);".to_owned(),
            1,
            Some("p"),
            "@route means something only",
        ),
        (
            "@id(\"p\") @max(\"1h\") forbid (principal, action == Action::\"request\", resource);".to_owned(),
            1,
            Some("p"),
            "@max means something only on a permit of \"request\" or",
        ),
        (
            "@id(\"p\") @justification(\"required\") permit (principal, action == Action::\"approve\", resource);".to_owned(),
            1,
            Some("p"),
            "@justification means something only",
        ),
        ("@id(\"p\") permit (principal, action, resource);".to_owned(), 1, Some("p"), "a permit must name its actions"),
        (
            "@id(\"p\") permit (principal, action in [Action::\"request\", Action::\"audit.read\"], resource);".to_owned(),
            1,
            Some("p"),
            "\"request\" must name that action alone",
        ),
        (
            "@id(\"p\") permit (principal, action in [Action::\"audit.read\", Action::\"approve\"], resource);".to_owned(),
            1,
            Some("p"),
            "\"approve\" must name that action alone",
        ),
        (
            "@id(\"p\") permit (principal in Group::\"admins\", action == Action::\"audit.read\", resource);".to_owned(),
            1,
            Some("p"),
            "\"admins\" is not known; known are: data-team, dba, developers, operators",
        ),
        (
            format!(
                "{ASK}\n@id(\"p\") forbid (principal is Agent, action == Action::\"request\", resource)\nwhen {{ principal.owner in [Group::\"dba\", Group::\"typo\"] }};"
            ),
            2,
            Some("p"),
            "\"typo\" is not known",
        ),
        (
            "@id(\"p\") permit (principal, action == Action::\"audit.read\", resource) when { resource.nothing };".to_owned(),
            1,
            Some("p"),
            "does not fit the schema",
        ),
        (
            format!(
                "{ASK}\n@id(\"p\")\nforbid (principal, action == Action::\"request\", resource)\nwhen {{ resource.enviroment == \"prod\" }};"
            ),
            4,
            Some("p"),
            "enviroment",
        ),
        (
            "@id(\"p\") forbid (principal, action == Action::\"request\", resource) when { principal.owner.active };".to_owned(),
            1,
            Some("p"),
            "does not fit the schema",
        ),
        ("@id(\"p\") permit (principal, action == Action::\"audit.write\", resource);".to_owned(), 1, Some("p"), "audit.write"),
        ("@id(\"p\") permit (principal is Robot, action == Action::\"audit.read\", resource);".to_owned(), 1, Some("p"), "Robot"),
        (
            "@id(\"p\") permit (principal, action == Action::\"audit.read\", resource) when { 1 == 2 };".to_owned(),
            1,
            Some("p"),
            "never does what it seems to",
        ),
        (format!("{ASK}\n\n@id(\"p\") permit (principal, action = Action::\"audit.read\", resource);"), 3, None, "is not valid Cedar"),
    ];
    for (cedar, line, subject, wrong) in table {
        let faults = faults(&cedar, ROUTES);
        let fault = faults.iter().find(|f| f.to_string().contains(wrong)).unwrap_or_else(|| panic!("{wrong:?} is not in {faults:#?}"));
        assert_eq!((fault.file.as_str(), fault.line, fault.subject.as_deref()), ("main.cedar", Some(line), subject), "{fault}");
    }
    let template = faults("@id(\"p\") permit (principal == ?principal, action == Action::\"audit.read\", resource);", ROUTES);
    assert!(template[0].to_string().contains("is a template"), "{template:?}");
}

#[test]
fn everything_that_is_wrong_with_the_routes_refuses_the_set() {
    let stage = |stage: &str| format!("# first line\n[routes.r]\nstages = [{{ {stage} }}]\n");
    let table = [
        ("[routes.r\n".to_owned(), Some(1), None, "is not valid"),
        ("\n[routes.r]\nstages = []\n".to_owned(), None, Some("routes.r"), "must have at least one stage"),
        ("\n[routes.r]\n".to_owned(), Some(2), None, "missing field `stages`"),
        ("[routes.r]\nstages = []\nowner = 1\n".to_owned(), Some(3), None, "unknown field `owner`"),
        ("[routers.r]\nstages = []\n".to_owned(), Some(1), None, "unknown field `routers`"),
        ("[routes.r]\nstages = []\n[routes.r]\nstages = []\n".to_owned(), Some(3), None, "duplicate key"),
        ("[routes.\"a b\"]\nstages = []\n".to_owned(), Some(1), None, "a name must be"),
        (stage("n = 1"), Some(3), None, "missing field `group`"),
        (stage("group = \"dba\", number = 2"), Some(3), None, "unknown field `number`"),
        (stage("group = \"dba\", n = -1"), Some(3), None, "invalid value"),
        (stage("group = \"dba\", n = 0"), None, Some("routes.r"), "stage 1: n is 0; it must be 1 to 100"),
        (stage("group = \"dba\", denials = 0"), None, Some("routes.r"), "stage 1: denials is 0"),
        (stage("group = \"admins\""), None, Some("routes.r"), "stage 1: the group \"admins\" is not known"),
        (
            stage("group = \"dba\", timeout = \"soon\", on_timeout = \"deny\""),
            None,
            Some("routes.r"),
            "the timeout \"soon\" cannot be read",
        ),
        (stage("group = \"dba\", on_timeout = \"deny\""), None, Some("routes.r"), "on_timeout has no timeout"),
        (
            stage("group = \"dba\", timeout = \"1h\", on_timeout = \"approve\""),
            None,
            Some("routes.r"),
            "it must be \"deny\", \"notify\" or",
        ),
        (stage("group = \"dba\", timeout = \"1h\", on_timeout = \"escalate:admins\""), None, Some("routes.r"), "\"admins\" is not known"),
        (
            stage("group = \"dba\", timeout = \"1h\", on_timeout = \"escalate:dba\""),
            None,
            Some("routes.r"),
            "its own group".trim_start_matches("its "),
        ),
        (stage("group = \"dba\" }, { group = \"dba\""), None, Some("routes.r"), "stage 2: the group \"dba\" stands in an earlier stage"),
    ];
    for (routes, line, subject, wrong) in table {
        let faults = faults("", &routes);
        let fault = faults.iter().find(|f| f.to_string().contains(wrong)).unwrap_or_else(|| panic!("{wrong:?} is not in {faults:#?}"));
        assert_eq!((fault.file.as_str(), fault.line, fault.subject.as_deref()), ("routes.toml", line, subject), "{fault}");
    }
}

#[test]
fn all_faults_are_named_at_once_in_the_order_of_the_file() {
    let cedar = "permit (principal, action == Action::\"audit.read\", resource);\n\
        @id(\"two\") permit (principal, action, resource);\n\
        @id(\"three\") @colour(\"red\") @max(\"x\") permit (principal, action == Action::\"request\", resource);";
    let error = PolicySet::from_sources(&sources(cedar, ROUTES), &names(&GROUPS)).unwrap_err();
    assert_eq!(error.faults.iter().map(|f| f.line).collect::<Vec<_>>(), [Some(1), Some(2), Some(3), Some(3), Some(3)]);
    let text = error.to_string();
    assert!(text.starts_with("the policy set is refused:\n  main.cedar:1: the policy beginning \"permit (principal"), "{text}");
    assert!(text.contains("\n  main.cedar:3: three: the annotation @colour is not known"), "{text}");
    let json = serde_json::to_value(&error).unwrap();
    assert_eq!(json["faults"][1]["subject"], "two");
}

#[test]
fn decisions_name_policies_by_their_id_and_know_where_they_stand() {
    let set = sample();
    let found: Vec<(&str, &str, usize)> =
        set.policies().filter(|p| !p.id.starts_with("builtin.")).map(|p| (p.id.as_str(), p.file.as_str(), p.line)).collect();
    let text = include_str!("../../samples/main.cedar");
    assert_eq!(found.len(), text.matches("\n@id(").count());
    for (id, file, line) in found {
        assert_eq!(file, "main.cedar");
        assert_eq!(text.lines().nth(line - 1), Some(format!("@id(\"{id}\")").as_str()));
    }
    assert!(set.policies().filter(|p| p.id.starts_with("builtin.")).count() > 10);
}

#[test]
fn an_empty_set_is_the_built_in_one_and_a_missing_folder_is_an_error() {
    let empty = PolicySet::from_sources(&Sources::default(), []).unwrap();
    assert!(empty.policies().all(|p| p.file == "builtin:operator.cedar"));

    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("README.md"), "not a policy").unwrap();
    assert_eq!(PolicySet::load(folder.path(), []).unwrap().revision(), empty.revision());

    std::fs::write(folder.path().join("a.cedar"), [0xff, 0xfe]).unwrap();
    let error = PolicySet::load(folder.path(), []).unwrap_err();
    assert!(matches!(&error.faults[..], [Fault { file, problem: Problem::Unreadable(_), .. }] if file == "a.cedar"), "{error}");
    let error = PolicySet::load(&folder.path().join("missing"), []).unwrap_err();
    assert!(error.to_string().contains("missing: cannot be read"), "{error}");
}

#[test]
fn the_revision_follows_the_meaning_and_not_the_layout() {
    let revision =
        |cedar: &str, routes: &str| PolicySet::from_sources(&sources(cedar, routes), &names(&GROUPS)).unwrap().revision().to_owned();
    let other = r#"@id("b") forbid (principal, action == Action::"request", resource) when { context.duration_ms > 5 };"#;
    let base = revision(&format!("{ASK}\n{other}"), ROUTES);
    assert_eq!(base.len(), "sha256:".len() + 64);
    let same = [
        format!("{other}\n\n{ASK}"),
        format!("// a comment\n{}\n{other}", ASK.replace(", ", ",\n  // why\n  ")),
        format!("{}\n{other}", ASK.replace("@id(\"ask\") @route(\"data-team\")", "@route(\"data-team\") @id(\"ask\")")),
    ];
    for cedar in same {
        assert_eq!(revision(&cedar, &format!("# a comment\n{ROUTES}")), base, "{cedar}");
    }
    let two_files = {
        let mut sources = sources(other, ROUTES);
        sources.policies.push(Source { file: "z.cedar".to_owned(), text: ASK.to_owned() });
        PolicySet::from_sources(&sources, &names(&GROUPS)).unwrap()
    };
    assert_eq!(two_files.revision(), base);
    let changed = [
        (format!("{ASK}\n{}", other.replace("> 5", "> 6")), ROUTES.to_owned()),
        (format!("{}\n{other}", ASK.replace("data-team", "two-dbas")), ROUTES.to_owned()),
        (format!("{}\n{other}", ASK.replace("\"ask\"", "\"asks\"")), ROUTES.to_owned()),
        (ASK.to_owned(), ROUTES.to_owned()),
        (format!("{ASK}\n{other}"), ROUTES.replace("n = 2", "n = 3")),
    ];
    for (cedar, routes) in changed {
        assert_ne!(revision(&cedar, &routes), base, "{cedar} {routes}");
    }
}

#[test]
fn routes_that_cannot_be_read_are_one_fault_and_not_one_for_each_permit() {
    let faults = faults(ASK, "[routes");
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert_eq!((faults[0].file.as_str(), faults[0].line), ("routes.toml", Some(1)));
}

#[test]
fn a_route_says_what_its_defaults_are() {
    use hallpass_domain::request::OnTimeout;
    let stage = &set(ASK).routes["data-team"][0];
    assert_eq!((stage.n, stage.denials, stage.timeout_ms, stage.on_timeout), (1, 1, None, OnTimeout::Deny));
}

#[test]
fn a_group_may_be_declared_before_anybody_makes_it() {
    let declared = format!("groups = [\"data-team\", \"dba\"]\n{ROUTES}");
    let set = PolicySet::from_sources(&sources(ASK, &declared), &names(&["dba"])).unwrap();
    assert_eq!(set.unmade_groups().map(Name::as_str).collect::<Vec<_>>(), ["data-team"], "what was made needs no warning");
    let typo = PolicySet::from_sources(&sources(ASK, &declared.replace("[\"data-team\"", "[\"data-taem\"")), &[]).unwrap_err();
    assert!(typo.to_string().contains("the group \"data-team\" is not known; known are: data-taem, dba, operators"), "{typo}");
    let bad = PolicySet::from_sources(&sources(ASK, &format!("groups = [\"No Name\"]\n{ROUTES}")), &[]).unwrap_err();
    assert!(matches!(&bad.faults[..], [Fault { line: Some(1), problem: Problem::Routes(_), .. }]), "{bad}");
}

#[test]
fn a_parameter_that_a_request_may_not_have_is_asked_for_before_it_is_read() {
    let with = |when: &str| {
        format!("@id(\"p\") @route(\"data-team\") permit (principal, action == Action::\"request\", resource) when {{ {when} }};")
    };
    let unsure = faults(&with("context.parameters.getTag(\"level\") == \"read\""), ROUTES);
    assert!(unsure[0].to_string().contains("level"), "{unsure:?}");
    set(&with("context.parameters.hasTag(\"level\") && context.parameters.getTag(\"level\") == \"read\""));
}
