//! Targets: who changes where a target is must know its secrets.

use std::collections::BTreeMap;

use hallpass_broker::{BrokerError, TargetChange};
use hallpass_domain::secret::SecretText;
use hallpass_tests::app::TestApp;
use hallpass_tests::on_both_backends;

fn change(settings: &[(&str, &str)], secrets: &[(&str, &str)]) -> TargetChange {
    TargetChange {
        settings: Some(settings.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect()),
        secrets: secrets.iter().map(|(k, v)| ((*k).into(), SecretText::new((*v).into()))).collect::<BTreeMap<_, _>>(),
        network: None,
        connector: None,
    }
}

on_both_backends! {
    async fn secrets_are_not_sent_elsewhere_by_who_does_not_know_them(bed: Bed) {
        let app = TestApp::new(bed).await;
        let admin = app.sign_in("admin").await;
        let refused = app.broker.update_target(&admin, &app.target, change(&[("host", "mine.example")], &[])).await;
        assert!(matches!(&refused, Err(BrokerError::Invalid { field: "settings", remedy, .. }) if remedy.contains("password")), "{refused:?}");
        assert!(app.broker.target(&admin, &app.target).await.unwrap().settings.is_empty(), "nothing of it is kept");
        // What is the default anyway, and what decides nothing of it, is free.
        let same = change(&[("host", "here"), ("colour", "blue")], &[]);
        app.broker.update_target(&admin, &app.target, same).await.unwrap();
        let moved = change(&[("host", "there"), ("colour", "blue")], &[("password", "management-secret")]);
        let target = app.broker.update_target(&admin, &app.target, moved).await.unwrap();
        assert_eq!(target.settings["host"], "there");
    }
}
